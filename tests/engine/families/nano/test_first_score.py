"""The first composer's songs as notes: those that its own synthesizer plays, at the same times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import soxr

from demon_patch.engine.families.nano.compose import compose, compose_song, first_score
from demon_patch.engine.families.nano.compose.instruments import StepGrid, bass_voice, lead_voice
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.synth import played
from demon_patch.engine.families.nano.tags import STYLES, parse
from tools.train_nano.judges import onset_correlation

FRAMES = 300


@pytest.mark.parametrize("style", STYLES)
def test_it_is_heard_where_the_song_of_nano_is_heard(style: str) -> None:
    song = compose_song(parse(f"{style}, drums, bass")[0], FRAMES, 5)
    score = first_score(f"{style}, drums, bass", FRAMES, 5)
    assert (score.style, score.bars, score.key, score.mode) == (
        style, song.composition.bars, song.composition.key, song.composition.mode,
    )  # fmt: skip
    assert score.bpm == song.bpm
    sound = played(score).audio.mean(0)
    assert sound.shape == (FRAMES * 1920,)
    assert onset_correlation(soxr.resample(sound, 48000, 32000).astype(np.float32), song.audio) > 0.6
    other = played(first_score(f"{style}, drums, bass", FRAMES, 6)).audio.mean(0)
    assert not np.array_equal(sound, other)


@pytest.mark.parametrize("seed", range(4))
def test_bass_and_lead_are_those_of_the_composition(seed: int) -> None:
    text = "synthwave, bass, lead, 100 bpm"
    score = first_score(text, FRAMES, seed)
    composition = compose(np.random.default_rng(seed), FRAMES, parse(text)[0])
    grid = StepGrid(composition, FRAMES * SPEC.samples_per_frame)
    for part, voice in (("bass", bass_voice(composition, grid)), ("lead", lead_voice(composition, grid))):
        notes = score.of(part)
        assert [note.pitch for note in notes] == list(voice.notes)
        starts = [note.start * SPEC.sample_rate for note in notes]
        assert starts == pytest.approx(grid.position[voice.triggers].tolist(), abs=0.05)
        assert all(a.start + a.length <= b.start + 1e-5 for a, b in pairwise(notes))


def test_an_excluded_part_is_silent_and_velocities_are_those_of_midi() -> None:
    score = first_score("house, no drums", FRAMES, 1)
    assert not score.played()["drums"]
    assert all(1 <= note.velocity <= 127 and 0 <= note.start < score.seconds for note in score.notes)
    assert first_score("house, no drums", FRAMES, 1) == score
