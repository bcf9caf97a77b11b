"""Note F1, and the notes that a score says it plays."""

from __future__ import annotations

import math

import numpy as np

from demon_patch.bench.notes import Note, f1
from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.tags import Tags
from tools.train_nano.notes import FRAMES, PARTS, written


def test_a_note_is_found_by_its_key_and_its_start() -> None:
    true = [Note(0.0, 60), Note(1.0, 64), Note(2.0, 67), Note(3.0, 60)]
    assert f1(true, true) == 1.0
    assert f1(true, [Note(0.05, 60), Note(1.07, 64), Note(2.0, 68)]) == 2 * 1 / 7
    assert f1(true, []) == 0.0
    assert math.isnan(f1([], true))


def test_a_note_is_found_once_and_the_most_pairs_are_made() -> None:
    assert f1([Note(0.0, 60)], [Note(0.0, 60), Note(0.01, 60)]) == 2 * 1 / 3
    # the first note could take either, the second one alone
    assert f1([Note(0.05, 60), Note(0.0, 60)], [Note(0.0, 60), Note(0.1, 60)]) == 1.0


def test_the_notes_that_are_written_are_in_the_render() -> None:
    """A lead alone: at each of its notes, the tone of the note is louder than those of a semitone beside it."""
    alone = {**dict.fromkeys(PARTS, False), "lead": True}
    song = compose_song(Tags("chiptune", instruments=alone), FRAMES, 5)
    notes, rate = written(song.composition, FRAMES), 32_000
    assert len(notes) > 8
    size = 4096
    for start, key in notes:
        at = round((start + 0.01) * rate)
        wave = np.resize(np.roll(song.audio, -at), size) * np.hanning(size)
        level = [
            abs(np.sum(wave * np.exp(-2j * np.pi * 440.0 * 2 ** ((key + beside - 69) / 12) / rate * np.arange(size))))
            for beside in (-1, 0, 1)
        ]
        assert level[1] == max(level)
