"""Finds and ends audio processes whose host died: each of them, called an orphan, plays on by itself."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.shared import PREFIX, collect, collected
from demon_patch.runtime.audio.timeline_memory import TimelineMemory

WAIT_SECONDS = 2.0
SESSIONS = Path("/run/user")  # where systems keep the runtime folders of their users


def folders() -> Iterator[Path]:
    """Yields the folders in which orphans may leave their notes, the best first. Each exists and can be used by this
    user alone.

    They are the user's runtime folder, the user's folder for state, and one among the temporary files. A folder that
    belongs to another user is skipped; one of this user that others may use is closed to them.
    """
    for place in (_runtime, _state, _temporary):
        with contextlib.suppress(OSError, RuntimeError, KeyError):
            if _private(path := place()):
                yield path


def folder() -> Path:
    """Returns the first of `folders`. Raises DeviceError where there is none."""
    for path in folders():
        return path
    raise DeviceError("no folder for notes between performances", mend="set XDG_RUNTIME_DIR to a folder of your own")


def _runtime() -> Path:
    """Returns the runtime folder of the user's session. Raises OSError where there is none."""
    if sys.platform == "win32" or sys.platform == "darwin":
        return Path(platformdirs.user_runtime_dir("demon_patch"))
    named = Path(os.environ.get("XDG_RUNTIME_DIR") or SESSIONS / str(os.geteuid()))
    if not named.is_dir():
        raise FileNotFoundError(named)
    return named / "demon_patch"


def _state() -> Path:
    return Path(platformdirs.user_state_dir("demon_patch"))


def _temporary() -> Path:
    user = os.geteuid() if sys.platform != "win32" else "user"
    return Path(tempfile.gettempdir()) / f"demon_patch-{user}"


def _private(path: Path) -> bool:
    """Returns whether a folder belongs to this user alone. Creates it where it is missing. Raises OSError where it
    cannot be used."""
    if not path.is_absolute():
        return False
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True)
    path.mkdir(mode=0o700, exist_ok=True)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode):
        return False
    if sys.platform != "win32":
        if facts.st_uid != os.geteuid():
            return False
        if facts.st_mode & 0o077:
            path.chmod(0o700)
    return os.access(path, os.W_OK | os.X_OK)


class ProcessNote:
    """The note file that an orphan writes to be found; deleting the file asks the orphan to end. Raises OSError or
    DeviceError where it cannot be written."""

    def __init__(self, memory: TimelineMemory) -> None:
        self._path = folder() / f"{PREFIX}{os.getpid()}.json"
        self._path.write_text(json.dumps({"pid": os.getpid(), "memory": str(memory.path)}), encoding="utf-8")

    @property
    def withdrawn(self) -> bool:
        """Whether the note file was deleted, which asks the orphan to end."""
        with contextlib.suppress(OSError):
            return not self._path.exists()
        return True

    def remove(self) -> None:
        """Deletes the note file; the last thing that an orphan does."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def take_over() -> int:
    """Ends every orphan of this user and waits until each is silent; returns the number of notes found.

    An orphan that does not end within two seconds counts as dead, and its memory is deleted. Memory that no process
    uses is deleted as well.
    """
    notes = []
    for path in folders():
        with contextlib.suppress(OSError):
            notes += list(path.glob(f"{PREFIX}*.json"))
    memories = []
    for note in notes:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            memories.append(Path(json.loads(note.read_text(encoding="utf-8"))["memory"]))
        with contextlib.suppress(OSError):
            note.unlink()
    end = time.monotonic() + WAIT_SECONDS
    for memory in memories:
        if not memory.name.startswith(PREFIX):
            continue
        with contextlib.suppress(OSError):
            while memory.exists() and not collected(memory) and time.monotonic() < end:
                time.sleep(0.02)
            memory.unlink(missing_ok=True)
    collect()
    return len(notes)
