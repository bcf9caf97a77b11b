"""The drawn function against numpy's interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.library.modulation.curve import draw
from demon_patch.patch.model.document import Node
from tests.support.node_oracle import BEAT, K, play

LINE = [[0, 0.2], [1, 1], [2.5, 0.4], [4, 0.0]]
WHERE, HEIGHT = np.array(LINE).T
CLOCK = (Node("clock", values={"beats": 8.0, "width": 0.6}), "gate")


def test_a_straight_line_is_interpolated_and_loops() -> None:
    values: dict[str, Any] = {"points": LINE, "play": "loop"}
    out, end = play(Node("function", values=values), "out", "end*")
    assert np.allclose(out, np.interp(BEAT % 4, WHERE, HEIGHT), atol=1e-8)
    assert np.array_equal(np.flatnonzero(end), np.arange(50, 400, 50))


def test_it_waits_for_a_gate_runs_once_and_stays() -> None:
    values: dict[str, Any] = {"points": LINE, "unit": "s", "speed": 2.0}
    assert (play(Node("function", values=values), "out")[0] == 0.2).all()
    out, end = play(Node("function", values=values), "out", "end*", feeds={"gate": CLOCK})
    assert np.allclose(out, np.interp((K % 100) / 25 * 2, WHERE, HEIGHT), atol=1e-8)
    assert np.array_equal(np.flatnonzero(end), np.arange(50, 400, 100))
    once = play(Node("function", values=values | {"play": "once"}), "out")[0]
    assert np.allclose(once, np.interp(K / 25 * 2, WHERE, HEIGHT), atol=1e-8)


def test_a_held_function_stays_at_the_last_point_but_one_while_the_gate_is_high() -> None:
    values: dict[str, Any] = {"points": LINE, "play": "hold"}
    out = play(Node("function", values=values), "out", feeds={"gate": CLOCK})[0][:100]
    beat = BEAT[:100]
    stayed = np.minimum(beat, 2.5)  # high for 4.8 beats, frames 0 to 59
    assert np.allclose(out[:60], np.interp(stayed[:60], WHERE, HEIGHT), atol=1e-8)
    assert np.allclose(out[60:], np.interp(2.5 + beat[60:] - beat[59], WHERE, HEIGHT), atol=1e-8)


def test_bends_are_those_of_scale() -> None:
    values: dict[str, Any] = {"points": [[0, 0, 0.5], [2, 1, -1], [4, 0]], "play": "loop"}
    out = play(Node("function", values=values), "out")[0]
    x = BEAT % 4
    assert np.allclose(out, np.where(x < 2, (x / 2) ** 2, 1 - np.maximum(x / 2 - 1, 0) ** 0.25), atol=1e-3)
    away = np.abs(x - 2) > 0.01
    assert np.allclose(out[away], np.where(x < 2, (x / 2) ** 2, 1 - np.abs(x / 2 - 1) ** 0.25)[away], atol=1e-8)


def test_smooth_joints_are_those_of_a_drawn_curve_and_steps_jump() -> None:
    values: dict[str, Any] = {"points": LINE, "unit": "s", "play": "once"}
    for joints, name in (("smooth", "smooth"), ("steps", "step")):
        out = play(Node("function", values=values | {"joints": joints}), "out")[0]
        drawn = draw(("curve", "s", name, tuple(map(tuple, LINE))), 400, 25.0)
        assert np.allclose(out, drawn, atol=1e-6)


def test_a_step_due_on_a_frame_is_not_rounded_into_the_next_one() -> None:
    where = [k / 25 for k in (*range(10, 15), *range(208, 223))]
    assert sum([0.04] * 10) < where[0]
    line = [[0, 0], *([x, (i + 1) / 20] for i, x in enumerate(where))]
    out = play(Node("function", values={"points": line, "unit": "s", "play": "once", "joints": "steps"}), "out")[0]
    assert np.array_equal(out, np.searchsorted(np.array(where) * 25 - 0.5, K) / 20)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([[0, 0]], "too few points"),
        ([[1, 0], [2, 1]], "first point is at 1"),
        ([[0, 0], [1, 2]], "point 2 is out of range"),
        ([[0, 0, 3], [1, 1]], "point 1 is out of range"),
        ([[0, 0], [1, 0], [1.0001, 1]], "points 2 and 3 touch"),
        ([[0, 0], [1, 0, 0, 0]], r"point 2 is not \[where, value, bend\]"),
        ([[0, 0], [10**400, 1]], r"point 2 is not"),
        ([[0, 0], [0, 1]], "point 2 does not lie after point 1"),
    ],
)
def test_points_that_cannot_be_followed_are_refused(points: list[Any], said: str) -> None:
    with pytest.raises(PatchError, match=said) as caught:
        CATALOGUE["function"].body_for({"points": points})
    assert caught.value.port == "points"
    assert caught.value.mend
