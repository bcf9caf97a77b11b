"""Random patches of the whole library: every way of running them gives the same, and an edit leaves the rest alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.nodes.language.migration import Migration
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph import timeline
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from tests.support.effort import examples
from tests.support.graph_strategies import LIVE, graphs, nodes
from tests.support.node_bench import BENCH, playable

SONG, FRAMES = 97, 144
GEOMETRY = Geometry(25, SONG)
TRANSPORT = Transport(25, 126, 4, SONG)
Graph = tuple[dict[str, Node], list[Cable]]
calm = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def built(graph: Graph, previous: Program | None = None) -> Program:
    return compile(playable(graph[0], tuple(graph[1])), BENCH, GEOMETRY, previous)


def played(program: Program, n: int = FRAMES) -> np.ndarray:
    """Sinks [n_sinks, n], frame by frame."""
    state = program.state()
    return np.array([program.run(state, TRANSPORT.frame(k)) for k in range(n)]).T


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, in parts of the range that each sink spans."""
    scale = np.maximum(1.0, np.abs(b).max(axis=1, keepdims=True))
    return float(np.max(np.abs(a - b) / scale, initial=0.0))


@calm
@given(graphs())
def test_the_same_sinks_at_every_tick_length(graph: Graph) -> None:
    whole = played(built(graph))
    for tick in (3, 12):
        forecast = Forecast(built(graph), TRANSPORT)
        for k in range(0, FRAMES, tick):
            forecast.span(0, k, k + 40)
            forecast.advance(k + tick)
        got = np.array([forecast.span(i, 0, FRAMES) for i in range(len(whole))])
        assert np.array_equal(got, whole)


@calm
@given(graphs(), st.integers(0, 60))
def test_floats_rows_and_the_forecast_agree(graph: Graph, n: int) -> None:
    program = built(graph)
    whole = played(program)
    state = program.state()
    ahead = program._run_batch(state, TRANSPORT.frames(0, FRAMES), FRAMES)
    if program.faults:
        assert ahead is None
        ahead = program.scan(program.state(), 0, FRAMES, TRANSPORT)
    elif ahead is None:  # a branch that is not taken may fail in rows
        ahead = program.scan(program.state(), 0, FRAMES, TRANSPORT)
    else:
        last = program.state()
        for k in range(FRAMES):
            program.run(last, TRANSPORT.frame(k))
        assert list(map(float, state.cells)) == list(map(float, last.cells))
        ahead = ahead[: len(program.engine_ports)]
        moved = np.concatenate([half.written for half in program.plan.parts])
        assert np.allclose(np.array(state.bus)[moved], np.array(last.bus)[moved], rtol=1e-12, atol=1e-12)
    assert apart(ahead, whole) <= 1e-12
    forecast = Forecast(program, TRANSPORT)
    forecast.advance(n)
    said = np.array([forecast.span(i, n, FRAMES) for i in range(len(whole))])
    assert apart(said, whole[:, n:]) <= 1e-12


@calm
@given(graphs(LIVE), st.data())
def test_a_forecast_that_is_fed_is_as_a_fresh_one(graph: Graph, data: st.DataObject) -> None:
    program = built(graph)
    forecast, every, near, guard = Forecast(program, TRANSPORT), range(len(program.engine_ports)), 20, 5

    def really() -> np.ndarray:
        state = forecast._live.copy()
        return np.array([program.run(state, TRANSPORT.frame(forecast.now + k)) for k in range(120)]).T

    def shown(n: int) -> np.ndarray:
        return forecast.curves(every, forecast.now, guard)[:, np.arange(forecast.now, forecast.now + n) % SONG]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "NEAR", near)
        patch.setattr(timeline, "FAR", 13)
        for _ in range(data.draw(st.integers(1, 12))):
            begin, now = forecast.now, forecast.now + data.draw(st.integers(0, 15))
            for (node, port), feed in program.live_inputs.ports.items():
                if data.draw(st.booleans()):
                    x, at = data.draw(st.floats(0, 1)), data.draw(st.integers(begin, now))
                    forecast.feed(node, port, (x, float(x > 0.5)) if len(feed.slots) > 1 else x, at=at)
            forecast.advance(now)
            if data.draw(st.integers(0, 5)) == 0:
                forecast.invalidate()
            if ahead := data.draw(st.sampled_from((0, 0, 1, 30, 120))):
                said = np.array([forecast.span(i, now, now + ahead) for i in every])
                assert apart(said, really()[:, :ahead]) <= 1e-12
            assert apart(shown(near), really()[:, :near]) <= 1e-12
            passed = np.arange(max(now - guard, 0), now)
            was = np.array([forecast.span(i, now - len(passed), now) for i in every])
            if len(passed):
                assert apart(forecast.curves(every, now, guard)[:, passed % SONG], was) <= 1e-12
        for _ in range(14):  # nothing is fed any more: in the end the whole song is as it will be
            forecast.advance(forecast.now + 1)
            shown(1)
        assert apart(shown(SONG - guard), really()[:, : SONG - guard]) <= 1e-12


@calm
@given(graphs(), nodes(), st.data())
def test_an_edit_leaves_every_node_that_it_does_not_reach_as_it_was(
    graph: Graph, new: Node, data: st.DataObject
) -> None:
    chosen, cables = graph
    program = built(graph)
    whole, state = played(program), program.state()
    for k in range(50):
        program.run(state, TRANSPORT.frame(k))
    edited = data.draw(st.sampled_from(sorted(chosen.keys() - {"p"})))
    kind = data.draw(st.sampled_from(("add", "replace", "remove")))
    if kind == "add":
        after, left, touched = {**chosen, "a0": new}, cables, {"a0"}
    elif kind == "replace":
        left = [c for c in cables if edited not in (c.src, c.dst)]
        after, touched = {**chosen, edited: new}, {edited}
    else:
        left = [c for c in cables if edited not in (c.src, c.dst)]
        after, touched = {id: node for id, node in chosen.items() if id != edited}, {edited}
    lost = {(c.dst, c.port) for c in cables if c not in left}
    reached = {*touched, *(node for node, _ in lost if node != "p")}
    while more := {c.dst for c in cables if c.src in reached} - reached - {"p"}:
        reached |= more
    swapped = built((after, left), program)
    swapped.inherited = state
    on = swapped.state()
    came = np.array([swapped.run(on, TRANSPORT.frame(k)) for k in range(50, FRAMES)]).T
    for cable in left:
        if cable.dst == "p" and cable.src not in reached:
            kinds = ("gate", "level") if cable.port[0] == "g" else ("value",)
            for sink in kinds:
                row = program.engine_port("p", cable.port, sink)
                assert np.array_equal(came[swapped.engine_port("p", cable.port, sink)], whole[row, 50:]), (cable, kind)


def test_an_upgraded_node_begins_anew() -> None:
    graph = ({"n": Node("lfo", values={"rate": 1.0}), "p": Node("probe")}, [Cable("n", "out", "p", "x0")])
    program = built(graph)
    played(program, 30)

    version = BENCH["lfo"].version
    migrate = {**BENCH["lfo"].migrate, version: Migration()}
    newer = {**BENCH, "lfo": replace(BENCH["lfo"], version=version + 1, migrate=migrate, bodies={})}
    again = compile(playable(graph[0], tuple(graph[1])), newer, GEOMETRY, program)
    assert np.array_equal(played(again, 30), played(built(graph), 30))
    with pytest.raises(PatchError):
        again.engine_port("n", "out")
