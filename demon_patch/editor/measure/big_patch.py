"""A patch of 200 nodes and 300 cables, as dense as a large patch of a player."""

from __future__ import annotations

from demon_patch.patch.model.document import Cable, Meta, Node, Patch

NODES, CABLES, ACROSS = 200, 300, 20
PORTS = {
    "lfo": ("rate", "phase"),
    "slew": ("x", "rise"),
    "adsr": ("attack", "release"),
    "smooth_noise": ("rate", "rough"),
    "delay": ("x", "time"),
}
"""The node types, and the ports into which the node before and the node above lead."""
STEP = 225.0, 200.0
"""Canvas units from one node to the next, across and down."""


def big_patch() -> Patch:
    """Returns it. Each node leads to the next one, and half of them also to a node of the line below."""
    ids, types = [f"n{n:03}" for n in range(NODES)], list(PORTS)
    nodes = {
        id: Node(types[n % len(types)], at=(STEP[0] * (n % ACROSS), STEP[1] * (n // ACROSS)))
        for n, id in enumerate(ids)
    }
    pairs = [(n, n + 1, 0) for n in range(NODES - 1)] + [(n, n + ACROSS + 1, 1) for n in range(NODES - ACROSS - 1)]
    cables: dict[tuple[str, str, str], Cable] = {}
    for src, dst, which in pairs:
        port = PORTS[nodes[ids[dst]].type][which]
        cables.setdefault((ids[src], ids[dst], port), Cable(ids[src], "out", ids[dst], port, depth=0.2))
    return Patch(meta=Meta(title="Big"), nodes=nodes, cables=tuple(cables.values())[:CABLES])
