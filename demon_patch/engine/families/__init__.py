"""Finds the models that the engine knows by name, and loads each when it is first asked for.

Nothing here loads torch before `load_family` is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean

if TYPE_CHECKING:
    import torch

    from demon_patch.engine.contracts import Family, FamilySpec
    from demon_patch.engine.lora.merge import Loras
    from demon_patch.engine.model_download import Download

PACKAGES: tuple[str, ...] = ("nano2", "nano", "acestep")
"""The package of every family of this version, the default first. Each names its models in `MODELS`."""

_HOME: Mapping[str, str] = MappingProxyType(
    {model: package for package in PACKAGES for model in import_module(f"{__name__}.{package}").MODELS}
)

NAMES: tuple[str, ...] = tuple(_HOME)
"""The name of every model of this version, the default first: what a patch names, and `--model`."""

DEFAULT_MODEL = NAMES[0]
"""The model of a patch that names none, and of a command that is told none."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the files of a model hold.

    layout: how they lie, in words. tensors, numbers: how many, in all files.
    """

    layout: str
    files: tuple[Path, ...]
    tensors: int
    numbers: int


class LoadsModels(Protocol):
    """What the package of a family has."""

    MODELS: tuple[str, ...]

    def spec_for(self, name: str) -> FamilySpec:
        """Returns the geometry of one of its models, without torch."""
        ...

    def load_model(self, name: str) -> Family:
        """Loads one of its models. Raises WeightsError."""
        ...

    def stored_bytes(self, name: str) -> int:
        """Returns the bytes of a model's files, 0 where they are not on this machine."""
        ...

    def inspect(self, name: str) -> Inspection:
        """Looks at a model's files and at the shape of each tensor, without loading it. Raises WeightsError."""
        ...

    def downloads(self, name: str) -> tuple[Download, ...]:
        """Returns what a model takes of which repositories; nothing for one that ships with the package."""
        ...

    def steering_shape(self, name: str) -> tuple[int, int]:
        """Returns the number of blocks of a model's denoiser that can be steered and the width of their outputs,
        without loading the model."""
        ...

    def layers(self, name: str) -> Mapping[str, tuple[int, ...]]:
        """Returns the shape of the weights of each layer that a LoRA can change, without loading the model."""
        ...


@runtime_checkable
class Embedded(Protocol):
    """The package of a family whose weights come with the program."""

    WEIGHTS: Path


def _comes_with_weights(model: str) -> bool:
    package = import_module(f"{__name__}.{_HOME[model]}")
    return isinstance(package, Embedded) and package.WEIGHTS.is_dir()


SHIPPED: tuple[str, ...] = tuple(model for model in NAMES if model == DEFAULT_MODEL or _comes_with_weights(model))
"""The names of the models whose weights come with the package: the default, and others whose folder is there."""


class Bakes(Protocol):
    """The module `baked` of a family whose models have LoRAs added to their own weights."""

    def load_baked(self, folder: Path) -> Family:
        """Loads the family's model with the weights of a folder that `write_baked` wrote. Raises WeightsError."""
        ...

    def write_baked(self, loras: Loras, folder: Path) -> Path:
        """Writes the weights of the family's model with LoRAs in them to a new folder, and returns it. Raises
        DemonError."""
        ...


LORA = ".safetensors"
"""The suffix of a LoRA's file."""


def _package(name: str) -> str:
    if name not in _HOME:
        raise DemonError(
            f"there is no model family named {name!r}",
            mend=did_you_mean(name, NAMES, f"choose one of: {', '.join(NAMES)}"),
        )
    return f"{__name__}.{_HOME[name]}"


def _model(name: str) -> LoadsModels:
    """Returns the package of a model; raises DemonError for an unknown name."""
    return cast(LoadsModels, import_module(_package(name)))


def spec_of(name: str) -> FamilySpec:
    """Returns the geometry of a model, without loading torch or weights; raises DemonError for an unknown name."""
    return _model(name).spec_for(name)


@runtime_checkable
class LoadsOnDevice(Protocol):
    """The package of a family whose models can lie on a GPU."""

    def load_on(self, name: str, device: torch.device, dtype: torch.dtype, weights: Path | None = None) -> Family:
        """Loads one of its models onto a device, with the denoiser's weights in a type of numbers. weights: a folder
        that `write_baked` wrote. Raises WeightsError."""
        ...

    def loras_in(self, name: str, folder: Path) -> tuple[str, ...]:
        """Returns the LoRAs that were baked into a model in a folder, each with its strength, without torch."""
        ...

    def write_baked(self, name: str, loras: Loras, folder: Path) -> Path:
        """Writes a model with LoRAs in its denoiser to a new folder, and returns it. Raises DemonError."""
        ...


def can_lie_on_gpu(name: str) -> bool:
    """Returns whether a model can lie on a GPU; raises DemonError for an unknown name."""
    return isinstance(_model(name), LoadsOnDevice)


def load_family(name: str, weights: Path | None = None, executor: str | None = None) -> Family:
    """Loads a model with its weights and returns it.

    weights: a folder that `write_baked` wrote, in place of the model's own weights.
    executor: a model that can lie on a GPU lies where this executor wants it (`executors.placement`); without one,
        on the processor in float32.
    Raises DemonError for an unknown name, and for other weights where the model plays its own alone; WeightsError for
    weights that are missing, damaged, or of another model.
    """
    package = _model(name)
    if not isinstance(package, LoadsOnDevice):
        return package.load_model(name) if weights is None else _baking(name).load_baked(weights)
    from demon_patch.engine.executors.placement import device_for, dtype_for  # noqa: PLC0415 (it loads torch)

    device = device_for(executor)
    dtype = dtype_for(executor, device)
    if device.type == "cuda":
        from demon_patch.engine.executors.vram import check_free  # noqa: PLC0415 (it loads torch)

        check_free(name, inspect(name).numbers, dtype, device)
    return package.load_on(name, device, dtype, weights)


def inspect(name: str) -> Inspection:
    """Looks at a model's files and at the shape of each tensor, without loading it. Raises WeightsError that names what
    is wrong, and DemonError for an unknown name or a library that is missing."""
    return _model(name).inspect(name)


def weights_files(name: str, weights: Path | None = None) -> tuple[Path, ...]:
    """Returns the files of a model's weights, or those of a folder that `write_baked` wrote. Raises the errors of
    `inspect`."""
    return inspect(name).files if weights is None else tuple(sorted(weights.rglob(f"*{LORA}")))


def downloads_of(name: str) -> tuple[Download, ...]:
    """Returns what a model takes of which repositories; nothing for one that ships with the package. Raises DemonError
    for an unknown name."""
    return _model(name).downloads(name)


def write_baked(name: str, loras: Loras, folder: Path) -> Path:
    """Writes a family's weights with LoRAs added to them for good to a new folder, which the family's `load` reads, and
    returns it. Raises DemonError for LoRAs that do not fit, a folder that exists, and a family that cannot."""
    package = _model(name)
    if isinstance(package, LoadsOnDevice):
        return package.write_baked(name, loras, folder)
    return _baking(name).write_baked(loras, folder)


def baked_loras(name: str, folder: Path) -> tuple[str, ...]:
    """Returns the LoRAs that `write_baked` added to the weights of a model in a folder, each with its strength ("tape
    at 0.8"), without torch; none where it holds no such weights of this model. Raises DemonError for an unknown
    name."""
    from demon_patch.engine.families.nano.stored import baked_into  # noqa: PLC0415 (which imports this package)

    package = _model(name)
    if isinstance(package, LoadsOnDevice):
        return package.loras_in(name, folder)
    return baked_into(package.WEIGHTS, folder) if isinstance(package, Embedded) else ()


def _baking(name: str) -> Bakes:
    """Returns the module of a family that writes and loads baked weights. Raises DemonError where there is none."""
    try:
        return cast(Bakes, import_module(f"{_package(name)}.baked"))
    except ModuleNotFoundError:
        raise DemonError(f"LoRAs cannot be baked into {name}", mend="play them beside its weights") from None


def weight_bytes(name: str) -> int:
    """Returns the bytes of memory that a model's weights take, without loading them; raises DemonError for an unknown
    name. Files hold half precision, memory single precision."""
    return 2 * weights_bytes(name)


def card_of(name: str) -> str:
    """Returns the model card of a family, as Markdown; raises DemonError for an unknown name."""
    return (files(_package(name)) / "card.md").read_text(encoding="utf-8")


def loras_of(name: str) -> frozenset[str]:
    """Returns the names of the LoRAs that ship with a family, without loading it; raises DemonError for an unknown
    name."""
    folder = files(_package(name)) / "loras"
    found = folder.iterdir() if folder.is_dir() else ()
    return frozenset(file.name.removesuffix(LORA) for file in found if file.name.endswith(LORA))


def steering_of(name: str) -> Mapping[str, Path]:
    """Returns the files of the steering vectors that ship with a family, by name, without loading it; raises DemonError
    for an unknown name."""
    folder = Path(str(files(_package(name)) / "steering"))
    return {file.stem: file for file in sorted(folder.glob(f"*{LORA}"))}


def weights_bytes(name: str) -> int:
    """Returns the size of a model's weights on this machine, without loading them; 0 where they are not here. Raises
    DemonError for an unknown name."""
    return _model(name).stored_bytes(name)


def steering_shape_of(name: str) -> tuple[int, int]:
    """Returns the number of blocks of a model's denoiser that can be steered and the width of their outputs, without
    loading it. Raises DemonError for an unknown name, and WeightsError where files that say it are missing."""
    return _model(name).steering_shape(name)


@cache
def layers_of(name: str) -> Mapping[str, tuple[int, ...]]:
    """Returns the shape of the weights of each layer that a LoRA can change, without loading a family.

    Raises DemonError for an unknown name.
    """
    return _model(name).layers(name)


def unread(name: str, text: str) -> list[tuple[str, str]]:
    """Returns the words of a prompt that a family cannot read, each with advice on what to do about it.

    Raises DemonError for an unknown name.
    """
    return import_module(f"{_package(name)}.tags").unread(text)


def words_of(name: str) -> str:
    """Returns a page (Markdown) of the words that a family understands in a prompt; raises DemonError for an unknown
    name."""
    return "\n".join(import_module(f"{_package(name)}.words").page()) + "\n"
