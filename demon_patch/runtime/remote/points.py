"""Finds the signal that a point of a subpatch's boundary stands for."""

from __future__ import annotations

from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH
from demon_patch.runtime.remote.messages.base import Point

DEEPEST = 64  # subpatches within subpatches


def flat_point(patch: Patch, point: Point) -> Point:
    """Returns the point of the flat patch that has the signal of a point: the point itself, or for a boundary port of a
    subpatch the output inside that it promotes, or the first input inside that it leads to. A point that leads nowhere
    is returned as it is."""
    path, port, side = point
    for _ in range(DEEPEST):
        if (definition := _definition(patch, path)) is None:
            return path, port, side
        if side == "in" and port in definition.inputs and definition.inputs[port].to:
            target = definition.inputs[port].to[0]
            path, port = f"{path}/{target.node}", target.port
        elif side == "out" and port in definition.outputs and definition.outputs[port].node:
            outlet = definition.outputs[port]
            path, port = f"{path}/{outlet.node}", outlet.out
        else:
            return point
    return point


def _definition(patch: Patch, path: str) -> Definition | None:
    """Returns what the subpatch at a path of ids contains; None for another node, and where there is none."""
    nodes, found = patch.nodes, None
    for id in path.split("/"):
        node = nodes.get(id)
        found = None if node is None or node.type != SUBPATCH else patch.definitions.get(node.definition)
        if found is None:
            return None
        nodes = found.nodes
    return found
