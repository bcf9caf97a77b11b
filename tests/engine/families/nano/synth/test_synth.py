"""The synthesizer plays the pitches and the times that a score says, as a stereo loop, the same for the same seed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from demon_patch.engine.families.nano.score import STYLES, Note, Score, compose_score
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.synth import INSTRUMENTS, KINDS, RATE, SOUNDS, Setup, compose_song, render
from demon_patch.engine.families.nano.synth.effects import reverb, widened
from demon_patch.engine.families.nano.synth.kit import KITS, Drums
from demon_patch.engine.families.nano.synth.patches import note_sound
from tests.support.heard_pitch import semitones_off


def one(*notes: Note, frames: int = 50) -> Score:
    return Score("house", 0, frames, 1, 120.0, 0, "minor", notes)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_sounds_at_its_pitch(name: str) -> None:
    patch = replace(INSTRUMENTS[name], vibrato=0.0, glide=0.0)
    pitch = 40 if "bass" in name or name in ("long 808", "low strings") else 64
    sound = note_sound(patch, pitch, None, 0.75, 1.0).mean(0)
    assert np.isfinite(sound).all()
    assert abs(semitones_off(sound[6000:40_000], pitch)) < 0.35


@pytest.mark.parametrize("style", STYLES)
def test_every_style_plays_a_stereo_loop(style: str) -> None:
    score, setup = compose_score(style, 3, 2.4), Setup.draw(style, 1)
    sound = render(score, setup)
    assert sound.shape == (2, 60 * 1920)
    assert sound.dtype == np.float32
    assert 0.03 < np.sqrt(np.square(sound).mean()) < 0.2
    assert np.abs(sound).max() <= 0.981
    assert np.square(sound[0] - sound[1]).mean() > 1e-5
    assert np.array_equal(render(score, setup), sound)
    assert not np.allclose(render(score, Setup.draw(style, 2)), sound, atol=1e-3)
    assert set(setup.instruments) == {"bass", "chords", "arp", "lead"}
    assert all(setup.kind(part) in KINDS for part in ("drums", *setup.instruments))


def test_every_style_names_instruments_and_a_kit_that_there_are() -> None:
    assert set(SOUNDS) == set(STYLES)
    for sound in SOUNDS.values():
        assert {*sound.bass, *sound.chords, *sound.arp, *sound.lead} <= set(INSTRUMENTS)
        assert sound.kit in KITS
    assert {patch.kind for patch in INSTRUMENTS.values()} <= set(KINDS)


def test_a_note_sounds_where_it_is_written_and_over_the_end_of_the_loop() -> None:
    dry = replace(Setup.draw("jazz", 0).sound, reverb=(0.0, 1.0), echo=0.0, dust=0.0)
    setup = replace(Setup.draw("jazz", 0), sound=dry)
    level = np.abs(render(one(Note("bass", 1.9, 0.3, 40, 100)), setup)).mean(0)
    assert level[int(1.2 * RATE) : int(1.88 * RATE)].max() == pytest.approx(0, abs=1e-4)
    assert level[int(1.92 * RATE) :].max() > 0.1
    assert level[: int(0.15 * RATE)].max() > 0.05


def test_parts_may_be_left_out_and_silence_is_silent() -> None:
    score, setup = compose_score("funk", 1, 2.4), Setup.draw("funk", 1)
    assert not np.array_equal(render(score, setup, ("drums",)), render(score, setup, ("bass",)))
    assert np.abs(render(score, setup, ())).max() == 0
    assert np.abs(render(one(), Setup.draw("hiphop", 1))).max() == 0


def test_a_wider_sound_has_the_same_middle() -> None:
    sound = np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    wide = widened(sound, 1.0, 200, 240)
    assert np.allclose(wide.mean(0), sound.mean(0), atol=1e-5)
    assert np.square(wide[0] - wide[1]).mean() > 1.2 * np.square(sound[0] - sound[1]).mean()


def test_a_room_rings_round_the_loop() -> None:
    click = np.zeros((2, 24_000), np.float32)
    click[:, 23_000] = 1
    room = reverb(click, 1.0, np.random.default_rng(0))
    assert np.abs(room[:, :8000]).max() > np.abs(room[:, 15_000:22_990]).max() > 0


@pytest.mark.parametrize("name", KITS)
def test_every_kit_has_every_drum(name: str) -> None:
    drums = Drums(name, Draws(1), 0.3)
    for key in (36, 37, 38, 39, 42, 44, 46, 49, 51, 54, 56, 64, 45, 50, 70):
        sound = drums.sound(key)
        assert np.isfinite(sound).all()
        assert 0.05 < np.abs(sound).max() < 3
    spectrum = np.abs(np.fft.rfft(drums.sound(36).mean(0), 48_000))
    assert spectrum[30:200].sum() > spectrum[2000:10_000].sum() / 20
    hat = np.abs(np.fft.rfft(drums.sound(42).mean(0), 48_000))
    assert np.square(hat[4000:]).sum() > 5 * np.square(hat[:3000]).sum()


def test_the_synthesizer_needs_no_torch() -> None:
    code = "import sys, demon_patch.engine.families.nano.synth; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_song_has_a_title_and_is_the_same_again() -> None:
    song = compose_song("trance", 4, 2.4)
    key = "C C# D D# E F F# G G# A A# B".split()[song.score.key]  # noqa: SIM905
    assert song.title == f"trance in {key} {song.score.mode}, {song.score.bpm:.0f} bpm"
    assert song.audio.shape == (2, 60 * 1920)
    assert np.array_equal(compose_song("trance", 4, 2.4).audio, song.audio)
