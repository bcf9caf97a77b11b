"""What the contract `Executor` demands of LoRAs and steering, as further checks of `executor_contract.CHECKS`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Family
from demon_patch.engine.executors import checks
from demon_patch.engine.lora.merge import LayerChange, Lora, layers_of
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.engine.steering.vector import BlockHooks, shape_of
from demon_patch.errors import DemonError
from tests.support.executor_contract import CHECKS, PROMPTS, Desk, Make, check, close, refused

__all__ = ["CHECKS"]


def lora_of(denoiser: object, seed: int = 1) -> Lora:
    """A small change of every layer that a LoRA can change."""
    draw = torch.Generator().manual_seed(seed)
    changes = {
        name: LayerChange(
            torch.randn(1, layer.weight[0].numel(), generator=draw),
            torch.randn(len(layer.weight), 1, generator=draw),
            0.02,
        )
        for name, layer in layers_of(denoiser).items()
    }
    return Lora("drawn", changes)


def with_lora(denoiser: Any, lora: Lora, strength: float) -> Any:
    """A copy of a denoiser with W + strength * scale * up down in each layer."""
    copied = deepcopy(denoiser)
    layers = layers_of(copied)
    with torch.no_grad():
        for name, change in lora.changes.items():
            weight = layers[name].weight
            weight += (strength * change.scale * (change.up @ change.down)).view_as(weight)
    return copied


@check
def loras_play_beside_the_weights_and_leave_them(make: Make, family: Callable[[], Family]) -> None:
    desk = Desk(make, family)
    executor, plain = desk.executor, desk.family.denoiser
    lora, before, epochs = lora_of(plain), desk.forward(1), [desk.executor.weights_epoch]
    changed = {strength: with_lora(plain, lora, strength) for strength in (0.0, 0.5, 1.5)}
    assert executor.loras == ()
    assert not executor.set_loras([])
    assert executor.weights_epoch == epochs[0]
    try:
        assert executor.set_loras([(lora, 1.0)]) is True
        epochs.append(executor.weights_epoch)
        desk.put_all()
        desk.time = executor.prepare_schedule(desk.t)
        for strength, denoiser in changed.items():
            assert executor.set_loras([(lora, strength)]) is False
            assert executor.loras == ((lora, strength),)
            assert executor.weights_epoch == epochs[-1]
            got = desk.forward(1)
            close(got, desk.expected(1, desk.condition(PROMPTS[1], denoiser), denoiser))
            assert torch.equal(got, before) == (strength == 0)
            assert float((got - before).abs().max()) >= 1e-3 * strength * float(before.abs().max())
        with pytest.raises(DemonError):
            executor.set_loras([(lora, 2.5)])
        assert executor.loras == ((lora, 1.5),)
        assert executor.weights_epoch == epochs[-1]
    finally:
        left = executor.set_loras([])
    assert left is True
    epochs.append(executor.weights_epoch)
    assert epochs == sorted({*epochs})
    assert executor.loras == ()
    desk.put_all()
    desk.time = executor.prepare_schedule(desk.t)
    assert torch.equal(desk.forward(1), before)


@check
def every_row_has_its_own_lora_strengths(make: Make, family: Callable[[], Family]) -> None:
    """Rows at 0 have the bits that they have without LoRAs, beside rows that are not at 0."""
    desk = Desk(make, family, 4)
    executor, plain = desk.executor, desk.family.denoiser
    before, places = desk.forward(0, 1, 2, 3), (0, 1, 2, 3)
    one, other = lora_of(plain, 1), lora_of(plain, 2)
    rows = [(0.0, 0.0), (1.0, 0.0), (0.3, 1.5), (0.0, 2.0)]
    try:
        executor.set_loras([(one, 1.0), (other, 0.0)])
        desk.put_all()
        desk.time = executor.prepare_schedule(desk.t)

        def forward(*order: int) -> Tensor:
            sides = SideInputs(lora_strength=torch.tensor([rows[at] for at in order]))
            return executor.forward(*desk.arguments(*order), sides).clone()

        got = forward(*places)
        assert torch.equal(got[0], before[0])
        for at, (first, second) in enumerate(rows[1:], 1):
            denoiser = with_lora(with_lora(plain, one, first), other, second)
            close(got[at : at + 1], desk.expected(at, desk.condition(PROMPTS[at], denoiser), denoiser))
        for order in ((3, 2, 1, 0), (1, 3, 0, 2), (2, 2, 0, 0)):
            assert all(torch.equal(v, got[at]) for v, at in zip(forward(*order), order, strict=True))
        nothing = SideInputs(lora_strength=torch.zeros(4, 2))
        assert torch.equal(executor.forward(*desk.arguments(*places), nothing), before)
        for wrong in (torch.zeros(4, 1), torch.zeros(3, 2), torch.zeros(4, 2, 1)):
            sides = SideInputs(lora_strength=wrong)
            refused(checks.STRENGTHS, executor.forward, *desk.arguments(*places), sides)
    finally:
        executor.set_loras([])


@check
def every_row_has_its_own_steering(make: Make, family: Callable[[], Family]) -> None:
    """Rows of zeros have the bits that they have without steering, beside rows that are steered."""
    desk = Desk(make, family, 3)
    blocks, hidden = shape_of(desk.family.denoiser)
    before = desk.forward(0, 1, 2)
    added = 0.2 * torch.randn(3, blocks, hidden, generator=torch.Generator().manual_seed(8))
    added[1] = 0.0
    got = desk.executor.forward(*desk.arguments(0, 1, 2), SideInputs(steering=added)).clone()
    assert torch.equal(got[1], before[1])
    for row in (0, 2):
        with BlockHooks(desk.family.denoiser).at(added[row : row + 1]):
            close(got[row : row + 1], desk.expected(row, desk.condition(PROMPTS[row])))
        assert float((got[row] - before[row]).abs().max()) > 1e-3 * float(before.abs().max())
    turned = desk.executor.forward(*desk.arguments(2, 1, 0), SideInputs(steering=added.flip(0))).clone()
    assert torch.equal(turned, got.flip(0))
    still = desk.executor.forward(*desk.arguments(0, 1, 2), SideInputs(steering=torch.zeros_like(added)))
    assert torch.equal(still, before)
    assert torch.equal(desk.forward(0, 1, 2), before)
    for wrong in (added[:2], added[:, :, :-1], added[:, 0]):
        refused(checks.STEERING, desk.executor.forward, *desk.arguments(0, 1, 2), SideInputs(steering=wrong))


@check
def renewed_prompts_are_those_of_the_present_weights(make: Make, family: Callable[[], Family]) -> None:
    """Also those that were blended; and what a place holds is its own copy."""
    desk = Desk(make, family)
    executor = desk.executor
    one, other = desk.prepare("house"), desk.prepare("ambient")
    blended = executor.blend(one, other, 0.25)
    try:
        executor.set_loras([(lora_of(desk.family.denoiser), 1.0)])
        for handle in (blended, one):
            executor.renew(handle)
            assert handle.epoch == executor.weights_epoch
        executor.renew(other)
        desk.time = executor.prepare_schedule(desk.t)
        house, ambient = desk.prepare("house"), desk.prepare("ambient")
        assert torch.equal(desk.answer(one), desk.answer(house))
        assert torch.equal(desk.answer(other), desk.answer(ambient))
        assert torch.equal(desk.answer(blended), desk.answer(executor.blend(house, ambient, 0.25)))
    finally:
        executor.set_loras([])
