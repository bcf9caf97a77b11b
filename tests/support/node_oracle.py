"""One node over a whole run, and the clock and the noise that it is compared by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, playable

N, RATE, BPM = 400, 25.0, 120.0
TRANSPORT = Transport(RATE, BPM, 4, 150)
K = np.arange(N)
T, BEAT, SONG = K / RATE, K * BPM / (60 * RATE), (K % 150) / RATE
NOISE = {"lo": -1.0, "hi": 1.0, "seed": 3.0}


def play(node: Node, *outs: str, feeds: Mapping[str, tuple[Node, str]] | None = None) -> list[np.ndarray]:
    """The outputs of one node over N frames; of a gate (its name with a star) the rises."""
    nodes, cables = {"n": node, "p": Node("probe")}, []
    for port, (source, out) in (feeds or {}).items():
        nodes[f"in_{port}"] = source
        cables.append(Cable(f"in_{port}", out, "n", port, mode="set"))
    names = [f"{'g' if out.endswith('*') else 'x'}{i}" for i, out in enumerate(outs)]
    cables += [Cable("n", out.rstrip("*"), "p", name) for out, name in zip(outs, names, strict=True)]
    program = compile(playable(nodes, tuple(cables)), BENCH, Geometry(RATE, 150))
    run = program.scan(program.state(), 0, N, TRANSPORT)
    return [run[program.engine_port("p", name)] for name in names]


def noise(seed: float = 3.0) -> np.ndarray:
    return play(Node("noise", values={"lo": -1.0, "hi": 1.0, "seed": seed}), "out")[0]
