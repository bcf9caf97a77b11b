"""Exported networks on disk. A build is a folder named by all that it depends on, so a stale one is never found.

What it depends on: the weights, the code of the model, the versions of the libraries, the form of this module's files,
the precision, and the lengths of fixed axes. A network of low precision is kept only once its sound was judged, and its
verdict with it. A file that was changed since is found by its checksum; the network is built again then.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
import torch
from platformdirs import user_cache_path
from torch import nn

from demon_patch.engine.executors.export import LIBRARIES, OPSET, axes_of, export, layers_with_sides, side_parts
from demon_patch.engine.executors.low_precision import quantise
from demon_patch.engine.executors.side_inputs import SideLayer
from demon_patch.engine.networks import FULL, Network
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from demon_patch.engine.executors.gate import Verdict

FOLDER = "DEMON_PATCH_BUILDS"
"""The environment variable that names another folder for builds."""

FORM = 3
"""Grows when builds of an older version of this module must not be used."""

ABOUT, NETWORK = "build.json", "network.onnx"
LONGEST_ABOUT = 1 << 20  # bytes


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `build.json` says. files: SHA-256 by name. layers: path, inputs and outputs of those with side paths.
    lengths: of fixed axes. distances: of a network of low precision, how far each prompt sounds from float32."""

    model: str
    network: str
    key: str
    inputs: dict[str, list[str]]
    layers: list[tuple[str, int, int]]
    files: dict[str, str]
    lengths: dict[str, int] = {}
    precision: str = FULL
    distances: list[dict[str, float | str]] = []


@dataclass(frozen=True, slots=True)
class Build:
    """A network on disk. onnx: its file. layers: those with side paths. digest: the SHA-256 of its files, in
    hexadecimal."""

    onnx: Path
    layers: tuple[SideLayer, ...]
    digest: str


def folder() -> Path:
    """Returns the folder of all builds: that of the environment variable `FOLDER`, or the user's cache."""
    return Path(os.environ.get(FOLDER) or user_cache_path("demon-patch", appauthor=False) / "builds")


def key_of(network: Network) -> str:
    """Returns the key of a network, 24 hexadecimal digits. Two networks of one key have the same ONNX file."""
    about = {
        "form": FORM,
        "opset": OPSET,
        "weights": weights_digest(network.module),
        "code": _code_of(network),
        "inputs": [[part.name, [str(size) for size in part.shape]] for part in network.inputs],
        "steered": network.steered,
        "precision": network.precision,
        "axes": {name: repr(axis) for name, axis in axes_of(network).items()},
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:24]


def stamp_of(module: nn.Module) -> tuple[tuple[int, int], ...]:
    """Returns what changes whenever a weight is written: its place, and the number of writes to it. Quick, unlike
    `weights_digest`."""
    return tuple((each.data_ptr(), 0 if each.is_inference() else each._version) for each in module.parameters())


_DIGESTS: WeakKeyDictionary[nn.Module, tuple[object, str]] = WeakKeyDictionary()


def weights_digest(module: nn.Module) -> str:
    """Returns a hash of the names, types, shapes and bytes of a module's weights and buffers, in hexadecimal. It is
    computed anew after a weight was written."""
    stamp = stamp_of(module)
    known = _DIGESTS.get(module)
    if known is None or known[0] != stamp:
        known = _DIGESTS[module] = stamp, _digest(module)
    return known[1]


def _digest(module: nn.Module) -> str:
    total = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted((*module.named_parameters(), *module.named_buffers())):
        total.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _code_of(network: Network) -> dict[str, str]:
    """Returns what a network is computed by: a hash of the folder of each module of this package, and the version of
    each other one and of the exporter."""
    modules = {type(each).__module__ for each in network.module.modules()}
    ours = {Path(inspect.getfile(sys.modules[name])).parent for name in modules if name.startswith("demon_patch.")}
    others = {name.split(".")[0] for name in modules if not name.startswith("demon_patch.")}
    code = {each.name: _code_in(each) for each in ours}
    return {**code, **{name: version_of(name) for name in sorted({*others, "torch", *LIBRARIES})}}


@cache
def _code_in(package: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(package.glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def version_of(library: str) -> str:
    """Returns the version of an installed library, or an empty text."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def found(network: Network) -> Build | None:
    """Returns the build of a network, or None if there is none, or if its files are not those that were written."""
    place = _place(network)
    try:
        with (place / ABOUT).open("rb") as stream:
            about = msgspec.json.decode(stream.read(LONGEST_ABOUT), type=About)
        names = {path.name for path in place.iterdir()} - {ABOUT}
        if about.key != key_of(network) or NETWORK not in about.files or names != about.files.keys():
            return None
        if network.precision != FULL and not about.distances:
            return None
        if any(_checksum(place / name) != digest for name, digest in about.files.items()):
            return None
    except (OSError, msgspec.MsgspecError):
        return None
    return _build(place, about)


def lengths_found(network: Network) -> list[dict[str, int]]:
    """Returns the lengths of fixed axes for which a network is built; one empty entry where it has no fixed axis."""
    known: list[dict[str, int]] = []
    for place in sorted(folder().glob(f"{network.model}-{network.name}-*")):
        try:
            with (place / ABOUT).open("rb") as stream:
                about = msgspec.json.decode(stream.read(LONGEST_ABOUT), type=About)
        except (OSError, msgspec.MsgspecError):
            continue
        if about.lengths not in known and found(network.at(about.lengths)) is not None:
            known.append(about.lengths)
    return known


def build(
    network: Network,
    tell: Callable[[str], None] = lambda line: None,
    judge: Callable[[Build], Verdict] | None = None,
) -> Build:
    """Exports a network, unless its build is there, and returns the build.

    tell: called with a line for the player before and after each part of the work.
    judge: judges the sound of a network of low precision before it is kept. One that does not pass is not kept, and
        raises the error of `Verdict.check`; without a judge there is only what is kept already.
    It is written beside and then moved, so that an interrupted build leaves nothing. Raises DemonError if a library is
    missing, the network cannot be traced, or the folder cannot be written.
    """
    there = found(network)
    if there is not None:
        tell(f"{network.name}: there already, {there.onnx.parent}")
        return there
    if network.precision != FULL and judge is None:
        raise not_built(network)
    place = _place(network)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise DemonError(what, file=place.parent, mend=f"name another folder in {FOLDER}") from None
    try:
        tell(f"{network.name}: exporting")
        layers = layers_with_sides(network)
        export(network, layers, draft / NETWORK)
        distances = [] if judge is None else _judged(network, layers, draft, judge, tell)
        about = About(
            network.model,
            network.name,
            key_of(network),
            _shapes(network, layers),
            [(layer.path, layer.inputs, layer.outputs) for layer in layers],
            {path.name: _checksum(path) for path in sorted(draft.iterdir())},
            {name: axis.most for name, axis in network.axes.items() if axis.fixed},
            network.precision,
            distances,
        )
        (draft / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=1))
        shutil.rmtree(place, ignore_errors=True)
        draft.replace(place)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise DemonError(what, file=place, mend=f"make room, or name another folder in {FOLDER}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    tell(f"{network.name}: built, {sum(path.stat().st_size for path in place.iterdir()) / 1e6:.0f} MB, {place}")
    return _build(place, about)


def _judged(
    network: Network,
    layers: Sequence[SideLayer],
    draft: Path,
    judge: Callable[[Build], Verdict],
    tell: Callable[[str], None],
) -> list[dict[str, float | str]]:
    """Lowers the precision of a network in its draft, and returns how far it sounds from float32. Raises the error of
    `Verdict.check`; a network of full precision is left alone and not judged."""
    if network.precision == FULL:
        return []
    quantise(draft / NETWORK)
    tell(f"{network.name}: judging the sound of {network.precision}")
    verdict = judge(Build(draft / NETWORK, tuple(layers), ""))
    verdict.check()
    worst = verdict.worst
    far = f"{worst.mel:.2f} dB, onsets {worst.onset:.2f}"
    tell(f"{network.name}: {network.precision} is let in; furthest is {worst.prompt!r}: {far}")
    return [dict(row) for row in verdict.rows()]


def not_built(network: Network, length: str = "", how: str = "") -> DemonError:
    """Returns the error for a network of which there is no build. length, how: more words of the error and its mend."""
    low = "" if network.precision == FULL else f" in {network.precision}"
    how = how if not low else f"{how} --precision {network.precision}"
    return DemonError(
        f"no network of {network.model} is built{low} for these weights{length}",
        mend=f"demon-patch build --model {network.model} --executor onnx{how}",
    )


def forget(network: Network) -> None:
    """Deletes the build of a network, if there is one."""
    shutil.rmtree(_place(network), ignore_errors=True)


def _build(place: Path, about: About) -> Build:
    total = hashlib.sha256(json.dumps(about.files, sort_keys=True).encode()).hexdigest()
    return Build(place / NETWORK, tuple(SideLayer(*each) for each in about.layers), total)


def _place(network: Network) -> Path:
    return folder() / f"{network.model}-{network.name}-{key_of(network)}"


def _shapes(network: Network, layers: Sequence[SideLayer]) -> dict[str, list[str]]:
    return {part.name: [str(size) for size in part.shape] for part in (*network.inputs, *side_parts(network, layers))}


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
