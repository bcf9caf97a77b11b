"""Nodes that lay signals together."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Row
from demon_patch.codegen.vocabulary import cos, floor, inf, pi, pick, sin, total
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import like, option, out, value, values
from demon_patch.nodes.library.math.arithmetic import bounded


@node(
    "mix",
    "Mix",
    "Blends up to four movements into one.",
    out=out("out", through="x1", doc="The sum, or the average by level."),
    category="math",
    display="shares",
    tags=("sum", "add", "average", "mixer", "levels", "blend"),
)
def mix(
    t: Frame,
    x: Row = values(4, 0, -inf, inf, doc="Signal {n}."),
    level: Row = values(4, 1, 0, 1, doc="How much of signal {n}."),
    by: str = option("sum", "sum", "average", doc="average: the sum, divided by all levels together."),
):
    """A signal of level 0 takes no part in an average; where all levels are 0 it is 0."""
    weight = total(level)
    return bounded(total(x, level) / (1 if by == "sum" or weight < 1e-9 else weight))


@node(
    "mod_matrix",
    "Mod Matrix",
    "Lets each of four movements push each of four controls, by an amount of its own.",
    out=tuple(out(f"out{n}", through=f"x{n}", doc=f"All signals by their amounts for out {n}.") for n in range(1, 5)),
    category="math",
    display="bars",
    tags=("matrix", "modulation", "routing", "amounts", "mixer", "patchbay"),
)
def mod_matrix(
    t: Frame,
    x: Row = values(4, 0, -inf, inf, doc="Signal {n}."),
    out1_from: Row = values(4, 0, -1, 1, doc="How much of signal {n} goes to out 1; below 0 turned over."),
    out2_from: Row = values(4, 0, -1, 1, doc="How much of signal {n} goes to out 2; below 0 turned over."),
    out3_from: Row = values(4, 0, -1, 1, doc="How much of signal {n} goes to out 3; below 0 turned over."),
    out4_from: Row = values(4, 0, -1, 1, doc="How much of signal {n} goes to out 4; below 0 turned over."),
):
    """Out i is the sum of x j * out i from j."""
    return (
        bounded(total(x, out1_from)),
        bounded(total(x, out2_from)),
        bounded(total(x, out3_from)),
        bounded(total(x, out4_from)),
    )


@node(
    "crossfade",
    "Crossfade",
    "Goes over from one movement to another by hand, or by a third.",
    out=like("a", doc="a at position 0, b at position 1."),
    category="math",
    display="shares",
    tags=("blend", "morph", "fade", "mix", "interpolate"),
)
def crossfade(
    t: Frame,
    a: float = value(0, -inf, inf, doc="What is there at position 0."),
    b: float = value(1, -inf, inf, doc="What is there at position 1."),
    position: float = value(0.5, 0, 1, doc="How far over it is."),
    law: str = option("linear", "linear", "equal_power", doc="linear for like signals, equal power for unlike ones."),
):
    """linear: a + (b - a) * p. equal_power: a * cos(p * pi / 2) + b * sin(p * pi / 2), squares of gains adding to 1."""
    turn = position * pi / 2
    return bounded(a + (b - a) * position if law == "linear" else a * cos(turn) + b * sin(turn))


@node(
    "select",
    "Select",
    "Lets one of eight movements through, or a blend of two neighbours, as a knob or another movement chooses.",
    out=like("x1", doc="The signal that is selected."),
    category="math",
    display="switch",
    tags=("switch", "choose", "index", "sequential", "multiplexer", "scan", "morph"),
)
def select(
    t: Frame,
    x: Row = values(8, 0, -inf, inf, doc="Signal {n}."),
    index: float = value(1, 1, 8, unit="place", doc="The number of the signal; between two numbers see between."),
    between: str = option("nearest", "nearest", "blend", doc="Takes the nearer signal, or crossfades."),
    hysteresis: float = value(
        0.1, 0, 0.9, doc="How far apart going over and going back lie, where it takes the nearer."
    ),
    *,
    shown: float = -1.0,
):
    """blend: x i + (x i+1 - x i) * the fraction of index. nearest: a signal stays until the index is half a number and
    half the hysteresis away from its own, so that noise between two numbers does not chatter."""
    i = floor(index)
    here = pick(x, i - 1)
    stays = 1 if hysteresis > 0 and shown >= 0 and abs(index - (shown + 1)) < 0.5 + hysteresis / 2 else 0
    near = shown + 1 if stays > 0 else floor(index + 0.5)
    return pick(x, near - 1) if between == "nearest" else here + (pick(x, i) - here) * (index - i), near - 1
