"""Notes of the hosts that run on this machine, in the user's runtime folder, so that windows and commands find them.

Each host has one small file there, which only its user can read. It is removed when the host ends; one of a host that
was killed is passed over, and removed by the next reader.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import time

import msgspec

from demon_patch.runtime.audio import orphan
from demon_patch.runtime.remote.access import Address

PREFIX, SUFFIX = "host-", ".json"
LARGEST = 10_000  # bytes of a note


class RunningHost(msgspec.Struct, frozen=True):
    """A host on this machine. url: its address, on the loopback interface. pid: of its process. file: its patch file,
    absolute; empty where there is none. since: when it began, in seconds since 1970."""

    url: str
    pid: int
    file: str = ""
    since: float = 0.0


@contextlib.contextmanager
def noted(address: Address, file: Path | None) -> Iterator[None]:
    """Leaves a note of a host of this process until the end. Does nothing where no folder can be written, and for a
    host that listens for other machines."""
    path = None
    if address.loopback:
        with contextlib.suppress(OSError):
            path = _write(address, file)
    try:
        yield
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


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


def _write(address: Address, file: Path | None) -> Path | None:
    for folder in orphan.folders():
        pid = os.getpid()
        note = RunningHost(address.url, pid, "" if file is None else str(file.resolve()), time())
        path = folder / f"{PREFIX}{pid}-{address.port}{SUFFIX}"
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(note))
        new.chmod(0o600)
        return new.replace(path)
    return None


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
