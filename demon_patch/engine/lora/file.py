"""Reads LoRA files without torch. A layer's change becomes two float32 halves and a scale.

A LoRA is a file, or PEFT's folder of adapter_model.safetensors and adapter_config.json. The result is the same for
every trainer's spelling of names (`names`) and of scale (`scale`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch import links
from demon_patch.engine.lora.names import OTHER, Layers, by_layer
from demon_patch.engine.lora.scale import CONFIG, IN_METADATA, StatedNumber, check_alpha, statements
from demon_patch.engine.lora.triggers import trigger_words
from demon_patch.engine.tensor_file import AGAIN, TensorFile, shown
from demon_patch.errors import WeightsError

MAX_RANK = 256
MAX_NORM = 1e4
"""The largest allowed bound of a layer's change: the norms of both halves, multiplied, times the scale. Beyond it there
is no music, only overflow."""

SUFFIX = ".safetensors"
WEIGHTS = ("adapter_model.safetensors", "pytorch_lora_weights.safetensors")
"""The names that PEFT and diffusers give to the file of weights in an adapter's folder."""

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_UNSAID = "no alpha is stated: it is played at scale 1, as if alpha were the rank"


@dataclass(frozen=True, slots=True, eq=False)
class LowRankChange:
    """The change of a layer's weight: scale * (up [out, rank] @ down [rank, in * kernel])."""

    down: NDArray[np.float32]
    up: NDArray[np.float32]
    scale: float


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A LoRA that was read.

    changes: by path of the layer.
    notes: sentences for the player.
    triggers: the words that bring it out in a prompt.
    """

    changes: Mapping[str, LowRankChange] = field(repr=False)
    notes: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()

    @property
    def scales(self) -> str:
        """Returns the layers' scale as text; if they differ, the lowest and the highest, as in "0.5 to 2"."""
        ends = sorted({change.scale for change in self.changes.values()})
        return f"{ends[0]:g}" if len(ends) == 1 else f"{ends[0]:g} to {ends[-1]:g}"


def read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> LoraFile:
    """Reads a LoRA from a file or a folder. Raises WeightsError that names the file and the mend.

    shapes: by path of the layer, the shape of the model's weight.
    """
    try:
        file = weights_in(path)
        return _read(file, shapes)
    except WeightsError as error:
        raise error.located(file=path) from None
    except (OSError, ValueError, MemoryError) as error:
        raise WeightsError(f"it cannot be read: {error}", file=path, mend=AGAIN) from error


def weights_in(path: Path) -> Path:
    """Returns the file of weights at a path: the path itself, or the one file of weights in a folder.

    Raises WeightsError if there is none, if a folder holds several, and for pickles.
    """
    if path.is_dir():
        known = [path / name for name in WEIGHTS if (path / name).is_file()]
        found = known[:1] or sorted(path.glob(f"*{SUFFIX}"))
        if len(found) == 1:
            return found[0]
        if not found and any(file.suffix in _PICKLES for file in path.iterdir()):
            raise _pickle()
        what = f"the folder holds {len(found)} LoRAs" if found else "the folder holds no LoRA"
        raise WeightsError(what, mend=f"name a {SUFFIX} file in it" if found else f"use a folder with {WEIGHTS[0]}")
    if wrong := links.broken(path):
        raise WeightsError(f"this is {wrong}", mend=links.MEND)
    if not path.exists():
        raise WeightsError("there is no such file", mend=f"name a LoRA of the model, or a {SUFFIX} file")
    if path.suffix.lower() in _PICKLES:
        raise _pickle()
    if not path.is_file():
        raise WeightsError("it is no ordinary file", mend=f"name a {SUFFIX} file")
    return path


def config_of(file: Path) -> Path | None:
    """Returns the path of PEFT's adapter_config.json that belongs to a file of weights; None if there is none.

    A configuration in the same folder belongs to the file if the file has one of the names `WEIGHTS`, or is the only
    safetensors file there.
    """
    config = file.with_name(CONFIG)
    if not config.is_file():
        return None
    alone = file.name in WEIGHTS or [*file.parent.glob(f"*{SUFFIX}")] == [file]
    return config if alone else None


def in_one(file: Path) -> bytes | None:
    """Returns the bytes of a file of weights with PEFT's configuration in its metadata, so that one file is enough.
    None if it has no configuration. Raises WeightsError."""
    config = config_of(file)
    if config is None:
        return None
    tensors = TensorFile(file)
    try:
        return tensors.with_metadata({**tensors.metadata, IN_METADATA: config.read_text(encoding="utf-8")})
    except (OSError, ValueError) as error:
        raise WeightsError(f"{CONFIG} cannot be read: {error}", file=file, mend="check it") from None


def _pickle() -> WeightsError:
    return WeightsError(
        "it is a pickle, which can run code and is never opened", mend=f"save the LoRA as a {SUFFIX} file"
    )


def _read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> LoraFile:
    file = TensorFile(path)
    keys = by_layer(file.tensors, Layers(shapes), file.metadata)
    stated = statements(file.metadata, config_of(path))
    owns = {
        layer: _own_alpha(file, given.numbers["alpha"]) for layer, given in keys.items() if "alpha" in given.numbers
    }
    halves = {layer: _halves(file, layer, given.down, given.up, shapes[layer]) for layer, given in keys.items()}
    stated.resolve([len(down) for down, _ in halves.values()], owns.values())
    changes: dict[str, LowRankChange] = {}
    for layer, (down, up) in halves.items():
        scale = stated.scale(layer, len(down), owns.get(layer))
        if "scalar" in keys[layer].numbers:
            scale *= _single(file, keys[layer].numbers["scalar"])
        changes[layer] = _bounded(layer, LowRankChange(down.reshape(len(down), -1), up.reshape(len(up), -1), scale))
    said = stated.alpha or stated.alphas or owns
    words = trigger_words(file.metadata)
    offered = (f"its trigger words, for the prompt: {', '.join(words)}",) if words else ()
    return LoraFile(changes, (*(() if said else (_UNSAID,)), *offered), words)


def _own_alpha(file: TensorFile, name: str) -> StatedNumber:
    """Returns the alpha that a layer's own tensor states. Raises WeightsError for 0, less than 0, and NaN."""
    number = _single(file, name)
    check_alpha(number, f"{shown(name)} is {number:g}")
    return StatedNumber(number, shown(name))


def _single(file: TensorFile, name: str) -> float:
    stored = file.tensors[name]
    if math.prod(stored.shape) != 1:
        raise WeightsError(f"{shown(name)} is no single number", mend=AGAIN)
    number = file.whole_number(name) if stored.kind.startswith(("I", "U")) else float(file.read(name).reshape(()))
    if not math.isfinite(number):
        raise WeightsError(f"{shown(name)} is {number}", mend=AGAIN)
    return number


def _halves(
    file: TensorFile, layer: str, lower: str, upper: str, weight: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns the halves `down` and `up` of a layer's change, in the shapes of the file. Checks shapes before it loads
    them.

    lower, upper: the names of their tensors. weight: the shape of the layer's weight.
    Raises WeightsError for shapes and ranks that do not fit.
    """
    down, up = file.tensors[lower].shape, file.tensors[upper].shape
    for name, shape in ((lower, down), (upper, up)):
        if not 2 <= len(shape) <= 4:
            raise WeightsError(f"{shown(name)} has shape {list(shape)}", mend=OTHER)
    rank = down[0]
    if not 1 <= rank <= MAX_RANK:
        raise WeightsError(f"layer {layer} has rank {rank}", mend=f"use a LoRA of rank 1 to {MAX_RANK}")
    wanted = (rank, *weight[1:]), (weight[0], rank, *[1] * (len(weight) - 2))
    if (_trimmed(down, len(weight)), _trimmed(up, len(weight))) != wanted:
        raise WeightsError(
            f"layer {layer} has halves {list(down)} and {list(up)}, wanted {list(wanted[0])} and {list(wanted[1])}",
            mend=OTHER,
        )
    return file.read(lower), file.read(upper)


def _trimmed(shape: tuple[int, ...], dimensions: int) -> tuple[int, ...]:
    """Returns a shape without trailing lengths of 1, as long as it has more than `dimensions` dimensions."""
    while len(shape) > dimensions and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _bounded(layer: str, change: LowRankChange) -> LowRankChange:
    norm = math.prod(float(np.linalg.norm(half.astype(np.float64))) for half in (change.down, change.up))
    norm *= abs(change.scale)
    if not math.isfinite(norm):
        raise WeightsError(f"layer {layer} holds numbers that are not finite", mend=AGAIN)
    if norm > MAX_NORM:
        raise WeightsError(f"layer {layer} is changed by a norm of {norm:.3g}", mend=f"keep it below {MAX_NORM:g}")
    return change
