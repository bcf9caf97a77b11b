"""Finds the files that a patch names: in the patch's folder, or in the asset store by the hash of their content.

The store is a folder of this user (DEMON_PATCH_ASSETS names another). Its files are called by the SHA-256 of their
bytes; a patch names one as "sha256:HEX.wav", with or without the suffix. A folder into which a pack is unpacked for a
while has its own store, which is searched first. No file elsewhere on the machine is ever opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path

from platformdirs import user_data_path

from demon_patch import links
from demon_patch.errors import PatchError, SourceError
from demon_patch.patch.files import asset_names, atomic_file
from demon_patch.runtime.assets import file_names

FOLDER = "DEMON_PATCH_ASSETS"
"""The environment variable that names a folder to use in place of the user's asset store."""
OWN = ".assets"
"""Name of the store within a folder into which a pack is unpacked. No file of a pack can have this name."""


def store() -> Path:
    """Returns the folder of the asset store, which may not exist yet."""
    return Path(os.environ.get(FOLDER) or user_data_path("demon-patch", appauthor=False) / "assets").resolve()


def located(name: str, folder: Path) -> Path:
    """Returns the path of the file that a patch in `folder` names.

    Raises SourceError for a file outside of folder and store, one that does not exist or has another spelling on the
    disk (`file_names`), one that is neither an ordinary file nor a folder, and an asset that is not in the store or
    whose content has changed.
    """
    try:
        hash = asset_names.hash_in(name)
    except PatchError as error:
        raise SourceError(error.what, mend=error.mend) from None
    path = _beside(name, folder) if hash is None else _stored(name, hash, folder)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SourceError(f"{name} is no ordinary file", mend="name a file with content of its own")
    return path


def inside(name: str, folder: Path, *, written: bool = False) -> Path:
    """Returns the path of a name within a folder, with links resolved. Raises SourceError for a path outside of the
    folder, for a name with a backslash, and for a link that leads back to itself.

    written: the file is to be written, which changes the mend of the error.
    """
    within = folder.resolve()
    with suppress(OSError, ValueError, RuntimeError):
        path = (within / name).resolve()
        if path.is_relative_to(within) and links.broken(within / name) != links.CIRCLE:
            file_names.spelled(name, within)
            return path
    if links.broken(within / name) == links.CIRCLE:
        raise SourceError(f"{file_names.shown(name)} is {links.CIRCLE}", mend=links.MEND)
    raise file_names.outside(name, folder, written=written)


def _beside(name: str, folder: Path) -> Path:
    """Returns the path of a file in the folder of a patch, by the only spelling that works on every machine."""
    within = folder.resolve()
    inside(name, within)
    there = file_names.located(name, within)
    if wrong := links.broken(there):
        raise SourceError(f"{file_names.shown(name)} is {wrong}", mend=links.MEND)
    path = there.resolve()
    if not path.is_relative_to(within):
        raise file_names.outside(name, folder)
    return path


def put(content: bytes, suffix: str = "") -> str:
    """Writes a file into the store, unless it has it already; returns the name by which a patch names it. Raises
    PatchError."""
    return put_pieces((content,), sha256(content).hexdigest(), suffix)


def put_pieces(
    content: Iterable[bytes],
    hash: str,
    suffix: str = "",
    wrote: Callable[[Path], object] = lambda path: None,
    within: Path | None = None,
) -> str:
    """As `put`, for a file in pieces whose SHA-256 `hash` is known.

    wrote: called with the file's path if it was written.
    within: a folder to use in place of the store.
    """
    name = asset_names.name_of_hash(hash, suffix)
    target = (within or store()) / name.removeprefix("sha256:")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        there = target.is_file() and not target.is_symlink() and _hash(target) == hash
    except OSError as error:
        raise PatchError(f"the asset store cannot be used: {error}", mend=f"set {FOLDER} to another folder") from None
    if not there:
        atomic_file.write(target, content, follow=False)
        wrote(target)
    return name


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _stored(name: str, hash: str, folder: Path) -> Path:
    """Returns the path of an asset, from the folder's own store or else from the user's: first under the exact name,
    then under the hash with any suffix."""
    within = store()
    for place in (folder.resolve() / OWN, within):
        others = sorted(place.glob(f"{hash}*")) if place.is_dir() else []
        exact = place / name.removeprefix("sha256:")
        for path in (exact, *(p for p in others if p.name.split(".")[0] == hash and p.name.count(".") < 2)):
            if path.is_file() and path.resolve().is_relative_to(place):
                if _hash(path) == hash:
                    return path
                raise SourceError(f"{name} has changed in the asset store", mend=f"take {path} out, and unpack it anew")
    raise SourceError(
        f"{name} is not in the asset store",
        mend=f"unpack it with --store, or put the file into {within} as {name.removeprefix('sha256:')}",
    )
