"""Any audio file becomes a loop, or one clear message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.nano.source import read_loop
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.sound.clips import set_tempo
from demon_patch.errors import SourceError
from tests.support.sounds import band

QUANTUM = SPEC.quantum * SPEC.samples_per_frame


def _tone(rate: int, seconds: float, channels: int = 1, frequency: float = 220.0) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def _pitch(loop: np.ndarray) -> float:
    return np.abs(np.fft.rfft(loop)).argmax() * SPEC.sample_rate / len(loop)


@pytest.mark.parametrize(
    ("rate", "channels", "suffix"),
    [
        (8000, 1, "wav"),
        (192000, 2, "wav"),
        (44100, 6, "flac"),
        (48000, 2, "ogg"),
        (44100, 2, "mp3"),
        (32000, 1, "aiff"),
    ],
)
def test_every_rate_and_layout_is_read(tmp_path: Path, rate: int, channels: int, suffix: str) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, _tone(rate, 9.0, channels), rate)
    loop, notes = read_loop(path)[:2]
    assert loop.dtype == np.float32
    assert len(loop) % QUANTUM == 0
    assert len(loop) == pytest.approx(9.0 * SPEC.sample_rate, abs=QUANTUM)
    assert _pitch(loop) == pytest.approx(220.0, abs=0.5)
    assert notes == ()


def test_an_hour_is_cut_to_a_minute_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hour.flac"
    minute = _tone(8000, 60.0)
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(60):
            file.write(minute)
    read: list[int] = []
    plain = soundfile.SoundFile.read

    def counting(self: soundfile.SoundFile, frames: int = -1, **how: object) -> np.ndarray:
        read.append(frames)
        return plain(self, frames, **how)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    loop, notes = read_loop(path)[:2]
    assert len(loop) == SPEC.max_frames * SPEC.samples_per_frame
    assert notes == ("hour.flac lasts 60:00 min: its first 60 s are used",)
    assert 0 < sum(read) < 2 * 8000 * 62  # once to look at it, once to mix it down
    loop, notes = read_loop(path, 24.0)[:2]
    assert (len(loop), notes) == (24 * SPEC.sample_rate, ())


def test_short_clips_are_repeated_whole(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, _tone(48000, 2.9), 48000)
    loop, notes = read_loop(path)[:2]
    assert len(loop) >= SPEC.min_frames * SPEC.samples_per_frame
    assert len(loop) % 4 == 0
    once = len(loop) // 4
    assert np.array_equal(loop[:once], loop[once : 2 * once])
    assert notes == ("short.wav lasts only 2.90 s: it is repeated up to 11.60 s",)


@pytest.mark.parametrize("seconds", [9.0, 9.03, 9.2])
def test_the_seam_has_no_step(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "ramp.wav"
    rate = SPEC.sample_rate
    rising = np.linspace(-0.4, 0.4, int(rate * seconds)) + _tone(rate, seconds, frequency=100.0)[:, 0] * 0.3
    soundfile.write(path, rising, rate)
    loop, _ = read_loop(path)[:2]
    steps = np.abs(np.diff(np.append(loop, loop[0])))
    assert steps.max() < 0.02


def test_a_stroke_behind_the_cut_is_not_heard_at_the_start(tmp_path: Path) -> None:
    path, rate = tmp_path / "late.wav", SPEC.sample_rate
    audio = _tone(rate, 12.0)
    audio[: rate // 2] = 0.0
    soundfile.write(path, audio, rate)
    loop, _ = read_loop(path, 8.0)[:2]
    assert np.abs(loop[rate // 100 : rate // 2]).max() == 0
    assert np.abs(loop[: rate // 100]).max() > 0


def test_a_stroke_at_the_start_keeps_its_attack(tmp_path: Path) -> None:
    path, rate = tmp_path / "stroke.wav", SPEC.sample_rate
    audio = _tone(rate, 12.0)[:, 0] * np.exp(-np.arange(12 * rate) % rate / (rate / 20))
    soundfile.write(path, audio, rate, subtype="FLOAT")
    loop, _ = read_loop(path, 8.0)[:2]
    first, second = loop[: rate // 2], loop[rate : rate + rate // 2]
    assert np.abs(first[rate // 100 :] - second[rate // 100 :]).max() < 1e-6
    assert np.square(first).sum() == pytest.approx(np.square(second).sum(), rel=0.05)


def test_broken_samples_are_silenced_and_said(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    audio = _tone(32000, 9.0)
    audio[500:510] = np.nan
    audio[900] = np.inf
    soundfile.write(path, audio, 32000, subtype="FLOAT")
    loop, notes = read_loop(path)[:2]
    assert np.isfinite(loop).all()
    assert notes == ("broken.wav holds 11 samples that are no numbers: they are silenced",)


@pytest.mark.parametrize("gain", [1e-3, 1.0, 50.0])
def test_loudness_is_levelled_without_clipping(tmp_path: Path, gain: float) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, _tone(32000, 9.0) * gain, 32000, subtype="FLOAT")
    loop, _ = read_loop(path)[:2]
    assert np.sqrt(np.square(loop).mean()) == pytest.approx(0.14, rel=0.02)
    assert np.abs(loop).max() < 1


def test_silence_is_a_source(tmp_path: Path, family: Family) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(32000 * 9), 32000)
    source = family.conditioner.load(path)
    assert (source.audio == 0).all()
    assert source.latent.isfinite().all()
    assert source.hints.isfinite().all()


def test_a_loaded_source_has_all_its_parts(tmp_path: Path, family: Family) -> None:
    path = tmp_path / "my song.wav"
    soundfile.write(path, _tone(44100, 10.5, 2), 44100)
    source = family.conditioner.load(path)
    assert source.frames % SPEC.quantum == 0
    assert source.audio.shape == (source.frames * SPEC.samples_per_frame, 1)
    assert source.latent.shape == (source.frames, SPEC.latent_channels)
    assert source.hints.shape[0] == source.frames
    assert (source.title, source.bpm) == ("my song", None)


def test_a_loaded_source_has_the_tempo_that_is_heard_or_kept(tmp_path: Path, family: Family) -> None:
    path = tmp_path / "loop.wav"
    soundfile.write(path, band(120.0, 12.6, 0.5, 44100), 44100)
    source = family.conditioner.load(path)
    assert source.bpm == pytest.approx(120.0, rel=0.002)
    assert source.downbeat == pytest.approx(0.5, abs=0.03)
    set_tempo(path, bpm=90.0, downbeat=0.25)
    source = family.conditioner.load(path, 8.0)
    assert (source.bpm, source.downbeat) == (90.0, 0.25)


def _cut(folder: Path, suffix: str, share: float) -> Path:
    whole, path = folder / f"whole.{suffix}", folder / f"cut.{suffix}"
    soundfile.write(whole, _tone(44100, 9.0, 2), 44100)
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "mp3", "au", "w64"])
def test_truncated_files_are_played_as_far_as_they_go_and_that_is_told(tmp_path: Path, suffix: str) -> None:
    loop, notes = read_loop(_cut(tmp_path, suffix, 0.9))[:2]
    assert 7.5 * SPEC.sample_rate < len(loop) < 8.7 * SPEC.sample_rate
    assert [note for note in notes if note.startswith(f"cut.{suffix}: its header promises ")]
    assert _pitch(loop) == pytest.approx(220.0, abs=0.5)
    try:
        told = read_loop(_cut(tmp_path, suffix, 0.01)).notes
    except SourceError as error:
        told = (str(error),)
    assert any("lasts only 0." in line or f"cut.{suffix}: this cannot be read as audio: " in line for line in told)
    assert "\n" not in "".join(told)


def test_opposite_channels_are_no_silence(tmp_path: Path) -> None:
    path = tmp_path / "opposite.wav"
    soundfile.write(path, _tone(44100, 9.0, 2) * (1.0, -1.0), 44100)
    loop, notes = read_loop(path)[:2]
    assert np.sqrt(np.square(loop).mean()) == pytest.approx(0.14, rel=0.02)
    assert notes == ("opposite.wav: its channels cancel each other in a mono mix: the polarity of channel 2 is turned",)


def test_what_a_source_should_tell_of_its_file_comes_with_it(tmp_path: Path, family: Family) -> None:
    path = tmp_path / "loop.wav"
    soundfile.write(path, band(120.0, 12.6, 0.5, 44100), 44100)
    set_tempo(path, bpm=90.0)
    soundfile.write(path, band(100.0, 12.6, 0.5, 44100), 44100)
    path.write_bytes(path.read_bytes()[:-200])
    source = family.conditioner.load(path)
    assert source.bpm == 90.0
    assert len(source.notes) == 3
    assert "its header promises" in source.notes[0]
    assert "the edit is kept: 90 bpm" in source.notes[2]


def test_other_bad_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "words.wav").write_text("this is a poem\n" * 50)
    (tmp_path / "bytes.raw").write_bytes(bytes(range(256)) * 40)
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0), 44100)
    for name, message in (
        ("gone.wav", "no such file"),
        (".", "folder"),
        ("empty.wav", "empty"),
        ("words.wav", "cannot be read as audio"),
        ("bytes.raw", "cannot be read as audio"),
        ("nothing.wav", "no sound"),
    ):
        with pytest.raises(SourceError, match=message) as caught:
            read_loop(tmp_path / name)
        text = str(caught.value)
        assert text.startswith(str(tmp_path / name))
        assert text.endswith(")")
        assert "\n" not in text
