"""What a process uses, as the system counts it: memory, threads, handles, computing time. Linux only."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from demon_patch.errors import DemonError

PROC = Path("/proc")


class Used(NamedTuple):
    """What a process uses now.

    rss_mb: the memory that it holds, shared memory included. own_mb: without what is shared and without files.
    threads, handles: how many. cpu_s: for which it has computed. waited_s: for which its threads waited for a
        processor, of the threads that run now.
    """

    rss_mb: float
    own_mb: float
    threads: int
    handles: int
    cpu_s: float
    waited_s: float


def used(pid: int) -> Used:
    """Returns what a process uses. Raises DemonError where it is gone, or the system does not tell."""
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        tasks = list((PROC / str(pid) / "task").iterdir())
        times = [_times(task) for task in tasks]
        return Used(
            int(status["VmRSS"].split()[0]) / 1024,
            int(status["RssAnon"].split()[0]) / 1024,
            int(status["Threads"]),
            len(os.listdir(PROC / str(pid) / "fd")),
            _cpu_seconds(pid),
            sum(waited for _, waited in times),
        )
    except (OSError, KeyError) as error:
        raise DemonError(f"process {pid} cannot be looked at: {error}", mend="this bench needs Linux") from None


def _cpu_seconds(pid: int) -> float:
    """Returns the seconds for which a process has computed, its ended threads included."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _ticks_per_second()


def _times(task: Path) -> tuple[float, float]:
    """Returns the seconds for which a thread ran and waited for a processor; zeros for one that has just ended."""
    try:
        ran, waited, _ = (task / "schedstat").read_text().split()
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(ran) * 1e-9, int(waited) * 1e-9


def thread_seconds(pid: int) -> dict[str, float]:
    """Returns the seconds for which the threads of a process have computed, by thread name; those of one name
    together."""
    found: dict[str, float] = {}
    for task in (PROC / str(pid) / "task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
        except OSError:
            continue
        found[name] = found.get(name, 0.0) + _times(task)[0]
    return found


def _ticks_per_second() -> int:
    """Returns how many of the units in which /proc counts processor time make a second."""
    return 100 if sys.platform == "win32" else os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Returns the seconds for which the processors of the machine have computed since it started, all programs
    together."""
    try:
        user, nice, system, _idle, _wait, *interrupts = (PROC / "stat").read_text().split("\n", 1)[0].split()[1:8]
    except (OSError, ValueError):
        return 0.0
    return sum(map(int, (user, nice, system, *interrupts))) / _ticks_per_second()


def child_with(pid: int, word: str) -> int:
    """Returns the child of a process whose command line has a word; 0 where there is none."""
    for process in PROC.glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and word.encode() in (process / "cmdline").read_bytes():
                return int(process.name)
        except (OSError, ValueError):
            continue
    return 0
