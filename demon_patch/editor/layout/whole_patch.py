"""Lays a whole patch out anew for the sizes that its nodes have on the canvas, with the inside of its subpatches."""

from __future__ import annotations

from typing import TypeVar

from msgspec import structs

from demon_patch.editor.layout.box import Rect
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.tidy import free_place, overlapping, reframed, tidied
from demon_patch.patch.model.document import Graph, Patch

G = TypeVar("G", bound=Graph)
ORIGIN = (40.0, 40.0)
"""Where the upper left corner of a patch that is laid out lies."""


def overlaps(patch: Patch, facts: Facts, within: str | None = None) -> list[tuple[str, str]]:
    """Returns the pairs of nodes that lie on each other."""
    boxes, _ = boxes_of(patch, within, facts)
    return overlapping(boxes.values())


def laid_out(patch: Patch, facts: Facts) -> Patch:
    """Returns a patch with new places of nodes, frames and notes, and nothing else changed."""
    inner = {id: _graph(patch, facts, id, definition) for id, definition in patch.definitions.items()}
    return structs.replace(_graph(patch, facts, None, patch), definitions=inner)


def _graph(patch: Patch, facts: Facts, within: str | None, graph: G) -> G:
    boxes, wires = boxes_of(patch, within, facts)
    if not boxes:
        return graph
    places = tidied(boxes, wires, graph.frames)
    frames = reframed(graph.frames, boxes, places)
    corners = [*places.values(), *(frame.at for frame in frames.values())]
    dx, dy = ORIGIN[0] - min(x for x, _ in corners), ORIGIN[1] - min(y for _, y in corners)
    places = {id: (x + dx, y + dy) for id, (x, y) in places.items()}
    frames = {id: structs.replace(kept, at=(kept.at[0] + dx, kept.at[1] + dy)) for id, kept in frames.items()}
    nodes = {id: structs.replace(node, at=places[id]) for id, node in graph.nodes.items()}
    taken: list[Rect] = [(x, y, x + boxes[id].w, y + boxes[id].h) for id, (x, y) in places.items()]
    taken += [(*f.at, f.at[0] + f.size[0], f.at[1] + f.size[1]) for f in frames.values()]
    notes, probes = {}, {}
    for kept, made in ((graph.notes, notes), (graph.probes, probes)):
        for id, card in kept.items():
            wanted = (ORIGIN[0], max(rect[3] for rect in taken)) if card.at[0] < ORIGIN[0] else card.at
            x, y = free_place(taken, *card.size, wanted)
            made[id] = structs.replace(card, at=(x, y))
            taken.append((x, y, x + card.size[0], y + card.size[1]))
    return structs.replace(graph, nodes=nodes, frames=frames, notes=notes, probes=probes)
