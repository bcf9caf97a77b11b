"""Reads what is typed into a field of a number: arithmetic with units, lengths of notes and pitches."""

from __future__ import annotations

import ast
import math
import operator
import re
from dataclasses import dataclass


class TypedError(ValueError):
    """A text is no number. Its words say what is wrong, for the player."""


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time, in beats or in seconds; the other is None."""

    beats: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A level in decibels."""

    decibels: float


@dataclass(frozen=True, slots=True)
class Share:
    """A percentage as a number: 40 % is 0.4."""

    share: float


Typed = float | Length | Level | Share

_LONGEST = 120
_NOTE = re.compile(r"^\s*(\d+)\s*/\s*(\d+)\s*([tdn])\s*$", re.IGNORECASE)
_PITCH = re.compile(r"^\s*([a-g])([#♯b♭]?)(-?\d)\s*$", re.IGNORECASE)
_UNIT = re.compile(r"(?<=[\d.)\s])\s*(%|[a-zA-Zµ]+)\s*$")
_THOUSAND = re.compile(r"(?<=[\d.])k(?![a-zA-Z])", re.IGNORECASE)
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_TIMES = {"t": 2 / 3, "d": 1.5, "n": 1.0}
_BEATS = {"beat": 1.0, "beats": 1.0}
_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 0.001}
_PLAIN = {"hz": 1.0, "khz": 1000.0, "st": 1.0, "semitones": 1.0, "bpm": 1.0, "steps": 1.0, "x": 1.0, "cycles": 1.0}

_TWO = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_CALLS = {"sqrt": math.sqrt, "abs": abs, "min": min, "max": max, "round": round, "log2": math.log2}


def evaluated(text: str, bpm: float | None = None, beats_per_bar: int = 4, *, pitch: bool = False) -> Typed:
    """Returns what a text means; raises TypedError.

    bpm, beats_per_bar: what the names bpm, beat (its seconds) and bar stand for. pitch: whether C4 is a pitch.
    """
    text = text.strip().replace("−", "-").replace("×", "*").replace("÷", "/")
    if not text:
        raise TypedError("type a number")
    if len(text) > _LONGEST:
        raise TypedError("that is too long")
    if note := _NOTE.match(text):
        if int(note[2]) == 0:
            raise TypedError("a note is no part of nothing")
        return Length(beats=4.0 * int(note[1]) / int(note[2]) * _TIMES[note[3].lower()])
    if pitch and (named := _PITCH.match(text)):
        shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[named[2].lower()]
        return float(12 * (int(named[3]) + 1) + _STEPS[named[1].lower()] + shift)
    if "," in text and "(" not in text:
        text = text.replace(",", ".")
    text = _THOUSAND.sub("e3", text)
    names = {"pi": math.pi, "bpm": bpm, "beat": None if bpm is None else 60.0 / bpm}
    names["bar"] = None if bpm is None else 60.0 / bpm * beats_per_bar
    unit = _UNIT.search(text)
    if unit is None or (unit[1].lower() in ("pi", "beat", "bar") and not text[: unit.start()].strip(" 0123456789.")):
        return _with_bars(text, names, beats_per_bar)
    return _with_unit(text[: unit.start()], unit[1], names, beats_per_bar)


def _with_bars(text: str, names: dict[str, float | None], beats_per_bar: int) -> Typed:
    """Reads a text without a unit, or such as "2 bar"."""
    if counted := re.match(r"^\s*(-?[\d.]+)\s*(bar|beat)\s*$", text):
        return Length(beats=float(_number(counted[1], names)) * (beats_per_bar if counted[2] == "bar" else 1))
    return _number(text, names)


def _with_unit(text: str, unit: str, names: dict[str, float | None], beats_per_bar: int) -> Typed:
    known = unit.lower()
    if known in names and re.search(r"[-+*/]\s*$", text):
        return _number(f"{text}{known}", names)
    value = _number(text, names)
    if known == "%":
        return Share(value / 100.0)
    if known in ("db", "lufs"):
        return Level(value)
    if known in _SECONDS:
        return Length(seconds=value * _SECONDS[known])
    if known in _BEATS or known in ("bar", "bars"):
        return Length(beats=value * (beats_per_bar if known.startswith("bar") else 1.0))
    if known in _PLAIN:
        return value * _PLAIN[known]
    raise TypedError(f"the unit {unit} is not known")


def _number(text: str, names: dict[str, float | None]) -> float:
    try:
        tree = ast.parse(text.strip().lower(), mode="eval")
        return float(_value(tree.body, names))
    except TypedError:
        raise
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise TypedError("that is no number") from None
    except ZeroDivisionError:
        raise TypedError("it divides by 0") from None
    except OverflowError:
        raise TypedError("that is too large") from None


def _value(part: ast.expr, names: dict[str, float | None]) -> float:
    if isinstance(part, ast.Constant) and isinstance(part.value, int | float) and not isinstance(part.value, bool):
        return float(part.value)
    if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub | ast.UAdd):
        value = _value(part.operand, names)
        return -value if isinstance(part.op, ast.USub) else value
    if isinstance(part, ast.BinOp) and type(part.op) in _TWO:
        found = _TWO[type(part.op)](_value(part.left, names), _value(part.right, names))
        if isinstance(found, complex):
            raise TypedError("that is no number")
        return found
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and not part.keywords:
        if part.func.id in _CALLS:
            return float(_CALLS[part.func.id](*(_value(given, names) for given in part.args)))
        raise TypedError(f"there is no function {part.func.id}")
    if isinstance(part, ast.Name):
        if part.id not in names:
            raise TypedError(f"{part.id} is not known")
        found = names[part.id]
        if found is None:
            raise TypedError("the tempo is not known")
        return found
    raise TypedError("that is no number")
