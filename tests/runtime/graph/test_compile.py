"""The compiler: cables as DESIGN 4 has them, loops, state across edits, guards, the plan of the ring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replaced

from demon_patch.codegen.float_code import _code
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.whole_numbers import HYSTERESIS
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.nodes.adapters import threshold
from demon_patch.nodes.language.taper import denorm, norm
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.compiled import GEOMETRY, TRANSPORT, built, frames, sound
from tests.support.effort import examples
from tests.support.node_bench import BENCH, CHAIN_CABLES, CHAIN_NODES

# -- depth ------------------------------------------------------------------------------------------------------
PORTS = {"strength": (0.0, 1.0, "family"), "structure": (0.0, 1.0, "linear"), "shift": (1.0, 6.0, "log"),
         "steps": (1.0, 16.0, "int")}  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(
    port=st.sampled_from(sorted(PORTS)),
    knob=st.floats(0, 1),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    adds=st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.booleans()), max_size=3),
    sets=st.booleans(),
    seed=st.integers(0, 99),
)
def test_depth_range_and_taper_are_the_arithmetic_of_the_design(
    port: str,
    knob: float,
    cut: tuple[float, float],
    adds: Sequence[tuple[float, float, bool]],
    sets: bool,
    seed: int,
) -> None:
    low, high, taper = PORTS[port]

    def place(x: float) -> float:
        return float(norm(x, low, high, taper))  # type: ignore[arg-type]

    def back(u: float) -> float:
        return float(denorm(u, low, high, taper))  # type: ignore[arg-type]

    base, lo, hi = back(knob), *sorted(back(u) for u in cut)
    nodes = {"zs": Node("scheduler", values={port: base}, ranges={port: (lo, hi)})}
    cables: list[Cable] = []
    for i, (depth, offset, symmetric) in enumerate(adds):
        nodes[f"a{i}"] = Node("lfo", values={"seed": float(seed + i), "shape": "random", "rate": 10.0})
        cables.append(Cable(f"a{i}", "out" if symmetric else "uni", "zs", port, "add", depth, offset))
    if sets:
        nodes["b"] = Node("noise", values={"lo": low - 0.3, "hi": high + 0.3, "seed": float(seed)})
        cables.append(Cable("b", "out", "zs", port, "set"))
    probes = {"p": Node("probe")}
    taps = [Cable(c.src, c.out, "p", f"x{i}") for i, c in enumerate(cables)]
    program = built({**nodes, **probes}, *cables, *taps)
    out = frames(program)
    signals = [out[program.engine_port("p", f"x{i}")] for i in range(len(cables))]
    for k, got in enumerate(out[program.engine_port("zs", port)]):
        start = min(max(signals[-1][k], low), high) if sets else base
        moved = sum(d * (x[k] + o) for (d, o, _), x in zip(adds, signals, strict=False))
        u = min(max(place(start) + moved, place(lo)), place(hi))
        if taper == "int":
            straight = low + u * (high - low)
            assert abs(straight - got) <= 0.5 + HYSTERESIS / 2 + 1e-9
            assert got == round(got)
        else:
            assert got == pytest.approx(back(u), abs=1e-11)
        assert lo <= got <= hi


def test_named_units_that_are_equal_set_and_others_add_a_half() -> None:
    nodes = {"k": Node("knob", values={"position": 0.8}), "song": Node("song_position"), "slew": Node("slew")}
    added = built(nodes, Cable("k", "out", "zs", "structure"), Cable("song", "seconds", "slew", "rise"))
    assert sound(built(nodes, Cable("k", "out", "zs", "shift")), "zs", "shift")[0] == pytest.approx(
        spec_of(DEFAULT_MODEL).shift * 6 ** (0.5 * 0.8)
    )
    assert sound(added, "zs", "structure")[0] == 1.0
    step = next(s for s in added.codes if s.node == "slew")
    assert step.inputs["rise"].text.startswith("clamp(x0")  # seconds into seconds


def test_a_port_without_ends_sums_in_its_own_unit() -> None:
    nodes = {"k": Node("knob", values={"position": 0.5}), "add": Node("add", values={"a": 3.0}), "p": Node("probe")}
    program = built(
        nodes, Cable("k", "out", "add", "a", depth=-4.0, offset=0.25), Cable("k", "out", "add", "b"),
        Cable("add", "out", "p", "x0"),
    )  # fmt: skip
    assert sound(program, "p", "x0")[0] == pytest.approx(3.0 - 4.0 * 0.5 + 0.25 + 0.5)


def test_like_outputs_take_range_and_unit_of_what_they_carry() -> None:
    nodes = {"lfo": Node("lfo"), "slew": Node("slew", values={"rise": 0.001, "fall": 0.001}), "p": Node("probe")}
    direct = built(nodes, Cable("lfo", "uni", "zs", "structure", depth=-1.0))
    slewed = built(nodes, Cable("lfo", "uni", "slew", "x"), Cable("slew", "out", "zs", "structure", depth=-1.0))
    assert np.allclose(sound(direct, "zs", "structure"), sound(slewed, "zs", "structure"), atol=1e-12)


# -- adapters ---------------------------------------------------------------------------------------------------
def test_a_value_opens_a_gate_at_one_half_with_hysteresis() -> None:
    frame = Frame(0, 0.0, 0.04, 0.0, 0.08, 0.0, 4.0, 4.0, 0)
    high, levels, rises = 0.0, [], []
    for x in (0.3, 0.49, 0.5, 0.49, 0.48, 0.479, 0.49, 0.6):
        (level, rise), high = threshold(frame, x, high=high)
        levels.append(level)
        rises.append(rise)
    assert levels == [0, 0, 1, 1, 1, 0, 0, 1]
    assert rises == [0, 0, 1, 0, 0, 0, 0, 1]


def test_value_and_curve_into_gate_and_gate_into_value() -> None:
    nodes = {
        "lfo": Node("lfo", values={"rate": 1.0}),
        "dc": Node("drawn_curve", values={"points": [[0, 0], [0.5, 1]], "interpolation": "step"}),
        "clk": Node("clock", values={"beats": 2.0}),
        "p": Node("probe"),
    }
    program = built(
        nodes, Cable("lfo", "out", "p", "g0"), Cable("dc", "curve", "p", "g1"), Cable("clk", "gate", "p", "x2"),
        Cable("clk", "gate", "zs", "structure", depth=-0.5), Cable("dc", "curve", "p", "x3"),
    )  # fmt: skip
    out = frames(program, 100)
    wave = np.sin(2 * np.pi * np.arange(100) / 25)
    assert np.array_equal(np.flatnonzero(out[program.engine_port("p", "g0")]), [3, 28, 53, 78])
    assert (out[program.engine_port("p", "g0", "level")][wave > 0.5] == 1).all()
    assert np.flatnonzero(out[program.engine_port("p", "g1")]).tolist() == [50]
    assert (out[program.engine_port("p", "x3")] == (np.arange(100) >= 50)).all()
    level = out[program.engine_port("p", "x2")]
    assert set(level) == {0.0, 1.0}
    assert np.array_equal(out[program.engine_port("zs", "structure")], 1.0 - 0.5 * level)


def test_gates_join() -> None:
    nodes = {"a": Node("clock", values={"beats": 2.0, "width": 0.01}), "b": Node("clock", values={"beats": 3.0}),
             "p": Node("probe")}  # fmt: skip
    program = built(
        nodes, Cable("a", "gate", "p", "g0"), Cable("b", "gate", "p", "g0"),
        Cable("a", "gate", "p", "g1"), Cable("b", "gate", "p", "g2"),
    )  # fmt: skip
    out = frames(program, 100)
    for kind in ("gate", "level"):
        joined, one, other = (out[program.engine_port("p", f"g{i}", kind)] for i in range(3))
        assert np.array_equal(joined, np.maximum(one, other))


def test_a_curve_is_read_at_the_song_frame_and_can_be_replaced() -> None:
    nodes = {"dc": Node("drawn_curve", values={"points": [[0, 0], [1, 1]]}), "p": Node("probe")}
    program = built(nodes, Cable("dc", "curve", "p", "x0"))
    read = sound(program, "p", "x0", 150)
    assert np.allclose(read, np.arange(150) % 100 / 100, atol=1e-6)
    program.set_curve("dc", np.full(100, 0.7))
    assert (sound(program, "p", "x0", 10) == 0.7).all()
    program.use_song(50)
    state = program.state()
    assert program.run(state, Transport(25, 120, 4, 50).frame(25))[program.engine_port("p", "x0")] == pytest.approx(0.5)
    for wrong in (np.zeros(49), np.full(50, np.nan)):
        with pytest.raises(Exception, match="finite numbers"):
            program.set_curve("dc", wrong)


# -- loops ------------------------------------------------------------------------------------------------------
def test_a_loop_carries_the_frame_before_on_one_cable() -> None:
    nodes = {"a": Node("add", values={"b": 1.0}), "m": Node("multiply", values={"b": 0.5}), "p": Node("probe")}
    cables = (Cable("a", "out", "m", "a"), Cable("m", "out", "a", "a"), Cable("a", "out", "p", "x0"))
    nodes["m"] = Node("multiply", values={"a": 0.0, "b": 0.5})
    program = built(nodes, *cables)
    assert len(program.delays) == 1
    expected, y = [], 0.0
    for _ in range(100):
        y = 1.0 + 0.5 * y
        expected.append(y)
    assert np.allclose(sound(program, "p", "x0", 100), expected, atol=1e-12)
    ahead = program.scan(program.state(), 0, 100, TRANSPORT)[program.engine_port("p", "x0")]
    assert np.array_equal(ahead, sound(program, "p", "x0", 100))


def test_a_node_may_feed_itself() -> None:
    nodes = {"a": Node("add", values={"b": 1.0}), "p": Node("probe")}
    program = built(nodes, Cable("a", "out", "a", "a"), Cable("a", "out", "p", "x0"))
    assert {s.src for s in program.delays} == {"a"}
    assert sound(program, "p", "x0", 50).tolist() == [float(k + 1) for k in range(50)]


# -- state across edits, tick lengths -----------------------------------------------------------------------------
def rich() -> tuple[dict[str, Node], tuple[Cable, ...]]:
    nodes = {
        "lfo": Node("lfo", values={"rate": 0.7}),
        "slew": Node("slew"),
        "seq": Node("step_sequencer", values={"v2": 1.0, "v3": 0.5, "beats": 0.5, "length": 3}),
        "env": Node("adsr"),
        "p": Node("probe"),
    }
    cables = (
        Cable("lfo", "out", "slew", "x"), Cable("slew", "out", "lfo", "rate", depth=0.1),
        Cable("seq", "gate", "env", "gate"), Cable("env", "out", "zs", "strength", depth=0.3),
        Cable("slew", "out", "zs", "structure", depth=-0.4), Cable("seq", "out", "p", "x0"),
        Cable("lfo", "out", "p", "g0"), Cable("slew", "out", "p", "x1"), Cable("env", "out", "p", "x2"),
    )  # fmt: skip
    return nodes, cables


@pytest.mark.parametrize("tick", [1, 3, 12])
def test_the_same_sinks_at_every_tick_length(tick: int) -> None:
    nodes, cables = rich()
    program = built(nodes, *cables)
    state = program.state()
    parts = [program.extend(state, k, tick, TRANSPORT) for k in range(0, 120, tick)]
    assert np.array_equal(np.concatenate(parts, axis=1), frames(built(nodes, *cables), 120))


def test_phases_survive_an_edit() -> None:
    nodes, cables = rich()
    whole = frames(built(nodes, *cables), 90)
    program = built(nodes, *cables)
    state = program.state()
    program.extend(state, 0, 50, TRANSPORT)
    edited = built({**nodes, "new": Node("lfo"), "a0": Node("knob")}, *cables, previous=program)
    state = edited.state()
    now = edited.extend(state, 50, 40, TRANSPORT)
    for i, sink in enumerate(program.engine_ports):
        assert np.array_equal(now[edited.engine_port(sink.node, sink.port, sink.kind)], whole[i, 50:])


def test_an_edited_knob_takes_effect_and_another_type_starts_fresh() -> None:
    program = built({"k": Node("knob", values={"position": 0.2}), "p": Node("probe")}, Cable("k", "out", "p", "x0"))
    program.run(program.state(), TRANSPORT.frame(0))
    louder = built({"k": Node("knob", values={"position": 0.9}), "p": Node("probe", values={"x1": 4.0})},
                   Cable("k", "out", "p", "x0"), previous=program)  # fmt: skip
    values = louder.run(louder.state(), TRANSPORT.frame(1))
    assert values[louder.engine_port("p", "x0")] == 0.9
    assert values[louder.engine_port("p", "x1")] == 4.0
    clock = built({"k": Node("clock"), "p": Node("probe")}, Cable("k", "gate", "p", "g0"), previous=louder)
    assert clock.run(clock.state(), TRANSPORT.frame(0))[clock.engine_port("p", "g0")] == 1.0


# -- guards -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("formula", ["1 / (k - 20)", "log(20 - k)", "exp(k * k)", "(20 - k) ** 0.5", "1e308 * k * k"])
def test_what_is_not_finite_keeps_the_last_good_value_and_is_flagged(formula: str) -> None:
    nodes = {"e": Node("expression", values={"formula": formula}), "lfo": Node("lfo"), "p": Node("probe")}
    program = built(nodes, Cable("e", "out", "p", "x0"), Cable("lfo", "out", "p", "x1"))
    out = frames(program, 100)
    assert np.isfinite(out).all()
    assert set(program.faults) == {"e"}
    alone = built({"lfo": Node("lfo"), "p": Node("probe")}, Cable("lfo", "out", "p", "x1"))
    assert np.array_equal(out[program.engine_port("p", "x1")], sound(alone, "p", "x1", 100))
    assert np.array_equal(program.scan(program.state(), 0, 100, TRANSPORT), out)
    if formula.startswith("1 /"):
        x = out[program.engine_port("p", "x0")]
        assert x[20] == x[19] == -1.0
        assert x[21] == 1.0


def test_state_that_is_lost_begins_again() -> None:
    nodes = {"e": Node("expression", values={"formula": "1e308"}), "sum": Node("integrator"), "p": Node("probe")}
    program = built(nodes, Cable("e", "out", "sum", "speed"), Cable("sum", "out", "p", "x0"))
    state = program.state()
    state.cells[:] = [math.nan] * len(state.cells)
    values = program.run(state, TRANSPORT.frame(0))
    assert np.isfinite(values).all()
    assert np.isfinite(state.cells).all()
    assert "sum" in program.faults


# -- the plan of the ring ---------------------------------------------------------------------------------------
def test_sinks_are_all_inputs_of_the_engine() -> None:
    program = built({"out": Node("speaker", values={"gain": -6.0})})
    rows = [row for row in CONTROLS.values() if row.carrier in ("scheduler", "decoder")]
    assert {s.control.name for s in program.engine_ports if s.control} == {row.name for row in rows if row.numeric}
    values = program.run(program.state(), TRANSPORT.frame(0))
    assert values[program.engine_port("out", "gain")] == -6.0
    assert values[program.engine_port("zs", "strength")] == 0.7
    kinds = {s.port: s.kind for s in program.engine_ports}
    assert (kinds["initial_noise"], kinds["strength"]) == ("curve", "value")


def test_a_default_that_is_the_familys_is_that_of_the_family_that_plays() -> None:
    """Without one the first family's is taken; a value in the patch wins."""
    nano = spec_of("nano")
    other = replace(nano, defaults={**nano.defaults, "steps": 11, "shift": 3.0, "depth": 7})
    for geometry, found in ((GEOMETRY, (4, 1.0, 2)), (Geometry(25, 100, other), (11, 3.0, 7))):
        for told in ({}, {"steps": 6}):
            nodes = {**CHAIN_NODES, "zs": replaced(CHAIN_NODES["zs"], values=told)}
            program = compile(Patch(nodes=nodes, cables=CHAIN_CABLES), BENCH, geometry)
            values = program.run(program.state(), TRANSPORT.frame(0))
            assert values[program.engine_port("zs", "steps")] == told.get("steps", found[0])
            assert tuple(values[program.engine_port("zs", name)] for name in ("shift", "depth")) == found[1:]


def test_the_plan_of_the_ring() -> None:
    nodes = {
        "s": Node("scheduler"), "b": Node("source_blend"), "t": Node("step_state", values={"ode_noise": 0.1}),
        "d": Node("decoder"), "p": Node("prompt", values={"text": "dub"}), "c": Node("composed_source", 2),
        "lfo": Node("lfo"), "o": Node("recorder"),
    }  # fmt: skip
    cables = (
        Cable("d", "audio", "o", "audio"),
        Cable("p", "prompt", "s", "prompt"), Cable("c", "source", "s", "source"), Cable("s", "ring", "b", "ring"),
        Cable("b", "ring", "t", "ring"), Cable("t", "ring", "d", "ring"), Cable("lfo", "out", "s", "initial_noise"),
    )  # fmt: skip
    program = compile(Patch(nodes=nodes, cables=cables), BENCH, GEOMETRY)
    ring = program.ring
    assert (ring.scheduler, ring.source_blend, ring.step_state, ring.decoder) == ("s", "b", "t", "d")
    assert (ring.wired["prompt"], ring.source) == ("p", "c")
    choices = [row for row in CONTROLS.values() if row.shape == "choice"]
    assert ring.options == {row.name: spec_of(DEFAULT_MODEL).default(row) for row in choices}
    assert {"source_blend", "ode_noise", "initial_noise", "strength"} <= ring.active
    assert "velocity_scale" not in ring.active
    assert program.resources["p"] == ("prompt", "dub")
    bypassed = compile(
        Patch(nodes={**nodes, "b": Node("source_blend", bypass=True)}, cables=cables), BENCH, GEOMETRY
    ).ring
    assert bypassed.source_blend is None
    assert bypassed.step_state == "t"
    assert "source_blend" not in bypassed.active
    bare = compile(Patch(nodes=CHAIN_NODES, cables=CHAIN_CABLES), BENCH, GEOMETRY).ring
    assert (bare.source_blend, bare.step_state, bare.wired.get("prompt"), bare.source) == (None,) * 4
    assert "source_blend" not in bare.active


# -- edits ------------------------------------------------------------------------------------------------------
def long_patch(n: int = 120) -> tuple[dict[str, Node], list[Cable]]:
    nodes = {f"n{i:03d}": Node("lfo" if i % 2 == 0 else "slew") for i in range(n)}
    cables = [Cable(f"n{i - 1:03d}", "out", f"n{i:03d}", "x") for i in range(1, n, 2)]
    return {**nodes, "p": Node("probe")}, [*cables, Cable(f"n{n - 1:03d}", "out", "p", "x0")]


def test_an_edit_makes_anew_only_what_it_touches() -> None:
    nodes, cables = long_patch()
    before = built(nodes, *cables)
    turned = built({**nodes, "n010": Node("lfo", values={"rate": 2.0})}, *cables, previous=before)
    assert turned.codes == before.codes
    assert turned.params != before.params
    misses = _code.cache_info().misses
    grown = built({**nodes, "m": Node("knob")}, *cables, Cable("m", "out", "n011", "rise"), previous=turned)
    kept = {id(step) for step in turned.codes}
    assert [step.node for step in grown.codes if id(step) not in kept] == ["m", "n011"]
    assert _code.cache_info().misses - misses <= 6  # two or three functions, each with what is computed once
    fewer = {id: node for id, node in nodes.items() if id != "n000"}
    shrunk = built(fewer, *(c for c in cables if "n000" not in (c.src, c.dst)), previous=grown)
    assert [step.node for step in shrunk.codes if id(step) not in {id(s) for s in grown.codes}] == ["n001", "n011"]


def test_a_program_sounds_the_same_however_it_was_reached() -> None:
    nodes, cables = rich()
    way = built({**nodes, "a0": Node("lfo"), "z9": Node("clock")}, *cables)
    for gone in ("seq", "slew", "env"):
        left = [c for c in cables if gone not in (c.src, c.dst)]
        way = built({id: node for id, node in nodes.items() if id != gone}, *left, previous=way)
    way = built(nodes, *cables, previous=way)
    way.inherited = None
    assert np.array_equal(frames(way, 90), frames(built(nodes, *cables), 90))
    ahead = way.scan(way.state(), 0, 90, TRANSPORT)
    assert np.allclose(ahead, frames(way, 90), atol=1e-12)


def test_a_knob_that_no_arithmetic_can_be_done_with_is_a_fault_of_its_node_alone() -> None:
    nodes = {"e": Node("expression", values={"formula": "1 / a"}), "lfo": Node("lfo"), "p": Node("probe")}
    program = built(nodes, Cable("e", "out", "p", "x0"), Cable("lfo", "out", "p", "x1"))
    out = frames(program, 60)
    assert set(program.faults) == {"e"}
    assert (out[program.engine_port("p", "x0")] == 0.0).all()
    assert np.ptp(out[program.engine_port("p", "x1")]) > 1.0
