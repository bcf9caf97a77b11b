"""Composes scores: a song of an exact length that loops, from a style, a seed and what is asked for."""

from __future__ import annotations

from dataclasses import replace

from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.drumming import draw_drums
from demon_patch.engine.families.nano.score.feel import STEPS, Feel
from demon_patch.engine.families.nano.score.habits import HABITS, STYLES
from demon_patch.engine.families.nano.score.lines import draw_arp, draw_bass, draw_chords, draw_lead
from demon_patch.engine.families.nano.score.notes import FRAME_RATE, Note, Score
from demon_patch.engine.families.nano.score.plan import draw_plan
from demon_patch.engine.families.nano.score.wishes import SONG, Odds, Wishes

_WRITERS = (draw_drums, draw_bass, draw_chords, draw_arp, draw_lead)


def compose_score(
    style: str | None, seed: int, seconds: float, wishes: Wishes | None = None, odds: Odds = SONG
) -> Score:
    """Returns a score that fills `seconds` (rounded to frames of 1/25 s) with whole bars; equal arguments give equal
    scores.

    Each part is drawn from a stream of its own, so a wish for or against one part leaves the other parts unchanged.

    style: one of STYLES, or None for one drawn from the seed. Raises ValueError for any other.
    """
    draws = Draws(seed, 2)
    drawn = draws.pick(STYLES)
    style = style or drawn
    if style not in HABITS:
        raise ValueError(f"{style!r} is no style: use one of {', '.join(STYLES)}")
    habit = HABITS[style]
    frames = max(round(seconds * FRAME_RATE), 1)
    plan, bpm = draw_plan(draws, style, habit, frames, wishes or Wishes(), odds)
    feel_seed = draws.seed()
    notes: list[Note] = []
    for number, write in enumerate(_WRITERS):
        feel = Feel(Draws(feel_seed), Draws(feel_seed, number, 1), habit, frames / FRAME_RATE, plan.bars * STEPS)
        notes += write(Draws(feel_seed, number), plan, feel)
    ordered = sorted((_settled(note, frames) for note in notes), key=lambda note: (note.start, note.part, note.pitch))
    return Score(style, seed, frames, plan.bars, bpm, plan.tonality.key, plan.tonality.mode, tuple(ordered))


def _settled(note: Note, frames: int) -> Note:
    """Returns a note whose times are whole microseconds, so that a score read from its file equals the score
    written."""
    start = round(note.start, 6)
    return replace(note, start=0.0 if start >= frames / FRAME_RATE else start, length=round(note.length, 6))
