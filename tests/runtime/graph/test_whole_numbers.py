"""Signals that reach ports of whole numbers: noise half way between two of them is no rhythm, whatever the port."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from tests.support.virtual_stage import patch

GEOMETRY = Geometry(25.0, 400)
TRANSPORT = Transport(25.0, 120.0, 4, 400)
STEPS = 0.4 / 15  # of the range of the Scheduler's steps, 1 to 16


def moved(formula: str, *more: Cable, mode: str = "set") -> Program:
    """A signal at the Scheduler's steps and at the row of a Preset Switch."""
    nodes = {
        "signal": Node("expression", values={"formula": formula}),
        "preset": Node("preset_switch", values={f"a{i}": i / 10 for i in range(1, 9)}),
    }
    cables = [
        Cable("signal", "out", "scheduler", "steps", mode=mode),
        Cable("signal", "out", "preset", "row", mode="set"),
    ]  # type: ignore[arg-type]
    return compile(
        patch(nodes, [*cables, Cable("preset", "a", "scheduler", "strength", mode="set"), *more]), CATALOGUE, GEOMETRY
    )


def came(program: Program, port: str, n: int = 300) -> np.ndarray:
    """What the Scheduler's port was, frame by frame; the forecast says the same."""
    sink, state = program.engine_port("scheduler", port), program.state()
    ahead = Forecast(program, TRANSPORT).span(sink, 0, n)
    real = np.array([program.run(state, TRANSPORT.frame(k))[sink] for k in range(n)])
    np.testing.assert_allclose(ahead, real, atol=1e-12)
    return real


@pytest.mark.parametrize("middle", [2.5, 6.5])
def test_noise_between_two_numbers_makes_none_of_them_chatter(middle: float) -> None:
    program = moved(f"{middle} + 0.18 * (hash01(k, 3) - 0.5)")
    steps, rows = came(program, "steps"), came(program, "strength") * 10
    for number in (steps, rows):
        assert len(set(number.round(6))) == 1
        assert abs(number[0] - middle) == pytest.approx(0.5)
    assert len(Forecast(program, TRANSPORT).edges([program.engine_port("scheduler", "steps")], 1, 300)) == 0
    loud = came(moved(f"{middle} + 0.6 * (hash01(k, 3) - 0.5)"), "steps")
    assert np.count_nonzero(np.diff(loud)) > 30  # which is a movement


def test_a_slow_movement_goes_up_and_down_by_whole_numbers_a_fifth_of_a_step_apart() -> None:
    program = moved("4 + 2 * sin(tau * t / 8)")
    x = 4 + 2 * np.sin(2 * np.pi * np.arange(200) / 25 / 8)
    expected, last = [], round(x[0])
    for number in x:
        last = last if abs(number - last) < 0.6 else int(np.floor(number + 0.5))
        expected.append(last)
    steps = came(program, "steps", 200)
    assert steps.tolist() == expected
    assert set(steps) == {2, 3, 4, 5, 6}
    assert np.count_nonzero(np.diff(steps)) == 8


def test_an_added_signal_is_held_too_and_an_edit_keeps_the_number() -> None:
    program = moved(f"{STEPS} + 0.01 * {STEPS} * (k - k)", mode="add")
    assert set(came(program, "steps")) == {4}
    before = moved("6.45 + (0.1 if k > 50 else 0)")
    state = before.state()
    for k in range(100):
        before.run(state, TRANSPORT.frame(k))
    signal = {"signal": Node("expression", values={"formula": "6.56"})}
    edited = patch(signal, [Cable("signal", "out", "scheduler", "steps", mode="set")])
    after = compile(edited, CATALOGUE, GEOMETRY, before)
    carried = after.run(after.state(state), TRANSPORT.frame(100))
    assert carried[after.engine_port("scheduler", "steps")] == 6
    assert came(compile(edited, CATALOGUE, GEOMETRY), "steps", 3)[0] == 7  # where nothing was before
