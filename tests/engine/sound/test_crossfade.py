from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from demon_patch.engine.sound.crossfade import SeamStream, click, correlation, dip, fade_gains, join, level
from demon_patch.engine.sound.limiter import Limiter


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.8, 1.0])
def test_a_fade_keeps_the_level_for_any_likeness(alike: float) -> None:
    leaving, entering = fade_gains(64, alike)
    power = leaving**2 + entering**2 + 2 * alike * leaving * entering
    np.testing.assert_allclose(power, 1.0, atol=1e-6)
    assert leaving[0] > 0.98
    assert entering[-1] > 0.98


def test_correlation_tells_same_from_unrelated_and_opposed() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 4000, 1)).astype(np.float32)
    assert correlation(a, 0.5 * a) == pytest.approx(1.0, abs=1e-6)
    assert correlation(a, b) < 0.05
    assert correlation(a, -a) == 0.0
    assert correlation(0 * a, a) == 1.0


def test_windows_of_one_signal_join_into_that_signal() -> None:
    rng = np.random.default_rng(1)
    signal = rng.standard_normal((5000, 2)).astype(np.float32)
    splicer, out = SeamStream(32), []
    cuts = [100, 400, 1500, 1564, 4000]
    for start, stop in pairwise(cuts):
        out.append(splicer.push(signal[start - 32 : stop + 32]))
    np.testing.assert_allclose(np.concatenate(out), signal[100 : 4000 - 32], atol=1e-6)


def test_a_join_of_unrelated_noise_does_not_dip() -> None:
    rng = np.random.default_rng(2)
    levels = []
    for _ in range(200):
        a, b = (rng.standard_normal((1000, 1)).astype(np.float32) for _ in range(2))
        splicer = SeamStream(200)
        out = np.concatenate([splicer.push(a), splicer.push(b)])
        join = len(a) - 2 * 200  # the boundary stands `half` before the first block's end, after its dropped half
        levels.append(float(np.mean(out[join - 50 : join + 50] ** 2)))
    assert 10 * np.log10(np.mean(levels)) == pytest.approx(0.0, abs=0.3)


def opposed_in_the_middle(n: int = 640) -> tuple[np.ndarray, np.ndarray]:
    """Two tones that are alike at both ends of a join and cancel between them."""
    at = np.arange(n) / n
    left = np.sin(2 * np.pi * 40 * at)
    right = np.sin(2 * np.pi * 40 * at + np.pi * np.exp(-(((at - 0.5) / 0.15) ** 2)))
    return left[:, None].astype(np.float32), right[:, None].astype(np.float32)


def test_a_join_holds_the_level_where_its_sides_cancel() -> None:
    left, right = opposed_in_the_middle()
    leaving, entering = fade_gains(len(left), correlation(left, right))
    plainly = left * leaving[:, None] + right * entering[:, None]
    assert dip(left, right, plainly) < -6.0
    assert dip(left, right, join(left, right).sound) > -1.5


def test_a_join_of_loud_and_quiet_stays_between_them() -> None:
    rng = np.random.default_rng(5)
    left = rng.standard_normal((640, 1)).astype(np.float32)
    right = 0.1 * rng.standard_normal((640, 1)).astype(np.float32)
    heard = level(join(left, right).sound)
    assert heard.max() < 1.5 * level(left).max()
    assert (heard > 0.7 * np.minimum(level(left), level(right))).all()


def test_a_click_is_told_from_a_smooth_join() -> None:
    left, right = opposed_in_the_middle()
    cut = np.concatenate([left[:324], -left[324:]])
    assert click(left, right, left) <= 0.0
    assert click(left, right, join(left, right).sound) < 6.0
    assert click(left, left, cut) > 10.0


@pytest.mark.parametrize("cut", [64, 777, 5000])
def test_the_limiter_holds_the_ceiling_and_does_not_depend_on_blocks(cut: int) -> None:
    rng = np.random.default_rng(3)
    sound = (rng.standard_normal((5000, 2)) * np.linspace(0.05, 2.0, 5000)[:, None]).astype(np.float32)
    limiter = Limiter(240)
    out = np.concatenate([*(limiter.push(sound[i : i + cut], -1.0) for i in range(0, 5000, cut)), limiter.finish()])
    assert out.shape == sound.shape
    assert np.abs(out).max() <= 10 ** (-1 / 20) + 1e-6
    whole = Limiter(240)
    np.testing.assert_allclose(out, np.concatenate([whole.push(sound, -1.0), whole.finish()]), atol=1e-6)


def test_the_limiter_leaves_quiet_sound_as_it_is() -> None:
    sound = np.sin(np.arange(3000) / 9.0, dtype=np.float32)[:, None] * 0.5
    limiter = Limiter(240)
    np.testing.assert_array_equal(np.concatenate([limiter.push(sound, -0.3), limiter.finish()]), sound)
