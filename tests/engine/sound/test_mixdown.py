"""Channels that cancel each other, and channels that do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.sound.sound_file import read

RATE, FRAMES = 32_000, 64_000


def noise(seed: int = 1, low: float = 0.0, high: float = 16_000.0) -> np.ndarray:
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 0.1, FRAMES))
    hz = np.fft.rfftfreq(FRAMES, 1 / RATE)
    return np.fft.irfft(spectrum * ((hz >= low) & (hz < high)))


def mixed(tmp_path: Path, *channels: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    audio = np.stack(channels, axis=1).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", audio, RATE, subtype="FLOAT")
    found = read(tmp_path / "x.wav", 60.0)
    return audio, found.audio, found.notes


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.square(sound, dtype=np.float64).mean()))


@pytest.mark.parametrize("level", [1.0, 0.9, 0.7])
def test_opposite_channels_are_turned_and_told(tmp_path: Path, level: float) -> None:
    left = noise()
    audio, mono, notes = mixed(tmp_path, left, -level * left)
    np.testing.assert_allclose(mono, audio[:, 0] * (1 + level) / 2, atol=1e-6)
    assert notes == ("x.wav: its channels cancel each other in a mono mix: the polarity of channel 2 is turned",)


def test_six_channels_of_which_two_are_opposite_are_heard(tmp_path: Path) -> None:
    still = np.zeros(FRAMES)
    _, mono, notes = mixed(tmp_path, noise(), -noise(), still, still, still, still)
    assert rms(mono) == pytest.approx(rms(noise()) / 3, rel=0.01)
    assert len(notes) == 1
    _, _, notes = mixed(tmp_path, noise(), -0.6 * noise(), -0.5 * noise())
    assert notes[0].endswith("the polarity of channels 2 and 3 is turned")


ORDINARY = {
    "the same twice": (noise(1), noise(1)),
    "independent": (noise(1), noise(2)),
    "one silent": (noise(1), 0 * noise(1)),
    "one quiet": (noise(1), 0.01 * noise(2)),
    "wide": (noise(1) + 0.7 * noise(2), noise(1) - 0.7 * noise(2)),
    "very wide": (noise(1) + 1.8 * noise(2), noise(1) - 1.8 * noise(2)),
    "a little opposite": (noise(1), -0.3 * noise(1)),
    "late by a millisecond": (noise(1), np.roll(noise(1), 32)),
    "opposite where next to nothing is": (noise(1, 0, 2000) + 1e-3 * noise(2), noise(1, 0, 2000) - 1e-3 * noise(2)),
    "the centre of 5.1": (*[0 * noise(1)] * 2, noise(1), *[0 * noise(1)] * 3),
    "5.1": tuple(noise(n) for n in range(6)),
    "silence": (0 * noise(1), 0 * noise(1)),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_the_mix_of_ordinary_files_is_the_mean_bit_for_bit(tmp_path: Path, name: str) -> None:
    audio, mono, notes = mixed(tmp_path, *ORDINARY[name])
    np.testing.assert_array_equal(mono, audio.mean(axis=1))
    assert notes == ()


def test_where_a_part_of_the_spectrum_cancels_the_louder_channel_is_taken(tmp_path: Path) -> None:
    bass, rest = noise(1, 40, 300), noise(2, 500, 16_000)
    audio, mono, notes = mixed(tmp_path, 0.9 * (bass + rest), -bass + rest)
    np.testing.assert_array_equal(mono, audio[:, 1])
    (note,) = notes
    assert note == "x.wav: its channels cancel each other below 350 Hz in a mono mix: channel 2 alone is used"


def test_of_three_channels_that_sum_to_nothing_the_loudest_is_taken(tmp_path: Path) -> None:
    a, b = noise(1), noise(2)
    audio, mono, notes = mixed(tmp_path, a, -0.5 * a + 0.9 * b, -0.5 * a - 0.9 * b)
    assert rms(mono) > 0.3 * rms(audio)
    assert len(notes) == 1


def parts(*pairs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Two channels of two seconds each: what the left and the right one are of one noise in them."""
    left, right = ([noise(n) * pair[side] for n, pair in enumerate(pairs)] for side in (0, 1))
    return np.concatenate(left), np.concatenate(right)


def loud(mono: np.ndarray, count: int) -> list[float]:
    """How loud each of so many equal parts is beside one channel of the noise."""
    return [rms(part) / rms(noise()) for part in np.array_split(mono, count)]


def test_channels_that_are_opposite_for_a_time_are_heard_all_the_time(tmp_path: Path) -> None:
    pairs = [(1, 1)] * 4 + [(1, -1)] * 2 + [(1, 1)] * 2 + [(1, -1)] + [(1, 1)]
    _, mono, notes = mixed(tmp_path, *parts(*pairs))
    assert min(loud(mono, len(pairs))) > 0.9
    (note,) = notes
    assert note == (
        "x.wav: its channels cancel each other from 8 to 12 s, from 16 to 18 s in a mono mix: channel 1 alone is used"
    )


def test_where_only_one_side_plays_else_the_opposite_one_is_turned(tmp_path: Path) -> None:
    pairs = [(1, 0), (1, -1), (0, 1), (0, 0), (1, 0)]
    _, mono, notes = mixed(tmp_path, *parts(*pairs))
    assert [round(each, 1) for each in loud(mono, len(pairs))] == [0.5, 1.0, 0.5, 0.0, 0.5]
    assert notes == (
        "x.wav: its channels cancel each other from 2 to 4 s in a mono mix: the polarity of channel 2 is turned",
    )


def test_where_no_mix_keeps_all_the_one_that_loses_least_is_taken(tmp_path: Path) -> None:
    pairs = [(0, 1), (1, 1), (0, 1), (0, 1), (0.4, -0.4)]
    _, mono, notes = mixed(tmp_path, *parts(*pairs))
    assert min(loud(mono, len(pairs))) > 0.35  # the louder channel alone has all of it
    assert notes[0].endswith("channel 2 alone is used")
    _, mono, notes = mixed(tmp_path, *parts((0, 1), (1, 1), (1.5, 0), (0.4, -0.4)))
    assert loud(mono, 4)[:3] == pytest.approx([0.5, 1.0, 0.75], abs=0.01)
    assert notes[0].endswith("so they stay, since any other mix would lose more")


def test_a_quiet_stretch_of_opposite_channels_changes_nothing(tmp_path: Path) -> None:
    left, right = parts((1, 1), (0.02, -0.02), (1, 0.5), (1, 1))
    audio, mono, notes = mixed(tmp_path, left, right)
    np.testing.assert_array_equal(mono, audio.mean(axis=1))
    assert notes == ()
