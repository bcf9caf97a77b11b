"""The safety limiter: true peaks by scipy's polyphase resampler, which is not its own."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.sound.limiter import LastGood, Limiter
from tests.support.sounds import true_peak

RATE = 48_000


def limited(sound: np.ndarray, ceiling: float, cut: int = 700, window: int = 240) -> np.ndarray:
    limiter = Limiter(window)
    blocks = [limiter.push(sound[at : at + cut], ceiling) for at in range(0, len(sound), cut)]
    return np.concatenate([*blocks, limiter.finish()])


def sounds() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    t = np.arange(RATE) / RATE
    clicks = np.zeros(RATE)
    clicks[::4801] = 3.0
    quarter = 1.4 * np.sin(2 * np.pi * RATE / 4 * t + np.pi / 4)  # samples at 0.99, peaks between them at 1.4
    noise = rng.normal(0, 0.6, RATE)
    square = 1.2 * np.sign(np.sin(2 * np.pi * 441 * t))
    swell = np.sin(2 * np.pi * 997 * t) * np.linspace(0.2, 8.0, RATE)
    every = {"clicks": clicks, "quarter": quarter, "noise": noise, "square": square, "swell": swell}
    return {
        name: np.stack([sound, 0.7 * np.roll(sound, 13)], axis=1).astype(np.float32) for name, sound in every.items()
    }


@pytest.mark.parametrize("ceiling", [-0.3, -6.0, 0.0])
@pytest.mark.parametrize("name", sounds())
def test_true_peaks_stay_below_the_ceiling(name: str, ceiling: float) -> None:
    out = limited(sounds()[name], ceiling)
    assert len(out) == RATE
    assert ceiling - 3.0 <= true_peak(out) <= ceiling + 0.1


@pytest.mark.parametrize("cut", [1, 64, 240, 999, RATE])
def test_blocks_make_no_difference(cut: int) -> None:
    sound = sounds()["noise"][:6000]
    np.testing.assert_allclose(limited(sound, -3.0, cut), limited(sound, -3.0, 6000), atol=1e-6)


def test_quiet_sound_is_not_touched() -> None:
    sound = 0.2 * sounds()["noise"]
    sound *= 0.9 / 10 ** (true_peak(sound) / 20)
    np.testing.assert_array_equal(limited(sound, -0.3), sound)


def test_a_ceiling_holds_for_what_is_pushed_with_it() -> None:
    sound, limiter = sounds()["square"][:9600], Limiter(240)
    out = np.concatenate([limiter.push(sound[:4800], -1.0), limiter.push(sound[4800:], -12.0), limiter.finish()])
    assert true_peak(out, 0, 4500) == pytest.approx(-1.0, abs=0.3)
    assert true_peak(out, 5300) == pytest.approx(-12.0, abs=0.3)


def test_what_is_not_finite_holds_the_last_good_sample() -> None:
    sound = np.full((2000, 2), 0.25, np.float32)
    sound[100:200, 0], sound[150, 1], sound[1999] = np.nan, np.inf, -np.inf
    for cut in (1, 130, 2000):
        good = LastGood(2)
        finite = np.concatenate([good(sound[at : at + cut]) for at in range(0, len(sound), cut)])
        np.testing.assert_array_equal(limited(finite, -0.3, cut), np.full((2000, 2), 0.25, np.float32))
        assert good.holes == 101
    start = np.full((10, 1), np.nan, np.float32)
    np.testing.assert_array_equal(LastGood(1)(start), np.zeros((10, 1), np.float32))
