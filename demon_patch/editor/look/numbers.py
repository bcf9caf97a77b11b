"""Numbers of ports as people read and type them, and as places of a knob.

A port's number is in its unit. A knob stands at a position from 0 to 1; a range without ends is bent into it, so that
numbers near 0 have most of the way.
"""

from __future__ import annotations

import math
from typing import Protocol

from demon_patch.editor.look.typed import Length, Level, Share, TypedError, evaluated

SHORT = {"semitones": "st", "cycles": "", "place": "", "rows": "", "groups": "", "levels": "", "rounds/s": "/s"} | {
    "keys/bar": "/bar"
}
"""What a number's unit is written as, where that is not the unit itself."""
_BEND = 4.0  # the number of an unbounded port that lies a quarter of the way from the middle
_EDGE = 0.985  # how far an unbounded knob can be turned


class Ranged(Protocol):
    """A port or knob: a range with a taper and a unit."""

    @property
    def name(self) -> str: ...
    @property
    def lo(self) -> float: ...
    @property
    def hi(self) -> float: ...
    @property
    def taper(self) -> str: ...
    @property
    def unit(self) -> str: ...


def bounded(lo: float, hi: float) -> bool:
    """Returns whether a range has two ends."""
    return math.isfinite(lo) and math.isfinite(hi) and lo < hi


def position(number: float, lo: float, hi: float, taper: str) -> float:
    """Returns where a knob stands for a number: 0 to 1."""
    if not bounded(lo, hi):
        start = lo if math.isfinite(lo) else 0.0
        bent = math.atan((number - start) / _BEND) / math.pi
        return min(1.0, max(0.0, 2 * bent if math.isfinite(lo) else 0.5 + bent))
    number = min(hi, max(lo, number))
    if taper == "log":
        return math.log(number / lo) / math.log(hi / lo)
    return (number - lo) / (hi - lo)


def number(position: float, lo: float, hi: float, taper: str) -> float:
    """Returns the number at a knob's position, which is limited to 0 to 1; the inverse of `position`."""
    position = min(1.0, max(0.0, position))
    if not bounded(lo, hi):
        start = lo if math.isfinite(lo) else 0.0
        bent = position / 2 if math.isfinite(lo) else position - 0.5
        found = start + _BEND * math.tan(math.pi * min(_EDGE / 2, max(-_EDGE / 2, bent)))
        return min(hi, max(lo, found))
    if taper == "log":
        return min(hi, max(lo, lo * (hi / lo) ** position))
    found = lo + position * (hi - lo)
    return min(hi, max(lo, math.floor(found + 0.5))) if taper == "int" else found


def said(number: float, unit: str = "", taper: str = "linear") -> str:
    """Returns a number as it stands in a node: three or four figures, with a true minus and a short unit.

    A number with the family taper is a position of its knob, and is said in percent. Seconds below a tenth are said in
    milliseconds.
    """
    if not math.isfinite(number):
        return "∞" if number > 0 else "−∞" if number < 0 else "?"
    if taper == "family":
        number, unit = 100.0 * number, "%"
    elif unit == "s" and taper != "int" and 0 < abs(number) < 0.0995:
        number, unit = 1000.0 * number, "ms"
    text = f"{number:.0f}" if taper == "int" or unit in ("%", "ms") else _figures(number)
    if float(text) == 0:
        text = text.lstrip("-")
    unit = SHORT.get(unit, unit)
    joint = "" if unit.startswith("/") or not unit else " "
    return f"{text.replace('-', '−')}{joint}{unit}"


def _figures(number: float) -> str:
    size = abs(number)
    if size >= 1e6:
        return f"{number:.3g}"
    if size >= 99.95:
        return f"{number:.0f}"
    if size >= 9.995:
        return f"{number:.1f}"
    return f"{number:.2f}" if size >= 0.0995 or size < 0.0005 else f"{number:.3f}"


def exact(number: float, taper: str = "linear") -> str:
    """Returns a number as a field to type in shows it: all its figures, and a family number in percent. `parsed` reads
    it back."""
    if taper == "family":
        return f"{100 * number:.10g} %"
    return f"{number:.10g}"


def parsed(text: str, port: Ranged, bpm: float | None = None, beats_per_bar: int = 4) -> float | str:
    """Returns the number that a typed text means for a port, in the port's unit, limited to its range; or, as a string,
    what is wrong with the text.

    The text is arithmetic with numbers (2.5k, 1/3), units (-6 dB, 250 ms, 40 %, 2 Hz), lengths of notes (1/8t, 1/4d,
    1/16n: triplet, dotted, neither), pitches (C4) and the names bpm, beat and bar. In a port without a range from 0 to
    1, percents are shares of the knob's way. A length of a note is turned into the port's unit; for a rate, into cycles
    a beat.

    bpm: the tempo, which lengths of notes in seconds need.
    """
    try:
        found = evaluated(text, bpm, beats_per_bar, pitch=port.unit == "semitones")
        value = _in_unit(found, port, bpm, beats_per_bar)
    except TypedError as error:
        return str(error)
    if not math.isfinite(value):
        return "that is no finite number"
    if port.taper == "int":
        value = float(math.floor(value + 0.5))
    return min(port.hi, max(port.lo, value))


def _in_unit(found: float | Length | Level | Share, port: Ranged, bpm: float | None, beats_per_bar: int) -> float:
    if isinstance(found, Share):
        inside = (port.lo, port.hi) in ((0.0, 1.0), (-1.0, 1.0)) or not bounded(port.lo, port.hi)
        return found.share if inside else number(found.share, port.lo, port.hi, port.taper)
    if isinstance(found, Level):
        if port.unit in ("dB", "LUFS"):
            return found.decibels
        if port.unit:
            raise TypedError(f"this is in {port.unit}, not in dB")
        return 10.0 ** (found.decibels / 20.0)
    if isinstance(found, Length):
        return _length(found, port, bpm, beats_per_bar)
    return found


def _length(found: Length, port: Ranged, bpm: float | None, beats_per_bar: int) -> float:
    in_beats = port.unit == "beats" or (port.unit == "" and found.seconds is None)
    if port.unit in ("beats", "bars", "") and found.beats is None:
        if port.unit == "":
            return 1.0 / found.seconds if port.name == "rate" and found.seconds else found.seconds or 0.0
        if bpm is None:
            raise TypedError("the tempo is not known: type beats or bars")
        beats = (found.seconds or 0.0) * bpm / 60.0
    else:
        beats = found.beats or 0.0
    if in_beats and port.name == "rate":
        if beats == 0:
            raise TypedError("a rate has no length of 0")
        return 1.0 / beats
    if in_beats or port.unit == "beats":
        return beats
    if port.unit == "bars":
        return beats / beats_per_bar
    if port.unit == "s":
        if found.seconds is not None:
            return found.seconds
        if bpm is None:
            raise TypedError("the tempo is not known: type seconds")
        return beats * 60.0 / bpm
    raise TypedError(f"this is in {port.unit}, not a length")
