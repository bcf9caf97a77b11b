"""The solver ab2: its order on a flow whose solution is known, and the steps in which it is Euler's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.bench.gaussian import WIDTH
from demon_patch.bench.ring import FRAMES as LONG
from demon_patch.bench.ring import Allocations, Workload
from demon_patch.engine.ring.noise import Stream
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.slot import Slot
from demon_patch.engine.step.reference import Values, eps
from demon_patch.engine.step.second_order import LONGEST, ahead
from tests.support.toy_family import CHANNELS, FRAMES, Bench, mean_of, plainly

AB2: Values = {"solver": "ab2"}
CURVE = torch.linspace(0, 1, FRAMES).view(1, -1, 1)


def solution(request: Request) -> Tensor:
    """The end of the flow of Gaussian data, which keeps each number's distance from the mean in standard deviations:
    x0 = m + w * (x - (1 - t) * m) / sqrt((1 - t)^2 * w^2 + t^2)."""
    t = request.plan.times()[0]
    mean = mean_of(request.context, request.conditioning.tensors[0]).double()  # type: ignore[attr-defined]
    x = eps(request, Stream.INIT, 0, CHANNELS)
    if request.source is not None:
        x = t * x + (1 - t) * request.source.double()
    return mean + WIDTH * (x - (1 - t) * mean) / torch.sqrt((1 - t) ** 2 * WIDTH**2 + t**2)


def errors(values: Values, steps: tuple[int, ...], **fields: Any) -> list[float]:
    """The rms error of a generation at each number of steps."""
    found = []
    for count in steps:
        bench = Bench(1)
        request = bench.request(steps=count, **fields)
        bench.ring.submit(request)
        latent = bench.ring.drain(values)[0].latent.double()
        found.append(float((latent - solution(request)).square().mean().sqrt()))
    return found


@pytest.mark.parametrize("shift", [1.0, 1.5])
@pytest.mark.parametrize("fields", [{"covers": False}, {"strength": 0.8}], ids=["from noise", "a cover"])
def test_twice_the_steps_make_a_quarter_of_the_error(fields: dict[str, Any], shift: float) -> None:
    steps = (4, 8, 16)
    second, first = (errors(values, steps, shift=shift, **fields) for values in (AB2, {}))
    assert all(3.5 < a / b < 5.5 for a, b in pairwise(second)), second
    assert all(1.7 < a / b < 2.2 for a, b in pairwise(first)), first
    assert all(a < b / 2 for a, b in zip(second, first, strict=True))


def test_the_factor_of_the_change_is_that_of_uneven_steps() -> None:
    """Two velocities of a straight line in t give its mean over the next step."""
    for before, t, after in ((1.0, 0.75, 0.5), (0.9, 0.8, 0.45), (0.5, 0.2, 0.0)):
        slope = 1.7
        led = slope * t + ahead(before, t, after) * slope * (t - before)
        assert led == pytest.approx(slope * (t + after) / 2)
    assert ahead(0.6, 0.5, 0.5 - 0.1 * LONGEST * 0.999) > 0
    assert ahead(0.6, 0.5, 0.0) == 0.0  # five times as long
    assert ahead(0.5, 0.5, 0.4) == 0.0  # the step before went nowhere
    assert ahead(0.4, 0.5, 0.4) == 0.0  # it led up


def test_a_first_step_and_an_only_step_are_eulers() -> None:
    for steps, same in ((1, True), (2, False)):
        latents = []
        for values in (AB2, {}):
            bench = Bench(1)
            bench.ring.submit(bench.request(steps=steps))
            latents.append(bench.ring.drain(values)[0].latent)
        assert torch.equal(*latents) == same


def one_slot(**fields: Any) -> tuple[Bench, Slot]:
    """A ring that has run three of eight steps of a generation with ab2."""
    bench = Bench(1)
    bench.ring.submit(bench.request(**fields))
    for _ in range(3):
        bench.ring.tick(AB2)
    return bench, bench.ring.slots[0]


def test_a_latent_more_is_kept_only_where_it_is_asked_for() -> None:
    bench, slot = one_slot()
    assert slot.velocity is not None
    bench.ring.tick()
    assert slot.velocity is None
    bench.ring.tick(AB2)
    assert slot.velocity is not None
    bench.ring.tick({**AB2, "ode_noise": CURVE})
    assert slot.velocity is None
    done = bench.ring.drain(AB2)
    assert done[0].slot is slot
    assert slot.velocity is None


def test_a_step_after_the_other_solver_is_eulers() -> None:
    """One step with another solver, and the next step forgets what was before it."""
    latents = []
    for values in (AB2, {}):
        bench = Bench(1)
        bench.ring.submit(bench.request())
        bench.ring.tick()
        bench.ring.tick(values)
        latents.append(bench.ring.slots[0].x.clone())
    assert torch.equal(*latents)


def test_moved_strength_and_changed_weights_forget_the_velocity() -> None:
    bench, slot = one_slot(strength=0.9)
    assert bench.ring.move_strength(slot, 0.95)
    assert slot.velocity is None
    bench, slot = one_slot()
    bench.executor.weights_changed()
    bench.ring.admit()
    assert slot.velocity is None


def test_a_narrowed_generation_keeps_the_velocity_of_its_frames() -> None:
    bench, slot = one_slot()
    whole = slot.velocity
    assert whole is not None
    bench.ring.narrow(slot, 6, 12)
    assert slot.velocity is not None
    assert torch.equal(slot.velocity, whole[6:18])
    (cut,) = bench.ring.drain(AB2)
    bench, slot = one_slot()
    (uncut,) = bench.ring.drain(AB2)
    assert torch.equal(cut.latent, uncut.latent[6:18])  # each frame of this model is on its own


@pytest.mark.parametrize("depth", [1, 4, 8])
@pytest.mark.parametrize("bucket", [1, 4])
def test_any_depth_streams_what_one_shot_makes(depth: int, bucket: int) -> None:
    """Beside neighbours that are at their first step, re-noised, of another length or at another strength."""
    bench, done = Bench(depth, bucket), []
    for k in range(30):
        if bench.ring.admits():
            fields = {"seed": k % 5, "strength": 0.3 + 0.02 * k, "steps": 3 + k % 6, "covers": bool(k % 3)}
            bench.ring.submit(bench.request(**fields))
        done += bench.ring.tick({**AB2, "source_blend": CURVE} if depth < 8 else AB2)
    assert len(done) >= 2 * depth
    for finished in done:
        values = {**AB2, "source_blend": CURVE} if depth < 8 else AB2
        alone = Bench(1, bucket, executor=bench.executor)
        alone.ring.submit(finished.request)
        latent = alone.ring.drain(values)[0].latent
        assert torch.equal(latent, finished.latent)
        expected = plainly(finished.request, values)
        assert (latent - expected).abs().max() < 2e-5 * expected.abs().max()


@pytest.mark.parametrize("bucket", [1, 4])
def test_noise_in_one_row_leaves_its_neighbours_of_second_order(bucket: int) -> None:
    bench = Bench(4, bucket, mode="queue")
    done = []
    for _ in range(4):
        bench.ring.submit(bench.request(steps=5))
    while bench.ring.waiting or bench.ring.slots:
        bench.ring.admit()
        amounts = [0.4 * (slot.admitted % 2) for slot in bench.ring.slots] or [0.0]
        done += bench.ring.advance({**AB2, "ode_noise": torch.tensor(amounts).view(-1, 1, 1)})
    assert {finished.slot.admitted % 2 for finished in done} == {0, 1}
    for finished in done:
        own = torch.full((1, 1, 1), 0.4 * (finished.slot.admitted % 2))
        expected = plainly(finished.request, {**AB2, "ode_noise": own})
        assert (finished.latent - expected).abs().max() < 2e-5 * expected.abs().max()


@pytest.mark.parametrize("bucket", [1, 4])
def test_a_warm_ring_allocates_next_to_nothing(bucket: int) -> None:
    workload = Workload(4, "ab2", bucket)
    with Allocations() as allocations:
        for _ in range(40):
            workload.tick()
    assert allocations.count <= 20, allocations.names
    assert workload.ring.slots[-1].request.frames == LONG
