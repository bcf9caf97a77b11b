"""Measures how soon a request is heard live for each option of the control `focus`, which says how much of the song is
generated.

Method. As `bench.live`, with a strength that moves new generations only. Moves follow each other at about three
seconds, as when somebody plays; with `auto` there are also moves after all generations in flight cover the whole song
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter, sleep
from typing import Any

import numpy as np

from demon_patch.bench.live import CARD, KNOBS, moved_after, patch, wait
from demon_patch.engine.session import Session
from demon_patch.runtime.live.host import Host

SONGS = (60.0, 24.0)  # seconds
WAYS = ("song", "8 s", "auto")
SETTLE = {"song": 0.1, "8 s": 2.2, "auto": 2.6}  # seconds after a move; `song`: of each second of the song
MOVES = {"song": 3, "8 s": 6, "auto": 6}
RESTED = 3  # moves after all generations cover the whole song


@dataclass
class Moves:
    """A knob that is turned up and down, and the seconds until each move was heard.

    settle: seconds to wait after a move.
    times: seconds from move to ear.
    tick: milliseconds of a tick at the last move.
    """

    session: Session
    host: Host
    settle: float
    times: list[float] = field(default_factory=list)
    count: int = 0
    tick: float = 0.0

    def move(self) -> None:
        """Turns the knob once and adds the seconds until this was heard to `times`, if it was heard."""
        node, high, low = KNOBS["strength"]
        self.count += 1
        self.host.turn(node, "strength", (high, low)[self.count % 2])
        frame = self.host.link.playhead() / self.session.spec.samples_per_frame
        sleep(self.settle)
        self.tick = self.host.status.tick_ms
        time = moved_after(self.session, self.host, frame, self.settle + 1.0)
        self.times += [] if time is None else [time]

    def row(self, shared: dict[str, Any]) -> dict[str, Any]:
        """Returns `shared` with the figures of all moves: milliseconds from move to ear, and counts of the host."""
        names = ("median_ms", "p90_ms", "worst_ms")
        figures = 1e3 * np.percentile(self.times, (50, 90, 100)) if self.times else np.full(3, np.nan)
        numbers = dict(zip(names, map(float, figures), strict=True))
        status = self.host.status
        counts = {"starved_s": status.starved, "xruns": status.xruns, "error_ms": status.heard_error_ms[0]}
        return {**shared, "moves": len(self.times), **numbers, "tick_ms": self.tick, **counts}


def measure(session: Session) -> Iterator[dict[str, Any]]:
    """Yields one row for each song length and option of `focus`, and for `auto` one more after a rest, with the seconds
    until all generations covered the whole song."""
    random = np.random.default_rng(5)
    for seconds in SONGS:
        for way in WAYS:
            shared = {"song_s": seconds, "focus": way, "after": "moves"}
            settle = max(SETTLE["song"] * seconds, SETTLE["8 s"]) if way == "song" else SETTLE[way]
            with Host(patch(focus=way, seconds=seconds, moves=False), session, device=CARD) as host:
                host.start()
                wait(host, lambda host=host: host.status.begun and host.status.seconds > 2.0)
                moves = Moves(session, host, settle)
                for _ in range(MOVES[way]):
                    sleep(float(random.uniform(0.0, 0.8)))
                    moves.move()
                yield moves.row({**shared, "whole_after_s": 0.0})
                if way == "auto":
                    yield _rested(session, host, {**shared, "after": "a rest"})


def _rested(session: Session, host: Host, shared: dict[str, Any]) -> dict[str, Any]:
    """Returns the row of moves that are made when all generations in flight cover the whole song."""
    moves, took = Moves(session, host, SETTLE["auto"]), 0.0
    for _ in range(RESTED):
        began = perf_counter()
        wait(host, lambda: all(s.request.song is None for s in host.performer.ring.slots))
        took = max(took, perf_counter() - began + moves.settle)
        sleep(0.5)
        moves.move()
    return moves.row({**shared, "whole_after_s": took})
