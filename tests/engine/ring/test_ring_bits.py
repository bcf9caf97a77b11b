"""Equal bits: a slot's latents depend on its own settings, not on neighbours, positions or when it was admitted."""

from __future__ import annotations

import hashlib
from itertools import permutations

import pytest
import torch
from torch import Tensor

from demon_patch.engine.ring.ring import Completion
from tests.support.toy_family import Bench

CURVE = torch.linspace(0, 1, 37)
VALUES = [
    {},
    {"velocity_scale": torch.full((1, 1, 1), 0.8), "ode_noise": torch.full((1, 1, 1), 0.3)},
    {"source_blend": CURVE.view(1, -1, 1), "velocity_scale": 0.5 + CURVE.view(1, -1, 1)},
    {"source_blend": CURVE.view(1, -1, 1), "ode_noise": CURVE.view(1, -1, 1), "solver": "ode"},
    {"solver": "sde", "source_blend": torch.full((1, 1, 1), 0.4)},
    {"solver": "ab2"},
    {"solver": "ab2", "source_blend": CURVE.view(1, -1, 1)},
]
NEIGHBOURS = [
    {"seed": 1, "strength": 1.0, "prompt": "cold"},
    {"seed": 2, "strength": 0.3, "steps": 5, "structure": 0.2},
    {"seed": 3, "covers": False, "shift": 4.0},
    {"seed": 4, "strength": 0.0},
    {"seed": 5, "steps": 11, "initial_noise": CURVE},
]


def digest(latent: Tensor) -> str:
    return hashlib.sha256(latent.contiguous().numpy().tobytes()).hexdigest()


def alone(bucket: int, frames: int, values: dict[str, Tensor | str], **fields: object) -> Tensor:
    bench = Bench(1, bucket, frames)
    bench.ring.submit(bench.request(**fields))
    return bench.ring.drain(values)[0].latent


@pytest.mark.parametrize("values", VALUES, ids=lambda values: " ".join(values) or "plain")
@pytest.mark.parametrize("bucket", [1, 4])
def test_neighbours_and_order_leave_every_bit(bucket: int, values: dict[str, Tensor | str]) -> None:
    expected = {fields["seed"]: digest(alone(bucket, 37, values, **fields)) for fields in NEIGHBOURS}
    for order in list(permutations(NEIGHBOURS))[::11]:
        bench = Bench(8, bucket, 37, mode="queue")
        for fields in order:
            bench.ring.submit(bench.request(**fields))
        done = bench.ring.drain(values)
        assert {finished.request.controls.whole("seed"): digest(finished.latent) for finished in done} == expected


@pytest.mark.parametrize("values", VALUES, ids=lambda values: " ".join(values) or "plain")
@pytest.mark.parametrize("bucket", [1, 2])
def test_lanes_leave_every_bit(bucket: int, values: dict[str, Tensor | str]) -> None:
    def latents(lanes: int) -> dict[int, str]:
        bench = Bench(5, bucket, 37, lanes=lanes, mode="queue")
        for fields in [*NEIGHBOURS, *NEIGHBOURS]:
            bench.ring.submit(bench.request(**fields))
        return {
            finished.request.controls.whole("seed"): digest(finished.latent) for finished in bench.ring.drain(values)
        }

    assert latents(1) == latents(2) == latents(3)


@pytest.mark.parametrize("depth", [2, 3, 4, 8])
@pytest.mark.parametrize("bucket", [1, 2, 4])
def test_streamed_equals_one_shot(depth: int, bucket: int) -> None:
    values = VALUES[2]
    bench, done = Bench(depth, bucket, 37), list[Completion]()
    for k in range(24):
        if bench.ring.admits():
            bench.ring.submit(bench.request(seed=k % 5, strength=0.3 + 0.02 * k))
        done += bench.ring.tick(values)
    assert len(done) >= 2 * depth
    for finished in done:
        fields = {
            "seed": finished.request.controls.whole("seed"),
            "strength": finished.request.controls.number("strength"),
        }
        assert digest(finished.latent) == digest(alone(bucket, 37, values, **fields))
        other = alone(3, 37, values, **fields)
        assert (finished.latent - other).abs().max() <= 1e-5 * other.abs().max()


def test_equal_settings_give_equal_latents_whenever_admitted() -> None:
    bench, digests = Bench(3), set()
    for k in range(40):
        if bench.ring.admits():
            bench.ring.submit(bench.request())
        if k == 20:
            bench.ring.resize(8)
        digests |= {digest(finished.latent) for finished in bench.ring.tick({"solver": "sde"})}
    assert len(digests) == 1
