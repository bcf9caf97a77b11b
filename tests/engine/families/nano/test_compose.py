"""Composer and synthesiser: exact lengths, whole bars, loops, and what the tags ask for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.engine.families.nano.compose import compose, compose_song, render
from demon_patch.engine.families.nano.compose.composition import whole_bars
from demon_patch.engine.families.nano.compose.patterns import HABITS
from demon_patch.engine.families.nano.tags import INSTRUMENTS, STYLES, Tags, parse
from tests.support.effort import examples
from tools.train_nano.judges import onset_correlation


@pytest.mark.parametrize("style", STYLES)
def test_every_style_fills_its_frames_with_whole_bars(style: str) -> None:
    song = compose_song(Tags(style), 302, 4)
    assert song.audio.shape == (302 * 1280,)
    assert song.audio.dtype == np.float32
    assert np.isfinite(song.audio).all()
    assert 0.02 < np.sqrt(np.square(song.audio).mean()) < 0.4
    assert np.abs(song.audio).max() <= 1
    bars = song.bpm * 302 / 25 / 60 / 4
    assert bars == pytest.approx(song.composition.bars, abs=1e-9)
    assert song.composition.bars == round(bars)
    assert song.downbeat == 0.0
    assert style in song.title


def test_equal_seeds_give_equal_samples_and_others_do_not() -> None:
    first, again, other = (compose_song(Tags("dnb"), 200, seed).audio for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("style", STYLES)
def test_songs_loop(style: str) -> None:
    audio = compose_song(Tags(style), 200, 8).audio
    step = np.abs(np.diff(audio))
    assert abs(audio[0] - audio[-1]) <= step.max()
    turned = np.roll(audio, 12000)  # the downbeat at the seam is not silenced, nor is what sounds before it
    before = np.sqrt(np.square(turned[8000:12000]).mean())
    assert before > 0.05 * np.sqrt(np.square(audio).mean())


def test_tails_run_over_the_seam() -> None:
    """A kick just before the end of the loop is heard at its start."""
    score = compose(np.random.default_rng(0), 200, Tags("techno", instruments=dict.fromkeys(INSTRUMENTS[1:], False)))
    last = np.zeros(16, np.float32)
    last[15] = 1.0
    quiet = {name: np.zeros(16, np.float32) for name in score.drums}
    alone = {**quiet, "kick": last}
    drums = dict(score.drums)
    try:
        score.drums.update(alone)
        audio = render(score, "techno", 200, 1)
    finally:
        score.drums.update(drums)
    assert np.sqrt(np.square(audio[:4000]).mean()) > 0.3 * np.sqrt(np.square(audio[-4000:]).mean())


def test_tags_are_kept_to() -> None:
    tags, _ = parse("acid in e phrygian at 130 bpm with bass, no drums")
    for seed in range(10):
        song = compose_song(tags, 600, seed) if seed == 0 else None
        score = song.composition if song else compose(np.random.default_rng(seed), 600, tags)
        assert (score.style, score.mode, score.key) == ("acid", "phrygian", 4)
        assert score.bpm == 130.0
        assert not score.arrangement[:, 0].any()
        assert score.arrangement[:, 1].all()


def test_a_song_is_never_silent_unless_asked_to() -> None:
    for seed in range(60):
        score = compose(np.random.default_rng(seed), 400, Tags(STYLES[seed % 8], instruments={"chords": False}))
        assert score.arrangement.any(axis=1).all()
        assert not score.arrangement[:, 2].any()
    silent = compose(np.random.default_rng(0), 200, Tags(instruments=dict.fromkeys(INSTRUMENTS, False)))
    assert not silent.arrangement.any()
    assert np.isfinite(render(silent, "techno", 200, 0)).all()


@given(st.integers(100, 750), st.sampled_from(sorted(HABITS)), st.floats(0, 1))
@settings(max_examples=examples(60))
def test_tempo_stays_near_what_was_drawn(pairs: int, style: str, where: float) -> None:
    low, high = HABITS[style].bpm
    bpm = low + where * (high - low)
    bars, found = whole_bars(pairs * 2, bpm, (low, high))
    minutes = pairs * 2 / 25 / 60
    assert found * minutes / 4 == pytest.approx(bars)
    assert low <= found <= high or abs(found - bpm) <= 2 / minutes + 1e-9


def test_one_composition_in_two_styles_keeps_its_onsets() -> None:
    score = compose(np.random.default_rng(5), 200, Tags("techno", instruments={"drums": True}))
    first, second = render(score, "techno", 200, 1), render(score, "synthwave", 200, 2)
    stranger = compose_song(Tags("hiphop"), 200, 9).audio
    assert onset_correlation(first, second) > 0.5
    assert onset_correlation(first, stranger) < onset_correlation(first, second)
