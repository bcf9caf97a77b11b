"""Executors that break the contract in one place each, and the check that finds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Family, Handle
from demon_patch.engine.executors import checks
from demon_patch.engine.executors.torch_ import Prepared, TorchExecutor
from demon_patch.engine.lora.merge import Lora, Loras
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.errors import DemonError
from tests.support.executor_contract import CAPACITY
from tests.support.executor_sides_contract import CHECKS
from tests.support.toy_family import toy_family


def family() -> Family:
    """The toy family with a layer in `condition`, which its own lacks."""
    made = toy_family()
    denoiser = cast(Any, made.denoiser)
    denoiser.words = torch.nn.Linear(4, 4, bias=False).requires_grad_(False)
    torch.nn.init.eye_(denoiser.words.weight)
    kind = type(denoiser)

    class WithWords(kind):
        def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
            return (self.words(tokens),)

    denoiser.__class__ = WithWords
    return replace(made, denoiser=denoiser)


class RenewsNothing(TorchExecutor):
    def renew(self, handle: Handle) -> None:
        self._checked_handle(handle)


class RenewsTheEpochOnly(TorchExecutor):
    def renew(self, handle: Handle) -> None:
        self._checked_handle(handle).epoch = self.weights_epoch


class RenewsNoBlends(TorchExecutor):
    def renew(self, handle: Handle) -> None:
        if isinstance(cast(Prepared, handle).origin, tuple):
            cast(Prepared, handle).epoch = self.weights_epoch
        else:
            super().renew(handle)


class TakesNoLoras(TorchExecutor):
    def set_loras(self, loras: Loras) -> bool:
        return False


class SaysNothingChanged(TorchExecutor):
    def set_loras(self, loras: Loras) -> bool:
        super().set_loras(loras)
        return False


class SaysAllChanged(TorchExecutor):
    def set_loras(self, loras: Loras) -> bool:
        super().set_loras(loras)
        return True


class KeepsTheEpoch(TorchExecutor):
    def set_loras(self, loras: Loras) -> bool:
        epoch, changed = self.weights_epoch, super().set_loras(loras)
        self.weights_epoch = epoch
        return changed


class AddsLoras(TorchExecutor):
    def set_loras(self, loras: Loras) -> bool:
        return super().set_loras([*self.loras, *loras])


class ShowsNoLoras(TorchExecutor):
    @property
    def loras(self) -> Any:
        return ()


class ReadsOneRowOfStrengths(TorchExecutor):
    def _row_strengths(self, sides: SideInputs | None) -> Tensor | None:
        strengths = super()._row_strengths(sides)
        return None if strengths is None else strengths[:1].expand_as(strengths)


class ReadsNoRowsOfStrengths(TorchExecutor):
    def _row_strengths(self, sides: SideInputs | None) -> Tensor | None:
        return super()._row_strengths(None)


class LeavesTheCondition(TorchExecutor):
    def _conditions(self, places: Tensor, strengths: Tensor | None) -> tuple[Tensor, ...]:
        return super()._conditions(places, None)


class ForgetsTheScale(TorchExecutor):
    def set_loras(self, loras: Loras) -> bool:
        def plain(lora: Lora) -> Lora:
            return Lora(lora.title, {name: replace(change, scale=1.0) for name, change in lora.changes.items()})

        return super().set_loras([(plain(lora), strength) for lora, strength in loras])


class BlendsAnyLengths(TorchExecutor):
    def blend(self, first: Handle, second: Handle, amount: float) -> Prepared:
        one, other = self._current_handle(first), self._current_handle(second)
        tensors = tuple(torch.lerp(a, b[: len(a)], amount) for a, b in zip(one.tensors, other.tensors, strict=True))
        return Prepared(self, self.weights_epoch, tensors, (one, other, amount))


class BlendsAnyEpoch(TorchExecutor):
    def blend(self, first: Handle, second: Handle, amount: float) -> Prepared:
        first.epoch = second.epoch = self.weights_epoch
        return super().blend(first, second, amount)


class BlendsHalfAndHalf(TorchExecutor):
    def blend(self, first: Handle, second: Handle, amount: float) -> Prepared:
        return super().blend(first, second, amount if amount in (0.0, 1.0) else 0.5)


class SharesItsVelocity(TorchExecutor):
    shared: Tensor | None = None

    def forward(self, *inputs: Any) -> Tensor:
        v = super().forward(*inputs)
        if self.shared is None:
            self.shared = torch.empty_like(v)
        return self.shared.copy_(v)


class TakesTimesAsTheyAre(TorchExecutor):
    def prepare_schedule(self, t: Tensor) -> Tensor:
        return self._denoiser.embed_time(t)


class TakesAnyHandle(TorchExecutor):
    def _checked_handle(self, handle: Handle) -> Prepared:
        if isinstance(handle, Prepared):
            return handle
        return self.prepare(toy_family().conditioner.prompt("any"))


class TakesHandlesOfItsKind(TorchExecutor):
    def _checked_handle(self, handle: Handle) -> Prepared:
        checks.check_owner(handle, isinstance(handle, Prepared))
        return cast(Prepared, handle)


class PlacesVoidHandles(TorchExecutor):
    def place(self, place: int, handle: Handle) -> None:
        handle.epoch = self.weights_epoch
        super().place(place, handle)


class ReadsEmptyPlaces(TorchExecutor):
    def forward(self, *inputs: Any) -> Tensor:
        self._placed.update(range(-1, 100))
        return super().forward(*inputs)


class PreparesIntoAPlace(TorchExecutor):
    @torch.inference_mode()
    def prepare(self, conditioning: Any) -> Prepared:
        made = super().prepare(conditioning)
        if self._buffers and made.tensors[0].shape == self._buffers[0].shape[1:]:
            self._buffers[0][0].copy_(made.tensors[0])
        return made


MUTANTS: dict[type[TorchExecutor], str] = {
    RenewsNothing: "handles_of_older_weights_are_refused",
    RenewsTheEpochOnly: "renewed_prompts_are_those_of_the_present_weights",
    RenewsNoBlends: "renewed_prompts_are_those_of_the_present_weights",
    TakesNoLoras: "loras_play_beside_the_weights_and_leave_them",
    SaysNothingChanged: "loras_play_beside_the_weights_and_leave_them",
    SaysAllChanged: "loras_play_beside_the_weights_and_leave_them",
    KeepsTheEpoch: "loras_play_beside_the_weights_and_leave_them",
    AddsLoras: "loras_play_beside_the_weights_and_leave_them",
    ShowsNoLoras: "loras_play_beside_the_weights_and_leave_them",
    ReadsOneRowOfStrengths: "every_row_has_its_own_lora_strengths",
    ReadsNoRowsOfStrengths: "every_row_has_its_own_lora_strengths",
    LeavesTheCondition: "loras_play_beside_the_weights_and_leave_them",
    ForgetsTheScale: "every_row_has_its_own_lora_strengths",
    BlendsAnyLengths: "prompts_of_other_lengths_are_refused_or_fitted",
    BlendsAnyEpoch: "handles_of_older_weights_are_refused",
    BlendsHalfAndHalf: "prompts_blend_from_one_end_to_the_other",
    SharesItsVelocity: "every_lane_has_a_velocity_of_its_own",
    TakesTimesAsTheyAre: "times_of_any_float_type_are_float32",
    TakesAnyHandle: "handles_of_others_are_refused",
    TakesHandlesOfItsKind: "handles_of_others_are_refused",
    PlacesVoidHandles: "handles_of_older_weights_are_refused",
    ReadsEmptyPlaces: "empty_places_are_refused",
    PreparesIntoAPlace: "prompts_are_prepared_on_any_thread_also_between_a_forward_and_its_end",
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_executor_is_found(mutant: type[TorchExecutor]) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, DemonError)):
        CHECKS[MUTANTS[mutant]](lambda denoiser, bucket: mutant(denoiser, bucket, CAPACITY, 2), family)


@pytest.mark.parametrize("check", sorted({*MUTANTS.values()}))
def test_a_whole_executor_passes_the_same_checks(check: str) -> None:
    CHECKS[check](lambda denoiser, bucket: TorchExecutor(denoiser, bucket, CAPACITY, 2), family)
