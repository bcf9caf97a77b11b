"""Noise that glides from the seed's own to the next key's."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.engine.ring.noise import NoiseBank, Stream, drifted
from demon_patch.errors import DemonError
from tests.support.effort import examples
from tests.support.toy_family import CHANNELS, FRAMES, Bench

BANK = NoiseBank(8, 400)
KEYS = st.integers(-(2**40), 2**40)


@settings(deadline=None, max_examples=examples(40))
@given(st.integers(0, 2**32 - 1), KEYS, st.integers(0, 63), st.sampled_from(list(Stream)), st.integers(0, 15))
def test_between_two_keys_their_noises_are_mixed(seed: int, key: int, part: int, stream: Stream, step: int) -> None:
    share = part / 64
    here = BANK.get(drifted(seed, key), stream, step).double()
    there = BANK.get(drifted(seed, key + 1), stream, step).double()
    expected = cos(pi / 2 * share) * here + sin(pi / 2 * share) * there
    torch.testing.assert_close(BANK.get(seed, stream, step, position=key + share).double(), expected, rtol=0, atol=2e-6)


def test_position_0_is_the_seed_itself_and_whole_positions_are_one_key() -> None:
    assert torch.equal(BANK.get(7, Stream.INIT, 0, position=0.0), BANK.get(7, Stream.INIT, 0))
    assert torch.equal(BANK.get(7, Stream.ODE, 3, position=5.0), BANK.get(drifted(7, 5), Stream.ODE, 3))


def test_keys_are_32_bits_and_do_not_meet() -> None:
    keys = {drifted(seed, place) for seed in (0, 1, 2, 42, 2**32 - 1) for place in range(-200, 200)}
    assert len(keys) == 5 * 400
    assert all(0 <= key < 2**32 for key in keys)


@pytest.mark.parametrize("position", [0.25, 0.5, 3.75, -1.5])
def test_it_stays_standard_normal_and_keeps_its_frames(position: float) -> None:
    noise = BANK.get(3, Stream.SDE, 2, position=position).double()
    assert abs(float(noise.mean())) < 4 / noise.numel() ** 0.5
    assert abs(float(noise.var()) - 1) < 4 * (2 / noise.numel()) ** 0.5
    part = BANK.get(3, Stream.SDE, 2, 390, 20, position=position)
    assert torch.equal(part, torch.cat((noise[390:], noise[:10])).float())


def test_the_noise_turns_evenly() -> None:
    places = [k / 16 for k in range(33)]
    noises = [BANK.get(1, Stream.INIT, 0, position=place).double() for place in places]
    steps = [float((b - a).square().mean().sqrt()) for a, b in pairwise(noises)]
    assert max(steps) < 1.1 * min(steps)
    assert max(steps) < 0.11  # 90 degrees in 16 steps


def latent(bench: Bench, values: dict[str, torch.Tensor | str], **fields: Any) -> torch.Tensor:
    bench.ring.submit(bench.request(**fields))
    return bench.ring.drain(values)[0].latent


@pytest.mark.parametrize("values", [{}, {"solver": "sde"}, {"ode_noise": torch.ones(1, 1, 1)}])
def test_every_stream_of_a_generation_drifts(values: dict[str, torch.Tensor | str]) -> None:
    bench = Bench(1)
    at_key = latent(bench, values, noise_position=2.0)
    assert torch.equal(at_key, latent(bench, values, seed=drifted(7, 2)))
    near, far = (latent(bench, values, noise_position=place) for place in (2.01, 2.5))
    assert 0 < float((near - at_key).square().mean()) < 1e-2 * float((far - at_key).square().mean())


def test_equal_positions_give_equal_latents() -> None:
    assert torch.equal(latent(Bench(1), {}, noise_position=1.3), latent(Bench(1, bucket=1), {}, noise_position=1.3))


@pytest.mark.parametrize("position", [float("nan"), float("inf")])
def test_positions_that_are_none(position: float) -> None:
    with pytest.raises(DemonError, match="port noise_drift"):
        Bench(1).ring.submit(Bench(1).request(noise_position=position))


def test_the_shape_of_a_drifting_noise() -> None:
    assert NoiseBank(CHANNELS, FRAMES).get(1, Stream.INIT, 0, position=0.5).shape == (FRAMES, CHANNELS)
