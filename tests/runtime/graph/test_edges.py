"""Edges: every jump of a control is one, a movement is none."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.arrays import Array
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.edges import BEFORE, jumps
from demon_patch.runtime.graph.forecast import Forecast
from tests.support.toy_family import SPEC
from tests.support.virtual_stage import patch

RATE, N = 25.0, 500
T = np.arange(-BEFORE, N) / RATE
PHASES = [i / 16 + 0.003 for i in range(16)]


def at(wave: Array) -> list[int]:
    """The frames of [0, N) that are jumps."""
    return np.flatnonzero(jumps(wave)).tolist()


def falls(turn: Array) -> list[int]:
    """The frames of [0, N) in which a phase has passed a whole number."""
    return np.flatnonzero(np.diff(np.floor(turn))[BEFORE - 1 :]).tolist()


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("hertz", [0.1, 0.25, 0.5, 1.0, 1.5, 2.0])
def test_a_sine_or_triangle_over_the_whole_range_has_none(hertz: float, phase: float) -> None:
    turn = hertz * T + phase
    assert at(0.5 + 0.5 * np.sin(2 * np.pi * turn)) == []
    assert hertz > 1.0 or at(2 * np.abs(turn % 1 - 0.5)) == []


def test_a_fast_triangle_has_an_edge_where_it_turns_by_more_than_a_fifth_in_one_frame() -> None:
    """At 2 Hz it goes 0.16 of the range a frame and turns every 6.25 frames: at 0 by 0.32 in frame 1, at 18.75 by 0.24
    in frame 20; at 6.25 and at 12.5 it takes two frames, of 0.24 and too slow, and of 0.16."""
    wave = 2 * np.abs((2.0 * T + 0.5) % 1 - 0.5)
    assert at(wave) == [frame for frame in range(N) if frame % 25 in (1, 20)]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("hertz", [0.2, 0.5, 1.0, 2.0, 4.0, 6.0])
def test_a_square_a_saw_and_a_ramp_jump_once_each(hertz: float, phase: float) -> None:
    turn = hertz * T + phase
    assert at(np.where(turn % 1 < 0.5, 1.0, 0.0)) == falls(2 * turn)
    assert at(1 - turn % 1) == at(turn % 1) == falls(turn)


@pytest.mark.parametrize("height", [0.21, 0.5, 1.0])
def test_a_step_is_one_edge_and_a_smaller_one_none(height: float) -> None:
    assert at(np.where(T >= 4.0, height, 0.0)) == at(np.where(T >= 4.0, 1 - height, 1.0)) == [100]
    assert at(np.where(T >= 4.0, 0.12, 0.0)) == []


@pytest.mark.parametrize(
    ("seconds", "offset"),
    [
        *((seconds, offset) for seconds in (0.01, 0.04, 0.08) for offset in (0.0, 0.01, 0.02, 0.03)),
        (0.12, 0),
        (0.16, 0),
    ],
)
def test_a_quick_attack_is_one_edge_where_it_begins(seconds: float, offset: float) -> None:
    for start in range(1, 19, 2):
        since = T - start - offset
        straight = np.clip(since / seconds, 0, 1)
        bent = np.where(since > 0, 1 - np.exp(-4 * np.maximum(since, 0) / seconds), 0.0)
        for wave in (straight, bent):
            (found,) = at(wave)
            assert 0 <= found - RATE * (start + offset) < 2.5
            assert np.ptp(wave[: BEFORE + found]) < 0.5  # not after most of it
            assert at(1 - wave) == [found]


def test_an_attack_on_every_beat_with_a_decay_is_one_edge_a_beat() -> None:
    assert at(np.exp(-5 * (T % 0.5)).astype(np.float64)) == falls(2 * T)


@pytest.mark.parametrize("slope", [0.0, 0.05, 0.1, 0.2])
def test_a_ramp_that_is_cut_is_one_edge(slope: float) -> None:
    rising = np.minimum(np.maximum(slope * (T * RATE - 100), 0.0), 1.0)
    cut = 100 + round(0.9 / slope) if slope else 150
    wave = np.where(cut > T * RATE, rising, 0.0 if slope else 0.7)
    assert at(wave) == [cut]


def test_a_pulse_of_one_frame_and_a_square_at_the_frame_rate_keep_all_their_edges() -> None:
    pulse, fast = np.zeros(N + BEFORE), np.arange(N + BEFORE) % 2.0
    pulse[BEFORE + 50] = 1.0
    assert at(pulse) == [50, 51]
    assert at(fast) == list(range(N))


def forecast(rate: float, shape: str, phase: float, port: str = "structure") -> tuple[Forecast, int]:
    """An LFO over the whole range of a control, and its sink."""
    nodes = {"lfo": Node("lfo", values={"rate": rate, "shape": shape, "phase": phase})}
    program = compile(patch(nodes, [Cable("lfo", "uni", "scheduler", port, mode="add", depth=1.0)],
                            **{port: 1 if port == "steps" else 0.0}), CATALOGUE, Geometry.of_family(SPEC))  # fmt: skip
    return Forecast(program, Transport(RATE, 120, 4, 200)), program.engine_port("scheduler", port)


@pytest.mark.parametrize("phase", PHASES[::3])
def test_a_patchs_own_waves_are_judged_in_their_ports_range(phase: float) -> None:
    for rate in (0.25, 1.0, 2.0):
        made, sink = forecast(rate, "sine", phase)
        assert np.ptp(made.span(sink, 0, N)) > 0.95
        assert made.edges([sink], 0, N).tolist() == []
        for shape, each in (("square", 2), ("saw", 1)):
            made, sink = forecast(rate, shape, phase)
            assert len(made.edges([sink], 0, N)) == pytest.approx(each * rate * N / RATE, abs=1), shape
            pieces = [made.edges([sink], lo, lo + 7) for lo in range(0, N, 7)]
            np.testing.assert_array_equal(np.concatenate(pieces), made.edges([sink], 0, len(pieces) * 7))


def test_any_change_of_a_whole_number_is_an_edge() -> None:
    made, sink = forecast(0.25, "sine", 0.0, "steps")
    values = made.span(sink, -1, N)
    assert made.edges([sink], 0, N).tolist() == np.flatnonzero(np.diff(values)).tolist() != []
