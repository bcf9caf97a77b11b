"""Ports and outputs of a declaration, and the constructors that are a body's default values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from demon_patch.engine.controls import Taper
from demon_patch.nearest import chosen

PortType = Literal[
    "value", "gate", "curve", "surface", "prompt", "source", "ring", "audio", "option", "text", "points", "path"
]
OutType = Literal["value", "gate", "curve", "surface", "prompt", "source", "ring", "audio"]

SIGNALS = frozenset({"value", "gate", "curve"})  # what the graph computes in every control frame
NUMBERS = frozenset({"value", "curve"})  # of these, what a body reads as a number
SINGLE = frozenset({"surface", "prompt", "source", "ring", "audio"})  # inputs that take one cable
MIXED = frozenset({"surface", "prompt", "source"})  # those among them that a mix can weigh
AUTO = "auto"  # the choice of an option that a cable makes
SETTINGS = frozenset({"option", "text", "points", "path"})  # fixed when a patch is compiled


@dataclass(frozen=True, slots=True)
class Port:
    """A port: where a node takes something in.

    lo, hi, taper, unit: the declared range of a number.
    default: its knob where the patch does not set it.
    choices: of an option.
    fixed: it takes no cable.
    control: the row of the control table that it belongs to.
    optional: it has no effect until it is wired or set.
    read: returns what a body sees of a text or of drawn points, a named tuple of tables of numbers; raises PatchError
        with the port.
    begins: how a text must begin.
    live: the host writes it, from what `of` names (`live_value`). It has neither knob nor cable and is not saved.
    auto: of an option: a gate, the choice that AUTO is where a cable leads to that gate, and the choice elsewhere.
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
    optional: bool = False
    read: Callable[[Any], Any] | None = None
    begins: str = ""
    live: bool = False
    of: str = ""
    auto: tuple[str, str, str] | None = None

    @property
    def settles(self) -> tuple[str, ...]:
        """The choices of an option that a body knows: all but AUTO, which is replaced by one of the others."""
        return tuple(choice for choice in self.choices if not self.auto or choice != AUTO)

    @property
    def numeric(self) -> bool:
        """Whether it has a knob."""
        return self.type in NUMBERS and not self.live

    @property
    def bounded(self) -> bool:
        """Whether the declared range is finite on both sides."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    @property
    def wireable(self) -> bool:
        """Whether it can take a cable at all."""
        return not (self.fixed or self.live or self.type in SETTINGS)

    def with_name(self, name: str) -> Port:
        """The same port under the name of its parameter."""
        return replace(self, name=name, title=self.title or name.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Bank:
    """A row of equal ports that one parameter declares. They are name1, name2, ... in files, cables and editors, and
    one row in the body."""

    ports: tuple[Port, ...]

    def with_name(self, name: str) -> tuple[Port, ...]:
        """The ports under the name of their parameter, counted from 1."""
        title = name.replace("_", " ").capitalize()
        return tuple(replace(p, title=f"{title} {n}").with_name(f"{name}{n}") for n, p in enumerate(self.ports, 1))


@dataclass(frozen=True, slots=True)
class Out:
    """An output of a node.

    lo, hi, unit: its nominal range.
    like: the port whose range and unit it takes instead.
    through: the port whose signal it passes on while the node is bypassed; None: the port of `like`, if there is one.
    """

    name: str = "out"
    type: OutType = "value"
    lo: float = -math.inf
    hi: float = math.inf
    unit: str = ""
    doc: str = ""
    like: str | None = None
    through: str | None = None

    @property
    def passes(self) -> str | None:
        """The port whose signal it passes on while the node is bypassed; None: it is silent then."""
        return self.through or self.like


def fits(out: Out, port: Port) -> bool:
    """Whether a cable may connect them. Where the types differ, an adapter is put between them."""
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
        return _bad_text(port, value)
    if port.type == "points":
        return "" if isinstance(value, (list, tuple)) else f"{value!r} is no list of points"
    return "it is fed from outside" if port.live else f"a {port.type} input has no value of its own"


def _bad_text(port: Port, value: Any) -> str:
    if not isinstance(value, str):
        return f"{value!r} is no text"
    return "" if value.startswith(port.begins) else f"{value!r} does not begin with {port.begins!r}"


def _bad_number(port: Port, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{value!r} is no number"
    if not math.isfinite(value):
        return f"{value} is no finite number"
    if not port.lo <= value <= port.hi:
        return f"{value:.10g} is out of range"
    if port.taper == "int" and value != round(value):
        return f"{value:.10g} is no whole number"
    return ""


def wanted(port: Port, given: object = None) -> str:
    """What a port takes, as the mend of an error; given: the value that it does not take."""
    if port.type == "option":
        return chosen(given, port.choices)
    if port.live:
        return "leave it out"
    if port.begins:
        return f"write a {port.type} that begins with {port.begins!r}"
    if not port.numeric:
        return f"write a {port.type}" if port.wireable is False else "wire a cable to it"
    unit = f" {port.unit}" if port.unit else ""
    kind = "whole number" if port.taper == "int" else "number"
    if not (math.isfinite(port.lo) or math.isfinite(port.hi)):
        return f"use a finite {kind}"
    return f"use a {kind} from {port.lo:.10g} to {port.hi:.10g}{unit}"


def value(
    default: float,
    lo: float,
    hi: float,
    *,
    unit: str = "",
    taper: Taper = "linear",
    doc: str = "",
) -> Any:
    """A number with a knob; default and declared range are in `unit`. A log taper needs a range above 0."""
    if not lo <= default <= hi:
        raise ValueError(f"default {default} outside {lo}..{hi}")
    if taper == "log" and lo <= 0:
        raise ValueError(f"a log range starts above 0, not at {lo}")
    if taper != "linear" and not (math.isfinite(lo) and math.isfinite(hi)):
        raise ValueError(f"a {taper} range is finite")
    return Port("", "value", float(default), float(lo), float(hi), taper, unit, doc)


def values(
    count: int,
    default: float | Sequence[float],
    lo: float,
    hi: float,
    *,
    unit: str = "",
    taper: Taper = "linear",
    doc: str = "",
) -> Any:
    """A row of numbers with knobs, name1 to name<count>; `{n}` in the doc is replaced by the number of each.

    default: one for all, or one for each. In the body the row is read by `pick(name, i)` and others of `vocabulary`.
    """
    defaults = list(default) if isinstance(default, Sequence) else [default] * count
    if len(defaults) != count:
        raise ValueError(f"a row of {count} has {len(defaults)} defaults")
    made = enumerate(defaults, 1)
    return Bank(tuple(value(x, lo, hi, unit=unit, taper=taper, doc=doc.format(n=n)) for n, x in made))


def gate(*, doc: str = "") -> Any:
    """A gate; in the body `name.level` (0 or 1) and `name.rises` (edges in this frame)."""
    return Port("", "gate", None, 0.0, 1.0, doc=doc)


def gates(count: int, *, doc: str = "") -> Any:
    """A row of gates, name1 to name<count>; in the body the rows `name.level` and `name.rises`."""
    return Bank(tuple(gate(doc=doc.format(n=n)) for n in range(1, count + 1)))


def curve(default: float, lo: float, hi: float, *, doc: str = "") -> Any:
    """A number for each frame of the song, with a knob that gives one number for all frames."""
    return replace(value(default, lo, hi, doc=doc), type="curve")


def mix_input(*, doc: str = "") -> Any:
    """An input of a mix, of the type that the mix returns; in the body `name.wired` (0 or 1) and `name.rank`."""
    return Port("", "prompt", None, doc=doc)


def live_value(default: float, lo: float, hi: float, *, unit: str = "", of: str = "", doc: str = "") -> Any:
    """A number that the host writes from control frame to control frame, limited to lo..hi in `unit`.

    of: what the host writes: "sound.<feature>" of the node's audio (`engine.sound.features`), "ring.<fact>" of the ring
    (`runtime.performance.self_feed`), or nothing for what a device sends. In a forecast it keeps its newest value.
    """
    if not lo <= default <= hi:
        raise ValueError(f"default {default} outside {lo}..{hi}")
    return Port("", "value", float(default), float(lo), float(hi), unit=unit, doc=doc, live=True, of=of)


def live_values(
    count: int, default: float, lo: float, hi: float, *, unit: str = "", of: str = "", doc: str = ""
) -> Any:
    """A row of live numbers, name1 to name<count>; `{n}` in of and doc is the number of each."""
    made = range(1, count + 1)
    return Bank(tuple(live_value(default, lo, hi, unit=unit, of=of.format(n=n), doc=doc.format(n=n)) for n in made))


def live_gates(count: int, *, of: str = "", doc: str = "") -> Any:
    """A row of live gates, name1 to name<count>."""
    return Bank(tuple(live_gate(of=of.format(n=n), doc=doc.format(n=n)) for n in range(1, count + 1)))


def live_gate(*, of: str = "", doc: str = "") -> Any:
    """A gate that the host writes, as `live_value`; in a forecast it keeps its level and does not rise again."""
    return Port("", "gate", None, 0.0, 1.0, doc=doc, live=True, of=of)


def audio(*, doc: str = "") -> Any:
    """The sound that a node is about: it takes one cable, and the body does not see it."""
    return Port("", "audio", doc=doc)


def ring(*, doc: str = "") -> Any:
    """The ring that a node is about: a cable from anywhere in its chain, and the body does not see it."""
    return Port("", "ring", doc=doc)


def number(default: float, lo: float, hi: float, *, doc: str = "") -> Any:
    """A whole number that takes no cable and is no part of the arithmetic: a setting for the host, which writes the
    node's live ports."""
    return replace(value(default, lo, hi, taper="int", doc=doc), fixed=True)


def option(default: str, *choices: str, auto: tuple[str, str, str] | None = None, doc: str = "") -> Any:
    """A choice made when the patch is compiled; in the body only compared with its names.

    auto: a gate, the choice that AUTO is where that gate is wired, and the choice where it is not. The body sees the
    resulting choice.
    """
    if default not in choices:
        raise ValueError(f"{default!r} is not one of {choices}")
    if (AUTO in choices) != (auto is not None) or (auto and not set(auto[1:]) < set(choices)):
        raise ValueError(f"auto {auto} does not say what {AUTO} is among {choices}")
    return Port("", "option", default, doc=doc, choices=choices, auto=auto)


def text(default: str = "", *, begins: str = "", read: Callable[[str], Any] | None = None, doc: str = "") -> Any:
    """Words, fixed when the patch is compiled. begins: how they must begin. read: returns the tables that the body
    reads (`Port.read`)."""
    return Port("", "text", default, doc=doc, begins=begins, read=read)


def path(default: str = "", *, doc: str = "") -> Any:
    """A file name, relative to the patch file."""
    return Port("", "path", default, doc=doc)


def points(default: list[list[float]], *, read: Callable[[Any], Any] | None = None, doc: str = "") -> Any:
    """Drawn points [[where, value], ...] in rising order of where; `read` as of `text`."""
    return Port("", "points", default, doc=doc, read=read)


def out(
    name: str = "out",
    lo: float = -math.inf,
    hi: float = math.inf,
    *,
    unit: str = "",
    through: str | None = None,
    doc: str = "",
) -> Out:
    """A value output with its nominal range; `through`: the value port that it passes on when bypassed."""
    return Out(name, "value", float(lo), float(hi), unit, doc, through=through)


def gate_out(name: str = "gate", *, through: str | None = None, doc: str = "") -> Out:
    """A gate output; the body returns a pair (level, rises) for it. `through`: the gate that it passes on when
    bypassed."""
    return Out(name, "gate", 0.0, 1.0, "", doc, through=through)


def like(port: str, name: str = "out", *, doc: str = "") -> Out:
    """A value output whose range and unit are those of the signal at `port`."""
    return Out(name, "value", doc=doc, like=port)
