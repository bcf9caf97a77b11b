"""The PyTorch executor: a family's denoiser, eager, in float32."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Denoiser, Handle
from demon_patch.engine.executors.row_threads import RowThreads
from demon_patch.engine.lora.merge import Lora, Loras, Merged
from demon_patch.errors import DemonError


@dataclass(slots=True, eq=False)
class Prepared:
    """The condition tensors [L', ...] of a prompt, under the weights of `epoch`.

    origin: the prompt that they were made of, or two prepared prompts and the share of the second.
    """

    epoch: int
    tensors: tuple[Tensor, ...]
    origin: Conditioning | tuple[Prepared, Prepared, float]


class TorchExecutor:
    """Runs a denoiser in forwards of exactly `bucket` rows, with prompts in `capacity` fixed rows.

    lanes: forwards that run side by side; with more than one, operations on the calling thread use a single thread.
    """

    def __init__(self, denoiser: Denoiser, bucket: int = 1, capacity: int = 48, lanes: int = 1) -> None:
        if not 1 <= bucket <= capacity:
            raise DemonError(
                f"a row bucket of {bucket} with {capacity} rows", mend="the bucket must be from 1 to the capacity"
            )
        self.bucket = bucket
        self.lanes = RowThreads(lanes)
        self.weights_epoch = 0
        self._denoiser, self._capacity = denoiser, capacity
        self._merged = Merged(denoiser)
        self._buffers: tuple[Tensor, ...] = ()

    @torch.inference_mode()
    def prepare(self, conditioning: Conditioning) -> Prepared:
        """The denoiser's condition tensors for a prompt, computed once."""
        return Prepared(self.weights_epoch, self._denoiser.condition(conditioning.tokens), conditioning)

    @torch.inference_mode()
    def blend(self, first: Handle, second: Handle, amount: float) -> Prepared:
        """The condition tensors (1 - amount) * first + amount * second. Raises DemonError for prompts of another
        executor, of older weights, or of different lengths."""
        one, other = self._current_handle(first), self._current_handle(second)
        if [part.shape for part in one.tensors] != [part.shape for part in other.tensors]:
            raise DemonError("prompts of different lengths", port="prompt_b", mend="blend prompts of equal lengths")
        return Prepared(self.weights_epoch, _mixed(one, other, amount), (one, other, amount))

    @torch.inference_mode()
    def renew(self, handle: Handle) -> None:
        """Prepares a prompt again for the present weights, in place; raises DemonError for one of another executor."""
        prepared = self._checked_handle(handle)
        if prepared.epoch == self.weights_epoch:
            return
        if isinstance(prepared.origin, Conditioning):
            prepared.tensors = self._denoiser.condition(prepared.origin.tokens)
        else:
            first, second, amount = prepared.origin
            self.renew(first)
            self.renew(second)
            prepared.tensors = _mixed(first, second, amount)
        prepared.epoch = self.weights_epoch

    @torch.inference_mode()
    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Timesteps [S+1] -> time embeddings [S+1, E]."""
        return self._denoiser.embed_time(t.float())

    @torch.inference_mode()
    def place(self, row: int, handle: Handle) -> None:
        """Copies a prepared prompt into a row. Raises DemonError for a row out of range, and for a prompt of another
        executor, of older weights, or of another length than the prompts before it."""
        if not 0 <= row < self._capacity:
            raise DemonError(f"row {row} of {self._capacity}", mend="use a row below the executor's capacity")
        prepared = self._current_handle(handle)
        if not self._buffers:
            self._buffers = tuple(part.new_zeros(self._capacity, *part.shape) for part in prepared.tensors)
        shapes, wanted = [part.shape for part in prepared.tensors], [whole.shape[1:] for whole in self._buffers]
        if shapes != wanted:
            raise DemonError(
                f"condition tensors {[list(s) for s in shapes]} where the buffers hold {[list(s) for s in wanted]}",
                port="prompt",
                mend="prompts of one executor must have equal lengths",
            )
        for whole, part in zip(self._buffers, prepared.tensors, strict=True):
            whole[row].copy_(part)

    def _checked_handle(self, handle: Handle) -> Prepared:
        if not isinstance(handle, Prepared):
            raise DemonError("a prompt that another executor prepared", port="prompt", mend="prepare it with this one")
        return handle

    def _current_handle(self, handle: Handle) -> Prepared:
        prepared = self._checked_handle(handle)
        if prepared.epoch != self.weights_epoch:
            raise DemonError("prepared before the weights changed", port="prompt", mend="prepare the prompt again")
        return prepared

    @torch.inference_mode()
    def forward(self, x: Tensor, time: Tensor, context: Tensor, rows: Tensor) -> Tensor:
        """x [R, T, C], time [R, E], context [R, T, X], rows [R] -> v [R, T, C], R the bucket; raises DemonError for
        other shapes."""
        leads = (x.shape[:1], time.shape[:1], context.shape[:1], rows.shape)
        if x.ndim != 3 or context.shape[:-1] != x.shape[:-1] or any(lead != (self.bucket,) for lead in leads):
            shapes = ", ".join(str(list(part.shape)) for part in (x, time, context, rows))
            raise DemonError(
                f"a forward of {shapes}",
                mend=f"give x [R, T, C], time [R, E], context [R, T, X] and rows [R] with R = {self.bucket}",
            )
        condition = tuple(whole.index_select(0, rows) for whole in self._buffers)
        return self._denoiser.velocity(x, time, context, condition)

    @property
    def loras(self) -> tuple[tuple[Lora, float], ...]:
        """The LoRAs in the weights, with their strengths."""
        return self._merged.loras

    def set_loras(self, loras: Loras) -> bool:
        """Merges exactly these LoRAs into the weights, between forwards; returns whether any weight changed, which
        voids every prepared prompt. Raises DemonError for more than 4, or a strength out of range."""
        changed = self._merged.set(loras)
        if changed:
            self.weights_changed()
        return changed

    def weights_changed(self) -> None:
        """Voids every prepared prompt, after any change of the denoiser's weights."""
        self.weights_epoch += 1
        self._buffers = ()


def _mixed(first: Prepared, second: Prepared, amount: float) -> tuple[Tensor, ...]:
    """The condition tensors between two prompts of equal lengths."""
    return tuple(torch.lerp(a, b, amount) for a, b in zip(first.tensors, second.tensors, strict=True))
