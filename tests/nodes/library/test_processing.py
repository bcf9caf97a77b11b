"""What all nodes that process keep to: in a loop numbers stay numbers, and a level goes up only with a rise."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from demon_patch.nodes.catalogue import gather
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.library.control import control, knob, preset
from demon_patch.nodes.library.logic import compare, gates, logic
from demon_patch.nodes.library.math import arithmetic, calculus, mixing
from demon_patch.nodes.library.shape import quantise, sample_and_hold, shape, smoothing
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support import nodes_by_hand
from tests.support.node_bench import BENCH, playable
from tests.support.node_settings import ends, settings_of

PROCESSING = gather(
    arithmetic, calculus, compare, control, gates, knob, logic, mixing, preset, quantise,
    sample_and_hold, shape, smoothing,
)  # fmt: skip
GATING = [d for d in PROCESSING.values() if any(out.type == "gate" for out in d.outs)]
FRAMES = 1100  # doubling would pass the largest float after 1024
TRANSPORT = Transport(25, 126, 4, 97)


def looped(declaration: Declaration, settings: dict[str, str]) -> tuple[dict[str, Node], list[Cable]]:
    """Every output into every input at full depth, and something that moves."""
    nodes = {
        "n": Node(declaration.id, values=settings),
        "lfo": Node("lfo"),
        "fast": Node("clock", values={"beats": 0.0625}),
    }
    cables: list[Cable] = []
    for port in (p for p in declaration.ports if p.wireable):
        moving, way = ("fast", "gate") if port.type == "gate" else ("lfo", "out")
        cables.append(Cable(moving, way, "n", port.name))
        cables += [Cable("n", out.name, "n", port.name, mode="add", depth=1.0) for out in declaration.outs]
    return nodes, cables


def cases(declarations: Iterable[Declaration]) -> list[Any]:
    """Each declaration with all combinations of its options."""
    return [pytest.param(d, s, id="-".join([d.id, *s.values()])) for d in declarations for s in settings_of(d)]


@pytest.mark.parametrize(("declaration", "settings"), cases(PROCESSING.values()))
def test_a_node_wired_into_itself_stays_a_number(declaration: Declaration, settings: dict[str, str]) -> None:
    nodes, cables = looped(declaration, settings)
    cables += [
        Cable("n", out.name, "p", f"{'g' if out.type == 'gate' else 'x'}{i}") for i, out in enumerate(declaration.outs)
    ]
    program = compile(playable({**nodes, "p": Node("probe")}, tuple(cables)), BENCH, Geometry(25, 97))
    state = program.state()
    ahead = program.scan(state, 0, FRAMES, TRANSPORT)
    came = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(FRAMES)]).T
    assert program.faults == {}
    assert np.isfinite(came).all()
    assert np.allclose(ahead, came, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("declaration", "settings"), cases(GATING))
def test_a_level_goes_up_only_with_a_rise(declaration: Declaration, settings: dict[str, str]) -> None:
    inputs: dict[str, Any] = {}
    for seed, port in enumerate(p for p in declaration.ports if p.wireable):
        inputs[port.name] = (
            nodes_by_hand.gates(seed) if port.type == "gate" else nodes_by_hand.signal(seed, *ends(port))
        )
    sinks = iter(nodes_by_hand.played(declaration, **inputs, **settings))
    for out in declaration.outs:
        level = next(sinks)
        if out.type != "gate":
            continue
        rises = next(sinks)
        assert set(level) <= {0.0, 1.0}
        assert rises.min() >= 0
        assert (rises == np.floor(rises)).all()
        assert all(b - a <= r for (a, b), r in zip(pairwise(level), rises[1:], strict=True))


@pytest.mark.parametrize("declaration", PROCESSING.values(), ids=lambda d: d.id)
def test_a_signal_that_is_passed_on_comes_in_at_full_size(declaration: Declaration) -> None:
    for out in declaration.outs:
        assert out.like is None or not declaration.by_name[out.like].bounded


def test_strokes_within_one_frame_are_counted_along_a_chain() -> None:
    nodes = {
        "fast": Node("clock", values={"beats": 0.0625}),
        "half": Node("flip_flop"),
        "not": Node("logic", values={"operation": "not"}),
        "ends": Node("edges"),
        "p": Node("probe"),
    }
    chain = ("fast", "half", "not", "ends")
    cables = [Cable(a, "gate", b, {"half": "flip", "not": "a"}.get(b, "gate")) for a, b in pairwise(chain)]
    cables += [Cable(id, "gate", "p", f"g{i}") for i, id in enumerate(chain[:3])]
    cables += [Cable("ends", "both", "p", "g3")]
    program = compile(playable(nodes, tuple(cables)), BENCH, Geometry(25, 97))
    run = program.scan(program.state(), 0, 500, TRANSPORT)
    strokes, ups, downs, turns = (np.cumsum(run[program.engine_port("p", f"g{i}")]) for i in range(4))
    assert run[program.engine_port("p", "g0")].max() == 2
    assert np.array_equal(ups, (strokes + 1) // 2)
    assert np.array_equal(downs, strokes // 2)
    assert np.array_equal(turns[1:] - turns[0], strokes[1:] - strokes[0])
