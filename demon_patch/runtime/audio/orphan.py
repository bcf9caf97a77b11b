"""An audio process whose host died plays on; this is how it is found again and ended."""

from __future__ import annotations

import contextlib
import json
import os
import time
import warnings
from pathlib import Path

from platformdirs import user_runtime_path

from demon_patch.runtime.audio.memory import PREFIX, Memory

WAIT_SECONDS = 2.0


def folder() -> Path:
    """Where orphans leave their notes: the user's runtime folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the system names no such folder, a temporary one will do
        return user_runtime_path("demon_patch", ensure_exists=True)


class Note:
    """The control file of an orphan: who deletes it ends the orphan."""

    def __init__(self, memory: Memory) -> None:
        self._path = folder() / f"{PREFIX}{os.getpid()}.json"
        self._path.write_text(json.dumps({"pid": os.getpid(), "memory": str(memory.path)}), encoding="utf-8")

    @property
    def withdrawn(self) -> bool:
        """Whether somebody asked the orphan to end."""
        return not self._path.exists()

    def remove(self) -> None:
        """Takes the note away; the orphan's own last act."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def take_over() -> int:
    """Ends every orphan of this user and waits until each is silent; returns how many there were.

    An orphan that does not answer within two seconds is taken for dead, and its memory is removed.
    """
    notes = list(folder().glob(f"{PREFIX}*.json"))
    memories = []
    for note in notes:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            memories.append(Path(json.loads(note.read_text(encoding="utf-8"))["memory"]))
        with contextlib.suppress(OSError):
            note.unlink()
    end = time.monotonic() + WAIT_SECONDS
    for memory in memories:
        while memory.exists() and time.monotonic() < end:
            time.sleep(0.02)
        if memory.name.startswith(PREFIX):
            with contextlib.suppress(OSError):
                memory.unlink(missing_ok=True)
    return len(notes)
