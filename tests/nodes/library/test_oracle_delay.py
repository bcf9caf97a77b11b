"""Delays against shifted numpy arrays; loops through them; what they keep through copies, edits and faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demon_patch.codegen.body import DeclarationError
from demon_patch.codegen.delay_line import DelayLine, line, past, push, sized_delay_line
from demon_patch.codegen.frame import Frame
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import out, value
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from tests.support.node_bench import BENCH, playable
from tests.support.node_oracle import BPM, NOISE, RATE, TRANSPORT, N, noise, play

NOISY = {"x": (Node("noise", values=NOISE), "out")}


def late(x: np.ndarray, frames: float) -> np.ndarray:
    """x some frames later, 0 before it begins, straight lines between frames."""
    return np.interp(np.arange(len(x)) - frames, np.arange(-1, len(x)), np.concatenate(([0.0], x)))


@pytest.mark.parametrize("frames", [1, 7, 12.25, 250])
def test_delay_is_the_signal_later(frames: float) -> None:
    got, echo = play(Node("delay", values={"time": frames / RATE}), "out", "late", feeds=NOISY)
    assert np.allclose(echo, late(noise(), frames), atol=1e-9)
    assert np.array_equal(got, echo) or np.allclose(got, echo, atol=1e-12)


def test_less_than_a_frame_is_a_frame_and_half_a_mix_is_half() -> None:
    assert np.array_equal(play(Node("delay", values={"time": 0.01}), "late", feeds=NOISY)[0], late(noise(), 1))
    mixed = play(Node("delay", values={"time": 0.4, "mix": 0.25}), "out", feeds=NOISY)[0]
    assert np.allclose(mixed, 0.75 * noise() + 0.25 * late(noise(), 10), atol=1e-12)


def test_delay_in_beats_follows_the_tempo_and_reaches_no_further_than_30_seconds() -> None:
    echo = play(Node("delay", values={"time": 2.0, "sync": "beats"}), "late", feeds=NOISY)[0]
    assert np.allclose(echo, late(noise(), 2.0 * 60 * RATE / BPM), atol=1e-9)
    seconds = Node("lfo", values={"rate": 0.001})
    nodes = {"l": seconds, "d": Node("delay", values={"time": 30.0}), "p": Node("probe")}
    cables = (Cable("l", "out", "d", "x"), Cable("d", "late", "p", "x0"), Cable("l", "out", "p", "x1"))
    program = compile(playable(nodes, cables), BENCH, Geometry(RATE, 150))
    run = program.scan(program.state(), 0, 1000, TRANSPORT)
    echo, direct = (run[program.engine_port("p", port)] for port in ("x0", "x1"))
    assert np.array_equal(echo[750:], direct[:250])
    assert not echo[:750].any()


def test_feedback_repeats_ever_softer() -> None:
    values = {"time": 8 / RATE, "feedback": 0.5}
    echo = play(Node("delay", values=values), "late", feeds=NOISY)[0]
    expected = np.zeros(N)
    for k in range(8, N):
        expected[k] = noise()[k - 8] + 0.5 * expected[k - 8]
    assert np.allclose(echo, expected, atol=1e-12)


def test_gate_delay_keeps_level_and_rises() -> None:
    pulses = (Node("pulses", values={"seed": 5.0}), "gate")
    nodes = {"in": pulses[0], "d": Node("gate_delay", values={"time": 6 / RATE}), "p": Node("probe")}
    cables = (Cable("in", "gate", "d", "gate"), Cable("d", "gate", "p", "g0"), Cable("in", "gate", "p", "g1"))
    program = compile(playable(nodes, cables), BENCH, Geometry(RATE, 150))
    run = program.scan(program.state(), 0, N, TRANSPORT)
    for kind in ("gate", "level"):
        came, went = (run[program.engine_port("p", port, kind)] for port in ("g0", "g1"))
        assert np.array_equal(came[6:], went[:-6])
        assert not came[:6].any()


# -- loops ------------------------------------------------------------------------------------------------------
def looped(out_name: str) -> tuple[Program, np.ndarray]:
    nodes = {
        "d": Node("delay", values={"time": 5 / RATE}),
        "m": Node("multiply", values={"a": 0.0, "b": 0.5}),
        "s": Node("add"),
        "in": Node("noise", values=NOISE),
        "p": Node("probe"),
    }
    cables = (
        Cable("in", "out", "s", "a"), Cable("m", "out", "s", "b"), Cable("s", "out", "d", "x"),
        Cable("d", out_name, "m", "a"), Cable("s", "out", "p", "x0"),
    )  # fmt: skip
    program = compile(playable(nodes, cables), BENCH, Geometry(RATE, 150))
    state = program.state()
    run = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(N)]).T
    assert np.array_equal(program.scan(program.state(), 0, N, TRANSPORT), run)
    return program, run[program.engine_port("p", "x0")]


@pytest.mark.parametrize(("out_name", "frames", "cuts"), [("late", 5, 0), ("out", 6, 1)])
def test_a_loop_through_a_delay_needs_no_cut(out_name: str, frames: int, cuts: int) -> None:
    program, came = looped(out_name)
    expected = noise().copy()
    for k in range(frames, N):
        expected[k] += 0.5 * expected[k - frames]
    assert len(program.delays) == cuts
    assert np.allclose(came, expected, atol=1e-12)


# -- states -----------------------------------------------------------------------------------------------------
def delayed(previous: Program | None = None, **more: Any) -> Program:
    nodes = {"in": Node("noise", values=NOISE), "d": Node("delay", values={"time": 20 / RATE}), "p": Node("probe")}
    cables = (Cable("in", "out", "d", "x"), Cable("d", "late", "p", "x0"))
    return compile(playable({**nodes, **more}, cables), BENCH, Geometry(RATE, 150), previous)


def test_copies_are_independent_and_an_edit_keeps_the_line() -> None:
    program = delayed()
    state = program.state()
    program.extend(state, 0, 60, TRANSPORT)
    other = state.copy()
    program.extend(other, 200, 40, TRANSPORT)
    swapped = delayed(program, a0=Node("knob"))
    swapped.inherited = state
    on = swapped.state()
    program.extend(state, 300, 40, TRANSPORT)
    came = swapped.extend(on, 60, 60, TRANSPORT)[swapped.engine_port("p", "x0")]
    assert np.array_equal(came, noise()[40:100])


def test_a_line_that_is_lost_begins_again() -> None:
    program = delayed()
    state = program.state()
    program.extend(state, 0, 30, TRANSPORT)
    (cell,) = state.lines
    state.cells[cell] = push(state.cells[cell], float("nan"))
    values = [program.run(state, TRANSPORT.frame(k))[program.engine_port("p", "x0")] for k in range(30, 100)]
    assert np.isfinite(values).all()
    assert "d" in program.faults
    assert values[-1] == noise()[79]


def test_a_line_reads_what_was_pushed_and_undoes_a_push() -> None:
    memory = sized_delay_line(0.2, 25.0)  # five frames
    lines: list[DelayLine] = [memory]
    for x in range(1, 20):
        lines.append(push(lines[-1], float(x)))
    assert [past(lines[-1], frames) for frames in (0, 1, 2.5, 5, 99)] == [19.0, 19.0, 17.5, 15.0, 14.0]
    assert past(lines[-2], 5) == 14.0
    assert past(memory, 3) == 0.0
    assert sized_delay_line(0.2, 25.0) is memory


X = value(0, -1, 1, doc="x")


def test_bodies_use_lines_only_as_lines() -> None:
    def counted(t: Frame, x: float = X, *, memory: DelayLine = line(1.0)):
        return memory, push(memory, x)

    def replaced(t: Frame, x: float = X, *, memory: DelayLine = line(1.0)):
        return past(memory, 1), x

    def wrong(t: Frame, x: float = X, *, memory: DelayLine = line(1.0)):
        return past(x, 1), push(memory, x)

    for function, says in ((counted, "unknown name memory"), (replaced, "push"), (wrong, "past reads a state")):
        with pytest.raises(DeclarationError, match=says):
            node("n", "N", "s", out=out(), category="test")(function)
    with pytest.raises(ValueError, match="0 to 600 seconds"):
        line(0.0)
