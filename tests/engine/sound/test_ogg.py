"""OGG files that were joined are read as one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.sound.sound_file import read
from demon_patch.errors import SourceError

RATE = 48_000


def tone(hertz: float, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def ogg(sound: np.ndarray, subtype: str, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, subtype, format="OGG")
    return file.getvalue()


def joined(tmp_path: Path, *files: bytes) -> Path:
    path = tmp_path / "set.ogg"
    path.write_bytes(b"".join(files))
    return path


def pitch(sound: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax()) * RATE / len(sound)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_all_parts_are_read(tmp_path: Path, subtype: str) -> None:
    pitches = (300.0, 700.0, 500.0)
    path = joined(tmp_path, *(ogg(tone(hertz), subtype) for hertz in pitches))
    found = read(path, 60.0)
    assert (len(found.audio), found.seconds, found.notes) == (3 * RATE, 3.0, ())
    for n, hertz in enumerate(pitches):
        assert pitch(found.audio[n * RATE : (n + 1) * RATE]) == pytest.approx(hertz, abs=2.0)


def test_no_more_is_read_than_is_asked_for(tmp_path: Path) -> None:
    path = joined(tmp_path, *(ogg(tone(300.0), "VORBIS") for _ in range(3)))
    found = read(path, 1.5)
    assert len(found.audio) == round(1.6 * RATE)
    assert found.seconds is None  # it goes on
    assert read(joined(tmp_path, ogg(tone(300.0, 3.0), "VORBIS")), 1.5).seconds == 3.0


def test_a_part_of_another_kind_is_left_out_and_told(tmp_path: Path) -> None:
    first, stereo = ogg(tone(300.0), "VORBIS"), ogg(np.stack([tone(500.0)] * 2, axis=1), "VORBIS")
    for other, kind in (
        (stereo, "48000 Hz and 2 channels"),
        (ogg(tone(9.0), "VORBIS", 22_050), "22050 Hz and 1 channels"),
    ):
        found = read(joined(tmp_path, first, other), 60.0)
        assert len(found.audio) == RATE
        assert found.notes == (f"set.ogg goes on after 1.00 s with {kind}, joined to its end: that is left out",)


def test_a_part_that_is_broken_is_told(tmp_path: Path) -> None:
    first, second = ogg(tone(300.0), "VORBIS"), ogg(tone(500.0), "VORBIS")
    found = read(joined(tmp_path, first, second[:40] + bytes(200) + second[240:]), 60.0)
    assert len(found.audio) == RATE
    assert found.notes == ("set.ogg cannot be decoded beyond 1.00 s: what comes before that is used",)
    assert len(read(joined(tmp_path, first, b"no sound at all"), 60.0).audio) == RATE


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_file_that_is_cut_off_is_played_and_told(tmp_path: Path, subtype: str) -> None:
    whole = ogg(np.random.default_rng(1).normal(0, 0.1, 3 * RATE), subtype)
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
    for end in (pages[-1], pages[-1] + 100, pages[-2], pages[-1] + 20):
        found = read(joined(tmp_path, whole[:end]), 60.0)
        assert 0.1 < len(found.audio) / found.rate < 3
        assert found.notes == (
            f"set.ogg is cut off after {len(found.audio) / found.rate:.2f} s: what is there is used",
        )
    assert read(joined(tmp_path, whole, b"TAG".ljust(128, b"x")), 60.0).notes == ()
    assert read(joined(tmp_path, whole[: pages[-1]]), 0.01).notes == ()  # what is asked for is there
    (note,) = read(joined(tmp_path, whole, whole[: pages[-1]]), 60.0).notes
    assert note.startswith("set.ogg is cut off after ")
    for end in (pages[2] + 200, pages[1] + 10, 40):
        with pytest.raises(SourceError, match="it is cut off before its first stretch of sound ends"):
            read(joined(tmp_path, whole[:end]), 60.0)
