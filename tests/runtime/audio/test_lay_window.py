"""Windows laid into the song: exact inside, faded at their edges, cyclic at the seam."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.runtime.audio.lay_window import lay

HALF, LENGTH = 32, 4000


def wave(start: int, n: int, period: float = 90.0, phase: float = 0.0) -> np.ndarray:
    return np.sin(2 * np.pi * np.arange(start, start + n) / period + phase)[:, None].astype(np.float32)


@given(st.integers(0, LENGTH - 1), st.integers(1, LENGTH - 4 * HALF))
def test_the_same_sound_laid_over_itself_changes_nothing(position: int, n: int) -> None:
    song = wave(0, LENGTH, 100.0)  # a whole number of periods: cyclic
    before = song.copy()
    seam = lay(song, position, wave(position - HALF, n + 4 * HALF, 100.0), HALF)
    np.testing.assert_allclose(song, before, atol=2e-3)  # sines of large arguments in float32
    assert seam.alike > 0.999


@given(st.integers(0, LENGTH - 1), st.integers(2 * HALF + 1, LENGTH - 4 * HALF))
def test_inside_stands_the_block_and_outside_the_old_song(position: int, n: int) -> None:
    song = np.zeros((LENGTH, 2), np.float32)
    block = np.random.default_rng(n).normal(size=(n + 4 * HALF, 2)).astype(np.float32)
    lay(song, position, block, HALF)
    inside = (position + HALF + np.arange(n)) % LENGTH  # up to half past the window's end
    np.testing.assert_array_equal(song[inside], block[2 * HALF : 2 * HALF + n])
    outside = (position + n + 3 * HALF + np.arange(LENGTH - n - 4 * HALF)) % LENGTH
    assert not song[outside].any()


def test_windows_one_after_the_other_give_one_unbroken_sound() -> None:
    song = wave(0, LENGTH, 37.0)
    n = 500
    for position in range(0, 3000, n):
        lay(song, position, wave(position - HALF, n + 4 * HALF), HALF)
    np.testing.assert_allclose(song[2 * HALF : 3000 - HALF], wave(2 * HALF, 3000 - 3 * HALF), atol=1e-5)
    steps = np.abs(np.diff(np.vstack([song, song[:1]]), axis=0))
    steepest = max(2 * np.pi / 37.0, 2 * np.pi / 90.0) + 1.5 * np.pi / (4 * HALF)  # of either wave, and of a fade
    assert steps[:3500].max() < steepest


def test_a_region_is_cyclic_and_nothing_else_is_touched() -> None:
    lo, hi = 1000, 2000
    song = np.zeros((LENGTH, 1), np.float32)
    lay(song, 1900, np.ones((300 + 4 * HALF, 1), np.float32), HALF, lo, hi)
    assert np.all(song[1900 + HALF : hi] == 1)
    assert np.all(song[lo : lo + 200] == 1)
    lay(song, lo, np.full((100 + 4 * HALF, 1), 0.5, np.float32), HALF, lo, hi)
    assert np.all((song[hi - HALF : hi] < 1) & (song[hi - HALF : hi] > 0.5))  # the join begins before the seam
    assert not song[:lo].any()
    assert not song[hi:].any()


@pytest.mark.parametrize("alike", [True, False])
def test_a_join_keeps_its_level(alike: bool) -> None:
    random = np.random.default_rng(3)
    song = random.normal(size=(LENGTH, 1)).astype(np.float32)
    levels = []
    for _ in range(300):
        old = random.normal(size=(LENGTH, 1)).astype(np.float32)
        song[:] = old
        block = old[1000 - 300 : 1000 + 1800] if alike else random.normal(size=(2100, 1)).astype(np.float32)
        lay(song, 1000, block, 300)
        levels.append(np.mean(song[700:1300] ** 2))
    assert 10 * abs(np.log10(np.mean(levels))) < 0.25


@pytest.mark.parametrize(
    ("position", "frames", "lo", "hi"),
    [(50, 300, 100, 900), (900, 300, 100, 900), (200, 128, 0, None), (200, 801, 100, 900)],
)
def test_what_does_not_fit_is_refused(position: int, frames: int, lo: int, hi: int | None) -> None:
    with pytest.raises(ValueError, match="region"):
        lay(np.zeros((LENGTH, 1), np.float32), position, np.zeros((frames, 1), np.float32), HALF, lo, hi)
