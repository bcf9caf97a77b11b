"""Previews: what the ripest generation is about to become."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.toy_family import Bench, mean_of, velocity


def playing(depth: int, ticks: int, bucket: int = 1, watch: bool = True, **fields: Any) -> Bench:
    bench = Bench(depth, bucket)
    bench.ring.watch = watch
    for _ in range(ticks):
        if bench.ring.admits():
            bench.ring.submit(bench.request(**fields))
        bench.ring.tick({})
    return bench


@pytest.mark.parametrize(("bucket", "steps", "from_step"), [(1, 8, 6), (4, 8, 6), (1, 4, 3), (4, 4, 3), (1, 6, 5)])
def test_the_ripest_generation_from_three_quarters_on(bucket: int, steps: int, from_step: int) -> None:
    bench = Bench(4, bucket)
    bench.ring.watch = True
    for tick in range(24):
        if bench.ring.admits():
            bench.ring.submit(bench.request(seed=tick, steps=steps))
        bench.ring.tick({})
        seen, ripe = bench.ring.preview(), [slot for slot in bench.ring.slots if slot.step >= from_step]
        assert (seen.slot if seen else None) is (max(ripe, key=lambda slot: slot.step) if ripe else None)


def test_it_is_the_latest_steps_clean_prediction() -> None:
    bench = playing(1, 6)
    (slot,) = bench.ring.slots
    before, t = slot.x.clone().double(), float(slot.times.t[6])
    mean = mean_of(slot.request.context, slot.request.conditioning.tensors[0]).double()  # type: ignore[attr-defined]
    bench.ring.advance({})
    expected = before - t * velocity(before, torch.tensor(t, dtype=torch.float64), mean)
    seen = bench.ring.preview()
    assert seen is not None
    assert seen.slot is slot
    assert (seen.latent - expected).abs().max() < 2e-5


def test_it_comes_nearer_to_what_is_delivered() -> None:
    bench = playing(1, 6)
    seen = [bench.ring.preview()]
    bench.ring.advance({})
    seen.append(bench.ring.preview())
    (final,) = bench.ring.advance({})
    errors = [float((item.latent - final.latent).square().mean()) for item in seen if item is not None]
    assert len(errors) == 2
    assert errors[1] < errors[0] < 0.1 * float(final.latent.square().mean())


def test_source_blend_is_in_the_preview() -> None:
    bench = playing(1, 6)
    bench.ring.advance({"source_blend": torch.zeros(1, 1, 1)})
    seen = bench.ring.preview()
    assert seen is not None
    torch.testing.assert_close(seen.latent, bench.source.latent, rtol=0, atol=1e-6)


def test_it_is_the_callers_to_keep() -> None:
    bench = playing(1, 7)
    seen = bench.ring.preview()
    assert seen is not None
    copy = seen.latent.clone()
    for _ in range(12):
        bench.ring.submit(bench.request(seed=99))
        bench.ring.tick({})
    assert torch.equal(seen.latent, copy)
    (slot,) = bench.ring.slots
    seen.latent.zero_()
    assert slot.x.abs().max() > 0


@pytest.mark.parametrize("watch", [True, False])
def test_watching_changes_no_latent_and_costs_nothing_when_off(watch: bool) -> None:
    def latents(on: bool) -> list[Tensor]:
        bench = playing(4, 6, watch=on)
        kept = [slot.clean is not None for slot in bench.ring.slots]
        assert all(kept) if on else not any(kept)
        assert bench.ring.preview() is None or on
        return [item.latent for item in bench.ring.drain({})]

    assert all(torch.equal(a, b) for a, b in zip(latents(watch), latents(False), strict=True))


def test_watching_may_begin_and_end_at_any_time() -> None:
    bench = playing(1, 6, watch=False)
    assert bench.ring.preview() is None
    bench.ring.watch = True
    assert bench.ring.preview() is None
    bench.ring.advance({})
    assert bench.ring.preview() is not None
    bench.ring.watch = False
    assert bench.ring.preview() is None
    assert bench.ring.slots[0].clean is None


def test_a_generation_that_is_its_source_previews_it() -> None:
    bench = playing(1, 6, strength=0.0)
    seen = bench.ring.preview()
    assert seen is not None
    assert torch.equal(seen.latent, bench.source.latent)


def test_a_proportional_generation_ripens_sooner() -> None:
    bench = playing(1, 2, strength=0.5, steps_mode="proportional")
    seen = bench.ring.preview()
    assert seen is not None
    assert (seen.slot.step, seen.slot.remaining) == (2, 2)
