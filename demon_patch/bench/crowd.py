"""Clients that watch a host: `python -m demon_patch.bench.crowd URL READING STALLED` connects so many of them, says so,
and ends with its input. Each reading client watches all there is 30 times a second; a stalled one takes none of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from demon_patch.bench.raw_client import StalledClient
from demon_patch.bench.soak_actions import WATCHED, watched_points
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages.telemetry import Watch

RATE = 30.0


def main(url: str, reading: str, stalled: str) -> None:
    """Holds the clients until the input ends."""
    with ExitStack() as ends:
        points = ()
        for number in range(int(reading)):
            client = ends.enter_context(Client(url, name=f"reader {number}"))
            points = watched_points(client.patch)
            for what in WATCHED:
                client.watch(Watch(what=what, rate=RATE, points=points))
        for number in range(int(stalled)):
            guest = ends.enter_context(StalledClient(url, f"stalled {number}"))
            for what in WATCHED:
                guest.send(Watch(what=what, rate=2 * RATE, points=points))
        print("there", flush=True)
        sys.stdin.read()


@contextmanager
def crowd(url: str, reading: int, stalled: int) -> Iterator[None]:
    """The clients as a process of their own."""
    command = [sys.executable, "-m", "demon_patch.bench.crowd", url, str(reading), str(stalled)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        with suppress(OSError, subprocess.TimeoutExpired):
            process.communicate(timeout=20)
        process.kill()
        process.wait(20)


if __name__ == "__main__":
    main(*sys.argv[1:4])
