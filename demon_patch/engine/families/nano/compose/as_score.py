"""A composition as notes: for another synthesizer that plays it, and for a model that reads scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.compose.composition import STEPS_PER_BAR, Composition
from demon_patch.engine.families.nano.compose.instruments import (
    SILENT,
    StepGrid,
    Voice,
    arp_voice,
    bass_voice,
    chord_voices,
    drum_levels,
    lead_voice,
)
from demon_patch.engine.families.nano.compose.styles import SOUNDS, Style
from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE
from demon_patch.engine.families.nano.score.notes import Note, Score
from demon_patch.engine.families.nano.spec import SPEC

_KEYS = {"kick": 36, "snare": 38, "hat": 42, "open_hat": 46}
_STROKE = 0.1  # seconds
_FADES = 2.2  # time constants after which a note is not heard any more


def score_of(composition: Composition, frames: int, seed: int) -> Score:
    """Returns the notes of a composition, at the times at which `render` plays them in the composition's own style.

    frames: latent frames of the loop. seed: of the song.
    """
    grid, style = StepGrid(composition, frames * SPEC.samples_per_frame), SOUNDS[composition.style]
    notes = [*_drums(composition, grid), *_bass(composition, style, grid), *_chords(composition, style, grid)]
    notes += [*_arp(composition, style, grid), *_lead(composition, style, grid)]
    ordered = tuple(sorted(notes, key=lambda note: (note.start, note.part, note.pitch)))
    return Score(
        composition.style, seed, frames, composition.bars, composition.bpm, composition.key, composition.mode, ordered
    )


def _drums(composition: Composition, grid: StepGrid) -> Iterator[Note]:
    for name, key in _KEYS.items():
        levels = drum_levels(composition, grid, name)
        for step in np.nonzero(levels > SILENT)[0].tolist():
            yield Note("drums", _second(grid, step), _STROKE, key, _velocity(levels[step]))


def _bass(composition: Composition, style: Style, grid: StepGrid) -> Iterator[Note]:
    voice = bass_voice(composition, grid)
    fade = 0.8 if style.long_bass else style.bass.decay * _FADES
    accents = composition.bass_accent[grid.beat_step[voice.triggers]]
    yield from _notes("bass", voice, grid, np.where(accents, 1.0, 0.7), fade)


def _chords(composition: Composition, style: Style, grid: StepGrid) -> Iterator[Note]:
    for voice in chord_voices(composition, style, grid):
        fade = STEPS_PER_BAR * grid.step_length / SAMPLE_RATE if style.chords.held else style.chords.release * _FADES
        yield from _notes("chords", voice, grid, np.full(len(voice.triggers), 0.75), fade)


def _arp(composition: Composition, style: Style, grid: StepGrid) -> Iterator[Note]:
    voice = arp_voice(composition, grid)
    levels = composition.arp_rhythm[grid.beat_step[voice.triggers]]
    yield from _notes("arp", voice, grid, levels, style.arp.decay * _FADES)


def _lead(composition: Composition, style: Style, grid: StepGrid) -> Iterator[Note]:
    voice = lead_voice(composition, grid)
    fade = 1.2 if style.long_lead else 0.6
    yield from _notes("lead", voice, grid, np.full(len(voice.triggers), 0.8), fade)


def _notes(part: str, voice: Voice, grid: StepGrid, levels: Samples, fade: float) -> Iterator[Note]:
    """Yields the notes of a voice: each lasts until the next one, round the loop, and at most `fade` seconds."""
    starts = [_second(grid, step) for step in voice.triggers.tolist()]
    ends = [*starts[1:], starts[0] + grid.samples / SAMPLE_RATE] if starts else []
    for start, end, pitch, level in zip(starts, ends, voice.notes, levels, strict=True):
        yield Note(part, start, round(min(end - start, fade), 6), int(pitch), _velocity(level))


def _second(grid: StepGrid, step: int) -> float:
    return round(float(grid.position[step]) / SAMPLE_RATE, 6)


def _velocity(level: float) -> int:
    return int(np.clip(round(127 * float(level)), 1, 127))
