"""The live displays: for each word that a node type may declare, what is drawn and which signals it needs.

`shown_signals` lists a node's signals for its display, as points that a client can subscribe to. docs/displays.md is
made from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from demon_patch.nodes.language.ports import NUMBERS, SIGNALS

if TYPE_CHECKING:
    from demon_patch.nodes.language.declare import Declaration

Signal = tuple[str, str]  # the name of a port, an output or a state variable, and "in", "out" or "state"
SHOWN = "shown"
"""The state variable that holds the place which a display marks: the present step, counted from 0, or the present share
of a cycle. The first value is -1 where nothing is marked yet."""


class Part(NamedTuple):
    """One kind of signal of a display.

    name: what the display calls these signals.
    doc: what they are.
    find: returns them for a node type.
    needed: whether a node type without any of them cannot have the display.
    """

    name: str
    doc: str
    find: Callable[[Declaration], Iterable[Signal]]
    needed: bool = False


class Display(NamedTuple):
    """A live display.

    draws: what is drawn.
    parts: the signals that it needs (telemetry `signals`).
    also: what else it needs, in words.
    """

    draws: str
    parts: tuple[Part, ...] = ()
    also: str = ""


# -- signals by kind ------------------------------------------------------------------------------------------------
def _values(d: Declaration) -> Iterator[Signal]:
    """The outputs that carry numbers; of a node without outputs of any signal, its inputs that carry numbers."""
    yield from _numbers_out(d)
    if not any(o.type in SIGNALS for o in d.outs):
        yield from ((p.name, "in") for p in d.ports if p.type == "value" and p.wireable)


def _numbers_out(d: Declaration) -> Iterator[Signal]:
    """The outputs that carry numbers."""
    return ((o.name, "out") for o in d.outs if o.type == "value")


def _gates(d: Declaration) -> Iterator[Signal]:
    """The gates that go out; of a node without outputs of any signal, those that come in."""
    yield from ((o.name, "out") for o in d.outs if o.type == "gate")
    if not any(o.type in SIGNALS for o in d.outs):
        yield from ((p.name, "in") for p in d.ports if p.type == "gate")


def _knobs(d: Declaration) -> Iterator[Signal]:
    """The inputs with a knob that belong to no row."""
    in_rows = {p.name for ports in d.banks.values() for p in ports}
    return ((p.name, "in") for p in d.ports if p.numeric and p.wireable and p.name not in in_rows)


def _row(d: Declaration) -> Iterator[Signal]:
    """The inputs of the first row of equal ports."""
    ports = next((ports for ports in d.banks.values() if ports[0].numeric), ())
    return ((p.name, "in") for p in ports)


def _rows(d: Declaration) -> Iterator[Signal]:
    """The inputs of all rows of equal ports."""
    return ((p.name, "in") for ports in d.banks.values() for p in ports if p.numeric)


def _hidden(d: Declaration) -> Iterator[Signal]:
    """The weights of a mix, or the gains of a surface."""
    return ((o.name, "out") for o in d.hidden)


def _shares(d: Declaration) -> Iterator[Signal]:
    """The weights of a mix; of another node its inputs."""
    yield from _hidden(d)
    if not d.hidden:
        yield from _knobs(d)
        yield from _rows(d)


def _signals_in(d: Declaration) -> Iterator[Signal]:
    """The inputs x, a and b, and those that carry what a device or an analysis measures."""
    return ((p.name, "in") for p in d.ports if p.type in NUMBERS and (p.live or p.name in ("x", "a", "b")))


def _per_frame(d: Declaration) -> Iterator[Signal]:
    """The inputs that have one number for each frame of the song."""
    return ((p.name, "in") for p in d.ports if p.type == "curve")


def _state(name: str) -> Callable[[Declaration], Iterator[Signal]]:

    def find(d: Declaration) -> Iterator[Signal]:
        return ((state, "state") for state, first in d.states if state == name and isinstance(first, float))

    return find


def _inputs(*names: str) -> Callable[[Declaration], Iterator[Signal]]:
    def find(d: Declaration) -> Iterator[Signal]:
        return ((p.name, "in") for p in d.ports if p.name in names)

    return find


_VALUE = Part("value", "the numbers that go out", _values, needed=True)
_GATE = Part("gate", "the gates that go out", _gates)
_KNOB = Part("knob", "the numbers at the knobs", _knobs)
_NUMBER = _VALUE._replace(needed=False)
_SHOWN = Part("place", "the place that is marked, from the state `shown`", _state(SHOWN), needed=True)

DISPLAYS: Mapping[str, Display] = MappingProxyType({
    "none": Display("nothing; only for a node in which nothing moves"),
    "scope": Display("each number over the last seconds, the gates beneath", (_VALUE, _GATE)),
    "number": Display("the number itself, large", (_VALUE, _GATE)),
    "dial": Display("a hand or a lit arc for each number in its range", (_VALUE, _GATE)),
    "bars": Display("one bar for each number, side by side", (_VALUE, Part("row", "the rows of inputs", _rows))),
    "meter": Display(
        "a level with its peak and the last seconds",
        (Part("level", "the levels", _numbers_out), _KNOB),
        "of a node without an output for its level: the field `levels` of the status",
    ),
    "lamp": Display(
        "a lamp for each gate, which stays lit for a moment after a rise",
        (Part("gate", "the gates that go out", _gates, needed=True), _NUMBER),
    ),
    "threshold": Display(
        "the signal over the last seconds, the marks that it crosses, and a lamp for each gate",
        (
            Part("signal", "what is compared or measured", _signals_in, needed=True),
            Part("mark", "the other knobs, the marks among them", _knobs),
            _GATE,
            _NUMBER,
        ),
    ),
    "steps": Display(
        "a bar for each step, the present one lit",
        (_SHOWN, Part("step", "the steps, row after row", _rows), _GATE, _NUMBER, _KNOB),
        "of a node whose steps are a text: the text, from the document",
    ),
    "polygon": Display(
        "the round of steps as points on a circle, the strokes joined, the present step lit",
        (_SHOWN, Part("round", "steps, strokes and rotation", _knobs, needed=True), _GATE),
    ),
    "switch": Display(
        "the inputs, with a line from the one that passes",
        (
            _SHOWN._replace(needed=False),
            Part("input", "the inputs that are numbers", _row),
            Part("share", "of a mix of prompts or clips: the share of each", _hidden),
            _KNOB,
            _NUMBER,
        ),
    ),
    "shares": Display(
        "how much of each input is in the result, as parts of one bar",
        (
            Part("share", "the weights, or the knobs that set them", _shares, needed=True),
            _NUMBER,
        ),
    ),
    "cycle": Display(
        "one cycle of the wave, with a bead where it is",
        (_SHOWN, _VALUE, _KNOB),
        "the form of the wave: the options, from the document",
    ),
    "phase": Display("a hand that goes round once in each cycle", (_VALUE, _GATE)),
    "envelope": Display(
        "the form that the knobs give, with a bead at the present level",
        (_VALUE, Part("part", "times and levels of the parts", _knobs, needed=True), _GATE),
    ),
    "line": Display(
        "the points that are drawn, with a bead where it is",
        (_VALUE, Part("place", "where it is, in the unit of the points", _state("ahead"), needed=True), _GATE),
        "the points, from the document",
    ),
    "curve": Display(
        "the whole curve over the song, with the playhead",
        also="the verb `curve`, anew after an edit of the curve; `song_position` of the status",
    ),
    "transfer": Display(
        "what goes out by what comes in, with a bead at the present pair",
        (
            Part("in", "what comes in", _signals_in, needed=True),
            _VALUE,
            _KNOB,
            _GATE,
        ),
    ),
    "formula": Display(
        "the formula in words, the inputs and what it comes to",
        (_VALUE, Part("input", "the numbers that the formula reads", _knobs)),
        "the formula, from the document",
    ),
    "pad": Display("a bead in a square, with a trail: the first number to the right, the second up", (_VALUE,)),
    "map": Display(
        "places in a square, each as large as its share, and the listener as a bead among them",
        (
            Part("listener", "x and y of the listener", _inputs("x", "y"), needed=True),
            Part("place", "x of all places, then y of all", _rows, needed=True),
            Part("share", "the weights", _hidden, needed=True),
        ),
    ),
    "keys": Display("a keyboard with the keys that are held", (_VALUE, Part("gate", "held keys", _gates, needed=True))),
    "surface": Display("a bar for each group of channels", (Part("gain", "gains or shares", _hidden, needed=True),)),
    "text": Display(
        "the words, unknown ones marked, lit while they are in what plays",
        also="the words, from the document; the verb `prompts`; `prompts` of the beads of the telemetry `ring`",
    ),
    "wave": Display(
        "the peaks of the sound over its length, with the playhead",
        also="the verb `peaks`, kept by the client under its hash; `song_position` of the status",
    ),
    "tape": Display("file name, seconds and size of the recording", also="the field `recordings` of the status"),
    "ring": Display(
        "the generations in flight as beads on a ring, by the steps that are done",
        (
            Part("value", "the numbers that go out", _numbers_out),
            _GATE,
            Part("window", "the steps in which something works", _inputs("from", "to")),
        ),
        "the telemetry `ring`",
    ),
    "lanes": Display(
        "the numbers along the song of each control that has one for each frame",
        (Part("control", "the number now", _per_frame, needed=True),),
        "the telemetry `strip`",
    ),
})  # fmt: skip


def shown_signals(declaration: Declaration) -> tuple[tuple[str, str, str], ...]:
    """Returns the signals that a node's display needs: (name, side, part of the display) for each. A signal that two
    parts would have belongs to the first of them."""
    found: dict[Signal, str] = {}
    for part in DISPLAYS[declaration.display].parts:
        for signal in part.find(declaration):
            found.setdefault(signal, part.name)
    return tuple((*signal, part) for signal, part in found.items())


def display_mistake(declaration: Declaration) -> str:
    """Returns what is wrong with a node type's display, as the words of an error; "" where nothing is."""
    display = DISPLAYS.get(declaration.display)
    if display is None:
        return f"there is no display {declaration.display!r}; the displays are {', '.join(DISPLAYS)}"
    for part in display.parts:
        if part.needed and not any(part.find(declaration)):
            return f"display {declaration.display} needs {part.doc}, and the node has none"
    return ""


def page() -> str:
    """Returns docs/displays.md."""
    lines = [
        "# Live displays",
        "",
        "Made by `demon-patch nodes --page` from `demon_patch/nodes/language/displays.py`; do not edit.",
        "",
        "Each node type names its live display in one word. The catalogue on the wire (`catalogue`) has the word as",
        "`display`, and as `shows` the signals that this node type needs for it: [name, side, part]. A client",
        "subscribes to them as points [node, name, side] (`watch` with `signals`). Side `in` is what arrives at an",
        "input; `out` is an output, the weight of a mix or the gain of a surface; `state` is a state variable.",
        "",
        "| display | draws | signals | also needs |",
        "|---|---|---|---|",
    ]
    for word, display in DISPLAYS.items():
        parts = "; ".join(f"**{part.name}**: {part.doc}" for part in display.parts)
        lines.append(f"| `{word}` | {display.draws} | {parts} | {display.also} |")
    return "\n".join([*lines, ""])
