"""Estimates the memory that a second performance needs, tells what is free, and gives back what is needed no more."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

from demon_patch.engine.families import NAMES, weight_bytes
from demon_patch.errors import DemonError

WORKING = 128 * 2**20
"""Bytes that a performance needs besides its weights: clips, noise, prompts and what a forward computes (nano2: 123
MiB, nano: 70, measured with a song of 24 s)."""
MEND = "close other programs, or end this performance and begin with the other one"
LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def needed(model: str) -> int:
    """Returns the bytes of memory that one more performance on a model needs, estimated without loading it."""
    return WORKING + (weight_bytes(model) if model in NAMES else 0)


def free() -> int | None:
    """Returns the bytes of memory that this process can still take: of the machine, and of the limit that is set for
    it; None where the system does not say."""
    found: list[int] = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    for limit, used in LIMITS:
        with suppress(OSError, ValueError):
            found.append(max(int(limit.read_text()) - int(used.read_text()), 0))
    return min(found, default=None)


def check(title: str, model: str, available: int | None) -> None:
    """Raises DemonError, with both numbers, where a performance on a model needs more bytes than are `available`.

    title: what is to be played.
    """
    wants = needed(model)
    if available is not None and wants > available:
        raise DemonError(
            f"{title} needs about {wants / 2**20:.0f} MiB of memory beside what plays, and {available / 2**20:.0f} MiB "
            "are free",
            mend=MEND,
        )


def lack(title: str) -> DemonError:
    """Returns the error of a system that gave no memory after all. title: what is to be played."""
    left = free()
    free_words = "" if left is None else f": {left / 2**20:.0f} MiB are free"
    return DemonError(f"{title} needs more memory than the system gives{free_words}", mend=MEND)


def give_back() -> None:
    """From any thread. Returns the memory that this process has freed to the system, where the C library keeps it for
    later (glibc): ten songs would else take the memory of five performances. It takes 2 to 26 ms where it
    is called every ten seconds, at most a tenth of a second, and Python goes on meanwhile."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
