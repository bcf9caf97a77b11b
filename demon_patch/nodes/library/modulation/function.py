"""A movement of one's own, drawn with points and started by a gate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import choose, clamp, count, floor, pick, reached
from demon_patch.nodes.language.declare import node, refuse
from demon_patch.nodes.language.ports import gate, gate_out, option, out, points, value
from demon_patch.nodes.library.modulation.curve import read_points, tangents_of

PLAYS = ("gate", "hold", "once", "loop")


class Segments(NamedTuple):
    """Drawn points by point: where, and the segment that follows: its first height, width, rise, the power of its bend,
    and for smooth joints the rises with which it starts and ends. After the last point nothing rises."""

    where: tuple[float, ...]
    height: tuple[float, ...]
    width: tuple[float, ...]
    rise: tuple[float, ...]
    power: tuple[float, ...]
    start: tuple[float, ...]
    end: tuple[float, ...]


def read_segments(points: Any) -> Segments:
    """The segments between two or more points [where, value] or [where, value, bend], bend 0 where it is left out.

    Raises PatchError for points that are not of the form, a first one that is not at 0, neighbours closer
    than a thousandth, or a value or bend out of range.
    """
    drawn = [(*point, 0.0)[:3] for point in read_points(points, least=2, bends=True)]
    where, height, bend = np.array(drawn).T
    if where[0] != 0:
        raise refuse(f"the first point is at {where[0]:g}", "points", "begin at 0")
    for number, (_, y, b) in enumerate(drawn, 1):
        if not (0 <= y <= 1 and -1 <= b <= 1):
            raise refuse(f"point {number} is out of range", "points", "use values from 0 to 1 and bends from -1 to 1")
    width, tangents = np.diff(where), tangents_of(where, height)
    if width.min() < 0.001:
        raise refuse(f"points {width.argmin() + 1} and {width.argmin() + 2} touch", "points", "draw them 0.001 apart")
    columns = (
        where, height, [*width, 1], [*np.diff(height), 0], 4**bend,
        [*tangents[:-1] * width, 0], [*tangents[1:] * width, 0],
    )  # fmt: skip
    return Segments(*(tuple(float(x) for x in column) for column in columns))


@node(
    "function", "Function",
    "Follows a line that you draw, once with every gate or again and again.",
    out=(out("out", 0, 1, doc="The height of the line."), gate_out("end", doc="Rises at its last point.")),
    category="modulation", display="line",
    tags=("envelope", "breakpoints", "segments", "draw", "curve", "shape", "multi-stage"),
)  # fmt: skip
def function(
    t: Frame,
    points: Segments = points(
        [[0, 0], [1, 1, -0.5], [2, 0.5], [4, 0]], read=read_segments,
        doc="[where, value, bend]: from 0 on, values 0 to 1; bend of the line that follows, above 0 slow at first.",
    ),
    speed: float = value(1, 0.0625, 16, taper="log", doc="How fast it is followed."),
    gate: Gate = gate(doc="Begins anew."),
    unit: str = option("beats", "beats", "s", doc="What where counts."),
    play: str = option("gate", *PLAYS, doc="gate: waits for a rise; hold: stays while high; once: at once."),
    joints: str = option("straight", "straight", "smooth", "steps", doc="Straight, with bends; smooth; or jumps."),
    *,
    ahead: float = -1.0,
):  # fmt: skip
    """Straight: u ** (4 ** bend) of each rise, as in Scale. Smooth: cubic Hermite, as in Drawn Curve.

    gate: runs once with each rise. hold: as gate, but stays at the last point but one while the gate is high. once: at
    the start of a performance too. loop: again and again.
    ahead: where it will be in the next frame; below 0 before it has begun, a billion after its end.
    """
    begun = choose(play, gate=-1, hold=-1, once=0, loop=0) if ahead < 0 or (play == "loop" and ahead >= 1e9) else ahead
    here = 0 if gate.rises > 0 else begun
    last = pick(points.where, count(points.where) - 2)
    run = min(here, last) if play == "hold" and gate.level > 0 else here
    length = pick(points.where, count(points.where))
    laps = floor(max(run, 0) / length + 1e-9)
    x = run - laps * length if play == "loop" else clamp(run, 0, length)
    i = reached(points.where, x + 1e-9) - 1
    u = clamp((x - pick(points.where, i)) / pick(points.width, i), 0, 1)
    bent = pick(points.rise, i) * u ** pick(points.power, i)
    eased = pick(points.rise, i) * u * u * (3 - 2 * u)
    lean = pick(points.start, i) * u * (1 - u) ** 2 - pick(points.end, i) * u * u * (1 - u)
    y = pick(points.height, i) + choose(joints, straight=bent, smooth=eased + lean, steps=0)
    step = speed * (t.dbeat if unit == "beats" else t.dt)
    top = min(laps, floor(step / length) + 1) if play == "loop" else (1 if laps > 0 and run < 1e9 else 0)
    moved = run + step if run >= 0 else run
    following = moved - laps * length if play == "loop" else 1e9
    return y, (min(top, 1), top), following if laps > 0 else moved
