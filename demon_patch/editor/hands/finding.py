"""Finds nodes of a patch by their names, types, ports, values and texts."""

from __future__ import annotations

from collections.abc import Mapping

from demon_patch.editor.hands import search
from demon_patch.editor.hands.palette import MOST, Offer
from demon_patch.editor.layout.box import Box
from demon_patch.patch.model.graph import Graph


def found(text: str, graph: Graph, boxes: Mapping[str, Box]) -> list[Offer]:
    """Returns the nodes that have a text, those whose name has it first; all nodes, by name, for none."""
    wanted = " ".join(text.lower().split())
    ranked: list[tuple[float, Offer]] = []
    for id, node in graph.nodes.items():
        box = boxes.get(id)
        title = box.title if box is not None else node.label or node.type
        names = {title.lower(), node.type.replace("_", " "), node.label.lower(), id}
        rank = min(search.named(wanted, name) for name in names if name) if wanted else 0.0
        why = f"{node.type.replace('_', ' ')}" + (", with a problem" if box is not None and box.problem else "")
        if rank >= search.WORST:
            values = [f"{name} {value}" for name, value in node.values.items() if wanted in f"{name} {value}".lower()]
            rows = [] if box is None else [row.title for row in box.rows if wanted in row.title.lower()]
            if not values and not rows:
                continue
            rank, why = (100.0, values[0][:80]) if values else (200.0, rows[0])
        category = box.category if box is not None else ""
        ranked.append((rank, Offer("found", id, title, why, category, f"Goes to {title}")))
    ranked.sort(key=lambda hit: (hit[0], hit[1].title.lower(), hit[1].id))
    return [offer for _, offer in ranked[:MOST]]
