"""Programs of a few nodes on the test catalogue, and what they compute frame by frame."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from tests.support.node_bench import BENCH, playable

GEOMETRY = Geometry(25, 100)
TRANSPORT = Transport(25, 120, 4, 100)


def built(nodes: dict[str, Node], *cables: Cable, previous: Program | None = None) -> Program:
    return compile(playable(nodes, cables), BENCH, GEOMETRY, previous)


def frames(program: Program, n: int = 40) -> np.ndarray:
    """Sinks [n_sinks, n] by running frame by frame on a fresh state."""
    state = program.state()
    return np.array([program.run(state, TRANSPORT.frame(k)) for k in range(n)]).T


def sound(program: Program, node: str, port: str, n: int = 40) -> np.ndarray:
    return frames(program, n)[program.engine_port(node, port)]
