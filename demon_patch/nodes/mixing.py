"""Nodes that lay signals together."""

from __future__ import annotations

from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame
from demon_patch.nodes.ports import like, option, out, value
from demon_patch.nodes.vocabulary import cos, inf, pi, sin


@node(
    "mix",
    "Mix",
    "Blends up to four movements into one.",
    out=out("out", doc="The sum, or the average by level."),
    category="math",
    tags=("sum", "add", "average", "mixer", "levels", "blend"),
)
def mix(
    t: Frame,
    in_1: float = value(0, -inf, inf, doc="Signal 1."),
    in_2: float = value(0, -inf, inf, doc="Signal 2."),
    in_3: float = value(0, -inf, inf, doc="Signal 3."),
    in_4: float = value(0, -inf, inf, doc="Signal 4."),
    level_1: float = value(1, -1, 1, doc="How much of signal 1; below 0 turns it over."),
    level_2: float = value(1, -1, 1, doc="How much of signal 2; below 0 turns it over."),
    level_3: float = value(1, -1, 1, doc="How much of signal 3; below 0 turns it over."),
    level_4: float = value(1, -1, 1, doc="How much of signal 4; below 0 turns it over."),
    by: str = option("sum", "sum", "average", doc="average: the sum divided by the sizes of all levels together."),
):
    """Levels of 0 take no part in an average; where all are 0 it is 0."""
    total = in_1 * level_1 + in_2 * level_2 + in_3 * level_3 + in_4 * level_4
    weight = abs(level_1) + abs(level_2) + abs(level_3) + abs(level_4)
    return total if by == "sum" else total / (weight if weight > 1e-9 else 1)


@node(
    "crossfade",
    "Crossfade",
    "Goes over from one movement to another by hand, or by a third.",
    out=like("a", doc="a at position 0, b at position 1."),
    category="math",
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
    return a + (b - a) * position if law == "linear" else a * cos(turn) + b * sin(turn)
