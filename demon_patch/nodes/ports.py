"""Ports and outputs of a declaration, and the constructors that stand as a body's default values."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from demon_patch.engine.controls import Taper

PortType = Literal[
    "value", "gate", "curve", "surface", "prompt", "source", "ring", "audio", "option", "text", "points", "path"
]
OutType = Literal["value", "gate", "curve", "surface", "prompt", "source", "ring", "audio"]

SIGNALS = frozenset({"value", "gate", "curve"})  # what the graph computes in every control frame
SINGLE = frozenset({"surface", "prompt", "source", "ring", "audio"})  # inputs that take one cable
SETTINGS = frozenset({"option", "text", "points", "path"})  # settled when a patch is compiled


@dataclass(frozen=True, slots=True)
class Port:
    """An input of a node.

    lo, hi, taper and unit are the declared range of a number, `default` its knob. `choices`: of an option.
    `fixed`: takes no cable. `control`: the row of the control table that it carries. `since`: the release that
    brings it, where it is declared but not built; `optional`: without effect until it is wired or set.
    """

    name: str
    type: PortType
    default: Any = None
    lo: float = -math.inf
    hi: float = math.inf
    taper: Taper = "linear"
    unit: str = ""
    doc: str = ""
    title: str = ""
    choices: tuple[str, ...] = ()
    fixed: bool = False
    control: str | None = None
    since: str | None = None
    optional: bool = False

    @property
    def numeric(self) -> bool:
        """Whether it has a knob."""
        return self.type in ("value", "curve")

    @property
    def bounded(self) -> bool:
        """Whether the declared range is finite on both sides."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    @property
    def wireable(self) -> bool:
        """Whether it can take a cable at all."""
        return not self.fixed and self.type not in SETTINGS

    def named(self, name: str) -> Port:
        """The same port under the name of its parameter."""
        return replace(self, name=name, title=self.title or name.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Out:
    """An output of a node: nominal range lo..hi in `unit`; `like` names the port whose range and unit it takes."""

    name: str = "out"
    type: OutType = "value"
    lo: float = -math.inf
    hi: float = math.inf
    unit: str = ""
    doc: str = ""
    like: str | None = None


def fits(out: Out, port: Port) -> bool:
    """Whether a cable may join them, an adapter between them where the types differ."""
    if not port.wireable:
        return False
    return (out.type in SIGNALS and port.type in SIGNALS) or out.type == port.type


def misfit(port: Port, value: Any) -> str:
    """What is wrong with a value for a port, or nothing."""
    if port.numeric:
        return _bad_number(port, value)
    if port.type == "option":
        return "" if value in port.choices else f"{value!r} is no choice"
    if port.type in ("text", "path"):
        return "" if isinstance(value, str) else f"{value!r} is no text"
    if port.type == "points":
        return "" if isinstance(value, (list, tuple)) else f"{value!r} is no list of points"
    return f"a {port.type} input has no value of its own"


def _bad_number(port: Port, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{value!r} is no number"
    if not math.isfinite(value):
        return f"{value} is no finite number"
    if not port.lo <= value <= port.hi:
        return f"{value:g} is out of range"
    if port.taper == "int" and value != round(value):
        return f"{value:g} is no whole number"
    return ""


def value(
    default: float,
    lo: float,
    hi: float,
    *,
    unit: str = "",
    taper: Taper = "linear",
    doc: str = "",
) -> Any:
    """A number with a knob: default and declared range in `unit`; a log taper needs a range above 0."""
    if not lo <= default <= hi:
        raise ValueError(f"default {default} outside {lo}..{hi}")
    if taper == "log" and lo <= 0:
        raise ValueError(f"a log range starts above 0, not at {lo}")
    if taper != "linear" and not (math.isfinite(lo) and math.isfinite(hi)):
        raise ValueError(f"a {taper} range is finite")
    return Port("", "value", float(default), float(lo), float(hi), taper, unit, doc)


def gate(*, doc: str = "") -> Any:
    """A gate; in the body `name.level` (0 or 1) and `name.rises` (edges in this frame)."""
    return Port("", "gate", None, 0.0, 1.0, doc=doc)


def option(default: str, *choices: str, doc: str = "") -> Any:
    """A choice made when the patch is compiled; in the body only compared with its names."""
    if default not in choices:
        raise ValueError(f"{default!r} is not one of {choices}")
    return Port("", "option", default, doc=doc, choices=choices)


def text(default: str = "", *, doc: str = "") -> Any:
    """Words, settled when the patch is compiled."""
    return Port("", "text", default, doc=doc)


def path(default: str = "", *, doc: str = "") -> Any:
    """A file name, relative to the patch file."""
    return Port("", "path", default, doc=doc)


def points(default: list[list[float]], *, doc: str = "") -> Any:
    """Drawn points [[where, value], ...] in rising order of where."""
    return Port("", "points", default, doc=doc)


def out(name: str = "out", lo: float = -math.inf, hi: float = math.inf, *, unit: str = "", doc: str = "") -> Out:
    """A value output with its nominal range."""
    return Out(name, "value", float(lo), float(hi), unit, doc)


def gate_out(name: str = "gate", *, doc: str = "") -> Out:
    """A gate output; the body returns a pair (level, rises) for it."""
    return Out(name, "gate", 0.0, 1.0, "", doc)


def like(port: str, name: str = "out", *, doc: str = "") -> Out:
    """A value output whose range and unit are those of the signal at `port`."""
    return Out(name, "value", doc=doc, like=port)
