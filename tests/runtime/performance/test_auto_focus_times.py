"""How soon a request is heard, by a clock with nano's geometry: 39 ms a tick at 8 s of focus, as on two idle cores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demon_patch.engine.families.nano.spec import SPEC as NANO
from demon_patch.runtime.performance.trace import QueuedCompletion
from tests.support import timed_live, virtual_live
from tests.support.timed_live import Timed, document
from tests.support.toy_family import SPEC, toy_family

SONG, RATE = 1500, NANO.frame_rate
TICK_SECONDS, DEPTH, SHORT = 0.039, 4, 200
MOVES = 4


@pytest.fixture(autouse=True)
def geometry(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = replace(
        SPEC,
        quantum=NANO.quantum,
        min_frames=NANO.min_frames,
        border=NANO.border,
        playing_margin=NANO.playing_margin,
        exact_margin=NANO.exact_margin,
    )
    monkeypatch.setattr(virtual_live, "toy_family", lambda: replace(toy_family(), spec=spec))
    monkeypatch.setattr(timed_live, "SONG", SONG)
    monkeypatch.setattr(timed_live, "PER_FRAME", TICK_SECONDS / DEPTH / SHORT)


def answers(focus: str, rest: float) -> list[float]:
    """Seconds from each change of the seed, which comes in the middle of a row, until it is heard; the next one after
    a rest."""
    live = Timed(document(focus=focus))
    performer, random = live.performer, np.random.default_rng(5)
    seeds: dict[int, float] = {}
    keep = performer.queue.add

    def kept(take: QueuedCompletion, lead: int) -> None:
        seeds[take.heard_at] = take.values["seed"]
        keep(take, lead)

    performer.queue.add = kept  # type: ignore[method-assign]
    times: list[float] = []
    live.until(2 * RATE)
    for seed in range(100, 100 + MOVES):
        due, at = live.now + RATE * float(random.uniform(0.0, 0.8)), list[int]()

        def during(seed: int = seed, due: float = due, at: list[int] = at) -> None:
            if not at and live.now >= due:
                at.append(live.now)
                live.put(document(focus=focus, seed=seed))

        live.during = during
        while not at:
            live.step()
        live.during = lambda: None
        live.until(at[0] + round(rest * RATE))
        windows = [start for start, _, take in performer.trace.windows if start >= at[0] and seeds.get(take) == seed]
        times.append((windows[0] - at[0]) / RATE)
    assert live.starved == 0
    assert not performer.trace.late
    return times


@pytest.mark.parametrize("rest", [2.6, 6.0])
def test_a_request_at_auto_is_heard_as_soon_as_at_8_s_and_far_sooner_than_at_song(rest: float) -> None:
    """Ten moves, p90: song 3.4 s, 8 s .66, auto .67 while somebody plays, .76 when all was whole before."""
    auto, short = np.mean(answers("auto", rest)), np.mean(answers("8 s", rest))
    assert auto < 1.35 * short
    assert short < 0.7
    assert auto < np.mean(answers("song", 8.0)) / 3
