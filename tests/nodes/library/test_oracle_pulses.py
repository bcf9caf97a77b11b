"""Dividers, multipliers and counters against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.patch.model.document import Node
from tests.support.node_bench import gate_at
from tests.support.node_oracle import BEAT, K, N, play

PULSES = (Node("pulses", values={"seed": 5.0}), "gate")
STROKES = np.array([gate_at(k, 5.0).rises for k in range(N)])
LEVELS = np.array([gate_at(k, 5.0).level for k in range(N)])


def clock(beats: float, width: float = 0.5) -> tuple[Node, str]:
    return Node("clock", values={"beats": beats, "width": width}), "gate"


def frames_of(times: np.ndarray) -> np.ndarray:
    """The first frames at or after some times in frames, without those beyond the run."""
    found = np.ceil(times - 1e-9).astype(int)
    return found[found < N]


@pytest.mark.parametrize(("by", "late"), [(1, 0), (3, 0), (4, 1), (2, 5)])
def test_a_divider_passes_every_so_manieth_stroke(by: int, late: int) -> None:
    feeds = {"gate": PULSES}
    rises, level = play(Node("divider", values={"by": float(by), "late": float(late)}), "gate*", "gate", feeds=feeds)
    n, wanted, up = 0, [], []
    for stroke, high in zip(STROKES, LEVELS, strict=True):
        wanted.append(sum((n + i - late) % by == 0 for i in range(int(stroke))))
        n += int(stroke)
        up.append(high if (n - 1 - late) % by == 0 else 0.0)
    assert np.array_equal(rises, wanted)
    assert np.array_equal(level, up)


def test_a_divider_begins_again_at_a_reset() -> None:
    feeds = {"gate": clock(1.0), "reset": clock(5.0)}
    rises = play(Node("divider", values={"by": 3.0}), "gate*", feeds=feeds)[0]
    beats = np.arange(32)
    assert np.array_equal(np.flatnonzero(rises), frames_of(beats[(beats % 5) % 3 == 0] * 12.5))


@pytest.mark.parametrize("by", [2, 3, 5])
def test_a_multiplier_strikes_evenly_once_it_knows_the_interval(by: int) -> None:
    feeds = {"gate": clock(2.0)}  # every 25 frames
    rises = play(Node("multiplier", values={"by": float(by)}), "gate*", feeds=feeds)[0]
    wanted = np.concatenate([[0], frames_of(25 + np.arange(15 * by) * 25 / by)])
    assert np.array_equal(np.flatnonzero(rises), wanted)
    assert rises.max() == 1


def test_a_multiplier_is_high_for_its_share_of_each_stroke() -> None:
    feeds = {"gate": clock(3.2)}  # every 40 frames
    level = play(Node("multiplier", values={"by": 4.0, "width": 0.3}), "gate", feeds=feeds)[0]
    assert np.array_equal(level[40:], ((K[40:] % 10) < 3).astype(float))


def test_a_multiplier_waits_for_a_clock_that_slows_down_and_counts_strokes_within_a_frame() -> None:
    slowing = (Node("pattern", values={"pattern": "x...x...x.......", "beats": 0.8}), "gate")  # steps of 10 frames
    rises, level = play(Node("multiplier", values={"by": 2.0}), "gate*", "gate", feeds={"gate": slowing})
    struck = np.flatnonzero(rises)
    assert struck[:7].tolist() == [0, 40, 60, 80, 100, 160, 200]
    assert level[110:160].sum() == 0
    fast = play(Node("multiplier", values={"by": 16.0}), "gate*", feeds={"gate": clock(0.32)})[0]  # every 4 frames
    assert (fast[5:-3].reshape(-1, 4).sum(axis=1) == 16).all()


@pytest.mark.parametrize("modulus", [1, 5, 8])
def test_a_counter_counts_both_ways_and_wraps(modulus: int) -> None:
    feeds = {"up": PULSES, "down": clock(2.0)}
    count, share, wraps = play(
        Node("counter", values={"modulus": float(modulus)}), "count", "share", "wrap*", feeds=feeds
    )
    down = (K % 25 == 0).astype(int)
    n, wanted, over = 0, [], []
    for up, away in zip(STROKES, down, strict=True):
        n += int(up) - int(away)
        over.append(abs(n // modulus))
        n %= modulus
        wanted.append(n)
    assert np.array_equal(count, wanted)
    assert np.allclose(share, np.array(wanted) / modulus)
    assert np.array_equal(wraps, over)


def test_a_counter_goes_back_to_nothing_at_a_reset() -> None:
    feeds = {"up": clock(1.0), "reset": clock(4.0)}
    count = play(Node("counter", values={"modulus": 64.0}), "count", feeds=feeds)[0]
    assert np.array_equal(count, np.floor(BEAT + 1e-9) % 4 + 1)


def test_beat_position_tells_beat_and_bar() -> None:
    beat, bar, phase, bar_phase = play(Node("beat_position"), "beat", "bar", "beat_phase", "bar_phase")
    assert np.allclose(beat, BEAT - 4 * np.floor(BEAT / 4 + 1e-9), atol=1e-8)
    assert np.array_equal(bar, np.floor(BEAT / 4 + 1e-9))
    assert np.allclose(phase, BEAT - np.floor(BEAT + 1e-9), atol=1e-8)
    assert np.allclose(bar_phase, BEAT / 4 - np.floor(BEAT / 4 + 1e-9), atol=1e-8)
    on_beat, on_bar, high = play(Node("beat_position"), "on_beat*", "on_bar*", "on_bar")
    assert np.array_equal(np.flatnonzero(on_beat), frames_of(np.arange(32) * 12.5))
    assert np.array_equal(np.flatnonzero(on_bar), np.arange(8) * 50)
    assert np.array_equal(high, (K % 50 < 25).astype(float))
