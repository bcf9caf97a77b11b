"""What is noted of a performance: all of it offline, the latest minutes live."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from demon_patch.runtime.performance.trace import BLOCK, QueuedCompletion, Trace, Track

RATE = 25
FRAMES = 600 * RATE  # ten minutes


def test_all_that_came_is_there_in_order() -> None:
    rng, whole = np.random.default_rng(1), np.arange(5000.0)
    track, at = Track(), 0
    while at < len(whole):
        step = int(rng.integers(0, 3000))
        track.append(whole[at : at + step])
        at += step
    assert np.array_equal(np.concatenate([*track]), whole)
    assert [*Track()] == []


def test_of_a_long_one_the_latest_frames_are_there() -> None:
    track = Track(2000)
    for at in range(0, 50_000, 7):
        track.append(np.arange(at, at + 7.0))
    kept = np.concatenate([*track])
    assert 2000 <= len(kept) <= 2000 + 2 * BLOCK
    assert np.array_equal(kept, np.arange(kept[0], kept[0] + len(kept)))
    assert kept[-1] == 50_000 // 7 * 7 + 6


@pytest.mark.slow
def test_an_hour_levels_off_after_ten_minutes() -> None:
    """Bytes of an hour of twelve ticks a second with forty inputs, and two generations a second."""
    trace, latent = Trace(4096, FRAMES), torch.zeros(1)
    names = [f"input {n}" for n in range(40)]
    sizes = []
    tracemalloc.start()
    for second in range(3600):
        for half in (0, 12):
            frame = second * RATE + half
            for name in names:
                trace.signals[name].append(np.full(12 + half // 12, float(frame)))
            trace.windows.append((frame, frame + 12, frame))
            trace.completed(QueuedCompletion(latent, frame, {name: float(frame) for name in names}))
        if second % 900 == 899:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert max(sizes) < 16_000_000
    assert sizes[3] - sizes[1] < 500_000
    assert trace.completions == 7200
    assert 3600 * RATE - trace.as_admitted[0][0] <= FRAMES + RATE
    assert len(trace.as_admitted) >= 1199
    assert 3600 * RATE - trace.windows[0][1] <= FRAMES + RATE
