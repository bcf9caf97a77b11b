"""Strength that moves generations in flight: formulas, direction, size, and where it does nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.engine import Session
from demon_patch.engine.ring.live_strength import distance, higher, lower
from demon_patch.engine.ring.noise import Stream
from demon_patch.errors import DemonError
from tests.support.toy_family import SPEC, Bench, schedule_plan


def bench_at(done: int, bucket: int = 1, watch: bool = True, **fields: Any) -> Bench:
    """A ring of one generation that has done some of its steps."""
    bench = Bench(1, bucket)
    bench.ring.watch = watch
    bench.ring.submit(bench.request(**fields))
    bench.ring.admit()
    for _ in range(done):
        bench.ring.advance({})
    return bench


def rms(a: Tensor, b: Tensor) -> float:
    return float((a - b).double().square().mean().sqrt())


def test_lowering_is_the_formula() -> None:
    x, clean, source = (torch.randn(6, 4, dtype=torch.float64) for _ in range(3))
    s, after, pull = 0.7, 0.4, 0.3
    e = (x - (1 - s) * clean) / s
    pulled = clean + pull * (source - clean)
    lower(x, clean, source, s, after, pull)
    torch.testing.assert_close(clean, pulled)
    torch.testing.assert_close(x, after * e + (1 - after) * pulled)


def test_raising_is_the_flows_own_kernel() -> None:
    clean, noise, fresh = (torch.randn(20000, dtype=torch.float64) for _ in range(3))
    s, after = 0.4, 0.7
    x = s * noise + (1 - s) * clean
    higher(x, fresh, s, after)
    left = x - (1 - after) * clean
    assert float(left.square().mean()) == pytest.approx(after**2, rel=0.03)
    assert abs(float((left * clean).mean())) < 0.03


def test_distance_is_the_knob_position_of_a_strength() -> None:
    assert [distance(SPEC, k / 4) for k in range(5)] == pytest.approx([k / 4 for k in range(5)])


@pytest.mark.parametrize("done", range(1, 8))
def test_down_moves_the_sound_toward_its_new_place(done: int) -> None:
    """The toy family's taper says that half the strength is half the distance: the riper, the nearer to that."""
    bench = bench_at(done, strength=1.0)
    old, source = bench_at(done, strength=1.0).ring.drain({})[0].latent, bench.source.latent
    assert bench.ring.move_strength(bench.ring.slots[0], 0.5)
    moved = bench.ring.drain({})[0].latent
    share = rms(moved, source) / rms(old, source)
    assert 0.45 < share < 0.97
    assert done < 7 or share == pytest.approx(0.5, rel=0.15)


@pytest.mark.parametrize(("steps", "done"), [(8, 1), (8, 2), (8, 3), (4, 1), (16, 6), (3, 1)])
def test_up_moves_the_sound_away_from_its_source(steps: int, done: int) -> None:
    bench = bench_at(done, strength=0.3, steps=steps)
    stays = bench_at(done, strength=0.3, steps=steps).ring.drain({})[0].latent
    assert bench.ring.move_strength(bench.ring.slots[0], 0.9)
    moved = bench.ring.drain({})[0].latent
    assert rms(moved, bench.source.latent) > rms(stays, bench.source.latent) + 0.02


OLDER = [(8, done) for done in range(4, 8)] + [(4, 2), (4, 3), (16, 7), (3, 2), (2, 1)]


@pytest.mark.parametrize(("steps", "done"), OLDER)
def test_older_generations_finish_as_they_are_when_strength_rises(steps: int, done: int) -> None:
    """Older than three eighths of their steps."""
    bench = bench_at(done, strength=0.3, steps=steps)
    assert not bench.ring.move_strength(bench.ring.slots[0], 0.9)
    plain = bench_at(0, strength=0.3, steps=steps).ring.drain({})[0].latent
    assert torch.equal(bench.ring.drain({})[0].latent, plain)


@pytest.mark.parametrize(("old", "new"), [(0.8, 0.3), (0.3, 1.0), (0.6, 0.0), (0.0, 0.6)])
def test_before_its_first_step_a_generation_begins_anew(old: float, new: float) -> None:
    bench = bench_at(0, strength=old)
    assert bench.ring.move_strength(bench.ring.slots[0], new)
    assert bench.ring.slots[0].strength == new
    assert torch.equal(bench.ring.drain({})[0].latent, bench_at(0, strength=new).ring.drain({})[0].latent)


@pytest.mark.parametrize("done", [1, 4, 7])
def test_down_to_0_is_the_source(done: int) -> None:
    bench = bench_at(done)
    assert bench.ring.move_strength(bench.ring.slots[0], 0.0)
    torch.testing.assert_close(bench.ring.drain({})[0].latent, bench.source.latent, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"strength": 0.0},
        {"covers": False},
        {"steps_mode": "proportional"},
        {"timesteps": "trained"},
        {"strength": 0.5},
    ],
    ids=str,
)
def test_where_it_does_nothing(fields: dict[str, Any]) -> None:
    bench = bench_at(2, steps=8, **fields)
    before = bench.ring.slots[0].x.clone()
    assert not bench.ring.move_strength(bench.ring.slots[0], 0.5)
    assert torch.equal(bench.ring.slots[0].x, before)


def test_falling_needs_the_clean_prediction() -> None:
    bench = bench_at(3, watch=False)
    assert not bench.ring.move_strength(bench.ring.slots[0], 0.3)
    bench.ring.watch = True
    bench.ring.advance({})
    assert bench.ring.move_strength(bench.ring.slots[0], 0.3)


def test_at_most_once_a_tick_and_a_finished_one_never() -> None:
    bench = bench_at(2)
    (slot,) = bench.ring.slots
    assert bench.ring.move_strength(slot, 0.5)
    assert not bench.ring.move_strength(slot, 0.7)
    bench.ring.advance({})
    assert bench.ring.move_strength(slot, 0.7)
    bench.ring.drain({})
    assert not bench.ring.move_strength(slot, 0.2)


def test_a_moved_generation_follows_the_new_schedule_and_its_own_noise() -> None:
    bench = bench_at(2, strength=0.3)
    (slot,) = bench.ring.slots
    x, s = slot.x.clone(), float(slot.times.t[2])
    bench.ring.move_strength(slot, 0.9)
    assert torch.equal(slot.times.t, schedule_plan(0.9, 8, 2.0).times())
    after = float(slot.times.t[2])
    a = (1 - after) / (1 - s)
    noise = bench.noise.get(7, Stream.LIVE, 2)
    torch.testing.assert_close(slot.x, a * x + (after**2 - (a * s) ** 2) ** 0.5 * noise, rtol=0, atol=1e-5)
    assert slot.remaining == 6


def test_a_ramp_of_strength_moves_every_generation_and_stays_finite() -> None:
    bench, done = Bench(4, bucket=2), []
    bench.ring.watch = True
    for tick in range(64):
        strength = 0.5 + 0.5 * (1 if tick % 16 < 8 else -1) * (tick % 8) / 8
        for slot in bench.ring.slots:
            bench.ring.move_strength(slot, strength)
        if bench.ring.admits():
            bench.ring.submit(bench.request(strength=strength))
        done += bench.ring.tick({})
    assert [b.tick - a.tick for a, b in pairwise(done)] == [2] * (len(done) - 1)
    assert all(float(item.latent.abs().max()) < 10 for item in done)


@pytest.mark.parametrize("strength", [float("nan"), -0.1, 1.1])
def test_impossible_strengths(strength: float) -> None:
    bench = bench_at(2)
    with pytest.raises(DemonError, match="port strength"):
        bench.ring.move_strength(bench.ring.slots[0], strength)


def first_difference(before: float, after: float, steps: int, depth: int, phase: int) -> int:
    """Forwards from a write of strength that also moves what is in flight, to the first latent that differs."""
    old = bench_at(0, strength=before, steps=steps).ring.drain({})[0].latent
    bench, at = Bench(depth), steps + phase
    bench.ring.watch = True
    for tick in range(at + 2 * steps + 1):
        strength = after if tick >= at else before
        if tick == at:
            for slot in bench.ring.slots:
                bench.ring.move_strength(slot, after)
        if bench.ring.admits():
            bench.ring.submit(bench.request(strength=strength, steps=steps))
        if any(not torch.equal(done.latent, old) for done in bench.ring.tick({})):
            return tick - at + 1
    raise AssertionError("no answer")


@pytest.mark.parametrize(
    ("steps", "depth", "onset", "risen"),
    [
        (8, 1, (1, 4.5, 8), 4), (8, 2, (1, 2.5, 4), 4), (8, 4, (1, 1.5, 2), 4), (8, 8, (1, 1.0, 1), 4),
        (4, 1, (1, 2.5, 4), 2), (4, 2, (1, 1.5, 2), 2), (4, 4, (1, 1.0, 1), 2),
    ],
    ids=str,
)  # fmt: skip
def test_it_answers_as_the_propagation_table_says(
    steps: int, depth: int, onset: tuple[int, float, int], risen: int
) -> None:
    """Downward with the next completion; upward `risen` forwards later, since only the first three eighths of the steps
    are moved: three of eight, one of four."""
    for before, after, later in ((1.0, 0.5, 0), (0.5, 1.0, risen)):
        answers = [first_difference(before, after, steps, depth, phase) for phase in range(steps)]
        best, mean, worst = onset
        assert (min(answers), sum(answers) / steps, max(answers)) == (best + later, mean + later, worst + later)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [8, 4])
def test_nano_follows_as_far_as_was_measured_for_the_design(steps: int) -> None:
    """Share of the whole way in rms distance to the source; 1 to .5 went from .48 with one step done to .91 with
    seven on the weights that the design was measured with."""
    session = Session.load("nano", threads=1)
    source, prompt = session.compose("house in a minor, 124 bpm", seconds=8, seed=3), session.prompt("acid, dark")

    def generated(old: float, new: float | None = None, done: int = 0) -> float:
        ring = session.ring(source, 1)
        ring.watch = True
        ring.submit(session.request(prompt, source, strength=old, seed=7, steps=steps))
        ring.admit()
        for _ in range(done):
            ring.advance({})
        assert new is None or ring.move_strength(ring.slots[0], new)
        return rms(ring.drain({})[0].latent, source.latent)

    high, low = generated(1.0), generated(0.5)
    down = [(high - generated(1.0, 0.5, done)) / (high - low) for done in range(1, steps)]
    assert down == sorted(down)
    assert down[0] > 0.4
    assert 0.75 < down[-1] < 1.05
    up = [(generated(0.5, 1.0, done) - low) / (high - low) for done in range(1, steps * 3 // 8 + 1)]
    assert up == sorted(up, reverse=True)
    assert 0.2 < up[-1] <= up[0] < 1.05
