"""Notes of the hosts that run on this machine, in the user's runtime folder, so that windows and commands find them.

Each host has one small file there, which only its user can read. It is removed when the host ends; one of a host that
was killed is passed over, and removed by the next reader.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from time import time

import msgspec

from demon_patch.runtime.audio import orphan
from demon_patch.runtime.remote.access import Address

PREFIX, SUFFIX = "host-", ".json"
LARGEST = 10_000  # bytes of a note


class RunningHost(msgspec.Struct, frozen=True):
    """A host on this machine. url: its address, on the loopback interface. pid: of its process. file: its patch file,
    absolute; empty where there is none. since: when it began, in seconds since 1970. folder: of the songs that it opens
    and of what it writes."""

    url: str
    pid: int
    file: str = ""
    since: float = 0.0
    folder: str = ""


class HostNote:
    """The note of a host of this process, by which others find it. A host that listens for other machines has none, nor
    has one that can write no folder. One thread calls the methods.

    file: the patch file that the host plays; None for none.
    folder: of the songs that it opens and of what it writes.
    """

    def __init__(self, address: Address, file: Path | None, folder: Path) -> None:
        self._address, self._file, self._path = address, file, None
        self._folder = str(folder.resolve())
        self._since = time()
        self._write()

    def renew(self, file: Path | None) -> None:
        """Writes the note anew where the host plays another file now."""
        if file != self._file:
            self._file = file
            self._write()

    def remove(self) -> None:
        """Deletes the note."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        if not self._address.loopback:
            return
        file, pid = self._file, os.getpid()
        played = "" if file is None else str(file.resolve())
        note = RunningHost(self._address.url, pid, played, self._since, self._folder)
        with contextlib.suppress(OSError):
            for folder in orphan.folders():
                path = folder / f"{PREFIX}{pid}-{self._address.port}{SUFFIX}"
                new = path.with_suffix(".new")
                new.write_bytes(msgspec.json.encode(note))
                new.chmod(0o600)
                self._path = new.replace(path)
                return


def running() -> list[RunningHost]:
    """Returns the hosts of this user that run on this machine, the latest first."""
    found = []
    for folder in orphan.folders():
        for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
            host = _read(path)
            if host is None:
                with contextlib.suppress(OSError):
                    path.unlink()
            else:
                found.append(host)
    return sorted(found, key=lambda host: -host.since)


def _read(path: Path) -> RunningHost | None:
    """Returns what a note says; None for one of a host that has gone, and for what is no note."""
    try:
        with path.open("rb") as stream:
            if sys.platform != "win32" and os.fstat(stream.fileno()).st_uid != os.geteuid():
                return None
            host = msgspec.json.decode(stream.read(LARGEST), type=RunningHost)
        address = Address.parsed(host.url.removeprefix("ws://"))
    except Exception:  # whatever stands in the file
        return None
    return host if address.loopback and alive(host.pid) else None


def alive(pid: int) -> bool:
    """Returns whether a process with that number runs. Where the system cannot tell, it does."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # of another user
    return True
