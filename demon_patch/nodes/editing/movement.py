"""Makes a Loop of a movement that was played on a knob. As in `edits`, a function returns one command that does it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.errors import PatchError
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import AddNode, Command, Connect, SetValue
from demon_patch.patch.model.document import Cable, Graph, Node, Patch

LOOP = "loop"
LONGEST = 64  # beats
MOST = 256  # points of a loop
APART = 0.002  # beats between two points at least
CLOSE = 0.004  # of the knob's range, by which the line may miss the movement


def loop_of(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    node: str,
    port: str,
    moves: Sequence[tuple[float, float]],
    at: tuple[float, float] = (0.0, 0.0),
    within: str | None = None,
    rng: random.Random | None = None,
) -> Command:
    """Returns the command that lets a Loop repeat a movement: the knob goes to the lower end of its range, and a cable
    from the Loop moves it over the whole. If a Loop moves the port already, it gets the new movement. PatchError for a
    port without a bounded knob or a movement of less than two places.

    moves: (beat of the transport, knob position 0 to 1), in order. The loop is as long as the whole number of beats, of
        1, 2, 4 ... 64, that is closest to the time from the first to the last; of a longer movement its end counts.
    at: the place of a new Loop.
    """
    draft = CommandBuilder(patch, within, rng)
    faces = VisiblePorts(patch, catalogue, within)
    found = faces.inputs(node).get(port)
    if found is None or not (found.numeric and found.bounded and found.wireable):
        raise PatchError("no loop can move it", node=node, port=port, mend="choose a knob with a range")
    points = points_of(moves)
    if (old := _loop_into(draft.graph, node, port)) is not None:
        draft.do(SetValue(old, "points", points))
        return draft.command
    new = draft.fresh(draft.graph.nodes)
    draft.do(
        AddNode(new, Node(LOOP, version=catalogue[LOOP].version, values={"points": points}, at=at)),
        SetValue(node, port, 0.0 if found.taper == "family" else found.lo),
        Connect(Cable(new, "out", node, port, mode="add", depth=1.0)),
    )
    return draft.command


def points_of(moves: Sequence[tuple[float, float]]) -> list[Any]:
    """Returns the points [beat, position] of the loop through a movement; the first is at 0, the last at its length.

    Where the loop is longer than the movement, the knob rests at its last place until the movement begins again.
    """
    beats, places = _columns(moves)
    span = beats[-1] - beats[0]
    length = float(2 ** round(min(max(math.log2(max(span, 1e-9)), 0.0), math.log2(LONGEST))))
    begin = max(beats[0], beats[-1] - length)
    inside = (beats > begin) & (beats < begin + length - APART)
    ends = np.array([begin, begin + length - APART])
    where = np.concatenate([ends[:1], beats[inside], ends[1:]])
    phase = np.mod(where, length)
    order = np.argsort(phase, kind="stable")
    phase, height = phase[order], np.interp(where, beats, places)[order]
    edge = float(np.interp(length, np.append(phase, phase[0] + length), np.append(height, height[0])))
    inner = (phase > APART) & (phase < length - APART)
    phase, height = phase[inner], height[inner]
    apart = np.diff(phase, prepend=0.0) > APART / 2
    line = np.array([[0.0, edge], *zip(phase[apart], height[apart], strict=True), [length, edge]])
    tolerance = CLOSE
    while len(thin := _thinned(line, tolerance)) > MOST:
        tolerance *= 2
    return [[round(float(beat), 4), round(float(place), 4)] for beat, place in thin]


def _columns(moves: Sequence[tuple[float, float]]) -> tuple[Array, Array]:
    """The moves as beats and positions; PatchError for what is no movement."""
    table = np.asarray(moves, dtype=np.float64).reshape(-1, 2)
    if len(table) < 2 or not np.isfinite(table).all() or (np.diff(table[:, 0]) < 0).any():
        raise PatchError("the movement has no two places in order", mend="turn the knob for a while")
    return table[:, 0], np.clip(table[:, 1], 0.0, 1.0)


def _loop_into(graph: Graph, node: str, port: str) -> str | None:
    """Returns the Loop that moves a port and nothing else, if there is one."""
    for cable in graph.cables_into(node, port):
        if graph.nodes[cable.src].type == LOOP and len(graph.cables_from(cable.src)) == 1:
            return cable.src
    return None


def _thinned(line: Array, tolerance: float) -> Array:
    """Returns the fewest points of a line by which it is missed by at most `tolerance` (Ramer 1972, Douglas and Peucker
    1973, with vertical distances)."""
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inner = line[first + 1 : last]
        off = np.abs(inner[:, 1] - np.interp(inner[:, 0], line[[first, last], 0], line[[first, last], 1]))
        worst = int(np.argmax(off))
        if off[worst] > tolerance:
            keep[first + 1 + worst] = True
            spans += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return line[keep]
