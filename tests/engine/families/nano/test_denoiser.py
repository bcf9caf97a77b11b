"""The denoiser: equal to the stored reference, row by row, at every length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.nano.denoiser import NanoDenoiser

REFERENCE = np.load(Path(__file__).parent / "reference.npz")


@pytest.fixture(scope="module")
def net(family: Family) -> NanoDenoiser:
    assert isinstance(family.denoiser, NanoDenoiser)
    return family.denoiser


def _given(name: str) -> Tensor:
    value = torch.from_numpy(REFERENCE[name])
    return value.float() if value.is_floating_point() else value


def _split(net: NanoDenoiser, rows: slice) -> Tensor:
    """The velocity by the three calls that the engine makes."""
    handles = [net.condition(tokens) for tokens in _given("tokens")[rows]]
    condition = tuple(torch.stack(parts) for parts in zip(*handles, strict=True))
    time = net.embed_time(_given("t"))[rows]
    return net.velocity(_given("x")[rows], time, _given("context")[rows], condition)


def test_velocity_equals_the_reference(net: NanoDenoiser) -> None:
    expected = _given("velocity")
    tolerance = 1e-5 * expected.abs().max()
    assert (_split(net, slice(None)) - expected).abs().max() < tolerance
    whole = net(_given("x"), _given("t"), _given("tokens"), _given("context"))
    assert (whole - expected).abs().max() < tolerance


def test_velocity_is_the_same_where_gradients_are_asked_for(net: NanoDenoiser) -> None:
    x, rest = _given("x").requires_grad_(), (_given("t"), _given("tokens"), _given("context"))
    v = net(x, *rest)
    plain = net(x.detach(), *rest)
    assert (v.detach() - plain).abs().max() < 1e-5 * plain.abs().max()
    v.square().sum().backward()
    assert x.grad is not None
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    moved = [net(x.detach() + side * 1e-2 * direction, *rest).double().square().sum() for side in (1, -1)]
    assert float((x.grad * direction).double().sum()) == pytest.approx(float(moved[0] - moved[1]) / 2e-2, rel=0.02)


def test_rows_do_not_hear_each_other(net: NanoDenoiser) -> None:
    both = _split(net, slice(None))
    for row in range(2):
        alone = _split(net, slice(row, row + 1))
        assert (alone[0] - both[row]).abs().max() < 1e-5 * both.abs().max()


def test_condition_has_one_set_of_keys_for_each_cross_block(net: NanoDenoiser) -> None:
    parts = net.condition(torch.zeros(9, dtype=torch.int64))
    assert [tuple(part.shape) for part in parts] == [(1, 256)] + 6 * [(9, 256)]
    assert net.embed_time(torch.tensor([0.1, 1.0, 0.5])).shape == (3, 256)


@pytest.mark.parametrize("frames", [2, 1500])
def test_lengths_from_one_token_to_the_longest_song(net: NanoDenoiser, frames: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x, context = (torch.randn(1, frames, width, generator=generator) for width in (64, 103))
    v = net(x, torch.tensor([0.5]), torch.zeros(1, 9, dtype=torch.int64), context)
    assert v.shape == x.shape
    assert v.isfinite().all()


def test_prompt_time_and_hints_all_matter(net: NanoDenoiser) -> None:
    x, context, t, tokens = _given("x")[:1], _given("context")[:1], _given("t")[:1], _given("tokens")[:1]
    base = net(x, t, tokens, context)
    for other in (
        net(x, t, torch.zeros_like(tokens), context),
        net(x, t * 0.5, tokens, context),
        net(x, t, tokens, torch.zeros_like(context)),
    ):
        assert (other - base).square().mean().sqrt() > 0.02
