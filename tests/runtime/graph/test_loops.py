"""Halves of nodes in loops, and the time that nodes take."""

from __future__ import annotations

from itertools import product

import numpy as np

from demon_patch.codegen.dependencies import early_and_late_outputs, inputs_of_outputs
from demon_patch.codegen.frame import Gate
from demon_patch.codegen.whole_numbers import with_whole_ports
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.loops import LATE
from tests.support.compiled import TRANSPORT, built, frames, sound
from tests.support.node_bench import BENCH
from tests.support.nodes_by_hand import REST, played


def test_what_an_output_waits_for_is_read_from_the_body() -> None:
    early = inputs_of_outputs(CATALOGUE["delay"].body_for({}))
    assert "x" in early[0]
    assert "x" not in early[1]
    assert "rate" not in inputs_of_outputs(CATALOGUE["lfo"].body_for({}, frozenset({"reset"})))[0]
    assert "x" in inputs_of_outputs(CATALOGUE["slew"].body_for({}))[0]


def test_an_output_waits_for_a_whole_number_that_is_rounded_first() -> None:
    body, _ = with_whole_ports(CATALOGUE["euclid"].body_for({}), ("rotation",))
    assert {"rotation", "raw_rotation"} <= inputs_of_outputs(body)[1]


def test_a_loop_through_a_whole_number_is_cut_and_gates_in_it_keep_their_law() -> None:
    """Else a gate would be made of the number of the frame before, and its state of the number of this one."""
    nodes = {
        "w": Node("random_walk", values={"sync": "gate"}), "e": Node("euclid", values={"steps": 45}),
        "s": Node("step_sequencer", values={f"v{i}": i / 8 for i in range(1, 9)}),
        "f": Node("euclid", values={"strokes": 5}), "p": Node("probe"),
    }  # fmt: skip
    loops = (
        Cable("e", "rest", "w", "tick"), Cable("w", "uni", "e", "rotation", depth=0.5),
        Cable("f", "gate", "s", "step"), Cable("s", "out", "f", "rotation", depth=0.8),
    )  # fmt: skip
    shown = [Cable(id, out, "p", f"g{i}") for i, (id, out) in enumerate(product("ef", ("gate", "rest")))]
    program = built(nodes, *loops, *shown)
    assert len(program.delays) == 2
    rows = frames(program, 400)
    strokes = 0.0
    for i in range(4):
        level, rises = (rows[program.engine_port("p", f"g{i}", kind)] for kind in ("level", "gate"))
        strokes += rises.sum()
        assert (np.concatenate([[0], level[:-1]]) + rises >= level).all()
    assert strokes > 50
    assert np.array_equal(program.scan(program.state(), 0, 400, TRANSPORT), rows)


def test_both_halves_of_a_node_read_a_cable_in_the_same_frame() -> None:
    """Its strength moves its own beats, which nothing reads by gate, so that all outputs could be early; but the reset
    that its own gate gives is read by outputs and states."""
    nodes = {"c": Node("clock"), "e": Node("pattern"), "p": Node("probe")}
    cables = (
        Cable("c", "gate", "e", "step"), Cable("e", "strength", "e", "beats", depth=-0.8),
        Cable("e", "gate", "e", "reset"), Cable("e", "gate", "p", "g0"),
    )  # fmt: skip
    program = built(nodes, *cables)
    rows = frames(program, 100)
    level, rises = (rows[program.engine_port("p", "g0", kind)] for kind in ("level", "gate"))
    state, reset, expected = dict(BENCH["pattern"].states), REST, []
    values = {p.name: REST if p.type == "gate" else p.default for p in BENCH["pattern"].ports}
    ticks = played(BENCH["clock"], 100, TRANSPORT)
    for k in range(100):
        step = Gate(ticks[0][k], ticks[1][k])
        made = BENCH["pattern"](TRANSPORT.frame(k), **values | {"by": "gate", "step": step, "reset": reset}, **state)
        reset, state = Gate(*made[0]), dict(zip(state, made[3:], strict=True))
        expected.append((reset.level, reset.rises))
    assert np.array_equal(np.array([level, rises]).T, expected)
    assert np.array_equal(program.scan(program.state(), 0, 100, TRANSPORT), rows)


def test_halves_give_all_outputs_once_and_states_in_the_second() -> None:
    body = CATALOGUE["delay"].body_for({})
    first, second = early_and_late_outputs(body, (False, True))
    assert (len(first.outputs), len(second.outputs)) == (1, 1)
    assert second.states == body.states
    assert first.state_names == second.state_names == body.state_names


def test_an_oscillator_that_moves_its_own_rate_needs_no_cut() -> None:
    nodes = {"lfo": Node("lfo", values={"rate": 0.5}), "p": Node("probe")}
    program = built(nodes, Cable("lfo", "out", "lfo", "rate", depth=0.2), Cable("lfo", "out", "p", "x0"))
    assert program.delays == frozenset()
    assert [step.node for step in program.codes[:2]] == ["lfo", "lfo" + LATE]
    cycles, expected = 0.0, []
    for _ in range(200):
        expected.append(np.sin(2 * np.pi * (cycles + 1e-9)))
        place = np.log(0.5 / 0.001) / np.log(12.5 / 0.001) + 0.2 * expected[-1]
        cycles += 0.001 * (12.5 / 0.001) ** min(max(place, 0.0), 1.0) / 25
    assert np.allclose(sound(program, "p", "x0", 200), expected, atol=1e-9)
    assert np.array_equal(program.scan(program.state(), 0, 200, TRANSPORT), frames(program, 200))


def test_nodes_are_timed_beside_the_music_without_touching_it() -> None:
    nodes = {"lfo": Node("lfo"), "d": Node("delay"), "c": Node("clock"), "p": Node("probe")}
    cables = (Cable("lfo", "out", "d", "x"), Cable("d", "out", "p", "x0"), Cable("lfo", "out", "p", "g0"))
    whole = frames(built(nodes, *cables), 120)
    program = built(nodes, *cables)
    profile = program.profile(every=2)
    assert profile is not None
    assert np.array_equal(frames(program, 120), whole)
    assert profile.times.keys() >= {"lfo", "d", "c"}
    assert all(0 < us < 1e5 for us in profile.times.values())
    assert program.profile(None) is None
    assert np.array_equal(frames(program, 120), whole)
