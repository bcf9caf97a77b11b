"""Turns what voices play at each latent frame into score hints (`nano.score`), and tells what parts such hints play."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from demon_patch.engine.families.nano.hints import CHROMA
from demon_patch.engine.families.nano.score.notes import DRUM_CLASSES, drum_class
from demon_patch.engine.families.nano.score.roll import (
    BASS,
    BASS_CLASSES,
    DRUMS,
    LEAD,
    LEAD_KEYS,
    LEAD_LOW,
    ROLL,
    ROLL_KEYS,
    ROLL_LOW,
    SCORE_CHANNELS,
    SUSTAIN,
)

RARE = 0.01
"""A part that sounds in a smaller share of a song's frames is taken for an error of a transcriber."""

_CLASS_OF = torch.tensor([drum_class(key) for key in range(128)])


def score_of(parts: Sequence[str], pitch: Tensor, sounding: Tensor, starting: Tensor, level: float) -> Tensor:
    """Returns score hints [T, 144] of voices, as `score.score_hints` has them for a score.

    parts: the part of each row: bass, lead, chords or drums. pitch: MIDI keys [parts, voices, T], of which the nearest
    whole one counts. sounding, starting: 1 where a note sounds, and where one begins, else 0 [parts, voices, T].
    level: the velocity of all notes, 0 to 1. A stroke of a drum is heard in the first quarter of its frame.
    """
    keys = pitch.round().long().clamp(0, 127)
    tonal = torch.maximum(sounding * (SUSTAIN * level), starting * level)
    score = torch.zeros(pitch.shape[-1], SCORE_CHANNELS)
    for row, part in enumerate(parts):
        for voice in range(pitch.shape[1]):
            key = keys[row, voice]
            if part == "drums":
                _lay(score[:, DRUMS][:, : len(DRUM_CLASSES)], _CLASS_OF[key], starting[row, voice] * level)
                continue
            _lay(score[:, ROLL], key - ROLL_LOW, tonal[row, voice] * _within(key - ROLL_LOW, ROLL_KEYS))
            if part == "bass":
                _lay(score[:, BASS], key % BASS_CLASSES, tonal[row, voice])
            elif part == "lead":
                _lay(score[:, LEAD], key - LEAD_LOW, tonal[row, voice] * _within(key - LEAD_LOW, LEAD_KEYS))
    return score


def with_told_harmony(hints: Tensor, score: Tensor, adds: bool) -> Tensor:
    """Returns structure hints [T, 37] whose chroma and bass chroma are the pitch classes of score hints [T, 144], where
    these have a bass: with it the harmony is told, which the clip's own would contradict. A lead without a bass is
    played over the harmony of the clip. adds: the told classes are added to the clip's."""
    bass = (score[:, BASS] > 0).float()
    if not bass.any():
        return hints
    octaves = (score[:, ROLL] > 0).float().reshape(len(score), -1, 12).amax(1)
    classes = torch.cat((octaves.roll(ROLL_LOW % 12, 1), bass), 1)
    said = hints.clone()
    said[:, CHROMA] = classes.maximum(hints[:, CHROMA]) if adds else classes
    return said


def parts_of(score: Tensor, least: float = 0.0) -> frozenset[str]:
    """Returns the parts that score hints [T, 144] play, each in more than a share `least` of the frames.

    Bass, lead and drums have columns of their own. What else is in the roll are chords where several keys sound at
    once. An arp cannot be told from chords, so it is taken to play wherever there is anything else.
    """
    sounds = score > 0
    bass, lead = sounds[:, BASS].sum(1), sounds[:, LEAD].sum(1)
    others = sounds[:, ROLL].sum(1) - bass - lead
    found = {"bass": bass > 0, "lead": lead > 0, "drums": sounds[:, DRUMS].any(1), "chords": others > 1}
    found["arp"] = others > 0
    return frozenset(part for part, frames in found.items() if frames.float().mean() > least)


def _within(column: Tensor, columns: int) -> Tensor:
    return ((column >= 0) & (column < columns)).float()


def _lay(into: Tensor, column: Tensor, level: Tensor) -> None:
    """Raises one column of each frame of `into` [T, columns] to a level [T], where it is lower."""
    at = column.clamp(0, into.shape[1] - 1)[:, None]
    into.scatter_(1, at, torch.maximum(into.gather(1, at), level[:, None]))
