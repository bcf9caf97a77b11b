"""Nodes that put a movement into steps."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import clamp, floor, inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate_out, like, option, value

SCALES = (
    "chromatic", "major", "minor", "harmonic_minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian",
    "major_pentatonic", "minor_pentatonic", "suspended", "octatonic", "whole_tone", "major_triad", "minor_triad",
    "fifths", "octaves",
)  # fmt: skip

_HYSTERESIS = "How far past the border the signal goes before the next step: share of a step between both ways."


@node(
    "quantise",
    "Quantise",
    "Makes a gliding movement go in equal steps, with a hit at each and none for a little noise.",
    out=(
        like("x", doc="The nearest of the levels."),
        gate_out("gate", doc="A trigger with every change of level, and at first."),
    ),
    category="shape",
    display="transfer",
    tags=("quantize", "steps", "levels", "grid", "round", "staircase"),
)
def quantise(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    lo: float = value(0, -inf, inf, doc="The lowest level."),
    hi: float = value(1, -inf, inf, doc="The highest level."),
    levels: float = value(5, 2, 128, unit="levels", taper="int", doc="How many, lo and hi included."),
    hysteresis: float = value(0.2, 0, 0.9, unit="steps", doc=_HYSTERESIS),
    *,
    last: float = -1.0,
):
    """lo + (hi - lo) * i / (levels - 1), i the nearest whole number; a range of no width gives lo.

    A level stays until the signal is half a step and half the hysteresis away from it.
    """
    span = hi - lo
    u = (x - lo) / (span if span != 0 else 1)
    place = clamp(u, 0, 1) * (levels - 1) if span != 0 else 0
    stays = 1 if hysteresis > 0 and last >= 0 and abs(place - last) < 0.5 + hysteresis / 2 else 0
    i = min(last, levels - 1) if stays > 0 else floor(place + 0.5)
    moved = 1 if i != last else 0
    return lo + span * i / (levels - 1), (moved, moved), i


@node(
    "scale_quantise",
    "Scale Quantise",
    "Bends a movement to the nearest notes of a scale, with a hit at each new one and none for a little noise.",
    out=(
        like("x", doc="The nearest note."),
        gate_out("gate", doc="A trigger with every new note, and at first."),
    ),
    category="shape",
    display="transfer",
    tags=("quantize", "pitch", "notes", "key", "tuning", "major", "minor", "pentatonic"),
)
def scale_quantise(
    t: Frame,
    x: float = value(0, -inf, inf, unit="semitones", doc="The pitch in semitones."),
    root: float = value(0, 0, 127, unit="semitones", taper="int", doc="Key note of the scale, in any octave; 0 is C."),
    hysteresis: float = value(0.2, 0, 0.9, unit="steps", doc=_HYSTERESIS),
    scale: str = option("major", *SCALES, doc="The notes that are left."),
    *,
    last: float = 0.0,
    begun: float = 0.0,
):
    """Note k of n in an octave is floor((12 * k + m) / n): the J function of Clough and Douthett, "Maximally even
    sets" (1991). Four scales have their notes from `bend` on raised or lowered. Half way takes the lower note, without
    a hysteresis; with one, a note stays until the signal is half of it past half way."""
    n = (12 if scale == "chromatic" else 8 if scale == "octatonic" else 6 if scale == "whole_tone"
         else 5 if scale in ("major_pentatonic", "minor_pentatonic", "suspended") else 2 if scale == "fifths"
         else 3 if scale in ("major_triad", "minor_triad") else 1 if scale == "octaves" else 7)  # fmt: skip
    m = (6 if scale == "lydian" else 5 if scale == "major" else 4 if scale in ("mixolydian", "octatonic")
         else 3 if scale in ("dorian", "minor_pentatonic") else 1 if scale == "phrygian"
         else 2 if scale in ("minor", "harmonic_minor", "suspended") else 0)  # fmt: skip
    bend = 10 if scale == "harmonic_minor" else 8 if scale == "major_triad" else 4 if scale == "minor_triad" else 6
    by = 1 if scale in ("harmonic_minor", "fifths") else -1 if scale in ("major_triad", "minor_triad") else 0
    p = x - root
    k = floor((n * (floor(p) + 1) - m - 1) / 12)
    under = floor((12 * k + m) / n)
    over = floor((12 * k + 12 + m) / n)
    low = under + (by if under % 12 >= bend else 0)
    high = over + (by if over % 12 >= bend else 0)
    bias = (1 if last == root + low else (-1 if last == root + high else 0)) if begun > 0 else 0
    y = root + (low if p - low <= high - p + (high - low) * hysteresis * bias else high)
    moved = 1 if begun < 1 or y != last else 0
    return y, (moved, moved), y, 1
