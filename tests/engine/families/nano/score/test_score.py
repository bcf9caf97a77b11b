"""Scores: equal for equal seeds, within the loop, as asked for; the hints say where each note starts."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from demon_patch.engine.families.nano.score import (
    PARTS,
    SCORE_CHANNELS,
    STYLES,
    TRAINING,
    Note,
    Score,
    Wishes,
    compose_score,
    drum_class,
    score_hints,
)
from demon_patch.engine.families.nano.score.grooves import FILLS, GROOVES, LEVELS, voices_of
from demon_patch.engine.families.nano.score.habits import HABITS
from demon_patch.engine.families.nano.score.harmony import MODES, SCALES, voiced
from demon_patch.engine.families.nano.score.roll import BASS, DRUMS, LEAD, LEAD_LOW, ROLL, ROLL_LOW

KNOWN = "4ddfbe5f22950373"


def one(*notes: Note, frames: int = 100) -> Score:
    return Score("house", 0, frames, 2, 120.0, 0, "minor", notes)


def test_equal_seeds_give_equal_scores_and_a_score_comes_back_from_its_file() -> None:
    first = compose_score("jazz", 5, 16)
    assert compose_score("jazz", 5, 16) == first
    assert compose_score("jazz", 6, 16) != first
    assert Score.from_json(json.loads(json.dumps(first.as_json()))) == first


def test_known_seeds_keep_their_notes() -> None:
    """Old patches keep their songs: the digest changes only together with the version of the composer."""
    scores = [compose_score(style, seed, 16).as_json() for style in STYLES for seed in range(3)]
    assert hashlib.sha256(json.dumps(scores).encode()).hexdigest()[:16] == KNOWN


@pytest.mark.parametrize("style", STYLES)
def test_every_style_fills_the_loop_with_whole_bars_at_its_tempo(style: str) -> None:
    for seed in range(4):
        score = compose_score(style, seed, 20)
        assert score.bpm == pytest.approx(score.bars * 4 * 60 / 20)
        slowest, fastest = HABITS[style].bpm
        assert slowest <= score.bpm <= fastest
        assert all(0 <= note.start < 20 and 0 < note.length <= 20 for note in score.notes)
        assert all(1 <= note.velocity <= 127 and 28 <= note.pitch < 88 for note in score.notes)
        assert score.of("bass", "chords", "arp", "lead")


def test_a_style_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'polka' is no style: use one of techno"):
        compose_score("polka", 0, 10)


def test_wishes_are_kept() -> None:
    for seed in range(12):
        parts = dict.fromkeys(PARTS, True) | {"drums": False}
        score = compose_score("rock", seed, 16, Wishes("phrygian", 9, 135.0, parts), TRAINING)
        assert (score.mode, score.key) == ("phrygian", 9)
        assert score.bpm == pytest.approx(135, rel=0.01)
        assert score.played() == parts


def test_drums_are_alone_only_where_that_is_asked_for() -> None:
    for seed in range(40):
        assert compose_score(None, seed, 8, Wishes(parts={"drums": True})).of("bass", "chords", "arp", "lead")
    alone = compose_score("funk", 1, 8, Wishes(parts=dict.fromkeys(PARTS, False) | {"drums": True}))
    assert {note.part for note in alone.notes} == {"drums"}


def test_tonal_parts_keep_to_the_scale() -> None:
    for seed in range(8):
        score = compose_score(None, seed, 12)
        scale = {(score.key + step) % 12 for step in SCALES[score.mode]}
        outside = [note for note in score.of("chords", "arp", "lead") if note.pitch % 12 not in scale]
        assert outside == []


def test_training_scores_are_wide() -> None:
    scores = [compose_score(None, seed, 10 + seed % 7, odds=TRAINING) for seed in range(300)]
    counts = [sum(score.played().values()) for score in scores]
    assert 0.08 < np.mean([count <= 2 for count in counts]) < 0.16
    assert 0 in counts
    assert 0.08 < np.mean([not score.played()["drums"] for score in scores]) < 0.18
    assert {score.mode for score in scores} == set(MODES)
    assert {score.style for score in scores} == set(STYLES)
    assert {score.key for score in scores} == set(range(12))
    tempi = [score.bpm for score in scores]
    assert min(tempi) < 70
    assert max(tempi) > 175


def test_patterns_are_whole_bars() -> None:
    for text in (text for texts in GROOVES.values() for text in texts):
        for pattern in voices_of(text).values():
            assert len(pattern) in (16, 32)
            assert set(pattern) <= {*LEVELS, "."}
    assert all(len(pattern) <= 8 for text in FILLS for pattern in voices_of(text).values())
    for habit in HABITS.values():
        assert {len(rhythm) for rhythm in habit.bass} == {16}
        assert {len(rhythm) for rhythm in habit.chords} <= {1, 18}
        assert sum(habit.modes) == pytest.approx(1)


def test_inversions_move_little() -> None:
    assert voiced([0, 4, 7], None, 48, True) == [48, 52, 55]
    assert voiced([5, 9, 12], [48, 52, 55], 48, True) == [48, 53, 57]
    assert voiced([5, 9, 12], [48, 52, 55], 48, False) == [53, 57, 60]


def test_hints_say_where_a_note_starts_and_sounds_on() -> None:
    hints = score_hints(one(Note("lead", 0.49, 0.2, 72, 127), Note("bass", 3.9, 0.2, 40, 127)))
    assert hints.shape == (100, SCORE_CHANNELS)
    roll = hints[:, ROLL][:, 72 - ROLL_LOW]
    assert np.flatnonzero(roll).tolist() == [12, 13, 14, 15, 16]
    assert roll[12] == 1
    assert roll[13] == pytest.approx(0.6)
    assert np.array_equal(hints[:, LEAD][:, 72 - LEAD_LOW], roll)
    bass = hints[:, BASS][:, 4]
    assert np.flatnonzero(bass).tolist() == [0, 1, 97, 98, 99]
    assert bass[97] == 1


def test_a_note_struck_again_has_an_onset_of_its_own() -> None:
    hints = score_hints(one(Note("chords", 0.0, 0.4, 60, 127), Note("chords", 0.2, 0.2, 60, 64)))
    roll = hints[:, ROLL][:, 60 - ROLL_LOW]
    assert roll[4] == pytest.approx(0.6)
    assert roll[5] == pytest.approx(max(0.6, 64 / 127))


def test_drums_are_placed_within_a_quarter_of_a_frame() -> None:
    hints = score_hints(one(Note("drums", 1.03, 0.1, 36, 127), Note("drums", 1.0, 0.1, 49, 64)))
    strokes = hints[:, DRUMS].reshape(100, 4, 6)
    assert np.argwhere(strokes).tolist() == [[25, 0, 5], [25, 3, 0]]
    assert [drum_class(key) for key in (36, 39, 42, 51, 45, 57)] == [0, 1, 2, 3, 4, 5]


def test_a_score_needs_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, demon_patch.engine.families.nano.score; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
