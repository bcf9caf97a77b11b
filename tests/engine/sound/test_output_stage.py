"""The end of a chain: at the rate of a file or a device true peaks stay below the ceiling of what is heard then."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.sound.output_stage import PIECE, OutputStage
from tests.support.sounds import hot, true_peak

RATE = 32_000
RATES = [32_000, 44_100, 48_000, 96_000]


def put(sound: np.ndarray, rate: int, ceiling: np.ndarray | float, cut: int = 777) -> np.ndarray:
    outlet = OutputStage(RATE, rate, sound.shape[1])
    each = np.broadcast_to(np.float32(ceiling), len(sound))
    blocks = [outlet.push(sound[at : at + cut], each[at : at + cut]) for at in range(0, len(sound), cut)]
    return np.concatenate([*blocks, outlet.finish()])


@pytest.mark.parametrize("ceiling", [-0.3, -6.0])
@pytest.mark.parametrize("rate", RATES)
def test_true_peaks_stay_below_the_ceiling_at_every_rate(rate: int, ceiling: float) -> None:
    out = put(hot(), rate, ceiling)
    assert len(out) == 2 * rate
    assert true_peak(out) <= ceiling + 0.1
    level = np.abs(out[:, 0])
    full = 10 ** (ceiling / 20)
    assert full / 3 < level.max() <= full + 1e-6
    assert np.median(level.reshape(-1, rate // 20).max(axis=1)) > full / 3  # everywhere, not in one place


@pytest.mark.parametrize("rate", RATES)
def test_the_ceiling_is_that_of_the_moment(rate: int) -> None:
    ceiling = np.repeat(np.array([-1.0, -12.0], np.float32), RATE)
    for cut in (160, 5000, 2 * RATE):
        out = put(hot(), rate, ceiling, cut)
        assert -2.0 <= true_peak(out, 0, rate - rate // 50) <= -0.9
        assert -13.0 <= true_peak(out, rate + rate // 50) <= -11.9


@pytest.mark.parametrize("rate", RATES)
def test_quiet_sound_only_changes_its_rate(rate: int) -> None:
    t = np.arange(RATE) / RATE
    out = put((0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)[:, None], rate, -0.3)
    t = np.arange(rate) / rate
    inside = slice(rate // 20, -rate // 20)
    np.testing.assert_allclose(out[inside, 0], 0.5 * np.sin(2 * np.pi * 440 * t[inside]), atol=1e-4)


@pytest.mark.parametrize("rate", RATES)
def test_what_is_no_number_holds_the_last_good_sample(rate: int) -> None:
    sound = np.full((RATE, 2), 0.25, np.float32)
    sound[9000:9500, 0], sound[9100, 1], sound[-1] = np.nan, np.inf, -np.inf
    outlet = OutputStage(RATE, rate, 2)
    out = np.concatenate([outlet.push(sound, -0.3), outlet.finish()])
    np.testing.assert_allclose(out[rate // 20 : -rate // 20], 0.25, atol=1e-4)
    assert outlet.holes == 501


def test_a_long_block_is_limited_in_pieces() -> None:
    sound = np.tile(hot(2.0, 2), (4, 1))
    assert len(sound) > 3 * PIECE
    np.testing.assert_allclose(put(sound, 48_000, -0.3, len(sound)), put(sound, 48_000, -0.3), atol=1e-5)


def test_without_a_ceiling_nothing_is_limited() -> None:
    np.testing.assert_array_equal(put(hot(), RATE, float("inf")), hot())


def test_of_no_sound_comes_none() -> None:
    outlet = OutputStage(RATE, 48_000, 2)
    assert outlet.push(np.zeros((0, 2), np.float32), -0.3).shape == (0, 2)
    assert outlet.finish().shape == (0, 2)
