"""Voices become the score hints that a score of the same notes has."""

from __future__ import annotations

import pytest
import torch

from demon_patch.engine.families.nano.score import PARTS as SONG_PARTS
from demon_patch.engine.families.nano.score import Note, Score, Wishes, compose_score, score_hints
from demon_patch.engine.families.nano2.told_score import parts_of, score_of, with_told_harmony

PARTS = ("bass", "lead", "chords", "drums")
FRAMES, LEVEL = 50, 0.8


def test_voices_are_heard_as_a_score_of_the_same_notes_is() -> None:
    played = [("bass", 0, 36, 0, 10), ("bass", 1, 26, 5, 4), ("lead", 0, 72, 3, 8), ("lead", 1, 98, 8, 2)]
    played += [("chords", voice, key, 20, 12) for voice, key in enumerate((60, 64, 67))]
    played += [("drums", 0, 36, 7, 1), ("drums", 1, 38, 7, 1), ("drums", 0, 42, 30, 1)]
    pitch, sounding, starting = (torch.zeros(4, 8, FRAMES) for _ in range(3))
    notes = []
    for part, voice, key, start, length in played:
        row = PARTS.index(part)
        pitch[row, voice, start : start + length] = key + 0.3
        sounding[row, voice, start : start + length] = 1
        starting[row, voice, start] = 1
        notes.append(Note(part, start / 25, length / 25, key, round(127 * LEVEL)))
    score = Score("house", 0, FRAMES, 1, 120.0, 0, "minor", tuple(notes))
    found = score_of(PARTS, pitch, sounding, starting, round(127 * LEVEL) / 127)
    assert found.count_nonzero() > 40
    torch.testing.assert_close(found, torch.from_numpy(score_hints(score)))


def test_silent_voices_are_an_empty_score() -> None:
    empty = torch.zeros(4, 8, FRAMES)
    score = score_of(PARTS, empty + 60, empty, empty, LEVEL)
    assert not score.any()
    assert parts_of(score) == frozenset()


def test_a_told_bass_takes_the_place_of_the_clips_harmony_in_its_hints() -> None:
    pitch = torch.tensor([[[40.0, 45.0, 60.0, 60.0]], [[71.0, 71.0, 64.0, 64.0]]])
    sounding = torch.tensor([[[1.0, 1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]])
    score = score_of(("bass", "lead"), pitch, sounding, torch.zeros(2, 1, 4), LEVEL)
    hints = torch.rand(4, 37, generator=torch.Generator().manual_seed(1))
    said = with_told_harmony(hints, score, False)
    assert [row.nonzero().flatten().tolist() for row in said[:, :24]] == [[4, 16], [9, 21], [0, 4, 12], [4]]
    assert torch.equal(said[:, 24:], hints[:, 24:])  # rhythm and loudness stay those of the clip
    both = with_told_harmony(hints, score, True)
    assert torch.equal(both[:, :24], said[:, :24].maximum(hints[:, :24]))
    lead = score_of(("lead",), pitch[1:], sounding[1:], torch.zeros(1, 1, 4), LEVEL)
    assert torch.equal(with_told_harmony(hints, lead, False), hints)


@pytest.mark.parametrize(
    "absent", [(), ("drums",), ("lead", "arp"), ("chords", "arp"), ("chords",), ("bass", "chords", "arp", "drums")]
)
def test_the_parts_of_a_composed_song_are_those_that_play(absent: tuple[str, ...]) -> None:
    wishes = Wishes(parts={part: part not in absent for part in SONG_PARTS})
    song = compose_score("synthwave", 3, 16.0, wishes)
    played = {note.part for note in song.notes}
    assert played == set(SONG_PARTS) - set(absent)
    score = torch.from_numpy(score_hints(song))
    assert parts_of(score) == played | ({"arp"} if "chords" in played else set())
    assert parts_of(score, 1.0) == frozenset()
