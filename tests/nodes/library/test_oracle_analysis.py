"""Analysis nodes, fed by hand; what they are fed with is tested in `tests.engine.sound.test_features`."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.patch.model.document import Node
from tests.support.fed_nodes import RATE, N, noise, play_fed, pole


def test_the_follower_climbs_with_attack_and_falls_with_release() -> None:
    level = [1.0] * 50 + [0.0] * 150
    values = {"attack": 0.1, "release": 1.0, "scale": "linear"}
    (out,) = play_fed(Node("follower", values=values), {"level": level}, "out")
    k = np.arange(1, 51)
    np.testing.assert_allclose(out[:50], 1 - np.exp(-k / (0.1 * RATE)), atol=1e-12)
    np.testing.assert_allclose(out[50:100], out[49] * np.exp(-k / (1.0 * RATE)), atol=1e-12)


@pytest.mark.parametrize(("level", "expected"), [(1.0, 1.0), (10 ** (-30 / 20), 0.5), (1e-5, 0.0), (0.0, 0.0)])
def test_in_decibels_minus_60_is_0_and_full_level_1(level: float, expected: float) -> None:
    values = {"attack": 0.001, "release": 0.001}
    (out,) = play_fed(Node("follower", values=values), {"level": [level]}, "out")
    np.testing.assert_allclose(out[-1], expected, atol=1e-12)


def burst(*frames: int, strength: float = 0.3) -> list[float]:
    """Flux that stands at 0.01 and rises in some frames."""
    flux = np.full(N, 0.01)
    flux[list(frames)] = strength
    return flux.tolist()


def test_an_onset_is_where_the_flux_jumps() -> None:
    gate, level, strength = play_fed(Node("onset"), {"flux": burst(10, 40, 41, 90)}, "gate*", "gate**", "strength")
    assert np.flatnonzero(gate).tolist() == [10, 40, 90]
    np.testing.assert_array_equal(gate, level)
    assert strength[9] == 0.0
    np.testing.assert_allclose(strength[10:], np.sqrt(0.6))


@pytest.mark.parametrize(("gap", "expected"), [(0.2, [10, 15, 20]), (0.2001, [10, 17]), (0.04, [10, 12, 15, 17, 20])])
def test_onsets_keep_their_distance(gap: float, expected: list[int]) -> None:
    (gate,) = play_fed(Node("onset", values={"gap": gap}), {"flux": burst(10, 12, 15, 17, 20)}, "gate*")
    assert np.flatnonzero(gate).tolist() == expected


@pytest.mark.parametrize(("sensitivity", "hits"), [(1.0, 2), (0.7, 1), (0.0, 0)])
def test_sensitivity_says_how_weak_an_onset_may_be(sensitivity: float, hits: int) -> None:
    flux = np.array(burst(30, strength=0.02)) - 0.01 + np.array(burst(120, strength=0.2)) - 0.01
    (gate,) = play_fed(Node("onset", values={"sensitivity": sensitivity}), {"flux": flux.clip(0).tolist()}, "gate*")
    assert gate.sum() == hits


def test_a_steady_roar_is_one_onset() -> None:
    (gate,) = play_fed(Node("onset", values={"sensitivity": 1.0}), {"flux": [0.0] * 20 + [0.4] * 180}, "gate*")
    assert np.flatnonzero(gate).tolist() == [20]


def test_bands_in_decibels_and_as_shares() -> None:
    fed = {f"amplitudes{n}": noise(0, 1, n) for n in range(1, 9)}
    amplitudes = np.array(list(fed.values()))
    outs = [f"band_{n}" for n in range(1, 9)]
    decibels = np.array(play_fed(Node("bands"), fed, *outs))
    np.testing.assert_allclose(decibels, np.clip(1 + 20 * np.log10(amplitudes) / 60, 0, 1), atol=1e-9)
    shares = np.array(play_fed(Node("bands", values={"scale": "share"}), fed, *outs))
    np.testing.assert_allclose(shares, amplitudes / amplitudes.sum(axis=0), atol=1e-9)


def test_brightness_is_smoothed_and_told_in_hertz() -> None:
    brightness = noise(0, 1)
    out, hz = play_fed(Node("centroid", values={"smooth": 0.3}), {"brightness": brightness}, "out", "hz")
    np.testing.assert_allclose(out, pole(brightness, 0.3), atol=1e-9)
    np.testing.assert_allclose(hz, 50 * 2 ** (8 * out))


def test_loudness_from_minus_60_lufs_on() -> None:
    momentary = noise(-70, 0)
    out, lufs = play_fed(Node("loudness"), {"momentary": momentary}, "out", "lufs")
    np.testing.assert_allclose(lufs, momentary)
    np.testing.assert_allclose(out, np.maximum(np.array(momentary) + 60, 0) / 60, atol=1e-12)


def test_similarity_is_smoothed() -> None:
    likeness = noise(0, 1)
    (out,) = play_fed(Node("similarity", values={"smooth": 0.4}), {"likeness": likeness}, "out")
    np.testing.assert_allclose(out, pole(likeness, 0.4), atol=1e-9)
