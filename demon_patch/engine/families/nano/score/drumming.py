"""The drums of a score: a groove, fills and crashes."""

from __future__ import annotations

from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.feel import STEPS, Feel
from demon_patch.engine.families.nano.score.grooves import CRASHES, FILLS, GROOVES, LEVELS, STROKES, VOICES, voices_of
from demon_patch.engine.families.nano.score.notes import Note
from demon_patch.engine.families.nano.score.plan import Plan

_FREE_VOICES = "ksch" + "oprdtmgul"


def draw_drums(draws: Draws, plan: Plan, feel: Feel) -> list[Note]:
    """Returns the drum notes of a whole song."""
    groove = voices_of(draws.pick(GROOVES[plan.style]))
    if draws.chance(0.1):
        groove = voices_of(draws.pick([text for texts in GROOVES.values() for text in texts]))
    if plan.free_rhythms:
        groove = _free(draws)
    kept = {letter for letter in groove if draws.chance(0.9)} or set(groove)
    fills, crashes = draws.chance(0.6), draws.chance(0.45)
    sparse = draws.between(0, 0.12)
    found: list[Note] = []
    for bar in range(plan.bars):
        if not plan.plays(bar, "drums"):
            continue
        ends = (plan.place(bar) + 1) % plan.phrase == 0
        filled = voices_of(draws.pick(FILLS)) if fills and ends and draws.chance(0.8) else {}
        from_step = STEPS - max((len(text) for text in filled.values()), default=0)
        for letter, text in groove.items():
            if letter in kept:
                bars = max(len(text) // STEPS, 1)
                start = plan.place(bar) % bars * STEPS
                cut = from_step if letter in "scrlni" else STEPS
                omitted = sparse if letter in "hodmtug" else 0.0
                found += _strokes(draws, feel, VOICES[letter], text[start : start + STEPS][:cut], bar * STEPS, omitted)
        for letter, text in filled.items():
            found += _strokes(draws, feel, VOICES[letter], text, bar * STEPS + from_step, 0.0)
        if crashes and plan.place(bar) % plan.phrase == 0:
            found.append(_hit(feel, draws.pick(CRASHES), bar * STEPS, 0.9, 1.0))
    return found


def _strokes(draws: Draws, feel: Feel, key: int, text: str, start: int, omitted: float) -> list[Note]:
    """Returns the notes of one voice from step `start` on; a share `omitted` of them is left out."""
    found = []
    for place, mark in enumerate(text):
        if mark not in LEVELS or (omitted and draws.chance(omitted)):
            continue
        strokes = STROKES.get(mark, 1)
        found += [_hit(feel, key, start + place + n / strokes, LEVELS[mark] * 0.92**n, 0.2) for n in range(strokes)]
    return found


def _hit(feel: Feel, key: int, step: float, level: float, seconds: float) -> Note:
    return Note("drums", feel.time("drums", step), seconds, key, feel.velocity("drums", level, step))


def _free(draws: Draws) -> dict[str, str]:
    """Returns patterns for two to five voices, each with strokes spread evenly over one or two bars and rotated at
    random."""
    letters = ["k", *draws.some(_FREE_VOICES[1:], draws.whole(1, 4))]
    return {letter: _even(draws, STEPS * draws.pick((1, 1, 2)), "k" in letter) for letter in letters}


def _even(draws: Draws, steps: int, rooted: bool) -> str:
    count = draws.whole(2, steps // 2)
    turn = 0 if rooted else draws.whole(0, steps - 1)
    marks = ["."] * steps
    for n in range(count):
        marks[(n * steps // count + turn) % steps] = draws.pick("xo-", (0.5, 0.35, 0.15))
    return "".join(marks)
