"""The PyTorch executor: runs a family's denoiser eagerly in float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Denoiser, Handle
from demon_patch.engine.executors.checks import (
    check_epoch,
    check_lengths,
    check_owner,
    check_place,
    check_placed,
    check_shapes,
)
from demon_patch.engine.executors.row_threads import RowThreads
from demon_patch.engine.lora.merge import Lora, Loras, Merged
from demon_patch.engine.prompt_contracts import MixesPrompts
from demon_patch.errors import DemonError


@dataclass(slots=True, eq=False)
class Prepared:
    """A handle: the condition tensors [L', ...] of a prompt.

    owner: the executor that made it.
    epoch: the weights epoch for which the tensors were computed.
    origin: the prompt from which they were computed, or two prepared prompts and the share (0 to 1) of the second.
    """

    owner: TorchExecutor
    epoch: int
    tensors: tuple[Tensor, ...]
    origin: Conditioning | tuple[Prepared, Prepared, float]

    @property
    def nbytes(self) -> int:
        """Returns the bytes of the condition tensors."""
        return sum(part.nbytes for part in self.tensors)


class TorchExecutor:
    """Runs a denoiser in forwards of exactly `bucket` rows, with prompts in `capacity` places.

    The methods keep the contract of `Executor`, including its threads and errors.

    lanes: the number of forwards that run side by side. With more than one, operations on the calling thread use a
        single thread.
    """

    def __init__(self, denoiser: Denoiser, bucket: int = 1, capacity: int = 48, lanes: int = 1) -> None:
        if not 1 <= bucket <= capacity:
            raise DemonError(
                f"a row bucket of {bucket} with {capacity} prompt places",
                mend="the bucket must be from 1 to the capacity",
            )
        self.bucket, self.capacity = bucket, capacity
        self.lanes = RowThreads(lanes)
        self.weights_epoch = 0
        self._denoiser = denoiser
        self._mixes = denoiser if isinstance(denoiser, MixesPrompts) else None
        self._merged = Merged(denoiser)
        self._buffers: tuple[Tensor, ...] = ()  # [capacity, L', ...]
        self._placed: set[int] = set()

    @torch.inference_mode()
    def prepare(self, conditioning: Conditioning) -> Prepared:
        """Computes the denoiser's condition tensors of a prompt and returns them as a handle."""
        return Prepared(self, self.weights_epoch, self._denoiser.condition(conditioning.tokens), conditioning)

    @torch.inference_mode()
    def blend(self, first: Handle, second: Handle, amount: float) -> Prepared:
        """Returns a handle with the condition tensors (1 - amount) * first + amount * second; amount is 0 to 1."""
        one, other = self._current_handle(first), self._current_handle(second)
        if self._mixes is None:
            check_lengths(_shapes(one), _shapes(other), "prompt_b")
        return Prepared(self, self.weights_epoch, self._mixed(one, other, amount), (one, other, amount))

    @torch.inference_mode()
    def renew(self, handle: Handle) -> None:
        """Prepares a handle again for the present weights, in place. For a blend, renews its two handles too."""
        prepared = self._checked_handle(handle)
        if prepared.epoch == self.weights_epoch:
            return
        if isinstance(prepared.origin, Conditioning):
            prepared.tensors = self._denoiser.condition(prepared.origin.tokens)
        else:
            first, second, amount = prepared.origin
            self.renew(first)
            self.renew(second)
            prepared.tensors = self._mixed(first, second, amount)
        prepared.epoch = self.weights_epoch

    @torch.inference_mode()
    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Returns the time embeddings [S+1, E] of timesteps [S+1]."""
        return self._denoiser.embed_time(t.float())

    @torch.inference_mode()
    def place(self, place: int, handle: Handle) -> None:
        """Copies a prepared prompt into a prompt place."""
        check_place(place, self.capacity)
        prepared = self._current_handle(handle)
        if not self._buffers:
            self._buffers = tuple(part.new_zeros(self.capacity, *part.shape) for part in prepared.tensors)
        tensors = prepared.tensors if self._mixes is None else self._fitted(self._mixes, prepared.tensors)
        check_lengths([part.shape for part in tensors], [whole.shape[1:] for whole in self._buffers])
        for whole, part in zip(self._buffers, tensors, strict=True):
            whole[place].copy_(part)
        self._placed.add(place)

    def _fitted(self, mixes: MixesPrompts, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Returns condition tensors with as many positions as those in the places, which get more where they have
        fewer."""
        length = max(len(tensors[0]), self._buffers[0].shape[1])
        more = length - self._buffers[0].shape[1]
        if more:
            self._buffers = tuple(
                torch.cat((whole, whole.new_zeros(len(whole), more, *whole.shape[2:])), 1) for whole in self._buffers
            )
        return mixes.padded(tensors, length)

    def _mixed(self, first: Prepared, second: Prepared, amount: float) -> tuple[Tensor, ...]:
        """Returns the condition tensors of a mix of two prompts; amount: the share of the second."""
        if self._mixes is not None:
            return self._mixes.mixed(first.tensors, second.tensors, amount)
        return tuple(torch.lerp(a, b, amount) for a, b in zip(first.tensors, second.tensors, strict=True))

    def _checked_handle(self, handle: Handle) -> Prepared:
        own = isinstance(handle, Prepared) and handle.owner is self
        check_owner(handle, own)
        return cast(Prepared, handle)

    def _current_handle(self, handle: Handle) -> Prepared:
        prepared = self._checked_handle(handle)
        check_epoch(prepared, self.weights_epoch)
        return prepared

    @torch.inference_mode()
    def forward(self, x: Tensor, time: Tensor, context: Tensor, places: Tensor) -> Tensor:
        """Returns the velocities of R = `bucket` rows, a new tensor [R, T, C].

        x: [R, T, C]. time: [R, E]. context: [R, T, X]. places: [R], the prompt place of each row.
        """
        check_shapes(x, time, context, places, self.bucket)
        if not self._buffers or places.device.type == "cpu":
            check_placed(places.tolist(), self._placed)
        condition = tuple(whole.index_select(0, places) for whole in self._buffers)
        return self._denoiser.velocity(x, time, context, condition)

    @property
    def loras(self) -> tuple[tuple[Lora, float], ...]:
        """Returns the LoRAs that were set last, with their strengths, 0 to 2."""
        return self._merged.loras

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the only LoRAs in the weights. Returns whether any weight changed."""
        changed = self._merged.set(loras)
        if changed:
            self.weights_changed()
        return changed

    def weights_changed(self) -> None:
        """Makes every handle void and empties every prompt place. Called after any change of the denoiser's weights."""
        self.weights_epoch += 1
        self._buffers = ()
        self._placed.clear()


def _shapes(prepared: Prepared) -> list[Sequence[int]]:
    return [part.shape for part in prepared.tensors]
