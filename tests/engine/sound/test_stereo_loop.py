"""A clip has as many channels as its family: a file with two keeps them, any other is the same in both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.sound.clip_loop import read_loop
from demon_patch.engine.sound.sound_file import read
from tests.support.toy_family import SPEC

RATE = 8000
STEREO = replace(SPEC, sample_rate=RATE, channels=2)
MONO = replace(SPEC, sample_rate=RATE)


def tones(*hertz: float, seconds: float = 3.0, rate: int = RATE) -> np.ndarray:
    at = np.arange(round(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * each * at) for each in hertz], 1)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "two.wav", tones(220, 330), RATE, subtype="FLOAT")
    return tmp_path / "two.wav"


def test_a_file_with_two_channels_keeps_them(two: Path) -> None:
    loop = read_loop(STEREO, two, 2.0).audio
    assert loop.shape == (2 * RATE, 2)
    assert loop.dtype == np.float32
    inner = slice(RATE // 4, RATE)  # beyond the join
    assert float(np.abs(loop[inner] - tones(220, 330)[inner]).max()) < 1e-6
    mono = read_loop(MONO, two, 2.0).audio
    assert mono.shape == (2 * RATE,)
    assert float(np.abs(mono[inner] - tones(220, 330)[inner].mean(1)).max()) < 1e-6


@pytest.mark.parametrize("hertz", [(220,), (220, 330, 440)])
def test_any_other_file_is_the_same_in_both(hertz: tuple[float, ...], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", tones(*hertz), RATE, subtype="FLOAT")
    loop = read_loop(STEREO, tmp_path / "x.wav", 2.0).audio
    assert np.array_equal(loop[:, 0], loop[:, 1])
    assert np.array_equal(loop[:, 0], read_loop(MONO, tmp_path / "x.wav", 2.0).audio)


def test_two_channels_are_resampled_repeated_and_joined_as_one_is(tmp_path: Path) -> None:
    """The loop of each channel alone, but for the gain of the join, which is that of both together."""
    soundfile.write(tmp_path / "x.wav", tones(200, 300, seconds=1.0, rate=11_025), 11_025, subtype="FLOAT")
    both = read(tmp_path / "x.wav", 1.0, RATE, 2).audio
    assert both.shape[1] == 2
    loop = read_loop(replace(STEREO, min_frames=75), tmp_path / "x.wav").audio
    assert loop.shape == (3 * RATE, 2)
    for side, hertz in enumerate((200, 300)):
        spectrum = np.abs(np.fft.rfft(loop[:, side]))
        assert int(spectrum.argmax()) == 3 * hertz
        assert float(np.abs(np.diff(loop[:, side])).max()) < 0.3 * 2 * np.pi * hertz / RATE * 1.1  # no click
