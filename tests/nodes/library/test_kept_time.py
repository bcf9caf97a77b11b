"""What ends or loops after a time: it loses no frame against a clock of the same length, and tells its end in the right
frame. A length of no whole frames carries its rest over."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from demon_patch.codegen.frame import Gate
from demon_patch.nodes.library.logic.gates import gate_length
from demon_patch.nodes.library.math.calculus import integrator
from demon_patch.nodes.library.modulation.envelope import adsr, ahd, ramp
from demon_patch.nodes.library.modulation.function import function
from demon_patch.nodes.library.sequence.sequence import clock
from tests.support.effort import some
from tests.support.nodes_by_hand import TRANSPORT, held, played, struck

FRAME, MINUTE = 1 / 25, 1500
CURVES = ("straight", "exponential")
LOOPS: dict[str, Any] = {
    "ramp": lambda s, n: played(ramp, n, length=s, unit="s", play="loop")[2][1:],
    "function": lambda s, n: played(
        function, n, points=[[0, 0], [1, 1], [4, 0]], speed=4 / s, unit="s", play="loop"
    )[2][1:],
    "integrator": lambda s, n: played(integrator, n, speed=1 / s, ends="wrap")[2][1:],
    "integrator down": lambda s, n: played(integrator, n, speed=-1 / s, start=1.0, ends="wrap")[2][1:],
    "ahd": lambda s, n: played(ahd, n, attack=FRAME, hold=0.0, decay=s - FRAME, play="loop")[2],
    "bent ahd": lambda s, n: played(
        ahd, n, attack=s / 2, hold=0.0, decay=s / 2, play="loop", curve="exponential"
    )[2],
}  # fmt: skip
"""Ends of a loop of so many seconds over n frames, the first frame of the second round left out where it tells one."""


@cache
def ticks_of_a_clock(frames: int) -> float:
    """How often a clock ticks in a minute, its first tick left out."""
    return float(played(clock, MINUTE, beats=frames * FRAME * 2)[1][1:].sum())


@pytest.mark.parametrize("loop", LOOPS)
def test_loops_of_whole_frames_keep_time_with_a_clock(loop: str) -> None:
    for frames in some(range(2, 76)):
        ends = LOOPS[loop](frames * FRAME, MINUTE)
        assert abs(ends.sum() - ticks_of_a_clock(frames)) <= 1, frames
        assert (np.diff(np.flatnonzero(ends)) == frames).all(), frames


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    ("attack", "hold", "decay"),
    [(0.2, 0, 0.2), (0.05, 0.1, 0.5), (0.001, 0, 0.7), (0.11, 0.013, 0.31), (0.04, 0.2, 1 / 3)],
)
def test_an_ahd_that_loops_takes_the_sum_of_its_times(attack: float, hold: float, decay: float, curve: str) -> None:
    n = 10 * MINUTE
    ends = played(ahd, n, attack=attack, hold=hold, decay=decay, play="loop", curve=curve)[2]
    total = (max(attack, FRAME) + hold + max(decay, FRAME)) / FRAME
    at = np.flatnonzero(ends)
    rounds = np.arange(1, len(at) + 1)
    assert np.array_equal(at + 1, np.ceil(rounds * total - 1e-6))  # the frame in which each round is over
    assert len(at) == math.floor(n / total + 1e-6)


def test_the_example_of_sixteen_and_a_quarter_frames() -> None:
    ends = np.flatnonzero(played(ahd, 1 + 65 * 24, attack=0.05, hold=0.1, decay=0.5, play="loop")[2])
    assert (ends[-1] - ends[3]) / (len(ends) - 4) == 16.25
    assert np.flatnonzero(played(ahd, MINUTE, attack=0.2, hold=0.0, decay=0.2, play="loop")[2]).tolist() == list(
        range(9, MINUTE, 10)
    )


@pytest.mark.parametrize("curve", CURVES)
def test_an_ahd_tells_its_end_in_the_right_frame(curve: str) -> None:
    for frames in some(range(1, 76)):
        for attack, hold in ((1, 0), (5, 3), (frames, frames)):
            times = {"attack": attack * FRAME, "hold": hold * FRAME, "decay": frames * FRAME}
            out, level, rises = played(ahd, 260, gate=struck(2, n=260), curve=curve, **times)
            end = 2 + attack + hold + frames - 1
            assert np.flatnonzero(rises).tolist() == np.flatnonzero(level).tolist() == [end], (frames, attack, hold)
            assert np.flatnonzero(out)[[0, -1]].tolist() == [2, end - 1] if end > 2 else not out[3:].any()
            assert np.flatnonzero(out == 1)[0] == 2 + attack - 1
            assert (out[2 + attack - 1 : 2 + attack + hold] == 1).all()


def test_an_ahd_of_no_whole_frames_shows_its_top_and_is_over_after_their_sum() -> None:
    for attack, hold, decay in ((0.05, 0.1, 0.5), (0.07, 0.0, 0.09), (0.3, 0.01, 0.05)):
        out, _, rises = played(ahd, 60, gate=struck(0, n=60), attack=attack, hold=hold, decay=decay)
        assert out.max() == 1
        assert np.flatnonzero(rises).tolist() == [math.ceil((attack + hold + decay) / FRAME - 1e-9) - 1]


@pytest.mark.parametrize("curve", CURVES)
def test_the_parts_of_an_adsr_end_in_the_right_frame(curve: str) -> None:
    for frames in some(range(1, 76)):
        times = {"attack": frames * FRAME, "decay": frames * FRAME, "release": frames * FRAME}
        out = played(adsr, 320, gate=held(3, 163, 320), sustain=0.0, curve=curve, **times)[0]
        assert np.flatnonzero(out > 1 - 1e-12)[0] == 3 + frames - 1
        assert np.flatnonzero(out)[-1] == 3 + 2 * frames - 2  # at 0 after attack and decay
        let = played(adsr, 320, gate=held(3, 163, 320), sustain=1.0, curve=curve, **times)[0]
        assert np.flatnonzero(let)[-1] == 163 + frames - 2 if frames > 1 else let[163] == 0


def test_single_runs_end_in_the_right_frame() -> None:
    for frames in some(range(1, 76)):
        seconds = frames * FRAME
        once = struck(7, n=120)
        if frames > 1:  # the shortest ramp takes 0.05 s
            climb = played(ramp, 120, gate=once, length=seconds, unit="s", play="gate")[2]
            assert np.flatnonzero(climb).tolist() == [7 + frames]
        high = played(gate_length, 120, gate=once, length=seconds)[0]
        assert np.flatnonzero(high).tolist() == list(range(7, 7 + frames))
        beats = played(gate_length, 120, gate=once, length=2 * seconds, unit="beats")[0]
        assert np.array_equal(beats, high)
        ends = played(integrator, 120, speed=1 / seconds)[2]
        assert np.flatnonzero(ends).tolist() == [0, frames][:frames]  # of one frame both ends touch
        drawn = played(function, 120, points=[[0, 0], [1, 1], [2, 0]], speed=2 / seconds, unit="s", gate=once)[2]
        assert np.flatnonzero(drawn).tolist() == [7 + frames]


def test_an_option_that_is_turned_after_the_end_makes_no_burst() -> None:
    for declaration, times in ((ramp, {"length": 0.4, "unit": "s"}), (function, {"unit": "s", "speed": 8.0})):
        values: dict[str, Any] = {p.name: p.default for p in declaration.ports if p.type != "gate"} | times
        state, told = dict(declaration.states), []
        for k in range(100):
            values["play"] = "once" if k < 50 else "loop"
            _, end, ahead = declaration(TRANSPORT.frame(k), **values, gate=Gate(), **state)
            state = {"ahead": ahead}
            told.append(Gate(*end).rises)
        assert max(told) == 1
        assert sum(told[50:]) > 2
