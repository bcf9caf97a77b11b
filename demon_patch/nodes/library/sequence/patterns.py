"""Rhythms: which steps strike."""

from __future__ import annotations

from typing import NamedTuple

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import bjorklund, choose, count, floor, pick
from demon_patch.nodes.language.declare import node, refuse
from demon_patch.nodes.language.migration import Migration
from demon_patch.nodes.language.ports import gate, gate_out, option, out, text, value
from demon_patch.nodes.language.shared_arithmetic import (
    MOVED_BY,
    gate_level,
    grid_offset,
    pulse_level,
    shift_sum,
    strokes_before,
    ticks_passed,
    wrapped,
)

MOST = 256  # steps of a written pattern
STROKE, ACCENT, TIE, RESTS, IGNORED = "x", "X", "_", ".-", " |\t\r\n"


class Steps(NamedTuple):
    """A written pattern by step: strokes before it (one entry more, for all); 1 where it sounds; 1 where it is an
    accent; 1 where the next step is tied to it."""

    before: tuple[float, ...]
    sound: tuple[float, ...]
    accent: tuple[float, ...]
    tied: tuple[float, ...]


def read_pattern(pattern: str) -> Steps:
    """The steps of a text: x stroke, X accent, _ the stroke before it sounds on, . or - rest; blanks and | are ignored.

    Raises PatchError with the place of the first character that is none of them.
    """
    signs = [sign for sign in pattern if sign not in IGNORED]
    for place, sign in enumerate(pattern, 1):
        if sign not in (STROKE, ACCENT, TIE, *RESTS, *IGNORED):
            raise refuse(
                f"{sign!r}, character {place} of {pattern[:40]!r}, is no step",
                "pattern",
                "write x for a stroke, X for an accent, _ to hold one on, . or - for a rest",
            )
    if not 1 <= len(signs) <= MOST:
        raise refuse(f"the pattern has {len(signs)} steps", "pattern", f"write 1 to {MOST}, for example x..x..x.")
    sound: list[float] = []
    for sign in signs:
        held = sign == TIE and bool(sound) and sound[-1] > 0
        sound.append(1.0 if sign in (STROKE, ACCENT) or held else 0.0)
    strokes = [sign in (STROKE, ACCENT) for sign in signs]
    tied = [on > 0 and following == TIE for on, following in zip(sound, [*signs[1:], signs[0]], strict=True)]
    return Steps(
        tuple(float(sum(strokes[:i])) for i in range(len(signs) + 1)),
        tuple(sound),
        tuple(float(sign == ACCENT) for sign in signs),
        tuple(map(float, tied)),
    )


@node(
    "pattern", "Pattern", "Plays a rhythm that is written down.",
    out=(
        gate_out("gate", doc="Rises with every stroke."), gate_out("accent", doc="Rises with the accents alone."),
        out("strength", 0, 1, doc="1 on an accent, half that on a stroke, 0 on a rest."),
    ),
    category="sequence", display="steps", tags=("rhythm", "drum", "text", "steps", "accent", "trigger", "groove"),
)  # fmt: skip
def pattern(
    t: Frame,
    pattern: Steps = text("x..x..x.", read=read_pattern, doc="x stroke, X accent, _ sounds on, . rest; of any length."),
    beats: float = value(0.25, 0.0625, 64, unit="beats", taper="log", doc="Length of a step (transport)."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of a step that the gate is high (transport)."),
    step: Gate = gate(doc="Plays the next step (gate)."),
    reset: Gate = gate(doc="The next step is the first; transport: begins there at once."),
    by: str = MOVED_BY,
    *, before: float = -1.0, free: float = 0.0, off: float = 0.0, last: float = -1.0, origin: float = 0.0,
    open: float = 0.0, stressed: float = 0.0, shown: float = -1.0,
):  # fmt: skip
    """Step floor(beat / beats) after the last reset, round and round; by gate, every rise at `step` moves on by one.

    A length that moves is taken as by Clock.
    """
    shift = grid_offset(t.beat, t.dbeat, before, beats, free, off)
    turn = t.beat / beats + shift + 1e-9
    begin = floor(turn) if reset.rises > 0 else origin
    stood = -1 if reset.rises > 0 else last
    place = turn - begin if by == "transport" else stood + step.rises
    n = floor(place)
    moved = ticks_passed(place, stood, t.dbeat / beats) if by == "transport" else step.rises
    length = count(pattern.sound)
    i = wrapped(n, length) if n >= 0 or by == "transport" else -1
    old = n + 1 - moved
    past = pick(pattern.before, wrapped(n + 1, length)) - pick(pattern.before, wrapped(old, length))
    rises = past + (floor((n + 1) / length) - floor(old / length)) * pick(pattern.before, length) if moved > 0 else 0
    sound = pick(pattern.sound, i) if i >= 0 else 0
    held = max(choose(by, transport=pulse_level(turn, width), gate=step.level), pick(pattern.tied, i))
    accent = pick(pattern.accent, i)
    level = gate_level(sound * held, rises, open)
    stress = gate_level(accent * level, rises, stressed)
    return (
        (level, rises), (stress, min(rises, 1) * accent), sound * (0.5 + 0.5 * accent),
        beats, shift_sum(free, t.beat, before, beats), shift, place, begin, level, stress, i,
    )  # fmt: skip


_START = (
    "Where the round begins. tidal: as Tidal, Strudel and most modules write it, 5 in 8 is x.xx.xx.; "
    "even: where the strokes are spread from the first step on, 5 in 8 is x.x.xx.x."
)
_EVEN = Migration(values=lambda old: {"start": "even", **old})


@node(
    "euclid", "Euclid", "Spreads strokes over a round of steps as evenly as they go, as many old rhythms do.",
    out=(gate_out("gate", doc="Rises with every stroke."), gate_out("rest", doc="Rises with every step between them.")),
    category="sequence", display="polygon",
    tags=("rhythm", "euclidean", "bjorklund", "steps", "drum", "tresillo", "trigger", "groove"),
    version=2, migrate={1: _EVEN},
)  # fmt: skip
def euclid(
    t: Frame,
    steps: float = value(8, 1, 64, unit="steps", taper="int", doc="Steps of the round."),
    strokes: float = value(3, 0, 64, taper="int", doc="Strokes in the round; beyond its steps, one on each."),
    rotation: float = value(0, 0, 63, unit="steps", taper="int", doc="Steps by which the strokes come later."),
    beats: float = value(0.25, 0.0625, 64, unit="beats", taper="log", doc="Length of a step (transport)."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of a step that the gate is high (transport)."),
    step: Gate = gate(doc="Plays the next step (gate)."),
    reset: Gate = gate(doc="The next step is the first; transport: begins there at once."),
    by: str = MOVED_BY,
    start: str = option("tidal", "tidal", "even", doc=_START),
    *, before: float = -1.0, free: float = 0.0, off: float = 0.0, last: float = -1.0, origin: float = 0.0,
    open: float = 0.0, resting: float = 0.0, shown: float = -1.0,
):  # fmt: skip
    """Even: step i, counted from 0, strikes where i * strokes / steps passes a whole number: 3 in 8 is x..x..x. either
    way. Tidal: the same round, begun where Bjorklund's algorithm begins it. Patches of before this choice are even.

    Step floor(beat / beats) after the last reset; by gate, every rise at `step` moves on by one. A length that moves is
    taken as by Clock.
    """
    shift = grid_offset(t.beat, t.dbeat, before, beats, free, off)
    turn = t.beat / beats + shift + 1e-9
    begin = floor(turn) if reset.rises > 0 else origin
    stood = -1 if reset.rises > 0 else last
    place = turn - begin if by == "transport" else stood + step.rises
    n = floor(place)
    moved = ticks_passed(place, stood, t.dbeat / beats) if by == "transport" else step.rises
    filled = min(strokes, steps)
    at = n - rotation + choose(start, tidal=bjorklund(filled, steps), even=0)
    rises = strokes_before(at + 1, steps, filled) - strokes_before(at + 1 - moved, steps, filled) if moved > 0 else 0
    strikes = 1 if wrapped(at * filled, steps) < filled else 0
    held = choose(by, transport=pulse_level(turn, width), gate=step.level) if n >= 0 or by == "transport" else 0
    level = gate_level(held * strikes, rises, open)
    rest = gate_level(held * (1 - strikes), moved - rises, resting)
    summed = shift_sum(free, t.beat, before, beats)
    mark = wrapped(n, steps) if n >= 0 or by == "transport" else -1
    return (level, rises), (rest, moved - rises), beats, summed, shift, place, begin, level, rest, mark
