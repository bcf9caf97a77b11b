"""Judges of an embedded model's quality, and the rows that they make of nano."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.bench.quality.hearing import tempo_heard
from demon_patch.bench.quality.key_judge import KeyExample, KeyJudge
from demon_patch.bench.quality.measure import Quality, Sizes
from demon_patch.bench.quality.songs import RATE, songs, sounds_of
from demon_patch.bench.quality.spectra import mel_error
from demon_patch.bench.quality.style_judges import StyleJudges
from demon_patch.engine.families.nano.score import STYLES
from demon_patch.engine.session import Session

AT = np.arange(8 * RATE) / RATE


def _chords(*keys: int) -> np.ndarray:
    tones = [sum(np.sin(2 * np.pi * 440 * 2 ** ((key + by - 69) / 12) * AT) for by in (0, 12)) for key in keys]
    return (0.1 * sum(tones)).astype(np.float32)


@pytest.mark.parametrize("tonic", [0, 4, 9])
def test_the_key_is_that_of_the_scale_that_is_heard(tonic: int) -> None:
    major = _chords(*(60 + tonic + step for step in (0, 2, 4, 5, 7, 9, 11)))
    judge = KeyJudge([], RATE)
    assert judge.told(major, "major") == tonic
    assert judge.told(major, "minor") == (tonic + 9) % 12
    assert judge.told(major, "dorian") == (tonic + 2) % 12


def test_the_judge_of_keys_learns_which_notes_of_a_scale_are_played_most() -> None:
    """Five tones that three major scales have: which of the three it is, true songs tell."""

    def song(tonic: int) -> np.ndarray:
        return _chords(*(60 + tonic + step for step in (0, 2, 4, 7, 9)), 60 + tonic, 67 + tonic)

    examples = [KeyExample(song(tonic), tonic, "major") for tonic in (0, 3, 5, 8)]
    judge = KeyJudge(examples, RATE)
    assert [judge.told(song(tonic), "major") for tonic in (1, 6, 10)] == [1, 6, 10]
    assert judge.told(song(0), "minor") == KeyJudge([], RATE).told(song(0), "minor")  # of which it has learnt nothing


@pytest.mark.parametrize("bpm", [72.0, 100.0, 128.0, 174.0])
def test_the_tempo_is_that_of_the_strokes(bpm: float) -> None:
    since = AT % (60 / bpm)
    noise = np.random.default_rng(0).standard_normal(len(AT))
    heard = tempo_heard((noise * np.exp(-since / 0.02)).astype(np.float32), RATE)
    assert min(abs(heard * octave / bpm - 1) for octave in (0.5, 1, 2)) < 0.02


def test_the_distance_is_in_decibels() -> None:
    noise = 2.0 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert mel_error(noise, noise) == 0
    assert mel_error(noise, noise * 0.5) == pytest.approx(6.02, abs=0.05)


def test_songs_are_the_same_every_time_and_differ_from_each_other() -> None:
    found = songs(tuple(STYLES[:3]), 4, False)
    songs.cache_clear()
    again = songs(tuple(STYLES[:3]), 4, False)
    assert all(np.array_equal(a.sound, b.sound) for a, b in zip(found, again, strict=True))
    assert all(song.style != song.other_style for song in found)
    assert all(song.sound.shape == song.other.shape for song in found)
    assert not any(note.part == "drums" for song in found for note in song.score.notes)
    assert len({song.prompt for song in found}) == 4


def test_both_judges_tell_styles_that_sound_unlike() -> None:
    names = ("chiptune", "ambient")
    judges = StyleJudges({name: [sound.mean(1) for sound in sounds_of(name, 8, 0)] for name in names}, RATE)
    told = judges.shares([(name, sound.mean(1)) for name in names for sound in sounds_of(name, 4, 90)])
    assert min(told) >= 0.75


@pytest.mark.slow
def test_the_rows_of_nano() -> None:
    quality = Quality(Session.load("nano", threads=1), Sizes(2, 2, 1, 2, 1, 2))
    assert quality.styles == ("techno", "house")
    codec = quality.codec()
    assert 0.5 < codec["mel"] < 4
    true, through, cover = quality.notes()
    assert true["mel"] == 0
    assert 0 < through["mel"] < cover["mel"]
    assert through["chroma"] > cover["chroma"] > 0.3
    assert 0.5 < cover["spread"] < 1.1
    asked = quality.asked()
    assert {"key", "tempo", "true key", "true tempo"} <= asked.keys()
    strength = quality.strength()
    assert 0 < strength["least"] <= 0.1 <= strength["most"] < 0.4
    assert strength["level off"] < 1
    assert quality.speed(2)["tick ms"] > 0
