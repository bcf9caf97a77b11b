"""Features of sound: by known sounds, and the same whole as frame by frame."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from demon_patch.engine.sound.features import NAMES, Analyser, features, k_weighting, likeness

RATE, PER = 48_000, 1920
T = np.arange(RATE * 2) / RATE


def sine(hz: float, level: float = 1.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * T)).astype(np.float32)[:, None]


def music(seed: int = 1) -> np.ndarray:
    """Noise in bursts, two channels."""
    noise = np.random.default_rng(seed).normal(0, 0.2, (len(T), 2))
    return (noise * ((T * 3) % 1 < 0.4)[:, None]).astype(np.float32)


@pytest.mark.parametrize("cut", [1, 3, 17])
@pytest.mark.parametrize(("rate", "per"), [(48_000, 1920), (22_050, 882), (400, 16)])
def test_a_stream_gives_the_numbers_of_the_whole(cut: int, rate: int, per: int) -> None:
    sound = music()[: per * 60]
    whole, shape = Analyser(rate, per).push(sound)
    stream = Analyser(rate, per)
    parts = [stream.push(sound[at : at + cut * per]) for at in range(0, len(sound), cut * per)]
    assert set(whole) == set(NAMES)
    for name in NAMES:
        np.testing.assert_allclose(np.concatenate([found[name] for found, _ in parts]), whole[name], atol=1e-6)
    np.testing.assert_allclose(np.concatenate([each for _, each in parts]), shape, atol=1e-6)


def test_a_full_sine_has_level_1_and_minus_3_lufs_in_each_channel() -> None:
    found = features(sine(1000.0), RATE, PER)
    np.testing.assert_allclose(found["level"], 1.0, atol=1e-6)
    np.testing.assert_allclose(found["peak"], 1.0, atol=1e-6)
    found = features(sine(997.0), RATE, PER)
    assert found["loudness"][-1] == pytest.approx(-3.01, abs=0.02)
    both = np.repeat(sine(997.0, 0.5), 2, axis=1)
    assert features(both, RATE, PER)["loudness"][-1] == pytest.approx(-6.02, abs=0.02)


def test_the_k_weighting_is_the_standards_at_48_khz() -> None:
    shelf, high = k_weighting(48_000.0)
    expected = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(shelf, expected, atol=1e-9)
    np.testing.assert_allclose(high, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], atol=1e-9)
    assert len(k_weighting(400.0)) == 1


@pytest.mark.parametrize("hz", [80.0, 320.0, 1200.0, 9000.0])
def test_brightness_is_the_pitch_of_a_sine_and_its_band_has_its_level(hz: float) -> None:
    found = features(sine(hz, 0.5), RATE, PER)
    assert found["brightness"][-1] == pytest.approx(np.log2(hz / 50) / 8, abs=0.01)
    levels = np.array([found[f"band_{n}"][-1] for n in range(1, 9)])
    n = int(8 * np.log(hz / 60) / np.log(200))
    assert levels[n] == pytest.approx(0.5, abs=0.02)
    assert np.delete(levels, n).max() < 0.05


def test_silence_is_dark_and_quiet() -> None:
    found = features(np.zeros((PER * 20, 2), np.float32), RATE, PER)
    assert set(found["loudness"]) == {-70.0}
    assert all(not found[name].any() for name in NAMES if name != "loudness")


def test_flux_rises_where_a_sound_begins_and_not_where_it_ends() -> None:
    on = (T >= 0.8) & (T < 1.4)
    noise = np.random.default_rng(2).normal(0, 0.2, len(T))
    flux = features((noise * on).astype(np.float32)[:, None], RATE, PER)["flux"]
    assert int(flux.argmax()) == 20
    assert np.delete(flux, 20).max() < 0.1 * flux[20]


def test_likeness_is_of_the_shape_and_not_of_the_level() -> None:
    _, a = Analyser(RATE, PER).push(sine(300.0) + sine(2000.0))
    _, quiet = Analyser(RATE, PER).push(0.25 * (sine(300.0) + sine(2000.0)))
    _, other = Analyser(RATE, PER).push(sine(9000.0))
    assert likeness(a, a)[-1] == pytest.approx(1.0)
    assert likeness(a, quiet)[-1] > 0.9
    assert likeness(a, other)[-1] < 0.3
    silent = np.full_like(a, -80.0)
    assert not likeness(a, silent).any()


def test_features_do_not_import_torch() -> None:
    code = "import sys, demon_patch.engine.sound.features; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
