"""The exact hints of a score: what sounds in each frame, 25 frames a second.

Columns of a frame: piano roll of the tonal parts (60 keys from E1 up), pitch class of the bass (12), keys of the lead
(48 from C3 up), six classes of drums at four moments each (24, moment by moment). A number is the velocity, 0 to 1, in
the frame in which a note starts, and 0.6 times the velocity in the frames in which it sounds on.
"""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Array, Samples
from demon_patch.engine.families.nano.score.notes import DRUM_CLASSES, FRAME_RATE, Score, drum_class

ROLL_LOW, ROLL_KEYS = 28, 60
LEAD_LOW, LEAD_KEYS = 48, 48
MOMENTS = 4
BASS_CLASSES = 12
ROLL = slice(0, ROLL_KEYS)
BASS = slice(ROLL_KEYS, ROLL_KEYS + BASS_CLASSES)
LEAD = slice(BASS.stop, BASS.stop + LEAD_KEYS)
DRUMS = slice(LEAD.stop, LEAD.stop + len(DRUM_CLASSES) * MOMENTS)
SCORE_CHANNELS = DRUMS.stop
"""Columns of the score hints: 144."""

SUSTAIN = 0.6


def score_hints(score: Score) -> Samples:
    """Returns the hints of a score as a loop, float32 [frames, 144], 0 to 1."""
    starting, sounding = _levels(score)
    return np.maximum(SUSTAIN * sounding, starting).astype(np.float32)


def score_levels(score: Score) -> tuple[Samples, Samples]:
    """Returns the velocities 0 to 1 of what starts and of what sounds in a score as a loop, float32 [frames, 144] each.

    A note starts in the frame (a drum stroke in the quarter of a frame) that contains its start, and sounds on in the
    frames of which it fills at least half. Notes outside the range of the roll or of the lead are left out of it. A
    stroke only starts.
    """
    starting, sounding = _levels(score)
    return starting.astype(np.float32), sounding.astype(np.float32)


def _levels(score: Score) -> tuple[Array, Array]:
    starting = np.zeros((score.frames, SCORE_CHANNELS))
    sounding = np.zeros_like(starting)
    for note in score.notes:
        level = note.velocity / 127
        if note.part == "drums":
            frame, moment = divmod(int(note.start * FRAME_RATE * MOMENTS), MOMENTS)
            column = DRUMS.start + moment * len(DRUM_CLASSES) + drum_class(note.pitch)
            at = frame % score.frames
            starting[at, column] = max(starting[at, column], level)
            continue
        first = int(note.start * FRAME_RATE)
        last = min(max(round((note.start + note.length) * FRAME_RATE), first + 1), first + score.frames)
        frames = np.arange(first, last) % score.frames
        for column in _columns(note.part, note.pitch):
            sounding[frames, column] = np.maximum(sounding[frames, column], level)
            starting[frames[0], column] = max(starting[frames[0], column], level)
    return starting, sounding


def _columns(part: str, pitch: int) -> list[int]:
    found = []
    if 0 <= pitch - ROLL_LOW < ROLL_KEYS:
        found.append(ROLL.start + pitch - ROLL_LOW)
    if part == "bass":
        found.append(BASS.start + pitch % 12)
    if part == "lead" and 0 <= pitch - LEAD_LOW < LEAD_KEYS:
        found.append(LEAD.start + pitch - LEAD_LOW)
    return found
