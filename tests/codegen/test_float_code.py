"""Float code: cached by content, clamps as conditionals, and functions of a bounded size."""

from __future__ import annotations

import ast

import numpy as np

from demon_patch.codegen.float_code import APART, MOST_NODES, _code, float_function
from demon_patch.codegen.to_text import template, text_template
from demon_patch.codegen.vocabulary import clamp
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from tests.support.node_bench import BENCH, playable

TRANSPORT = Transport(25, 120, 4, 100)


def chained(n: int, rate: float = 0.25) -> Program:
    nodes = {f"n{i:03d}": Node("lfo" if i % 2 == 0 else "slew") for i in range(n)}
    nodes["n000"] = Node("lfo", values={"rate": rate})
    cables = [Cable(f"n{i - 1:03d}", "out", f"n{i:03d}", "x") for i in range(1, n, 2)]
    cables += [Cable(f"n{i - 1:03d}", "out", f"n{i:03d}", "rate", depth=0.1) for i in range(2, n, 2)]
    nodes["p"] = Node("probe")
    return compile(playable(nodes, (*cables, Cable(f"n{n - 1:03d}", "out", "p", "x0"))), BENCH, Geometry(25, 100))


def test_float_code_has_no_calls_for_limits() -> None:
    for declaration in CATALOGUE.values():
        if declaration.kind != "computed":
            continue
        made = template(declaration.body_for({}), "scalar")
        texts = [t for _, t in made.lines] + [t for pair in made.outputs for t in pair] + list(made.states)
        whole = "".join("".join(t.parts[::2]) for t in texts)
        assert not any(f"{name}(" in whole for name in ("min", "max", "clamp", "abs", "floor"))


def test_limits_as_conditionals_are_limits() -> None:
    text, _ = text_template("clamp(min(a, b * 2, 3) + abs(c), floor(d), max(a, 7))", "scalar")
    code = text.fill({"a": "a", "b": "b", "c": "c", "d": "d"}, "_")
    for a, b, c, d in np.random.default_rng(1).normal(0, 4, (200, 4)).tolist():
        expected = clamp(min(a, b * 2, 3) + abs(c), float(np.floor(d)), max(a, 7))
        assert eval(code, {"a": a, "b": b, "c": c, "d": d}) == expected


def test_a_turned_knob_compiles_nothing_anew() -> None:
    one = chained(60)
    before = _code.cache_info().misses
    other = chained(60, rate=0.5)
    assert _code.cache_info().misses == before
    assert [f.__code__ for _, f in one._functions] == [f.__code__ for _, f in other._functions]


def test_functions_stay_short() -> None:
    program = chained(90)
    assert all(len(steps) <= MOST_NODES for steps, _ in program._functions)
    assert len(program._functions) <= 2 + 90 / MOST_NODES + 90 / APART  # borders by id come on top
    for steps, _ in program._functions:
        assert ast.parse(float_function(steps).text)


def test_values_pass_between_functions_in_every_way_of_running() -> None:
    program = chained(90)
    state = program.state()
    frame_by_frame = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(100)]).T
    assert np.allclose(program.scan(program.state(), 0, 100, TRANSPORT), frame_by_frame, atol=1e-12)
    assert np.ptp(frame_by_frame[program.engine_port("p", "x0")]) > 0
