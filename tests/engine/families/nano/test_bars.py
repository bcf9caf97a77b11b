"""A recording of whole bars stays a loop of whole bars: at every tempo the beat of the transport is the click."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.nano.source import Loop, read_loop
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.session import Session
from demon_patch.engine.sound.whole_bars import MOST_CENTS
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.performance.resources import Resources
from tests.support.beats import frame_of_beat

RATE = 44_100
LATE = 0.012  # s that a click is heard after its beat, so that no edge touches it
TURNS = 20
WITHIN = 0.002  # s
FEW = [60.0, 87.3, 110.0, 128.0, 144.0, 173.21, 200.0]


def clicks(bpm: float, seconds: float, first: float = 0.0) -> NDArray[np.float64]:
    """A click in every beat from `first` (s) on, over a quiet tone of 500 Hz."""
    t = np.arange(round(seconds * RATE)) / RATE
    beat = 60.0 / bpm
    off = (t - first - LATE + beat / 2) % beat - beat / 2
    tone = 0.02 * np.sin(2 * np.pi * round(500 * seconds) / seconds * t)
    return tone + 0.8 * np.exp(-((off / 0.0008) ** 2)) * np.cos(2 * np.pi * 2000 * off)


def drawn(folder: Path, bpm: float, seconds: float, first: float = 0.0) -> Path:
    path = folder / "loop.wav"
    soundfile.write(path, clicks(bpm, seconds, first), RATE, subtype="FLOAT")
    return path


def heard(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """The seconds of a loop at which clicks are loudest."""
    level = np.convolve(np.pad(np.square(audio, dtype=np.float64), 16, mode="wrap"), np.hanning(33), mode="valid")
    peaks = np.flatnonzero((level > np.roll(level, 1)) & (level >= np.roll(level, -1)) & (level > 0.3 * level.max()))
    return peaks / SPEC.sample_rate


def misses(transport: Transport, audio: NDArray[np.float32], beats: int) -> NDArray[np.float64]:
    """By how many seconds each of so many beats of the transport misses the click that sounds then."""
    length = len(audio) / SPEC.sample_rate
    at = np.array([frame_of_beat(transport, beat) for beat in range(beats)]) / SPEC.frame_rate
    apart = (heard(audio)[None] - (at[:, None] + LATE) + length / 2) % length - length / 2
    return np.abs(apart).min(axis=1)


def check(loop: Loop, bars: int, bpm: float, first: float = 0.0) -> None:
    """A loop's click and the transport's beat agree for 20 turns of the loop, at the pitch of the file."""
    frames = len(loop.audio) // SPEC.samples_per_frame
    assert frames % SPEC.quantum == 0
    assert SPEC.min_frames <= frames <= SPEC.max_frames
    assert loop.bpm is not None
    seconds = frames / SPEC.frame_rate
    beats = seconds * loop.bpm / 60.0
    assert beats / (4 * bars) == pytest.approx(round(beats / (4 * bars)), abs=1e-9)
    assert len(heard(loop.audio)) == round(beats)
    transport = Transport(SPEC.frame_rate, loop.bpm, 4, frames, downbeat=first * loop.stretch)
    assert misses(transport, loop.audio, round(TURNS * beats)).max() < WITHIN
    assert abs(1200 * np.log2(loop.stretch)) <= MOST_CENTS
    follow = replace(transport, follow=True)
    for k in np.linspace(0, TURNS * frames - 1, 50, dtype=int).tolist():
        apart = (transport.frame(k).beat - follow.frame(k).beat) % beats
        assert min(apart, beats - apart) * 60.0 / bpm < WITHIN


@pytest.mark.parametrize("bars", [1, 2, 4, 8])
@pytest.mark.parametrize("bpm", FEW)
def test_a_loop_of_whole_bars_stays_one(tmp_path: Path, bpm: float, bars: int) -> None:
    check(read_loop(drawn(tmp_path, bpm, bars * 240.0 / bpm), 60.0, bpm), bars, bpm)


@pytest.mark.slow
@pytest.mark.parametrize("bars", [1, 2, 4, 8])
def test_a_loop_of_whole_bars_stays_one_at_every_tempo(tmp_path: Path, bars: int) -> None:
    for bpm in np.arange(60.0, 200.01, 2.5).tolist():
        check(read_loop(drawn(tmp_path, bpm, bars * 240.0 / bpm), 60.0, bpm), bars, bpm)


@pytest.mark.parametrize(
    ("seconds", "limit", "bars"), [(33.3, 60.0, 17), (33.3, 16.0, 8), (120.0, 20.0, 10), (9.9, 8.0, 4)]
)
def test_a_longer_file_is_cut_at_its_last_whole_bar(tmp_path: Path, seconds: float, limit: float, bars: int) -> None:
    loop = read_loop(drawn(tmp_path, 125.0, seconds, 0.2), limit, 125.0)
    check(loop, bars, 125.0, 0.2)
    assert f"{bars} bars at 125" in loop.notes[0]


def test_eight_bars_at_128_are_played_twice(tmp_path: Path, family: Family) -> None:
    source = family.conditioner.load(drawn(tmp_path, 128.0, 15.0), 60.0)
    assert source.bpm in (64.0, 128.0)  # as it is heard
    assert source.frames == 30 * SPEC.frame_rate
    assert source.notes == (
        f"loop.wav: {round(source.bpm / 16)} bars at {source.bpm:g} bpm, played twice to make 30 s",
    )
    half = len(source.audio) // 2
    np.testing.assert_array_equal(source.audio[:half], source.audio[half:])


@pytest.mark.parametrize(("bpm", "seconds"), [(128.0, 8.0), (90.0, 10.0), (200.0, 8.0), (64.0, 12.0), (121.0, 16.0)])
def test_a_short_limit_is_passed_only_where_no_bars_lie_within(tmp_path: Path, bpm: float, seconds: float) -> None:
    loop = read_loop(drawn(tmp_path, bpm, 60.0), seconds, bpm)
    check(loop, 1, bpm)
    if len(loop.audio) > seconds * SPEC.sample_rate:
        within = [round(n * 240 / bpm / 0.08) * 0.08 / (n * 240 / bpm) for n in [int(seconds * bpm / 240)]]
        assert all(abs(1200 * np.log2(each)) > MOST_CENTS or each * 240 / bpm < 8 for each in within)


def test_the_tone_under_the_clicks_keeps_its_pitch(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    seconds = 4 * 240.0 / 131.3
    tone = 0.3 * np.sin(2 * np.pi * round(500 * seconds) / seconds * np.arange(round(seconds * RATE)) / RATE)
    soundfile.write(path, tone, RATE, subtype="FLOAT")
    audio = read_loop(path, 60.0, 131.3).audio
    found = np.abs(np.fft.rfft(audio)).argmax() / len(audio) * SPEC.sample_rate
    assert abs(1200 * np.log2(found / (round(500 * seconds) / seconds))) < MOST_CENTS


def test_a_tempo_given_by_hand_makes_the_loop(tmp_path: Path, family: Family) -> None:
    drawn(tmp_path, 150.0, 1.6)  # too short to be listened to
    source = Resources(Session(family, None), tmp_path).source(("audio", "loop.wav", 60.0, 150.0, 0.4))  # pyright: ignore[reportArgumentType]
    assert source.bpm == pytest.approx(150.0)
    assert (source.frames, source.downbeat) == (8 * SPEC.frame_rate, pytest.approx(0.4))
    assert misses(Transport(SPEC.frame_rate, 150.0, 4, source.frames), source.audio[:, 0], 400).max() < WITHIN
