"""Checks of files: where the program reads and writes them, the room for them, and shared memory that is left over."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from demon_patch import shipped
from demon_patch.console import writable
from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding
from demon_patch.errors import DemonError
from demon_patch.patch.files.atomic_file import reason
from demon_patch.runtime.assets.asset_store import FOLDER, store
from demon_patch.runtime.audio import orphan, shared

MEGABYTE = 1e6
LITTLE_ROOM = 500.0  # MB; ten minutes of a recording are about 230
SONG_ROOM = 150.0  # MB of shared memory that a song takes at most, with the last two minutes that were heard


def files() -> Iterator[Finding]:
    """Looks at the folders of patches, recordings and assets, and at the folder for notes between performances. Leaves
    no file behind."""
    patches = shipped.shipped()
    if patches:
        yield Finding(FINE, f"{len(patches)} patches come with the program, in {shipped.folder()}")
    else:
        what = f"no patch comes with the program in {shipped.folder()}"
        yield Finding(WARNING, what, "install it again: pip install --force-reinstall demon-patch")
    yield _place("recordings and renders", Path.cwd(), "change into a folder of your own, or name one with --out")
    yield _place("assets", store(), f"let {FOLDER} name a folder of your own")
    for folder in orphan.folders():
        yield Finding(FINE, f"notes between performances can be written, in {folder}")
        break
    else:
        what = "no folder for notes between performances: after a crash the sound may not be found again"
        yield Finding(WARNING, what, "set XDG_RUNTIME_DIR to a folder of your own")


def _place(what: str, folder: Path, mend: str) -> Finding:
    """Returns whether a folder, which may not exist yet, can be written, and how much room there is."""
    try:
        writable(folder / "doctor")
    except DemonError as error:
        return Finding(WARNING, f"the folder of {what}, {folder}, {error.what}", mend)
    room = _room(folder)
    if room is not None and room < LITTLE_ROOM:
        return Finding(WARNING, f"the folder of {what}, {folder}, has room for {room:.0f} MB only", "make room there")
    shown = "" if room is None else f", {room / 1e3:.1f} GB free"
    return Finding(FINE, f"{what} can be written, in {folder}{shown}")


def _room(folder: Path) -> float | None:
    """Returns the free MB of the disk on which a folder lies or would lie; None where the system does not tell."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free / MEGABYTE
    except OSError:
        return None


def shared_memory() -> Iterator[Finding]:
    """Looks for room for the song that host and audio process share, and for memory that earlier ones left over."""
    yield _song_memory()
    used, unused, old = [], [], []
    for path in _left():
        if not path.name.startswith(shared.NAME):
            old.append(path)
        elif _is_used(path):
            used.append(path)
        else:
            unused.append(path)
    if used:
        yield Finding(FINE, f"{len(used)} in use, by a performance that plays", details=tuple(map(str, used)))
    if unused:
        what = f"{len(unused)} left over by a program that crashed: {_megabytes(unused):.0f} MB"
        yield Finding(WARNING, what, "the next `play` deletes it", tuple(map(str, unused)))
    if old:
        what = f"{len(old)} of another version of the program: {_megabytes(old):.0f} MB"
        yield Finding(WARNING, what, "if none plays, delete what the report names", tuple(map(str, old)))
    if not (used or unused or old):
        yield Finding(FINE, "nothing is left over")


def _song_memory() -> Finding:
    """Returns whether the song finds room in the first folder that can be written."""
    faults = []
    for folder in shared.folders():
        try:
            TemporaryFile(dir=folder).close()
        except OSError as error:
            faults.append(f"{folder}: {reason(error)}")
            continue
        room = _room(folder)
        if room is None or room >= SONG_ROOM:
            shown = "" if room is None else f", {room:.0f} MB free"
            return Finding(FINE, f"there is room for a song, in {folder}{shown}", details=tuple(faults))
        faults.append(f"{folder}: room for {room:.0f} MB only")
    what = f"there is no room for a song in memory: {'; '.join(faults)}"
    return Finding(FAULT, what, f"make room there for {SONG_ROOM:.0f} MB")


def _left() -> Iterator[Path]:
    """Yields this user's files of shared memory, of every version of the program."""
    for folder in shared.folders():
        try:
            found = sorted(folder.glob(f"{shared.PREFIX}*"))
        except OSError:
            continue
        for path in found:
            try:
                facts = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) and (sys.platform == "win32" or facts.st_uid == os.geteuid()):
                yield path


def _is_used(path: Path) -> bool:
    """Returns whether a process holds a file of shared memory; True where that cannot be told, as on Windows."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _megabytes(paths: list[Path]) -> float:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total / MEGABYTE
