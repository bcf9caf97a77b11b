"""A movement played on a knob becomes a Loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.movement import APART, CLOSE, LONGEST, MOST, loop_of, points_of
from demon_patch.nodes.library.modulation.function import read_segments
from demon_patch.patch.edit.commands import apply
from demon_patch.patch.model.document import Node, Patch
from tests.support.edited_performance import DOCUMENT


def heard(points: list[list[float]], beats: np.ndarray) -> np.ndarray:
    where, height = np.array(points).T
    return np.interp(beats % where[-1], where, height)


def sine(first: float, last: float, count: int = 400) -> list[tuple[float, float]]:
    return [(float(b), 0.5 + 0.4 * math.sin(math.tau * b / 4)) for b in np.linspace(first, last, count)]


def test_a_loop_repeats_the_movement_at_the_beat_where_it_was_played() -> None:
    moves = sine(6.5, 10.4)  # 3.9 beats: a loop of 4
    points = points_of(moves)
    assert points[0][0] == 0
    assert points[-1][0] == 4.0
    assert len(points) < 40
    where, height = np.array(moves).T
    assert np.abs(heard(points, where) - height).max() < CLOSE + 1e-3
    assert np.abs(heard(points, where + 8) - height).max() < CLOSE + 1e-3


def test_the_knob_rests_until_the_loop_begins_again() -> None:
    points = points_of([(3.0, 0.1), (4.0, 0.9), (6.5, 0.3)])
    assert points[-1][0] == 4.0
    assert heard(points, np.array([3.0, 3.5, 4.0])) == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)
    assert heard(points, np.array([6.6, 6.9, 6.99])) == pytest.approx([0.3] * 3, abs=1e-3)


def test_of_a_long_movement_the_end_counts() -> None:
    points = points_of(sine(0, 100))
    assert points[-1][0] == LONGEST
    where = np.linspace(100 - LONGEST + APART, 100 - APART, 1000)
    assert np.abs(heard(points, where) - (0.5 + 0.4 * np.sin(math.tau * where / 4))).max() < 0.05


@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.floats(-1, 2)), min_size=2, max_size=60, unique_by=lambda move: move[0]
    ).map(sorted)
)
def test_any_movement_gives_points_that_a_loop_reads(moves: list[tuple[float, float]]) -> None:
    points = points_of(moves)
    assert len(points) <= MOST
    read_segments(points)
    assert 1 <= points[-1][0] <= LONGEST
    assert points[0][1] == points[-1][1]


@pytest.mark.parametrize("moves", [[(1.0, 0.5)], [(2.0, 0.5), (1.0, 0.5)], [(0.0, math.nan), (1.0, 0.5)]])
def test_what_is_no_movement_is_refused(moves: list[tuple[float, float]]) -> None:
    with pytest.raises(PatchError, match="two places"):
        points_of(moves)


def test_the_loop_moves_the_port_over_its_whole_range_and_a_second_take_replaces_the_first() -> None:
    once, _ = apply(loop_of(DOCUMENT, CATALOGUE, "scheduler", "strength", sine(0, 4), (40, 60)), DOCUMENT)
    (loop,) = once.nodes.keys() - DOCUMENT.nodes.keys()
    (cable,) = once.cables_into("scheduler", "strength")
    assert (cable.src, cable.mode, cable.depth) == (loop, "add", 1.0)
    assert once.nodes["scheduler"].values["strength"] == 0.0
    assert once.nodes[loop].at == (40, 60)
    twice, _ = apply(loop_of(once, CATALOGUE, "scheduler", "strength", sine(0, 8)), once)
    assert twice.nodes.keys() == once.nodes.keys()
    assert twice.nodes[loop].values["points"][-1][0] == 8.0  # type: ignore[index]


def test_only_a_knob_with_a_range_can_be_moved() -> None:
    patch = Patch(nodes={"sum": Node("add"), **DOCUMENT.nodes}, cables=DOCUMENT.cables)
    for node, port in (("scheduler", "prompt"), ("scheduler", "nothing"), ("sum", "a")):
        with pytest.raises(PatchError) as refused:
            loop_of(patch, CATALOGUE, node, port, sine(0, 4))
        assert (refused.value.node, refused.value.port) == (node, port)
