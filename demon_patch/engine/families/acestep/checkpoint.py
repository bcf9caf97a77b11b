"""Finds the files of a checkpoint and the tensors in them; torch-free.

Three layouts are read. *Official*: a folder with `config.json`, `model.safetensors` (or its shards and their index) and
`silence_latent.pt`. *Diffusers*: a folder with a folder for each part. *One file*: a safetensors file with the official
names. The codec (`vae`) and the text encoder (`text_encoder` or `Qwen3-Embedding-0.6B`) lie in the model's folder or
beside it. Files are not trusted: headers are checked (`engine.tensor_file`), and no name leads out of its folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demon_patch.engine.families.acestep.json_file import read_object
from demon_patch.engine.families.acestep.names import PARTS, renamed
from demon_patch.engine.tensor_file import Stored, TensorFile, shown
from demon_patch.errors import WeightsError

MOST_BYTES = 64 * 2**30
"""The largest file that is read."""

SILENCE = "silence_latent.pt"
_INDEX = ".safetensors.index.json"
_STEMS = ("model", "diffusion_pytorch_model")
_TEXT = ("text_encoder", "Qwen3-Embedding-0.6B")
_TOKENIZERS = ("tokenizer", "text_encoder", "Qwen3-Embedding-0.6B")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a tensor lies: its file, its name there, and its header entry."""

    file: Path
    name: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The files of a model.

    layout: "official", "diffusers" or "one file".
    tensors: by part and by the name in the part's model class.
    settings: by part, its configuration; under "" the official one of the whole model, empty where there is none.
    silence: the file with the latent of silence; None in the diffusers layout, which holds it as a tensor.
    tokenizer: the file `tokenizer.json`.
    mend: what to do where something is missing or damaged.
    """

    name: str
    layout: str
    folder: Path
    tensors: Mapping[str, Mapping[str, Where]]
    settings: Mapping[str, Mapping[str, Any]]
    silence: Path | None
    tokenizer: Path
    mend: str = field(default="", repr=False)

    def files(self) -> list[Path]:
        """Returns all files of weights."""
        return sorted({where.file for part in self.tensors.values() for where in part.values()})

    def numbers(self) -> int:
        """Returns how many numbers all tensors hold together."""
        total = 0
        for part in self.tensors.values():
            for where in part.values():
                count = 1
                for length in where.stored.shape:
                    count *= length
                total += count
        return total


def mend_of(name: str) -> str:
    """Returns the mend for the files of a model that are missing or damaged."""
    return f"get its files again: demon-patch model pull {name}"


def located(name: str, models: Path) -> Path | None:
    """Returns the folder, or the one file, of a model in the folder of all models; None where it is not there."""
    for found in (models / name, models / f"{name}.safetensors"):
        if found.exists():
            return found
    return None


def find(name: str, models: Path, shared: Path | None = None) -> Checkpoint:
    """Returns the checkpoint of a model in the folder of all models. Raises WeightsError that names the file and its
    mend for one that is missing, damaged, or of no known layout.

    shared: another folder in which codec, text encoder and the latent of silence may lie.
    """
    others = () if shared is None else (shared,)
    mend, found = mend_of(name), located(name, models)
    if found is None:
        raise WeightsError(
            f"the model {name} is not on this machine", file=models / name,
            mend=f"get it: demon-patch model pull {name}, or name its folder's parent with --model-dir",
        )  # fmt: skip
    if found.is_file():
        return _whole(name, "one file", models, [found], {}, mend, (models, *others))
    homes = (found, models, *others)
    if (found / "transformer").is_dir():
        return _diffusers(name, found, homes, mend)
    single = sorted(found.glob("*.safetensors"))
    if (found / "config.json").is_file() or (found / f"model{_INDEX}").is_file():
        settings = read_object(found / "config.json", mend)
        return _whole(name, "official", found, _weights(found, mend), settings, mend, homes)
    if len(single) == 1:
        return _whole(name, "one file", found, single, {}, mend, homes)
    raise WeightsError("no checkpoint of a known layout is in it", file=found, mend=mend)


def _whole(
    name: str, layout: str, folder: Path, files: list[Path], settings: Mapping[str, Any], mend: str,
    homes: tuple[Path, ...],
) -> Checkpoint:  # fmt: skip
    """Returns a checkpoint whose parts, save codec and text encoder, lie together under official names."""
    tensors: dict[str, dict[str, Where]] = {part: {} for part in PARTS}
    for where in _tensors(files, mend):
        place = renamed(where.name)
        if place is not None:
            tensors[place[0]][place[1]] = where
    silence = next((home / SILENCE for home in homes if (home / SILENCE).is_file()), None)
    if silence is None:
        raise WeightsError("the latent of silence is missing", file=folder / SILENCE, mend=mend)
    return _with_shared(name, layout, folder, tensors, {"": settings}, silence, mend, homes)


def _diffusers(name: str, folder: Path, homes: tuple[Path, ...], mend: str) -> Checkpoint:
    tensors: dict[str, dict[str, Where]] = {}
    settings: dict[str, Mapping[str, Any]] = {"": {}}
    for part in PARTS[:4]:
        home = _home((folder,), (part,), mend)
        settings[part] = read_object(home / "config.json", mend)
        tensors[part] = {where.name: where for where in _tensors(_weights(home, mend), mend)}
    return _with_shared(name, "diffusers", folder, tensors, settings, None, mend, homes)


def _with_shared(
    name: str, layout: str, folder: Path, tensors: dict[str, dict[str, Where]],
    settings: dict[str, Mapping[str, Any]], silence: Path | None, mend: str, homes: tuple[Path, ...],
) -> Checkpoint:  # fmt: skip
    """Returns the checkpoint with its codec, text encoder and tokenizer."""
    for part, names in (("vae", ("vae",)), ("text_encoder", _TEXT)):
        home = _home(homes, names, mend)
        settings[part] = read_object(home / "config.json", mend)
        files = _weights(home, mend)
        tensors[part] = {where.name.removeprefix("model."): where for where in _tensors(files, mend)}
    tokenizers = [home / each / "tokenizer.json" for home in homes for each in _TOKENIZERS]
    tokenizer = next((file for file in tokenizers if file.is_file()), None)
    if tokenizer is None:
        raise WeightsError("the tokenizer is missing", file=tokenizers[0], mend=mend)
    return Checkpoint(name, layout, folder, tensors, settings, silence, tokenizer, mend)


def _home(homes: tuple[Path, ...], names: tuple[str, ...], mend: str) -> Path:
    """Returns the first folder of one of these names. Raises WeightsError where there is none."""
    found = next((home / each for home in homes for each in names if (home / each).is_dir()), None)
    if found is None:
        raise WeightsError(f"the folder {names[0]} is missing", file=homes[0] / names[0], mend=mend)
    return found


def _weights(folder: Path, mend: str) -> list[Path]:
    """Returns the files of weights of a folder: one file, or the shards that an index names."""
    for stem in _STEMS:
        if (index := folder / f"{stem}{_INDEX}").is_file():
            listed = read_object(index, mend).get("weight_map")
            if not isinstance(listed, dict) or not all(isinstance(each, str) for each in listed.values()):
                raise WeightsError("it names no files of weights", file=index, mend=mend)
            names = sorted(set(listed.values()))
            for each in names:
                if Path(each).name != each or not each.endswith(".safetensors"):
                    raise WeightsError(f"it names {shown(each)}, which is no file beside it", file=index, mend=mend)
            return [folder / each for each in names]
        if (file := folder / f"{stem}.safetensors").is_file():
            return [file]
    raise WeightsError("the file of weights is missing", file=folder / f"{_STEMS[0]}.safetensors", mend=mend)


def _tensors(files: list[Path], mend: str) -> Iterator[Where]:
    """Gives all tensors of files. Raises WeightsError that names the file for a damaged one."""
    for file in files:
        try:
            header = TensorFile(file, MOST_BYTES)
        except WeightsError as error:
            error.mend = mend
            raise error.located(file=file) from None
        for name, stored in header.tensors.items():
            yield Where(file, name, stored)
