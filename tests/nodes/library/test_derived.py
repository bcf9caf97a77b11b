"""What every computed node must do, derived from its declaration: all spellings of its body agree, the forecast
is what comes, finite in gives finite out, and outputs stay within their nominal range. Fed ports are given noise up to
frame LIVE and keep its last value from there on."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from typing import Any

import numpy as np
import pytest

from demon_patch.codegen.frame import Gate
from demon_patch.codegen.vocabulary import hash01
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SIGNALS, Out, Port
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program, State
from tests.support import effort
from tests.support.node_bench import BENCH, FEEDS, PROBES, gate_at, playable
from tests.support.node_settings import ends, settings_of

FRAMES = 160
LIVE = 60
GEOMETRY = Geometry(25, 97)
TRANSPORT = Transport(25, 126, 4, 97)
RETURNING = Transport(25, 126, 4, 97, downbeat=0.5, follow=True)  # beats that begin below 0 and go back with the song
COMPUTED = [d for d in BENCH.values() if d.kind == "computed"]


def driven_ports(declaration: Declaration) -> list[Port]:
    """The ports that are given signals: by cables, then by feeding."""
    wired = [p for p in declaration.ports if p.wireable and (p.type in SIGNALS or p.type in FEEDS)]
    return [*wired, *(p for p in declaration.ports if p.live)]


def fed_gate_at(k: int, seed: float) -> Gate:
    """What a fed gate is given at frame k."""
    return gate_at(k, seed) if k < LIVE else Gate(gate_at(LIVE - 1, seed).level, 0.0)


def head(
    declaration: Declaration, program: Program, state: State, seed: int, transport: Transport = TRANSPORT
) -> np.ndarray:
    """The frames in which its fed ports move, [sinks, LIVE]; no frames of a node that has none."""
    if not declaration.live:
        return np.zeros((len(program.engine_ports), 0))
    rows: list[list[float]] = []
    for k in range(LIVE):
        for i, port in enumerate(driven_ports(declaration)):
            if port.live:
                slots = program.live_inputs.port("n", port.name).slots
                numbers = fed_gate_at(k, seed + i) if port.type == "gate" else (given(port, k, seed + i),)
                for slot, number in zip(slots, numbers, strict=True):
                    state.bus[slot] = number
        rows.append(program.run(state, transport.frame(k)))
    return np.array(rows).T


CASES = [
    pytest.param(d, s, id="-".join([d.id, *(s[p.name] for p in d.settings if p.choices)]))
    for d in COMPUTED
    for s in settings_of(d)
]

FEWER = CASES if effort.tries(5) > 1 else list({d.id: case for case in CASES for d in case.values[:1]}.values())
"""In the everyday run one combination of options of each node: how they all run is told by the first test."""


def given(port: Port, k: int, seed: float, last: float = -math.inf) -> float:
    """What arrives at a port whose noise has that seed. last: the number before, where whole ones are taken."""
    lo, hi = ends(port)
    x = min(max(lo + (hi - lo) * hash01(k, seed), port.lo), port.hi)
    if port.taper != "int":
        return x
    return last if abs(x - last) < 0.6 else math.floor(x + 0.5)


def driven(declaration: Declaration, settings: dict[str, Any], seed: int) -> Program:
    """The node with noise at every port and a probe at every output."""
    probes = {f"p{i}": Node("probe") for i in range(1 + (len(declaration.outs) - 1) // PROBES)}
    nodes = {"n": Node(declaration.id, values=settings), **probes}
    cables: list[Cable] = []
    for i, port in enumerate(p for p in driven_ports(declaration) if not p.live):
        if port.type == "gate":
            nodes[f"in{i}"] = Node("pulses", values={"seed": float(seed + i)})
            cables.append(Cable(f"in{i}", "gate", "n", port.name))
        elif port.type in FEEDS:
            nodes[f"in{i}"] = Node(FEEDS[port.type])
            cables.append(Cable(f"in{i}", port.type, "n", port.name))
        else:
            lo, hi = ends(port)
            nodes[f"in{i}"] = Node("noise", values={"lo": lo, "hi": hi, "seed": float(seed + i)})
            cables.append(Cable(f"in{i}", "out", "n", port.name, mode="set"))
    for i, out in enumerate(declaration.outs):
        cables.append(Cable("n", out.name, *_probe(out, i)))
    return compile(playable(nodes, tuple(cables)), BENCH, GEOMETRY)


def _probe(out: Out, number: int) -> tuple[str, str]:
    """The probe's node and port for an output."""
    return f"p{number // PROBES}", f"{'g' if out.type == 'gate' else 'x'}{number % PROBES}"


def observed(declaration: Declaration, program: Program) -> list[int]:
    """The sinks of the node's outputs, two for a gate: level, rises."""
    sinks: list[int] = []
    for i, out in enumerate(declaration.outs):
        if out.type == "gate":
            sinks += [program.engine_port(*_probe(out, i), "level"), program.engine_port(*_probe(out, i), "gate")]
        else:
            sinks.append(program.engine_port(*_probe(out, i)))
    return sinks


def plainly(
    declaration: Declaration, settings: dict[str, Any], seed: int, transport: Transport = TRANSPORT
) -> np.ndarray:
    """The plain Python call, frame by frame: [sinks, frames]."""
    state = dict(declaration.states)
    rows: list[list[float]] = []
    values: dict[str, Any] = {}
    for k in range(FRAMES):
        values = {
            p.name: (fed_gate_at if p.live else gate_at)(k, seed + i)
            if p.type == "gate"
            else given(
                p, min(k, LIVE - 1) if p.live else k, seed + i, -math.inf if p.live else values.get(p.name, -math.inf)
            )
            for i, p in enumerate(driven_ports(declaration))
        } | declaration.mix_inputs_seen()
        result = declaration(transport.frame(k), **values, **settings, **state)
        parts = result if len(declaration.outs) + len(state) > 1 else (result,)
        state = dict(zip(state, parts[len(declaration.outs) :], strict=True))
        rows.append([])
        for out, part in zip(declaration.outs, parts[: len(declaration.outs)], strict=True):
            rows[-1] += list(Gate(*part)) if out.type == "gate" else [part]
    return np.array(rows, dtype=np.float64).T


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal within 1e-12 of the range that they span."""
    return bool(np.max(np.abs(a - b)) <= 1e-12 * max(1.0, float(np.max(np.abs(b)))))


@pytest.mark.parametrize(("declaration", "settings"), CASES)
def test_float_code_array_code_scan_and_plain_call_agree(declaration: Declaration, settings: dict[str, Any]) -> None:
    program = driven(declaration, settings, seed=11)
    sinks, state = observed(declaration, program), program.state()
    fed = head(declaration, program, state, 11)[sinks]
    first = fed.shape[1]
    ahead = program.scan(state, first, FRAMES - first, TRANSPORT)[sinks]
    really = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(first, FRAMES)]).T[sinks]
    assert program.faults == {}
    assert close(ahead, really)
    assert close(np.hstack([fed, really]), plainly(declaration, settings, 11))


@pytest.mark.parametrize(("declaration", "settings"), FEWER)
def test_beats_that_go_back_leave_it_whole(declaration: Declaration, settings: dict[str, Any]) -> None:
    program = driven(declaration, settings, seed=31)
    state, sinks = program.state(), observed(declaration, program)
    fed = head(declaration, program, state, 31, RETURNING)[sinks]
    came = np.hstack([fed, program.scan(state, fed.shape[1], FRAMES - fed.shape[1], RETURNING)[sinks]])
    assert program.faults == {}
    assert close(came, plainly(declaration, settings, 31, RETURNING))
    outs = [o for o in declaration.outs for _ in range(2 if o.type == "gate" else 1)]
    for out, row in zip(outs, came, strict=True):
        if out.type != "gate" and out.like is None:
            assert row.min() >= out.lo - 1e-12
            assert row.max() <= out.hi + 1e-12


@pytest.mark.parametrize(("declaration", "settings"), FEWER)
def test_the_forecast_is_what_comes(declaration: Declaration, settings: dict[str, Any]) -> None:
    program = driven(declaration, settings, seed=23)
    forecast = Forecast(program, TRANSPORT)
    for i, port in enumerate(driven_ports(declaration)):
        if port.live:
            number = fed_gate_at(3, 23 + i) if port.type == "gate" else given(port, 3, 23 + i)
            forecast.feed("n", port.name, number, at=9 if i % 2 else 17)
    forecast.advance(17)
    sinks = observed(declaration, program)
    said = np.array([forecast.span(s, 17, FRAMES) for s in sinks])
    forecast.advance(FRAMES)
    came = np.array([forecast.span(s, 17, FRAMES) for s in sinks])
    assert close(said, came)


@pytest.mark.parametrize(("declaration", "settings"), FEWER)
def test_finite_in_gives_finite_out_within_the_nominal_range(
    declaration: Declaration, settings: dict[str, Any]
) -> None:
    for seed in (5, 500):
        program = driven(declaration, settings, seed)
        state, sinks = program.state(), observed(declaration, program)
        fed = head(declaration, program, state, seed)[sinks]
        values = np.hstack([fed, program.scan(state, fed.shape[1], FRAMES, TRANSPORT)[sinks]])
        assert np.isfinite(values).all()
        outs = (o for o in declaration.outs for _ in range(2 if o.type == "gate" else 1))
        for out, row in zip(outs, values, strict=True):
            if out.type != "gate" and out.like is None:
                assert row.min() >= out.lo - 1e-12
                assert row.max() <= out.hi + 1e-12


@pytest.mark.parametrize("declaration", [d for d in BENCH.values() if d.function], ids=lambda d: d.id)
def test_a_declaration_has_at_most_forty_lines(declaration: Declaration) -> None:
    assert declaration.function is not None
    lines, first = inspect.getsourcelines(declaration.function)
    definition = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(definition, ast.FunctionDef)
    said = definition.body[0]
    docstring = range(said.lineno - 1, said.end_lineno or 0) if ast.get_docstring(definition) else ()
    code = [line for i, line in enumerate(lines) if line.strip() and i not in docstring]
    assert len(code) <= 40, f"{len(code)} lines from line {first} on"


@pytest.mark.parametrize("declaration", COMPUTED, ids=lambda d: d.id)
def test_a_node_left_alone_is_finite(declaration: Declaration) -> None:
    program = compile(playable({"n": Node(declaration.id)}), BENCH, GEOMETRY)
    state = program.state()
    for k in range(60):
        program.run(state, TRANSPORT.frame(k))
    assert np.isfinite(state.bus).all()
    assert program.faults == {}
