"""Lists the files that a patch names, and writes and reads packs: a patch with its files (`*.dpatch`).

Files are the values of `path` ports, except those that a node writes (a sink), and except the LoRAs that come with a
model. The file with the tempo of an audio file, which lies beside it, belongs to it.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from msgspec import structs

from demon_patch.engine.families import LORA as LORA_SUFFIX
from demon_patch.engine.lora.file import in_one
from demon_patch.engine.sound.clips import sidecar
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import load, updated
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.files import asset_names, atomic_file, page_pack
from demon_patch.patch.files.asset_names import TEMPO
from demon_patch.patch.files.format import dumps, save
from demon_patch.patch.files.pack import SIZE, SUFFIX, Files, packed, unpacked
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.json_values import place, quoted
from demon_patch.patch.model.walk import nodes_of, with_nodes
from demon_patch.runtime.assets.asset_store import OWN, inside, located, put_pieces, store
from demon_patch.runtime.assets.named_files import of_file, own_files, with_weights

PATCH = ".dpatch.json"


class Asset(NamedTuple):
    """A file that a patch reads: its name in the patch, and one node and port that name it."""

    name: str
    node: str
    port: str


def assets_of(patch: Patch, catalogue: Mapping[str, Declaration] = CATALOGUE) -> list[Asset]:
    """Returns the files that a patch reads, each once, sorted by name. Nodes of unknown type are skipped."""
    found: dict[str, Asset] = {}
    for id, node in nodes_of(patch):
        for port in _ports(patch, node, catalogue):
            name = _plain(node.values[port])
            found[name] = min(found.get(name, Asset(name, id, port)), Asset(name, id, port))
    return [found[name] for name in sorted(found)]


def pack(path: str | Path, out: str | Path, *, force: bool = False) -> list[str]:
    """Writes a patch file and the files that it names into one pack `out`; returns the names of these files. Raises
    DemonError.

    force: replaces an existing file.
    """
    path, out = Path(path), Path(out)
    patch = load(path)
    with place(path):
        patch = with_weights(patch, path.parent)
        contents = _contents(patch, path.parent)
        content = packed(patch, contents)
    _free(out, force)
    atomic_file.write(out, content)
    return sorted(contents)


def unpack(
    path: str | Path,
    into: str | Path,
    *,
    force: bool = False,
    to_store: bool = False,
    assets: Path | None = None,
    wrote: Callable[[Path], object] = lambda path: None,
) -> Path:
    """Writes the patch and the files of a pack, or of a page with one, into a folder; returns the path of the patch
    file.

    All is checked before anything is written: each file must be one that the patch names, or the tempo of one. Files
    that are named by their hash go into the asset store.

    to_store: all files go into the asset store, and the patch names them by their hashes.
    force: replaces existing files.
    assets: a folder to use in place of the asset store.
    wrote: called with the path of each file once it is written.

    Raises DemonError.
    """
    path, into = Path(path), Path(into)
    with place(path):
        patch, contents = _unpacked(path)
        target = into / f"{path.stem if page_pack.is_page(path) else path.name.removesuffix(SUFFIX)}{PATCH}"
        stored = {name for name in contents if to_store or asset_names.hash_in(name) is not None}
        files = {_target(name, into): name for name in contents if name not in stored}
        if target in files:
            raise PatchError(f"it holds a file called {target.name}, as the patch is", mend="rename the pack")
    for file in (target, *files):
        _free(file, force)
    renamed = _stored(contents, stored, assets or store(), wrote)
    text = dumps(with_nodes(patch, lambda node: _renamed(patch, node, renamed))).encode()
    for file in (target, *files):
        _folder(file.parent)
    for file, name in files.items():
        atomic_file.write(file, contents.blocks(name), follow=False)
        wrote(file)
    atomic_file.write(target, text, follow=False)
    wrote(target)
    return target


def is_pack(path: str | Path) -> bool:
    """Returns whether a path is that of a pack, by its suffix."""
    return Path(path).suffix == SUFFIX


def holds_pack(path: str | Path) -> bool:
    """Returns whether a path is that of a pack, or of a page (HTML) that carries one, by its suffix."""
    return is_pack(path) or page_pack.is_page(path)


def load_patch(path: str | Path) -> Patch:
    """Returns the patch of a patch file, a pack or a page, its nodes updated to the versions of the catalogue. Raises
    PatchError."""
    if not holds_pack(path):
        return load(path)
    with place(path):
        return _unpacked(path)[0]


def save_patch(patch: Patch, path: str | Path, folder: Path) -> None:
    """Writes a patch into a patch file, or into a pack together with the files that it names, which lie in `folder`.
    Raises DemonError."""
    if page_pack.is_page(path):
        raise PatchError("a page is not written over", file=path, mend=f"save it as *{PATCH} or *{SUFFIX}")
    if not is_pack(path):
        save(patch, path)
        return
    with place(path):
        content = pack_of(patch, folder)
    atomic_file.write(path, content)


def pack_of(patch: Patch, folder: Path) -> bytes:
    """Returns the bytes of a pack with a patch and the files that it names, which lie in `folder`. Raises
    DemonError."""
    patch = with_weights(patch, folder)
    return packed(patch, _contents(patch, folder))


@contextmanager
def files_of(path: str | Path) -> Iterator[Path]:
    """Gives the folder with the files that a patch file, pack or page names. Those of a pack lie in a temporary folder,
    which is deleted at the end of the context. Raises DemonError."""
    if not holds_pack(path):
        yield Path(path).parent
        return
    with TemporaryDirectory(prefix="demon-patch-", ignore_cleanup_errors=True) as folder:
        unpack(path, folder, force=True, assets=Path(folder, OWN))
        yield Path(folder)


def _unpacked(path: Path | str) -> tuple[Patch, Files]:
    """Returns the patch of a pack, its nodes updated to the versions of the catalogue, and its files. Raises PatchError
    for a file that the patch does not name."""
    patch, contents = unpacked(page_pack.read(path))
    patch = updated(patch)
    named = {asset.name for asset in assets_of(patch)}
    for name in contents:
        asset_names.packable(name)
        if (name.removesuffix(TEMPO) if asset_names.is_tempo(name) else name) not in named:
            raise PatchError(f"it holds {quoted(name)}, which its patch does not name", mend="pack the patch anew")
    return patch, contents


def _contents(patch: Patch, folder: Path) -> dict[str, bytes]:
    """Returns the content of each file that a patch in `folder` reads, by name."""
    contents: dict[str, bytes] = {}
    for asset in assets_of(patch):
        with of_file(asset.name, asset.node, asset.port):
            contents |= _read(asset.name, folder, SIZE - sum(map(len, contents.values())))
    return contents


def _ports(patch: Patch, node: Node, catalogue: Mapping[str, Declaration] = CATALOGUE) -> list[str]:
    """Returns the names of a node's ports whose values name files that it reads."""
    declaration = catalogue.get(node.type)
    if declaration is None or declaration.kind == "sink":
        return []
    named = [p.name for p in declaration.ports if p.type == "path" and _named(node.values.get(p.name))]
    return [name for name in named if node.values[name] not in own_files(patch, node.type)]


def _named(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _plain(name: Any) -> str:
    """Returns one spelling for all equal names of a file: a.wav for ./a.wav and a.wav."""
    return name if name.startswith("sha256:") else posixpath.normpath(name)


def _read(name: str, folder: Path, room: int) -> dict[str, bytes]:
    """Returns the content of a file and of the tempo file beside it, if there is one, by name. Raises DemonError, also
    where they take more than `room` bytes."""
    path = located(name, folder)
    if path.is_dir():
        raise PatchError("this is a folder, not an audio file", mend="name a file in it")
    asset_names.packable(name)
    alone = in_one(path) if path.suffix == LORA_SUFFIX else None
    found = {name: atomic_file.read(path, room) if alone is None else alone}
    if (
        asset_names.suffix(name) in asset_names.SOUNDS
        and asset_names.hash_in(name) is None
        and (tempo := sidecar(path)).is_file()
    ):
        found[name + TEMPO] = atomic_file.read(inside(tempo.name, path.parent), room)
    if sum(map(len, found.values())) > room:
        raise PatchError("the files take too much room", mend=f"keep a pack within {SIZE // 2**20} MiB")
    return found


def _target(name: str, into: Path) -> Path:
    """Returns the path at which a file of a pack is written. Raises SourceError where a link leads out of the
    folder."""
    *folders, last = name.split("/")
    return inside("/".join(folders), into) / last if folders else into / last


def _free(file: Path, force: bool) -> None:
    if os.path.lexists(file) and not force:
        raise PatchError("there is such a file already", file=file, mend="--force writes over it")


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PatchError(f"cannot be made: {atomic_file.reason(error)}", file=path, mend="unpack elsewhere") from None


def _stored(contents: Files, stored: Set[str], assets: Path, wrote: Callable[[Path], object]) -> dict[str, str]:
    """Writes files of a pack, and the tempo of each, into the folder `assets`; returns their new names by their old
    ones."""
    kept: dict[str, str] = {}
    for name in sorted(stored):  # a sound comes before its tempo
        if not asset_names.is_tempo(name):
            kept[name] = put_pieces(contents.blocks(name), contents.hash(name), asset_names.suffix(name), wrote, assets)
        elif not os.path.lexists(tempo := sidecar(assets / kept[name.removesuffix(TEMPO)].removeprefix("sha256:"))):
            atomic_file.write(tempo, contents[name], follow=False)
            wrote(tempo)
    return kept


def _renamed(patch: Patch, node: Node, renamed: Mapping[str, str]) -> Node:
    """Returns the node with the files that it reads under their new names."""
    found = {port: _plain(node.values[port]) for port in _ports(patch, node)}
    files = {port: renamed[name] for port, name in found.items() if name in renamed}
    return structs.replace(node, values={**node.values, **files}) if files else node
