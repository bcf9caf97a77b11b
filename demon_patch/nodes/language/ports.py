"""Ports and outputs of a declaration, and their constructors.

The calls of port constructors are the default values of the parameters of a node's function. The name of the parameter
becomes the name of the port.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from demon_patch.engine.controls import Part, Taper
from demon_patch.nearest import chosen

PortType = Literal[
    "value",
    "gate",
    "curve",
    "surface",
    "prompt",
    "source",
    "score",
    "ring",
    "audio",
    "option",
    "text",
    "points",
    "path",
]
OutType = Literal["value", "gate", "curve", "surface", "prompt", "source", "score", "ring", "audio"]

SIGNALS = frozenset({"value", "gate", "curve"})  # port types that the graph computes in every control frame
NUMBERS = frozenset({"value", "curve"})  # the signal types that a body reads as one number
SINGLE = frozenset({"surface", "prompt", "source", "score", "ring", "audio"})  # port types that take one cable only
MIXED = frozenset({"surface", "prompt", "source"})  # port types that a mix can weigh
AUTO = "auto"  # the choice of an option that leaves the choice to whether a gate has a cable
SETTINGS = frozenset({"option", "text", "points", "path"})  # port types that are fixed when a patch is compiled


@dataclass(frozen=True, slots=True)
class Port:
    """A port: where a node takes something in.

    lo, hi: lowest and highest number of a port with a number, in `unit`.
    taper: how that range lies on the knob.
    default: the knob, choice, text or points where the patch sets none.
    choices: the choices of an option.
    fixed: whether the port takes no cable.
    control: the name of its row in the control table, if any.
    optional: whether the port has no effect until it is wired or set.
    read: for a text or drawn points; returns what the body reads of it, a named tuple of tables of numbers. Raises a
        PatchError that names the port.
    begins: how a text must begin.
    part: the part of a model family without which the port has no effect; its text is no prompt then.
    live: whether the host writes the port's number or gate, from what `of` names (`live_value`). Such a port has
        neither knob nor cable and is not saved.
    auto: for an option: the name of a gate, the choice that AUTO stands for if that gate has a cable, and the choice
        that it stands for otherwise.
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
    part: Part | None = None
    live: bool = False
    of: str = ""
    auto: tuple[str, str, str] | None = None

    @property
    def settles(self) -> tuple[str, ...]:
        """The choices of an option that a body can see: all but AUTO, which one of the others replaces."""
        return tuple(choice for choice in self.choices if not self.auto or choice != AUTO)

    @property
    def numeric(self) -> bool:
        """Whether the port has a knob."""
        return self.type in NUMBERS and not self.live

    @property
    def bounded(self) -> bool:
        """Whether the declared range is finite on both sides."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    @property
    def wireable(self) -> bool:
        """Whether the port can take a cable."""
        return not (self.fixed or self.live or self.type in SETTINGS)

    def with_name(self, name: str) -> Port:
        """Returns the same port with that name; a port without a title gets one made from the name."""
        return replace(self, name=name, title=self.title or name.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Bank:
    """A row of equal ports that one parameter declares. In files, cables and editors they are separate ports name1,
    name2, ...; the body reads them as one row."""

    ports: tuple[Port, ...]

    def with_name(self, name: str) -> tuple[Port, ...]:
        """Returns the ports of the row, named `name` and a number from 1."""
        title = name.replace("_", " ").capitalize()
        return tuple(replace(p, title=f"{title} {n}").with_name(f"{name}{n}") for n, p in enumerate(self.ports, 1))


@dataclass(frozen=True, slots=True)
class Out:
    """An output of a node.

    lo, hi: lowest and highest value that the output usually has (nominal range), in `unit`.
    like: the name of a port whose signal's range and unit the output takes instead.
    through: the name of the port whose signal the output passes on while the node is bypassed; None: that of `like`.
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
        """The name of the port whose signal the output passes on while the node is bypassed; None: nothing."""
        return self.through or self.like


def fits(out: Out, port: Port) -> bool:
    """Returns whether a cable may lead from the output to the port. If the types differ, the compiler adds an
    adapter."""
    if not port.wireable:
        return False
    return (out.type in SIGNALS and port.type in SIGNALS) or out.type == port.type


def misfit(port: Port, value: Any) -> str:
    """Returns what is wrong with a stored value for a port, as the words of an error; "" if the port can have it."""
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
    """Returns what a port takes, as the mend of an error. given: the value that it did not take."""
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
    """Returns a port for a number, with a knob; default, lo and hi are in `unit`. Raises ValueError for a default
    outside lo to hi, a log taper with lo <= 0, and a taper other than linear on an infinite range."""
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
    """Returns a row of ports for numbers with knobs, name1 to name<count>. The body reads it by `pick(name, i)` and
    other functions of `vocabulary`.

    default: one number for all ports, or one for each, in `unit`.
    doc: `{n}` in it becomes the number of the port.
    """
    defaults = list(default) if isinstance(default, Sequence) else [default] * count
    if len(defaults) != count:
        raise ValueError(f"a row of {count} has {len(defaults)} defaults")
    made = enumerate(defaults, 1)
    return Bank(tuple(value(x, lo, hi, unit=unit, taper=taper, doc=doc.format(n=n)) for n, x in made))


def gate(*, doc: str = "") -> Any:
    """Returns a port for a gate. The body reads `name.level` (0 or 1 at the end of the control frame) and `name.rises`
    (the number of rises within the frame)."""
    return Port("", "gate", None, 0.0, 1.0, doc=doc)


def gates(count: int, *, doc: str = "") -> Any:
    """Returns a row of ports for gates, name1 to name<count>. The body reads the rows `name.level` and `name.rises`."""
    return Bank(tuple(gate(doc=doc.format(n=n)) for n in range(1, count + 1)))


def curve(default: float, lo: float, hi: float, *, doc: str = "") -> Any:
    """Returns a port for a curve, a number per latent frame of the song. Its knob gives one number for all frames."""
    return replace(value(default, lo, hi, doc=doc), type="curve")


def mix_input(*, doc: str = "") -> Any:
    """Returns a port for one input of a mix, of the type that the mix returns. The body reads `name.wired` (0 or 1) and
    `name.rank` (the number of wired inputs before it)."""
    return Port("", "prompt", None, doc=doc)


def live_value(default: float, lo: float, hi: float, *, unit: str = "", of: str = "", doc: str = "") -> Any:
    """Returns a port for a number that the host writes in each control frame, limited to lo..hi in `unit`. A forecast
    keeps its newest number.

    of: what the host writes: "sound.<feature>" of the node's audio (`engine.sound.features`), "ring.<fact>" of the ring
        (`runtime.performance.self_feed`), or "" for what a device sends.
    """
    if not lo <= default <= hi:
        raise ValueError(f"default {default} outside {lo}..{hi}")
    return Port("", "value", float(default), float(lo), float(hi), unit=unit, doc=doc, live=True, of=of)


def live_values(
    count: int, default: float, lo: float, hi: float, *, unit: str = "", of: str = "", doc: str = ""
) -> Any:
    """Returns a row of live numbers (`live_value`), name1 to name<count>. `{n}` in `of` and `doc` becomes the port's
    number."""
    made = range(1, count + 1)
    return Bank(tuple(live_value(default, lo, hi, unit=unit, of=of.format(n=n), doc=doc.format(n=n)) for n in made))


def live_gates(count: int, *, of: str = "", doc: str = "") -> Any:
    """Returns a row of live gates (`live_gate`), name1 to name<count>. `{n}` in `of` and `doc` becomes the port's
    number."""
    return Bank(tuple(live_gate(of=of.format(n=n), doc=doc.format(n=n)) for n in range(1, count + 1)))


def live_gate(*, of: str = "", doc: str = "") -> Any:
    """Returns a port for a gate that the host writes; `of` as in `live_value`. In a forecast the gate keeps its level
    and does not rise."""
    return Port("", "gate", None, 0.0, 1.0, doc=doc, live=True, of=of)


def audio(*, doc: str = "") -> Any:
    """Returns a port for the sound that a node analyses. It takes one cable, and the body does not read it."""
    return Port("", "audio", doc=doc)


def ring(*, doc: str = "") -> Any:
    """Returns a port for the ring that a node refers to: a cable from any node in the ring's chain. The body does not
    read it."""
    return Port("", "ring", doc=doc)


def number(default: float, lo: float, hi: float, *, doc: str = "") -> Any:
    """Returns a port for a whole number that takes no cable: a setting for the host, which writes the node's live
    ports. The body does not compute with it."""
    return replace(value(default, lo, hi, taper="int", doc=doc), fixed=True)


def option(default: str, *choices: str, auto: tuple[str, str, str] | None = None, doc: str = "") -> Any:
    """Returns a port for an option, chosen when the patch is compiled. The body only compares it with the names of
    choices.

    auto: the name of a gate, the choice that AUTO stands for if that gate is wired, and the choice otherwise. The body
        reads the resulting choice.
    """
    if default not in choices:
        raise ValueError(f"{default!r} is not one of {choices}")
    if (AUTO in choices) != (auto is not None) or (auto and not set(auto[1:]) < set(choices)):
        raise ValueError(f"auto {auto} does not say what {AUTO} is among {choices}")
    return Port("", "option", default, doc=doc, choices=choices, auto=auto)


def text(
    default: str = "",
    *,
    begins: str = "",
    read: Callable[[str], Any] | None = None,
    part: Part | None = None,
    doc: str = "",
) -> Any:
    """Returns a port for a text, fixed when the patch is compiled.

    begins: how the text must begin.
    read: returns the tables of numbers that the body reads (`Port.read`).
    part: the part of a model family without which it has no effect.
    """
    return Port("", "text", default, doc=doc, begins=begins, read=read, part=part)


def path(default: str = "", *, doc: str = "") -> Any:
    """Returns a port for a file name, relative to the patch file."""
    return Port("", "path", default, doc=doc)


def points(default: list[list[float]], *, read: Callable[[Any], Any] | None = None, doc: str = "") -> Any:
    """Returns a port for drawn points [[where, value], ...] in rising order of `where`. read: as in `text`."""
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
    """Returns an output for a number, with nominal range lo..hi in `unit`.

    through: the name of the value port whose signal it passes on while the node is bypassed.
    """
    return Out(name, "value", float(lo), float(hi), unit, doc, through=through)


def gate_out(name: str = "gate", *, through: str | None = None, doc: str = "") -> Out:
    """Returns an output for a gate. The body returns a pair for it: level, 0 or 1, and number of rises.

    through: the name of the gate port whose signal it passes on while the node is bypassed.
    """
    return Out(name, "gate", 0.0, 1.0, "", doc, through=through)


def like(port: str, name: str = "out", *, doc: str = "") -> Out:
    """Returns an output for a number, whose range and unit are those of the signal at the port of that name."""
    return Out(name, "value", doc=doc, like=port)
