"""Mastering, measures, bands, soundfonts and one-shots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demon_patch.engine.families.nano.score import PARTS, STYLES, Note, Score, compose_score
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.sound_tags import PLAYERS, SLOTS
from demon_patch.engine.families.nano.synth import RATE
from tests.support.heard_pitch import semitones_off
from tools.train_nano2.data import fonts
from tools.train_nano2.data.bands import ANY, KIT_NAMES, PROGRAMS, RAISED, Band
from tools.train_nano2.data.fluid import Channel, SoundfontPlayer, _events, available
from tools.train_nano2.data.mastering import mastered
from tools.train_nano2.data.measures import above, coverage, crest, side_to_mid, statistics
from tools.train_nano2.data.one_shots import FOLDER, SHOTS, ShotError, Shots
from tools.train_nano2.data.sounds import Studio

FLUID = next((path for folder in fonts.SEARCHED for path in [folder / "FluidR3_GM.sf2"] if path.exists()), None)
needs_band = pytest.mark.skipif(FLUID is None or not available(), reason="needs FluidSynth and a soundfont")
needs_shots = pytest.mark.skipif(not FOLDER.exists(), reason="needs Sonic Pi's one-shots")


def noise(seed: int = 0, samples: int = 48_000) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((2, samples))).astype(np.float32)


def test_mastering_keeps_loops_and_levels() -> None:
    loud = []
    for seed in range(12):
        done = mastered(noise(), Draws(seed), levels_only=False)
        assert np.abs(done).max() <= 0.981
        loud.append(float(np.sqrt(np.square(done).mean())))
        turned = mastered(np.roll(noise(), 4800, axis=1), Draws(seed), levels_only=False)
        assert np.allclose(np.roll(done, 4800, axis=1), turned, atol=0.01)
    assert 0.09 < min(loud) < max(loud) < 0.181
    assert np.ptp(loud) > 0.02


def test_only_the_level_changes_where_that_is_asked_for() -> None:
    done = mastered(noise(), Draws(1), levels_only=True)
    ratio = done / noise()
    assert ratio.std() < 1e-4 * ratio.mean()
    assert np.abs(mastered(np.zeros((2, 9600), np.float32), Draws(1), levels_only=False)).max() == 0


def test_mastering_darkens_and_squeezes_on_the_whole() -> None:
    beat = noise() * (0.2 + (np.arange(48_000) % 12_000 < 1500))
    done = [mastered(beat.astype(np.float32), Draws(seed), levels_only=False) for seed in range(16)]
    assert np.median([above(sound, 10_000) for sound in done]) < above(beat, 10_000) - 6
    assert np.median([crest(sound) for sound in done]) < crest(beat)


def test_measures_of_known_sounds() -> None:
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * time)
    assert crest(np.stack([tone, tone])) == pytest.approx(3.01, abs=0.01)
    assert side_to_mid(np.stack([tone, 0 * tone])) == pytest.approx(0, abs=0.01)
    assert side_to_mid(np.stack([tone, 0.5 * tone])) == pytest.approx(-9.54, abs=0.01)
    bright = tone + 0.1 * np.sin(2 * np.pi * 12_000 * time)
    assert above(np.stack([bright, bright]), 10_000) == pytest.approx(-20, abs=0.1)


def test_coverage_counts_recordings_with_a_render_near_them() -> None:
    recordings = np.random.default_rng(1).standard_normal((30, 120))
    assert coverage(recordings, recordings) == (1, 0)
    assert coverage(recordings, recordings + 100)[0] == 0
    apart = recordings[:, :3] * 0.01 + np.repeat(np.eye(3) * 50, 10, axis=0)
    assert coverage(apart, apart[:10])[0] == pytest.approx(1 / 3, abs=0.01)
    assert statistics(noise()).shape == (120,)
    assert np.allclose(statistics(noise()), statistics(0.1 * noise()), atol=0.5)


@pytest.mark.parametrize("style", STYLES)
def test_bands_keep_to_their_style_or_have_none(style: str) -> None:
    bands = [Band.draw(style, Draws(seed)) for seed in range(30)]
    own = [band for band in bands if band.style == style]
    assert 15 <= len(own) < 30
    assert all(band.style is None for band in bands if band not in own)
    assert all(band.channels["drums"].program in PROGRAMS[style][0] for band in own)
    assert len({band.channels["chords"].program for band in own}) > 1
    assert {program for band in bands for program in [band.channels["drums"].program]} <= set(KIT_NAMES)
    channels = [channel for band in bands for channel in band.channels.values()]
    assert all(0 <= value <= 127 for c in channels for value in (c.volume, c.pan, c.reverb, c.chorus))


def test_a_note_ends_where_its_key_is_struck_again() -> None:
    events = _events([Note("lead", 0.0, 1.0, 60, 90), Note("lead", 0.5, 1.0, 60, 80)], 10 * RATE)
    half = int(0.5 * RATE) // 64 * 64
    assert [(at, on) for at, on, *_ in events] == [(0, 1), (half, 0), (half, 1), (int(1.5 * RATE) // 64 * 64, 0)]


def test_another_soundfont_under_the_same_name_is_refused(tmp_path: Path) -> None:
    for font in fonts.FONTS:
        (tmp_path / font.file).write_bytes(b"RIFF")
    with pytest.raises(fonts.FontError, match=r"another file.*musescore-general-soundfont-lossless"):
        fonts.find_fonts((tmp_path,))


def test_one_shots_are_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ShotError, match="sonic-pi-samples"):
        Shots(tmp_path)
    assert not any(name.startswith("loop_") for names in SHOTS.values() for name in names)


@needs_shots
def test_one_shots_play_where_the_score_says() -> None:
    notes = [Note("drums", 0.5, 0.1, 36, 100), Note("drums", 1.98, 0.1, 38, 100)]
    sound = Shots().play(notes, Draws(3), 2 * RATE)
    level = np.abs(sound).mean(0)
    assert sound.shape == (2, 2 * RATE)
    shots = Shots()
    for seed in range(20):
        kick = np.abs(shots.play(notes[:1], Draws(seed), 3 * RATE)).mean(0)
        starts = int(np.argmax(kick > 0.15 * kick.max())) / RATE
        assert 0.5 <= starts < 0.51  # within a quarter of a frame
    assert level[int(0.5 * RATE) : int(0.6 * RATE)].max() > 0.1
    assert level[: int(0.05 * RATE)].max() > 0.02  # the snare's tail, over the end
    assert level[int(1.9 * RATE) : int(1.97 * RATE)].max() < 0.1


@needs_band
def test_a_band_plays_the_pitch_and_the_time_of_a_note() -> None:
    assert FLUID is not None
    player = SoundfontPlayer(FLUID)
    band = Band.draw("jazz", Draws(1))
    notes = [Note("lead", 0.5, 0.4, 69, 110)]
    sound = player.play(notes, band.channels, 0.2, 50)
    assert sound.shape == (2, 50 * 1920)
    level = np.abs(sound).mean(0)
    assert level[: int(0.49 * RATE)].max() < 0.002
    assert level[int(0.5 * RATE) : int(0.9 * RATE)].max() > 0.02
    spectrum = np.abs(np.fft.rfft(sound.mean(0)[int(0.55 * RATE) : int(0.9 * RATE)], RATE))
    assert spectrum[436:444].max() > 5 * np.median(spectrum[300:420])
    player.close()


@needs_band
def test_every_program_sounds_at_the_pitch_of_its_key() -> None:
    assert FLUID is not None
    player, wrong = SoundfontPlayer(FLUID), {}
    for part, key in (("bass", 40), ("chords", 62), ("arp", 69), ("lead", 72)):
        number = PARTS.index(part)
        programs = {program for choices in (*PROGRAMS.values(), ANY) for program in choices[number]}
        for program in sorted(programs):
            channel = Channel(program, 110, 64, 0, 0, RAISED.get(program, 0))
            sound = player.play([Note(part, 0.0, 0.9, key, 100)], {part: channel}, 0.2, 30).mean(0)
            if abs(off := semitones_off(sound[6000:40_000], key)) > 0.4:
                wrong[program] = off
    assert wrong == {}
    player.close()


@needs_band
def test_a_band_sounds_the_same_whatever_was_played_before() -> None:
    assert FLUID is not None
    player = SoundfontPlayer(FLUID)
    score, band = compose_score("disco", 3, 2.4), Band.draw("disco", Draws(2))
    assert any(channel.chorus for channel in band.channels.values())
    first = player.play(score.notes, band.channels, band.room, score.frames)
    player.play(compose_score("rock", 1, 1.6).notes, Band.draw("rock", Draws(3)).channels, 0.9, 40)
    assert np.array_equal(player.play(score.notes, band.channels, band.room, score.frames), first)
    player.close()


@needs_band
@needs_shots
@pytest.mark.parametrize("source", ["synth", "band", "hybrid"])
def test_every_source_renders_every_part_with_its_tags(source: str) -> None:
    assert FLUID is not None
    studio = Studio({font.name: FLUID for font in fonts.FONTS}, Shots())
    score: Score = compose_score("disco", 4, 2.4)
    heard = {part for part in PARTS if score.of(part)}
    for seed in range(2):
        sound, tags = studio.render(score, source, Draws(seed))
        assert sound.shape == (2, 60 * 1920)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0.01
        assert set(tags.families) == heard
        assert set(tags.families.values()) <= set(PLAYERS)
        assert tags.kit in (*SLOTS["kit"], None)
        assert (tags.source, tags.font is None) == (source, source == "synth")
        assert 0 <= tags.room <= 1
