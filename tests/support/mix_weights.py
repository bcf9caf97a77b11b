"""The weights that a mix or a surface computes over time."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, FEEDS, playable
from tests.support.node_oracle import RATE, TRANSPORT, N

NOISE = Node("noise", values={"lo": -1.0, "hi": 1.0, "seed": 3.0})


def weights(node: Node, wired: str = "", feeds: dict[str, tuple[Node, str]] | None = None) -> np.ndarray:
    """All that a mix or a surface gives over N frames, [numbers, N]. wired: the digits or letters of its inlets; feeds:
    what sets a port."""
    declaration = BENCH[f"weighed_{node.type}"]
    nodes, cables = {"n": Node(declaration.id, values=node.values), "p": Node("probe")}, []
    for port in declaration.mix_inputs:
        if port.name[-1] in wired:
            nodes[f"in_{port.name}"] = Node(FEEDS[port.type])
            cables.append(Cable(f"in_{port.name}", port.type, "n", port.name))
    for port, (source, out) in (feeds or {}).items():
        nodes[f"in_{port}"] = source
        cables.append(Cable(f"in_{port}", out, "n", port, mode="set"))
    cables += [Cable("n", out.name, "p", f"x{i}") for i, out in enumerate(declaration.outs)]
    program = compile(playable(nodes, tuple(cables)), BENCH, Geometry(RATE, 150))
    run = program.scan(program.state(), 0, N, TRANSPORT)
    return run[[program.engine_port("p", f"x{i}") for i in range(len(declaration.outs))]]
