"""The command that brings patch files to the format of this version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from demon_patch.console import examples, show, tell
from demon_patch.errors import DemonError, PatchError

EXAMPLES = examples("demon-patch upgrade my-song.dpatch.json", "demon-patch upgrade my-patches --check")


def upgrade(
    *files: Path,
    check: Annotated[bool, Parameter(negative="", show_default=False)] = False,
) -> None:
    """Brings patch files and packs to the format of this version, in place; what they sound like stays.

    Says for each file what has changed in it. A file with a mistake stays as it is, and so does every file that is no
    patch. Exit status 1 if any file has a mistake; with --check also if any file is to be upgraded.

    Parameters:
        files: Patch files (*.dpatch.json), packs (*.dpatch), or folders: all of these in them.
        check: Says what would change, and writes nothing.
    """
    from demon_patch.runtime.assets.upgrade import upgraded_file

    if not files:
        raise DemonError("no file is named", mend="name patch files, packs or folders")
    bad = old = False
    for path in _found(files):
        try:
            changed = upgraded_file(path, write=not check)
        except PatchError as error:
            tell(error, "red")
            bad = True
            continue
        old = old or bool(changed)
        word = "to be upgraded" if check else "upgraded"
        show(f"{path}: {word}: {changed[0]}" if changed else f"{path}: up to date")
        for line in changed[1:]:
            show(f"    {line}")
    if bad or (check and old):
        raise SystemExit(1)


def _found(given: tuple[Path, ...]) -> Iterator[Path]:
    """Yields the files that are named, and the patches and packs in the folders that are named."""
    from demon_patch.patch.files.pack import SUFFIX
    from demon_patch.runtime.assets.assets import PATCH

    for path in given:
        if path.is_dir():
            yield from sorted(
                each for each in path.rglob("*") if each.name.endswith((PATCH, SUFFIX)) and each.is_file()
            )
        else:
            yield path
