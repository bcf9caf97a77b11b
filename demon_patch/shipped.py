"""The patches that come with the program, and new patch files copied from a patch."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.patch.files import asset_names, atomic_file
from demon_patch.patch.files.format import dumps
from demon_patch.runtime.assets.asset_store import located, put
from demon_patch.runtime.assets.assets import PATCH, assets_of, files_of, holds_pack, is_pack, load_patch

FIRST = "first-light"
"""The template of a new patch, unless another is named."""


def folder() -> Path:
    """Returns the folder of the patches that come with the program: `patches/` in a clone, its copy in an installed
    package."""
    packed = Path(str(files("demon_patch") / "patches"))
    return packed if packed.is_dir() else Path(__file__).parents[1] / "patches"


def shipped() -> dict[str, Path]:
    """Returns the patch files that come with the program, by name; FIRST, the template of new patches, is the first."""
    found = {path.name.removesuffix(PATCH): path for path in sorted(folder().glob(f"*{PATCH}"))}
    return {name: found[name] for name in sorted(found, key=lambda name: (name != FIRST, name))}


def template(name: str) -> Path:
    """Returns the file of a patch, given its path or its name among those that come with the program. Raises
    PatchError, with the names that are like it, where there is no such patch."""
    known = shipped()
    if name in known:
        return known[name]
    path = Path(name)
    if path.is_file():
        return path
    raise PatchError(
        f"there is no patch named {name!r}",
        mend=did_you_mean(name, known, "demon-patch new --list names those that come with the program"),
    )


def title_of(path: Path) -> str:
    """Returns the title of a new patch: the name of its file as words, at most 200 characters."""
    words = path.name.removesuffix(PATCH).replace("-", " ").replace("_", " ").strip()
    return (words[:1].upper() + words[1:])[:200]


def write_new(target: Path, origin: Path, *, force: bool = False) -> list[Path]:
    """Writes a copy of the patch file or pack `origin` as the new patch file `target`, and beside it the files that it
    names; returns the paths written. Files of a pack that are named by their hash go into the asset store and are not
    among these paths.

    The title of the copy is the name of its file. A copy of a patch that comes with the program has no author and no
    licence, since it is the player's.
    force: replaces existing files.

    Raises PatchError.
    """
    if is_pack(target):
        raise PatchError(
            "a new patch is a patch file", file=target, mend=f"name it *{PATCH}; `pack` makes a pack of it"
        )
    patch = load_patch(origin)
    own = origin in shipped().values()
    meta = structs.replace(patch.meta, title=title_of(target), **({"author": "", "licence": ""} if own else {}))
    with files_of(origin) as home:
        written = {target: dumps(structs.replace(patch, meta=meta)).encode()}
        stored: list[Path] = []
        for asset in assets_of(patch):
            path = located(asset.name, home) if holds_pack(origin) or asset_names.hash_in(asset.name) is None else None
            if path is not None and asset_names.hash_in(asset.name) is not None:
                stored.append(path)
            elif path is not None:
                written[target.parent / asset_names.safe_name(asset.name)] = path.read_bytes()
        for path, content in written.items():
            same = path != target and path.is_file() and path.read_bytes() == content
            if os.path.lexists(path) and not (force or same):
                raise PatchError(
                    "there is such a file already", file=path, mend="name another, or --force writes over it"
                )
        for path in stored:
            put(path.read_bytes(), path.suffix)
    for path, content in written.items():
        _write(path, content)
    return list(written)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PatchError(
            f"cannot be made: {atomic_file.reason(error)}", file=path.parent, mend="name another folder"
        ) from None
    atomic_file.write(path, content)
