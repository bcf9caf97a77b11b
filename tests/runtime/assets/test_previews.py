"""Previews: the loudest seconds, small, beside the patch, and over nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.errors import DemonError
from demon_patch.runtime.assets.previews import cut, path_of, preview_of, write_preview


def tone(seconds: float, loud: tuple[float, float], rate: int = 48_000) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    level = np.where((t >= loud[0]) & (t < loud[1]), 0.5, 0.01)
    return np.repeat((level * np.sin(2 * np.pi * 440 * t))[:, None], 2, axis=1).astype(np.float32)


def test_the_loudest_seconds_are_taken_and_faded() -> None:
    made, rate = cut(tone(30, (12, 20)), 48_000)
    assert (rate, made.shape) == (24_000, (8 * 24_000, 2))
    assert np.abs(made[0]).max() < 0.01
    assert np.abs(made[-1]).max() < 0.01
    middle = made[2 * rate : 6 * rate, 0]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.01)
    peak = np.argmax(np.abs(np.fft.rfft(middle))) * rate / len(middle)
    assert peak == pytest.approx(440, abs=1)


def test_a_short_sound_is_taken_whole() -> None:
    made, rate = cut(tone(3, (0, 3), 32_000), 32_000)
    assert (rate, len(made)) == (32_000, 96_000)
    assert len(cut(np.zeros((0, 2), np.float32), 48_000)[0]) == 0


def test_it_lies_beside_the_patch_and_is_small(tmp_path: Path) -> None:
    patch = tmp_path / "song.dpatch.json"
    path = write_preview(patch, tone(20, (5, 13)), 48_000)
    assert path == path_of(patch) == preview_of(patch) == tmp_path / "song.preview.flac"
    assert path.stat().st_size < 600_000
    assert soundfile.info(path).duration == pytest.approx(8.0)
    write_preview(patch, tone(4, (0, 4)), 48_000)
    assert soundfile.info(path).duration == pytest.approx(4.0)
    assert [each.name for each in tmp_path.iterdir()] == ["song.preview.flac"]


def test_another_file_of_that_name_stays(tmp_path: Path) -> None:
    path = tmp_path / "song.preview.flac"
    soundfile.write(path, np.zeros(100), 48_000)
    before = path.read_bytes()
    with pytest.raises(DemonError, match="no preview"):
        write_preview(tmp_path / "song.dpatch", tone(2, (0, 2)), 48_000)
    assert path.read_bytes() == before


def test_what_lies_above_half_of_the_new_rate_is_gone() -> None:
    t = np.arange(48_000) / 48_000
    high = np.repeat(np.sin(2 * np.pi * 15_000 * t)[:, None], 2, axis=1).astype(np.float32)
    low = np.repeat(np.sin(2 * np.pi * 8_000 * t)[:, None], 2, axis=1).astype(np.float32)
    assert np.abs(cut(high, 48_000)[0][2000:-2000]).max() < 0.01
    assert np.std(cut(low, 48_000)[0][2000:-2000]) == pytest.approx(0.7071, abs=0.01)
