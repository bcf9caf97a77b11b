"""A host in a process of its own that notes when edits arrive, are compiled, and play.

`python -m demon_patch.bench.measured_host nano|stub PATCH DEVICE` prints its address, then for each line on its input
one of JSON (`MeasuredHost.figures`). The stub's forwards compute nothing: each waits STUB_SECONDS, as for a GPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import torch

from demon_patch.engine.session import Session
from demon_patch.patch.edit.session import Delta
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.knobs import Moves
from demon_patch.runtime.live.scheduled_edits import ScheduledEdit
from demon_patch.runtime.live.stages import DocumentStage
from demon_patch.runtime.performance.prepare import load_playable
from demon_patch.runtime.remote.access import Address
from demon_patch.runtime.remote.connection import Connection
from demon_patch.runtime.remote.server import Server

STUB_SECONDS = 0.01
HERE = Address("127.0.0.1", 0)


class MeasuredHost(Host):
    """A host that notes times of edits. times: for each edit, by name: `edited`, `compiled`, `playing`, in seconds of
    the monotonic clock. A turned knob is never compiled. handled: for each request, the seconds from its arrival to the
    reply that waits to be sent."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.times: list[dict[str, float]] = []
        self.handled: list[float] = []
        self._seen = 0  # edits that the newest compile has
        playing, compiles = self.playing, self.playing.edit_thread
        self._stages_of, compiles._stages = compiles._stages, self._stages_seen
        self._take_compiled, compiles._play = compiles._play, self._note_compiles
        self._turn_knobs, playing.knobs._turn = playing.knobs._turn, self._turned
        self._play_newest, playing._play_compiled = playing._play_compiled, self._note_playing
        with self.document.session() as session:
            session.subscribe(self._edited)

    def _edited(self, delta: Delta) -> None:
        self.times.append({"edited": time.monotonic()})

    def _stages_seen(self) -> Sequence[DocumentStage]:
        self._seen = len(self.times)
        return self._stages_of()

    def _note_compiles(self, edits: Sequence[ScheduledEdit]) -> None:
        for each in self.times[: self._seen]:
            each.setdefault("compiled", time.monotonic())
        self._take_compiled(edits)

    def _note_playing(self) -> None:
        compiled = [each for each in self.times if "compiled" in each]
        self._play_newest()
        for each in compiled:
            each.setdefault("playing", time.monotonic())

    def _turned(self, moves: Moves) -> Any:
        known = len(self.times)
        found = self._turn_knobs(moves)
        for each in self.times[:known]:
            each.setdefault("playing", time.monotonic())
        return found

    def timed(self, take: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Returns `Connection._take` that also notes how long it takes."""

        async def noting(connection: Connection, data: bytes | str) -> None:
            began = time.monotonic()
            await take(connection, data)
            self.handled.append(time.monotonic() - began)

        return noting

    def figures(self) -> dict[str, Any]:
        """From any thread. Returns the times of the edits so far, the counts of starved seconds, shortfalls and ticks'
        milliseconds, and by name the seconds for which threads have computed."""
        status = self.status
        return {
            "times": self.times,
            "handled": self.handled,
            "threads": _computed(),
            "starved_s": status.starved,
            "shortfalls": status.shortfalls,
            "xruns": status.xruns - status.shortfalls,
            "completions": status.completions,
            "tick_ms": status.tick_ms,
        }


def _computed() -> dict[str, float]:
    """Returns by name the seconds for which threads have computed; nothing where the system does not tell."""
    if sys.platform != "linux":
        return {}
    threads = [each for each in threading.enumerate() if each.ident]
    return {each.name: time.clock_gettime(time.pthread_getcpuclockid(each.ident or 0)) for each in threads}


def stubbed(session: Session) -> Session:
    """Makes the forwards of a session wait in place of computing."""

    def forward(x: torch.Tensor, *_: Any) -> torch.Tensor:
        time.sleep(STUB_SECONDS)
        return torch.zeros_like(x)

    session.executor.forward = forward  # type: ignore[method-assign]
    return session


def main(engine: str, patch: str, device: str) -> None:
    """Runs the host until its input ends."""
    session = Session.load("nano")
    document = load_playable(Path(patch))
    stub = stubbed(session) if engine == "stub" else session
    with closing(MeasuredHost(document, stub, device=None if device == "dummy" else device)) as host:
        host.start()
        Connection._take = host.timed(Connection._take)  # type: ignore[method-assign]
        with Server(host, HERE) as server:
            print(server.address.url, flush=True)
            for _ in sys.stdin:
                print(json.dumps(host.figures()), flush=True)


class MeasuredProcess:
    """The host as a process; a context manager. url: of its server."""

    def __init__(self, engine: str, patch: Path, device: str) -> None:
        command = [sys.executable, "-m", "demon_patch.bench.measured_host", engine, str(patch), device]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self.pid = self._process.pid

    def figures(self) -> dict[str, Any]:
        """Returns `MeasuredHost.figures`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write("\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def __enter__(self) -> MeasuredProcess:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=30)
        self._process.kill()
        self._process.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:4])
