"""Tempo and first downbeat: of clicks that leave no doubt, of composed loops, and of what has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.tags import STYLES, parse
from demon_patch.engine.sound.tempo import Tempo, detect
from tests.support.sounds import band

RATE = SPEC.sample_rate
NEAR = 0.06  # seconds


@dataclass(frozen=True)
class Clip:
    """A clip whose tempo and first bar line are known: audio [samples] at 32 kHz."""

    name: str
    audio: np.ndarray
    bpm: float
    downbeat: float


def composed(number: int) -> Clip:
    """A loop of another style, length, key and seed for every number, turned by anything up to a bar."""
    rng = np.random.default_rng((5, number))
    style, key = STYLES[number % len(STYLES)], ("a minor", "d major", "e dorian", "f# minor")[number // 8 % 4]
    seconds = float(rng.choice([12, 16, 20, 24, 30, 40]))
    song = compose_song(parse(f"{style} in {key}")[0], SPEC.frames(seconds), 5000 + number)
    samples = int(rng.uniform(0, 240.0 / song.bpm) * RATE)
    return Clip(f"{number}: {song.title}", np.roll(song.audio, samples), song.bpm, samples / RATE)


def right_tempo(found: Tempo | None, clip: Clip) -> bool:
    """Within 2 %, or an octave of that."""
    if found is None:
        return False
    octaves = np.log2(found.bpm / clip.bpm)
    return abs(round(octaves)) <= 1 and abs(2.0 ** (octaves - round(octaves)) - 1) <= 0.02


def right_downbeat(found: Tempo | None, clip: Clip) -> bool:
    """Within 60 ms of a bar line of the music."""
    if found is None:
        return False
    bar = 240.0 / clip.bpm
    return abs((found.downbeat - clip.downbeat + bar / 2) % bar - bar / 2) <= NEAR


@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 4))])
def test_composed_loops(number: int) -> None:
    clip = composed(number)
    found = detect(clip.audio[:, None], RATE)
    assert right_tempo(found, clip), (clip.name, found)
    assert right_downbeat(found, clip), (clip.name, found)


@pytest.mark.slow
def test_nine_of_ten_composed_loops() -> None:
    clips = [composed(number) for number in range(40)]
    found = [detect(clip.audio[:, None], RATE) for clip in clips]
    tempi = [right_tempo(tempo, clip) for tempo, clip in zip(found, clips, strict=True)]
    lines = [right_downbeat(tempo, clip) for tempo, clip in zip(found, clips, strict=True)]
    wrong = [clip.name for clip, tempo, line in zip(clips, tempi, lines, strict=True) if not (tempo and line)]
    assert sum(tempi) >= 36, wrong
    assert sum(lines) >= 36, wrong
    assert len(wrong) <= 4, wrong


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize(("bpm", "downbeat"), [(91.3, 0.0), (123.7, 0.61), (127.0, 1.4)])
def test_a_recording_that_is_no_loop(bpm: float, downbeat: float, rate: int) -> None:
    found = detect(band(bpm, 31.7, downbeat, rate), rate)
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.002)
    line, bar = found.downbeat - downbeat, 4 * 60.0 / found.bpm
    assert (line + bar / 2) % bar - bar / 2 == pytest.approx(0.0, abs=0.03)
    assert 0 <= found.downbeat < bar


def test_a_loop_of_whole_bars_has_its_exact_tempo() -> None:
    found = detect(band(240.0 * 9 / 17.31, 17.31, 0.5, RATE), RATE)
    assert found is not None
    assert found.bpm == pytest.approx(240.0 * 9 / 17.31, rel=1e-6)


def test_the_gain_and_the_rate_change_nothing() -> None:
    first = detect(band(118.0, 20.0, 0.3, 44100), 44100)
    quiet = detect(band(118.0, 20.0, 0.3, 44100) * 0.01, 44100)
    other = detect(band(118.0, 20.0, 0.3, 16000), 16000)
    assert first is not None
    assert quiet is not None
    assert other is not None
    assert quiet.downbeat == pytest.approx(first.downbeat, abs=1e-6)
    assert quiet.bpm == pytest.approx(first.bpm, rel=1e-6)
    assert other.downbeat == pytest.approx(first.downbeat, abs=0.03)


def test_what_has_no_rhythm_has_no_tempo() -> None:
    tone = np.sin(2 * np.pi * 220 * np.arange(RATE * 9) / RATE)[:, None]
    noise = np.random.default_rng(1).standard_normal((RATE * 12, 2)) * 0.1
    for sound in (tone, noise, np.zeros((RATE * 9, 1)), np.zeros((0, 1)), tone[:RATE]):
        assert detect(sound, RATE) is None
