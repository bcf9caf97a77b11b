"""Random patches of the whole library: every computed node and curve, with its options, knobs, adapters and loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.language.taper import denorm
from demon_patch.patch.model.document import Cable, Node
from tests.support.node_bench import BENCH, PROBES

KINDS = sorted(
    d.id for d in CATALOGUE.values() if d.kind == "computed" or (d.kind == "resource" and d.outs[0].type == "curve")
)
LIVE = sorted(d.id for d in CATALOGUE.values() if d.live)
MOST = 10


def knob(draw: st.DrawFn, port: Port) -> float:
    """A knob anywhere in its range; of an endless one within 3 of 0."""
    lo, hi = max(port.lo, -3.0), min(port.hi, 3.0)
    if port.bounded:
        lo, hi = port.lo, port.hi
    return min(max(float(denorm(draw(st.floats(0, 1)), lo, hi, port.taper)), lo), hi)


@st.composite
def nodes(draw: st.DrawFn, kinds: Sequence[str] = KINDS) -> Node:
    """A node of any of some kinds with some of its knobs and options set."""
    kind: Declaration = CATALOGUE[draw(st.sampled_from(kinds))]
    values: dict[str, Any] = {}
    for port in kind.ports:
        if port.type == "option":
            values[port.name] = draw(st.sampled_from(port.choices))
        elif port.numeric and draw(st.booleans()):
            values[port.name] = knob(draw, port)
    return Node(kind.id, values=values, bypass=draw(st.integers(0, 9)) == 0)


@st.composite
def graphs(draw: st.DrawFn, first: Sequence[str] = KINDS) -> tuple[dict[str, Node], list[Cable]]:
    """Up to ten nodes with cables anywhere, and a probe that shows the first outputs. first: kinds of the first one."""
    chosen = {f"n{i:02d}": draw(nodes(KINDS if i else first)) for i in range(draw(st.integers(1, MOST)))}
    cables: dict[tuple[str, str, str, str], Cable] = {}
    for _ in range(draw(st.integers(0, 2 * len(chosen)))):
        src, dst = draw(st.sampled_from(sorted(chosen))), draw(st.sampled_from(sorted(chosen)))
        ports = [p for p in BENCH[chosen[dst].type].ports if p.wireable and p.type in ("value", "gate")]
        outs = [o for o in BENCH[chosen[src].type].outs if o.type in ("value", "gate", "curve")]
        if ports and outs:
            out, port = draw(st.sampled_from(outs)).name, draw(st.sampled_from(ports)).name
            cables[src, out, dst, port] = Cable(src, out, dst, port, "add", draw(st.floats(-0.9, 0.9)))
    shown = [(id, out) for id in sorted(chosen) for out in BENCH[chosen[id].type].outs]
    for i, (id, out) in enumerate(draw(st.permutations(shown))[:PROBES]):
        port = f"{'g' if out.type == 'gate' else 'x'}{i}"
        cables[id, out.name, "p", port] = Cable(id, out.name, "p", port)
    return {**chosen, "p": Node("probe")}, list(cables.values())
