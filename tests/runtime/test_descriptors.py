from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.session import Session
from demon_patch.runtime.descriptors import brightness, distance_to_source, loudness, smooth
from tests.support.following import follow
from tests.support.toy_family import toy_family


@pytest.mark.parametrize("late", [0, 3, 9])
def test_follow_finds_the_lag_of_a_late_copy(late: int) -> None:
    control = np.sin(np.arange(400) / 9.0)
    correlation, lag = follow(control, 2.0 * np.roll(control, late) + 5.0, 12)
    assert (round(correlation, 6), lag) == (1.0, late)


def test_nothing_follows_a_constant() -> None:
    assert follow(np.ones(50), np.arange(50.0), 4)[0] == 0.0


def test_smoothing_keeps_a_level_to_its_ends() -> None:
    np.testing.assert_allclose(smooth(np.full(40, 3.0), 7), 3.0)
    assert smooth(np.eye(1, 41, 20)[0], 5).max() == pytest.approx(0.2)


def test_loudness_and_brightness_of_a_tone() -> None:
    rate, per = 32_000, 1280
    tone = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate))[:, None].astype(np.float32)
    np.testing.assert_allclose(loudness(tone, per), 20 * np.log10(0.5 / np.sqrt(2)), atol=0.01)
    np.testing.assert_allclose(brightness(tone, per, rate), 1000, rtol=0.02)


def test_the_source_is_at_no_distance_from_itself_wherever_it_is_entered() -> None:
    session = Session(toy_family())
    source = session.compose("toy", seconds=2, seed=4)
    per = session.spec.samples_per_frame
    turned = np.roll(source.audio, -10 * per, axis=0)
    assert distance_to_source(session, turned, source, start=10).max() < 1e-5
    assert distance_to_source(session, turned, source, start=0).mean() > 0.1
