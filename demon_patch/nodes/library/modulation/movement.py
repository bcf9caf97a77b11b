"""A movement that was recorded from a knob, repeated in time with the beat."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import floor, pick, reached
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import option, out, points, value
from demon_patch.nodes.library.modulation.function import Segments, read_segments


@node(
    "loop",
    "Loop",
    "Repeats a movement of a knob in time with the beat.",
    out=out("out", 0, 1, doc="Where the knob was, 0 to 1 of its range."),
    category="modulation",
    display="line",
    tags=("record", "recorded", "automation", "gesture", "movement", "repeat", "motion"),
)
def loop(
    t: Frame,
    points: Segments = points(
        [[0, 0.5], [1, 0.9], [1.5, 0.6], [3, 0.1], [4, 0.5]], read=read_segments,
        doc="[beat, value]: from 0 to the length of the loop in beats, values 0 to 1.",
    ),
    speed: float = value(1, 0.0625, 16, taper="log", doc="How many times as fast as it was recorded."),
    shift: float = value(0, -64, 64, unit="beats", doc="How much later it is played."),
    amount: float = value(1, 0, 1, doc="How much of the movement is left; at 0 it stands at its beginning."),
    joints: str = option("straight", "straight", "steps", doc="How the points are joined."),
    *,
    ahead: float = 0.0,
):  # fmt: skip
    """The line through the points at beat (t.beat - shift) * speed modulo the last point's beat: always the same at the
    same beat of the transport. A speed that moves therefore jumps in the loop.

    ahead: where it is, in beats of the loop.
    """
    length = pick(points.where, 1e9)
    beat = (t.beat - shift) * speed
    x = beat - floor(beat / length + 1e-9) * length
    i = reached(points.where, x + 1e-9) - 1
    u = min(max((x - pick(points.where, i)) / pick(points.width, i), 0), 1)
    y = pick(points.height, i) + (pick(points.rise, i) * u if joints == "straight" else 0)
    first = pick(points.height, 0)
    return first + amount * (y - first), x
