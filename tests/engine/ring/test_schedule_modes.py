"""Schedules that leave steps out or snap: proportional, trained, staircase."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.engine.ring.schedule import timesteps, warp
from demon_patch.errors import DemonError
from tests.support.toy_family import Bench, schedule_plan
from tests.support.toy_family import velocity as true_velocity

STRENGTHS = st.floats(1e-5, 1.0)
STEPS = st.integers(1, 16)
SHIFTS = st.floats(1.0, 6.0)


@given(STRENGTHS, STEPS, SHIFTS)
def test_proportional_takes_the_last_steps_of_the_full_schedule(strength: float, steps: int, shift: float) -> None:
    plan = schedule_plan(strength, steps, shift, "proportional")
    t = plan.times().numpy()
    count = max(ceil(round(steps * strength, 6)), 1)
    assert len(t) == plan.count + 1 == count + 1
    full = timesteps(1.0, steps, shift).numpy()
    np.testing.assert_allclose(t[1:], full[steps - count + 1 :], rtol=0, atol=1e-15)
    assert t[0] == pytest.approx(warp(strength, shift), abs=1e-15)
    assert t[-1] == 0
    assert (np.diff(t) < 0).all()


@pytest.mark.parametrize(("strength", "count"), [(1.0, 8), (0.9, 8), (0.875, 7), (0.5, 4), (0.51, 5), (0.01, 1)])
def test_proportional_counts(strength: float, count: int) -> None:
    assert schedule_plan(strength, 8, 3.0, "proportional").count == count
    assert schedule_plan(strength, 8, 3.0).count == 8


@pytest.mark.parametrize("tenths", range(1, 11))
def test_a_strength_on_the_grid_costs_no_extra_step(tenths: int) -> None:
    """0.7 * 10 is more than 7 in some orders of multiplication: no step of no length may come of it."""
    t = schedule_plan(0.1 * tenths, 10, 2.0, "proportional").times()
    assert len(t) == tenths + 1
    assert float((t[:-1] - t[1:]).min()) > 1e-3


@given(STRENGTHS, STEPS, SHIFTS)
def test_trained_times_are_the_nearest_of_the_full_schedule(strength: float, steps: int, shift: float) -> None:
    plan = schedule_plan(strength, steps, shift, timesteps="trained")
    t, full = plan.times().numpy(), timesteps(1.0, steps, shift).numpy()
    np.testing.assert_allclose(t, full[steps - plan.count :], rtol=0, atol=1e-15)
    goal = warp(strength, shift)
    assert plan.count == 1 or abs(t[0] - goal) <= np.abs(full - goal).min() + 1e-12


STAIRCASE = {  # strengths and schedules published for eight steps at shift 3
    (0.9, 0.95, 1.0): [1, 0.9545, 0.9, 0.8333, 0.75, 0.6429, 0.5, 0.3, 0],
    (0.85,): [0.96, 0.9130, 0.8571, 0.7895, 0.7059, 0.6, 0.4615, 0.2727, 0],
    (0.75, 0.8): [0.9231, 0.875, 0.8182, 0.75, 0.6667, 0.5625, 0.4286, 0.25, 0],
    (0.7,): [0.8889, 0.84, 0.7826, 0.7143, 0.6316, 0.5294, 0.4, 0.2308, 0],
    (0.5,): [0.75, 0.7, 0.6429, 0.5769, 0.5, 0.4091, 0.3, 0.1667, 0],
    (0.3,): [0.5714, 0.525, 0.4737, 0.4167, 0.3529, 0.2812, 0.2, 0.1071, 0],
    (0.1,): [0.25, 0.2234, 0.1957, 0.1667, 0.1364, 0.1047, 0.0714, 0.0366, 0],
}


@pytest.mark.parametrize(("strengths", "published"), STAIRCASE.items())
def test_the_staircase_is_the_published_one(strengths: tuple[float, ...], published: list[float]) -> None:
    for strength in strengths:
        t = schedule_plan(strength, 8, 3.0, timesteps="staircase").times()
        np.testing.assert_allclose(t.numpy(), published, rtol=0, atol=6e-5)


@given(st.floats(0.0, 1.0), STEPS, SHIFTS, st.sampled_from(["fixed", "proportional"]))
def test_every_plan_falls_to_0_in_its_own_number_of_steps(strength: float, steps: int, shift: float, mode: str) -> None:
    for grid in ("continuous", "trained", "staircase"):
        plan = schedule_plan(strength, steps, shift, mode, grid)
        t = plan.times()
        assert len(t) == plan.count + 1 <= steps + 1
        assert t[-1] == 0
        assert bool((t[1:] <= t[:-1]).all())
        assert 0 <= float(t[0]) <= 1


@pytest.mark.parametrize(("field", "port"), [("steps_mode", "steps_mode"), ("timesteps", "timesteps")])
def test_unknown_modes_are_named(field: str, port: str) -> None:
    bench, asked = Bench(), dict[str, Any](((field, "fast"),))
    with pytest.raises(DemonError, match=rf"port {port}.*no option") as caught:
        bench.ring.submit(bench.request(**asked))
    assert "choose" in str(caught.value.mend)


@pytest.mark.parametrize("fields", [{"steps_mode": "proportional"}, {"timesteps": "trained"}])
def test_low_strengths_finish_earlier_and_oftener(fields: dict[str, Any]) -> None:
    def completions(strength: float) -> list[int]:
        bench, done = Bench(4), []
        for tick in range(48):
            if bench.ring.admits():
                assert bench.ring.next_admission(schedule_plan(strength, 8, 2.0, **fields).count) > tick
                bench.ring.submit(bench.request(strength=strength, shift=2.0, **fields))
            done += bench.ring.tick({})
        assert all(item.tick == item.slot.admitted + item.request.count - 1 for item in done)
        return [item.tick for item in done]

    assert completions(1.0) == list(range(7, 48, 2))
    assert completions(0.5) == list(range(3, 48))


@pytest.mark.parametrize("bucket", [1, 3])
def test_a_proportional_latent_is_the_samplers(bucket: int) -> None:
    bench = Bench(4, bucket, mode="queue")
    for strength in (0.3, 0.55, 1.0):
        bench.ring.submit(bench.request(strength=strength, steps_mode="proportional"))
    for finished in bench.ring.drain({}):
        request = finished.request
        line = [request.controls.number("strength"), *[k / 8 for k in range(request.count - 1, -1, -1)]]
        t = [2 * u / (1 + u) for u in line]
        assert isinstance(request.source, torch.Tensor)
        noise = bench.noise.get(request.controls.whole("seed"), 0, 0).double()  # type: ignore[arg-type]
        x = t[0] * noise + (1 - t[0]) * request.source.double()
        weights = request.conditioning.tensors[0].double()  # type: ignore[attr-defined]
        mean = request.context.double() * weights[:1] + weights[1:]
        for now, after in pairwise(t):
            x = x + (after - now) * true_velocity(x, torch.tensor(now, dtype=torch.float64), mean)
        assert (finished.latent - x).abs().max() < 2e-5 * x.abs().max()
        assert finished.slot.position == 8


def test_a_ring_changes_between_modes_without_a_gap() -> None:
    bench, done = Bench(4), []
    for tick in range(60):
        mode = "proportional" if 20 <= tick < 40 else "fixed"
        if bench.ring.admits():
            bench.ring.submit(bench.request(strength=0.5, steps_mode=mode))
        done += [item.tick for item in bench.ring.tick({})]
    gaps = np.diff(sorted(done))
    assert gaps.max() <= 8 - 4 + 1  # the first long generation after the last short one
    assert sum(20 + 8 <= tick < 40 for tick in done) == 12
