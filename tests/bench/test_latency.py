"""The arithmetic from a record of ticks to knob-to-ear times, on a record made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.bench.gaussian import gaussian
from demon_patch.bench.latency import DEVICE_SECONDS, RINGS, SHOWN, Record, answers, measure, record, steps_seen
from demon_patch.bench.page import load
from demon_patch.bench.propagation import STEPS
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from tests.support.paths import DOCS

# Ticks of 0.1 s, one completion every second tick, eight steps: depth 4.
TICKS = 40
MADE = Record(
    starts=[0.1 * k for k in range(TICKS)],
    ends=[0.1 * (k + 1) for k in range(TICKS)],
    generations=[(k - 7, k) for k in range(1, TICKS, 2)],
    decodes=[0.02] * 20,
    depth=4,
)
AFTER = 0.02 + 0.1 / 4 + DEVICE_SECONDS  # the lead


def spread(times: list[float]) -> tuple[float, float]:
    return min(times) - AFTER, max(times) - AFTER


def test_a_step_control_waits_for_the_completion_that_has_used_it_long_enough() -> None:
    assert spread(answers(MADE, 1, 8)) == pytest.approx((0.1, 0.3), abs=0.003)
    assert spread(answers(MADE, 3, 8)) == pytest.approx((0.3, 0.5), abs=0.003)


def test_a_request_control_waits_for_a_whole_generation() -> None:
    least, most = spread(answers(MADE, None, 8))
    assert (least, most) == pytest.approx((0.8, 1.0), abs=0.003)


def test_a_preview_comes_before_the_completion_and_never_after() -> None:
    plain, early = answers(MADE, 2, 8), answers(MADE, 2, 8, previews=True)
    assert np.mean(early) < np.mean(plain)
    assert max(early) <= max(plain)


def test_what_is_seen_is_what_was_measured() -> None:
    report = load(DOCS / "measured")["seen"]
    for steps in STEPS:
        kept = {row["control"]: row["seen"] for row in report["rows"] if row["steps"] == steps}
        assert steps_seen(report, steps) == {name: kept[name] for name in SHOWN}
    with pytest.raises(DemonError, match=r"at 8 steps .*bench seen"):
        steps_seen({"rows": [row for row in report["rows"] if row["steps"] == 4]}, 8)


@pytest.mark.parametrize(("steps", "depth", "done"), [(8, 4, 8), (4, 4, 16), (4, 2, 8)])
def test_a_real_ring_is_recorded(steps: int, depth: int, done: int) -> None:
    session = Session(gaussian())
    source = session.compose("house", seconds=2.0, seed=1)
    made = record(session, source, depth=depth, ticks=16, steps=steps)
    assert len(made.starts) == len(made.ends) == 16
    assert len(made.generations) == len(made.decodes) == done
    assert all(done - admitted == steps - 1 for admitted, done in made.generations)
    assert min(answers(made, 1, steps)) >= DEVICE_SECONDS


def test_the_report_has_every_ring_side_by_side() -> None:
    report = load(DOCS / "measured")["seen"]
    rows = measure([Session(gaussian())], report, seconds=2.0)
    for focus in ("song", "20 s", "8 s"):
        found = [(row["steps"], row["depth"]) for row in rows if row["focus"] == focus and row["class"] == "request"]
        assert found == [*RINGS]
    assert all(row["median_ms"] <= row["p90_ms"] <= row["worst_ms"] for row in rows)
