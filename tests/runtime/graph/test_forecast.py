"""The forecast: what it says is what comes; the map of song frames to the moments at which they are heard."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.graph.timeline import FAR, NEAR
from tests.support.effort import examples
from tests.support.node_bench import BENCH, PROBES, playable

SONG = 100
TRANSPORT = Transport(25, 126, 4, SONG)
TYPES = ["lfo", "slew", "add", "multiply", "adsr", "clock", "step_sequencer", "scale", "expression", "knob",
         "song_position", "drawn_curve", "noise", "pulses"]  # fmt: skip


def built(nodes: dict[str, Node], *cables: Cable) -> Program:
    return compile(playable(nodes, cables), BENCH, Geometry(25, SONG))


@st.composite
def graphs(draw: st.DrawFn) -> Program:
    """A random graph of up to twelve nodes, loops and adapters included, with probes at its outputs."""
    kinds = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=12))
    nodes = {f"n{i:02d}": Node(kind) for i, kind in enumerate(kinds)}
    cables: dict[tuple[str, str, str, str], Cable] = {}
    for _ in range(draw(st.integers(0, 20))):
        src, dst = draw(st.sampled_from(sorted(nodes))), draw(st.sampled_from(sorted(nodes)))
        ports = [p.name for p in BENCH[nodes[dst].type].ports if p.wireable]
        if ports:
            out = draw(st.sampled_from(BENCH[nodes[src].type].outs)).name
            port = draw(st.sampled_from(ports))
            depth = draw(st.floats(-0.9, 0.9))
            cables[src, out, dst, port] = Cable(src, out, dst, port, "add", depth)
    nodes["p"] = Node("probe")
    for i, id in enumerate(sorted(nodes)[:PROBES]):
        for out in BENCH[nodes[id].type].outs[:1]:
            port = f"{'g' if out.type == 'gate' else 'x'}{i}"
            cables[id, out.name, "p", port] = Cable(id, out.name, "p", port)
    return built(nodes, *cables.values())


@settings(max_examples=examples(50), deadline=None)
@given(graphs(), st.integers(0, 70), st.integers(1, 140))
def test_the_forecast_of_any_graph_is_what_comes(program: Program, n: int, ahead: int) -> None:
    forecast = Forecast(program, TRANSPORT)
    forecast.advance(n)
    said = np.array([forecast.span(s, n, n + ahead) for s in range(len(program.engine_ports))])
    state = program.state()
    really = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(n + ahead)]).T
    scale = np.maximum(1.0, np.abs(really).max(axis=1, keepdims=True))
    assert (np.abs(said - really[:, n:]) <= 1e-12 * scale).all()


NODES = {
    "lfo": Node("lfo", values={"rate": 0.31}),
    "seq": Node("step_sequencer", values={"v1": 0.9, "v2": 0.1, "v3": 0.15, "v4": 0.8, "length": 4}),
    "clk": Node("clock", values={"beats": 2.0}),
    "b": Node("probe"),
}
CABLES = (
    Cable("lfo", "out", "zs", "initial_noise", depth=-0.5),
    Cable("seq", "out", "zs", "structure", depth=-0.5),
    Cable("clk", "gate", "b", "g0"),
)


def test_values_before_the_beginning_are_those_of_frame_0() -> None:
    program = built(NODES, *CABLES)
    forecast = Forecast(program, TRANSPORT)
    sink = program.engine_port("zs", "structure")
    assert forecast.port_value(sink, -9) == forecast.port_value(sink, 0)
    assert (forecast.span(sink, -5, 1) == forecast.port_value(sink, 0)).all()


def test_nothing_is_computed_twice_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    program = built(NODES, *CABLES)
    forecast, sink = Forecast(program, TRANSPORT), program.engine_port("zs", "initial_noise")
    ran: list[tuple[int, int]] = []
    extend = program.extend

    def counted(state, k0, n, transport):  # type: ignore[no-untyped-def]
        ran.append((k0, n))
        return extend(state, k0, n, transport)

    monkeypatch.setattr(program, "extend", counted)
    for now in range(0, 600, 6):
        forecast.advance(now)
        forecast.per_frame(sink, now, 10)
        forecast.span(sink, now, now + 40)
    assert [k0 for k0, _ in ran] == np.cumsum([0, *(n for _, n in ran)])[:-1].tolist()
    assert sum(n for _, n in ran) <= 600 + SONG + 64


@pytest.mark.parametrize("guard", [0, 10, 99])
def test_the_map_of_song_frames_to_moments(guard: int) -> None:
    program = built(NODES, *CABLES)
    forecast, sink = Forecast(program, TRANSPORT), program.engine_port("zs", "initial_noise")
    state = program.state()
    line = np.array([program.run(state, TRANSPORT.frame(k))[sink] for k in range(600)])
    for now in (0, 6, 7, 93, 100, 101, 350):
        forecast.advance(now)
        f = np.arange(SONG)
        moments = now + (f - now % SONG + guard) % SONG - guard
        assert np.allclose(forecast.per_frame(sink, now, guard), line[np.maximum(moments, 0)], atol=1e-12)


def test_after_six_frames_exactly_six_entries_change() -> None:
    program = built(NODES, *CABLES)
    forecast, sink = Forecast(program, TRANSPORT), program.engine_port("zs", "initial_noise")
    before = forecast.per_frame(sink, 200, 12)
    after = forecast.per_frame(sink, 206, 12)
    assert np.flatnonzero(before != after).tolist() == [88, 89, 90, 91, 92, 93]
    forecast.advance(206)
    assert np.array_equal(forecast.per_frame(sink, 206, 12), after)


def test_the_map_works_before_the_music_begins_and_refuses_a_guard_as_long_as_the_song() -> None:
    program = built(NODES, *CABLES)
    forecast, sink = Forecast(program, TRANSPORT), program.engine_port("zs", "initial_noise")
    early = forecast.per_frame(sink, -30, 5)
    assert (early[65:] == forecast.port_value(sink, 0)).all()
    assert early[20] == forecast.port_value(sink, 20)
    with pytest.raises(ValueError, match="guard of 100"):
        forecast.per_frame(sink, 0, 100)


def test_edges_are_rises_and_jumps() -> None:
    program = built(NODES, *CABLES)
    forecast = Forecast(program, TRANSPORT)
    ports = (("b", "g0"), ("zs", "structure"), ("zs", "initial_noise"))
    gate, steps, smooth = (program.engine_port(*port) for port in ports)
    beat = 25 * 60 / 126
    assert forecast.edges([smooth], 0, 400).tolist() == []
    assert forecast.edges([gate], 0, 100).tolist() == [int(np.ceil(i * 2 * beat)) for i in range(5)]
    jumps = [int(np.ceil(i * beat)) for i in (1, 3, 5, 7)]  # 0.1 to 0.15 and 0.8 to 0.9 are none
    assert forecast.edges([steps], 0, jumps[-1] + 1).tolist() == jumps
    assert forecast.edges([steps, gate], 5, 24).tolist() == [12]
    assert forecast.edges([steps], 10, 10).tolist() == []
    assert forecast.edges([steps], jumps[0], jumps[0] + 1).tolist() == [jumps[0]]
    assert forecast.edges([steps], jumps[0] + 1, jumps[1]).tolist() == []


def test_several_sinks_per_song_frame_are_as_each_by_itself_through_knobs_loops_and_edits() -> None:
    program, other = built(NODES, *CABLES), built(NODES, *CABLES)
    together, alone = Forecast(program, TRANSPORT), Forecast(other, TRANSPORT)
    sinks = [
        program.engine_port("zs", "initial_noise"),
        program.engine_port("zs", "structure"),
        program.engine_port("b", "g0"),
    ]
    for now in range(0, 700, 7):
        for forecast in (together, alone):
            forecast.advance(now)
            if now % 91 == 0:
                forecast.invalidate()
            if now == 350:
                forecast.retime(forecast.transport.looped(now, 20, 70))
            if now == 490:
                forecast.swap(built({**NODES, "lfo": Node("lfo", values={"rate": 1.7})}, *CABLES))
        shown = together.curves(sinks if now % 2 else sinks[:2], now, 12)
        alone._rows, alone._shown = {}, np.zeros((0, 0))  # looks everything up again
        for row, sink in zip(shown, sinks, strict=False):
            fresh = alone.per_frame(sink, now, 12)
            coming = alone._moments >= now - 12
            assert np.allclose(row[coming], fresh[coming], atol=1e-12), (now, sink)


def test_after_a_live_change_the_next_frames_are_renewed_and_the_rest_bit_by_bit() -> None:
    song = 1000
    transport = Transport(25, 126, 4, song)
    program = compile(playable(NODES, CABLES), BENCH, Geometry(25, song))
    forecast, sink = Forecast(program, transport), program.engine_port("zs", "initial_noise")
    before = forecast.per_frame(sink, 0)
    forecast.swap(compile(playable({**NODES, "lfo": Node("lfo", values={"rate": 2.0})}, CABLES), BENCH,
                          Geometry(25, song)))  # fmt: skip
    changed = [np.flatnonzero(forecast.per_frame(sink, 0) != before).max() + 1]
    for now in range(1, 5):
        forecast.advance(now)
        changed.append(int(np.flatnonzero(forecast.per_frame(sink, now)[now:] != before[now:]).max()) + 1 + now)
    slack = 45  # frames for which both are limited alike
    assert NEAR - slack <= changed[0] <= NEAR
    assert all(0 < b - a <= FAR + slack for a, b in pairwise(changed))
    assert changed[-1] >= song - slack


def test_an_edit_takes_over_from_now() -> None:
    program = built(NODES, *CABLES)
    forecast = Forecast(program, TRANSPORT)
    sink = program.engine_port("zs", "structure")
    past = forecast.span(sink, 0, 90)
    forecast.advance(60)
    edited = built({**NODES, "seq": Node("step_sequencer", values={"v1": 0.4, "length": 1}), "k": Node("knob")},
                   *CABLES, Cable("k", "out", "b", "x0"))  # fmt: skip
    forecast.swap(edited)
    sink = edited.engine_port("zs", "structure")
    assert np.array_equal(forecast.span(sink, 0, 60), past[:60])
    assert np.allclose(forecast.span(sink, 60, 90), 1 - 0.5 * 0.4)
    lfo = edited.engine_port("zs", "initial_noise")
    state = program.state(None)
    fresh = built(NODES, *CABLES)
    state = fresh.state()
    line = np.array([fresh.run(state, TRANSPORT.frame(k)) for k in range(90)]).T[
        fresh.engine_port("zs", "initial_noise")
    ]
    assert np.allclose(forecast.span(lfo, 0, 90), line, atol=1e-12)


def test_a_sink_that_an_edit_adds_is_forecast_as_it_comes() -> None:
    forecast = Forecast(built({"lfo": NODES["lfo"]}), TRANSPORT)
    forecast.per_frame(0, 0)
    forecast.advance(20)
    edited = built({"lfo": NODES["lfo"], "p": Node("probe")}, Cable("lfo", "out", "p", "x0"))
    forecast.swap(edited)
    sink = edited.engine_port("p", "x0")
    said = forecast.span(sink, 20, 90)
    assert (forecast.span(sink, 0, 20) == said[0]).all()
    forecast.advance(90)
    assert np.ptp(said[:40]) > 1
    np.testing.assert_allclose(said, forecast.span(sink, 20, 90), atol=1e-12)


@pytest.mark.parametrize("anew", [True, False])
def test_a_hundred_edits_keep_no_program_that_has_played(anew: bool) -> None:
    forecast = Forecast(built(NODES, *CABLES), TRANSPORT)
    gone: list[weakref.ref[Program]] = []
    for i in range(100):
        lfo = {"lfo": Node("lfo", values={"rate": 0.1 + i / 1000}), **({f"k{i}": Node("slew")} if i % 2 else {})}
        patch = playable({**NODES, **lfo}, CABLES)
        forecast.swap(compile(patch, BENCH, Geometry(25, SONG), forecast.program), anew)
        forecast.port_value(0, i + 40)
        gone.append(weakref.ref(forecast.program))
        forecast.advance(i)
    gc.collect()
    assert [program() for program in gone if program() is not None] == [forecast.program]
    assert len(forecast.program.bus) < 200


def test_a_curve_replaced_while_it_plays_is_heard_from_now() -> None:
    nodes = {"dc": Node("drawn_curve", values={"points": [[0, 0.5]]}), "p": Node("probe")}
    program = built(nodes, Cable("dc", "curve", "p", "x0"))
    forecast, sink = Forecast(program, TRANSPORT), program.engine_port("p", "x0")
    forecast.per_frame(sink, 0)
    forecast.advance(30)
    program.set_curve("dc", np.full(SONG, 0.25))
    forecast.invalidate()
    assert (forecast.span(sink, 20, 30) == 0.5).all()
    assert (forecast.span(sink, 30, 60) == 0.25).all()
    assert (forecast.per_frame(sink, 30) == 0.25).all()


def test_long_performances_forget_the_past_and_stay_exact() -> None:
    program = built(NODES, *CABLES)
    forecast, sink = Forecast(program, TRANSPORT), program.engine_port("zs", "structure")
    for k in range(0, 12_000, 500):
        forecast.advance(k)
    assert forecast._timeline.rows.shape[1] < 20_000
    seq = [0.9, 0.1, 0.15, 0.8]
    beat = int(TRANSPORT.frame(11_500).beat)
    assert forecast.port_value(sink, 11_500) == pytest.approx(1 - 0.5 * seq[beat % 4])
