"""Nodes that hold still and nodes that follow over time, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.nodes.library.math.calculus import derivative, integrator
from demon_patch.nodes.library.shape.sample_and_hold import sample_hold, switch_gate, track_hold
from demon_patch.nodes.library.shape.smoothing import smooth
from demon_patch.runtime.graph.clock import Transport
from tests.support.nodes_by_hand import N, gates, played, signal, struck

X = signal(1)
G = gates(3)
LEVEL, RISES = np.array(G).T
DT, DBEAT = 0.04, 0.08


def latest(taken: np.ndarray) -> np.ndarray:
    """X in the last frame that was taken, 0 before the first."""
    last = np.maximum.accumulate(np.where(taken, np.arange(N), -1))
    return np.where(last >= 0, X[last], 0)


def test_sample_hold_takes_at_rises_alone() -> None:
    assert np.array_equal(played(sample_hold, x=X, take=G)[0], latest(RISES > 0))


def test_track_hold_follows_while_the_gate_says_so() -> None:
    assert np.array_equal(played(track_hold, x=X, gate=G)[0], latest((LEVEL > 0) | (RISES > 0)))
    assert np.array_equal(played(track_hold, x=X, gate=G, follow="low")[0], latest(LEVEL < 1))


def test_switch_gate_goes_by_the_level() -> None:
    assert np.array_equal(played(switch_gate, gate=G, a=X, b=2.0)[0], np.where(LEVEL > 0, X, 2.0))


def test_smooth_is_the_same_at_any_rate() -> None:
    jump = np.where(np.arange(N) > 0, 1.0, 0.0)
    for rate in (10.0, 25.0, 50.0):
        out = played(smooth, N, Transport(rate, 120, 4, 150), x=jump, time=0.7)[0]
        assert np.allclose(out, 1 - np.exp(-np.arange(N) / (rate * 0.7)), atol=1e-12)


def test_smooth_has_a_time_for_each_way_and_begins_at_the_signal() -> None:
    square = np.where(np.arange(N) // 100 == 1, 3.0, 1.0)
    out = played(smooth, x=square, time=0.1, down=2.0, ways="two")[0]
    top = 3 - 2 * np.exp(-100 * DT / 0.1)
    assert (out[:100] == 1).all()
    assert np.allclose(out[100:200], 3 - 2 * np.exp(-np.arange(1, 101) * DT / 0.1))
    assert np.allclose(out[200:], 1 + (top - 1) * np.exp(-np.arange(1, 101) * DT / 2.0))


@pytest.mark.parametrize(("per", "time"), [("second", DT), ("beat", DBEAT), ("frame", 1.0)])
def test_derivative_is_the_change_over_the_time(per: str, time: float) -> None:
    assert np.allclose(played(derivative, x=X, per=per)[0], np.diff(X, prepend=X[0]) / time)


@pytest.mark.parametrize(("per", "time"), [("second", DT), ("beat", DBEAT)])
def test_integrator_sums_up_and_begins_again(per: str, time: float) -> None:
    out = played(integrator, speed=X, start=2.0, lo=-1e6, hi=1e6, per=per, reset=struck(120))[0]
    whole = 2.0 + np.concatenate([[0], np.cumsum(X * time)[:-1]])
    assert np.allclose(out, np.concatenate([whole[:120], 2.0 + whole[120:] - whole[120]]))


def test_integrator_stops_at_its_ends() -> None:
    speed = 30 * X
    out, end, rises = played(integrator, speed=speed, start=0.5, lo=-1.0, hi=2.0)
    place = 0.5
    for k in range(N):
        assert out[k] == pytest.approx(place)
        place = min(max(place + speed[k] * DT, -1.0), 2.0)
    assert np.array_equal(end, (out == -1.0) | (out == 2.0))
    assert np.array_equal(rises, np.diff(end, prepend=0) > 0)
    assert rises.sum() > 3


def test_integrator_goes_round_and_counts_the_turns() -> None:
    out, end, rises = played(integrator, speed=60.0 * X, start=0.25, lo=-1.0, hi=1.0, ends="wrap")
    whole = 0.25 + np.concatenate([[0], np.cumsum(60.0 * X * DT)[:-1]])
    assert np.allclose(out, (whole + 1) % 2 - 1)
    turns = np.floor((whole + 1) / 2)
    assert np.array_equal(rises, np.abs(np.diff(turns, prepend=0)))
    assert np.array_equal(end, rises > 0)
    assert rises.max() >= 2


def test_integrator_with_no_room_stays_where_it_is() -> None:
    for ends in ("stop", "wrap"):
        out, end, _ = played(integrator, speed=X, lo=1.0, hi=-1.0, ends=ends)
        assert (out == 1).all()
        assert not end.any()
