"""Nodes that only tests have: exact random signals, gates, and a probe that makes any output a sink."""

from __future__ import annotations

import math
from collections.abc import Mapping

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.declare import Declaration, node
from demon_patch.nodes.frame import Frame, Gate
from demon_patch.nodes.ports import Port, gate_out, out, value
from demon_patch.nodes.vocabulary import floor, hash01, inf
from demon_patch.patch.document import Cable, Node, Patch

PROBES = 8


@node("noise", "Noise", "A new number in every frame.", out=out("out"), category="test")
def noise(
    t: Frame,
    lo: float = value(-1, -inf, inf, doc="Lowest."),
    hi: float = value(1, -inf, inf, doc="Highest."),
    seed: float = value(0, 0, 1e6, doc="Which numbers."),
):
    return lo + (hi - lo) * hash01(t.k, seed)


@node("pulses", "Pulses", "A gate at random.", out=gate_out("gate"), category="test")
def pulses(t: Frame, seed: float = value(0, 0, 1e6, doc="Which pulses.")):
    here = hash01(t.k, seed)
    return (1 if here > 0.6 else 0, floor(hash01(t.k, seed + 7919) * 1.4))


probe = Declaration(
    "probe", "Probe", "Shows signals.", "sink", "test", (),
    (*(Port(f"x{i}", "value", 0.0, -math.inf, math.inf, doc="A signal.") for i in range(PROBES)),
     *(Port(f"g{i}", "gate", None, 0.0, 1.0, doc="A gate.") for i in range(PROBES))),
    (),
)  # fmt: skip

BENCH: Mapping[str, Declaration] = {**CATALOGUE, "noise": noise, "pulses": pulses, "probe": probe}
CHAIN_NODES = {"zs": Node("scheduler"), "zd": Node("decoder"), "zo": Node("speaker")}
CHAIN_CABLES = (Cable("zs", "ring", "zd", "ring"), Cable("zd", "audio", "zo", "audio"))


def playable(nodes: Mapping[str, Node], cables: tuple[Cable, ...] = ()) -> Patch:
    """A patch with the shortest chain (zs -> zd -> zo), so that it compiles."""
    return Patch(nodes={**CHAIN_NODES, **nodes}, cables=(*CHAIN_CABLES, *cables))


def gate_at(k: int, seed: float) -> Gate:
    """What `pulses` gives at frame k."""
    return Gate(1.0 if hash01(k, seed) > 0.6 else 0.0, (hash01(k, seed + 7919) * 1.4) // 1.0)
