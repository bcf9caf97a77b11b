"""The PyTorch executor: runs a family's denoiser eagerly in float32."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor

from demon_patch.engine.between_blocks import BlockCalls, Call
from demon_patch.engine.check_controls import checked_number
from demon_patch.engine.contracts import Conditioning, Denoiser, Handle
from demon_patch.engine.executors.checks import (
    check_epoch,
    check_lengths,
    check_owner,
    check_place,
    check_placed,
    check_shapes,
    check_steering,
    check_strengths,
)
from demon_patch.engine.executors.row_threads import RowThreads
from demon_patch.engine.lora.merge import Lora, Loras
from demon_patch.engine.lora.side_paths import SidePaths, Term
from demon_patch.engine.prompt_contracts import MixesPrompts
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.engine.steering.vector import BlockHooks
from demon_patch.errors import DemonError


@dataclass(slots=True, eq=False)
class Prepared:
    """A handle: the condition tensors [L', ...] of a prompt, without LoRAs and what each LoRA adds to them.

    owner: the executor that made it.
    epoch: the weights epoch for which the tensors were computed.
    tensors: those of the denoiser, then for each of `changed`, in its order, what is added times those strengths.
    changed: the LoRAs, or pairs of them, that change the condition (`SidePaths.condition`).
    origin: the prompt from which they were computed, or two prepared prompts and the share (0 to 1) of the second.
    """

    owner: TorchExecutor
    epoch: int
    tensors: tuple[Tensor, ...]
    origin: Conditioning | tuple[Prepared, Prepared, float]
    changed: tuple[Term, ...] = ()

    @property
    def nbytes(self) -> int:
        """Returns the bytes of the condition tensors."""
        return sum(part.nbytes for part in self.tensors)


class Taken(NamedTuple):
    """What the denoiser takes for the rows of a forward, LoRAs that change them included.

    time: embeddings [R, E]. condition: tensors [R, L', ...]. strengths: of the LoRAs [R, n], None if all are 0.
    steering: [R, blocks, hidden] or None.
    """

    time: Tensor
    condition: tuple[Tensor, ...]
    strengths: Tensor | None
    steering: Tensor | None


class TorchExecutor:
    """Runs a denoiser in forwards of exactly `bucket` rows, with prompts in `capacity` places.

    The methods keep the contract of `Executor`, including its threads and errors.

    lanes: the number of forwards that run side by side. With more than one, operations on the calling thread use a
        single thread.
    runs_blocks: whether a forward runs the denoiser's blocks one by one on the calling thread (`calling`).
    """

    runs_blocks = True

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
        self._sides = SidePaths(denoiser, ())
        self._blocks = BlockHooks(denoiser)
        self._block_calls = BlockCalls(denoiser)
        self._strengths: tuple[float, ...] = ()
        self._changed: tuple[Term, ...] = ()  # as in the prompts in place
        self._buffers: tuple[Tensor, ...] = ()  # [capacity, L', ...]
        self._placed: set[int] = set()

    @property
    def pieces(self) -> int:
        """As `CallsBetweenBlocks.pieces`."""
        return self._block_calls.pieces if self.runs_blocks else 1

    def calling(self, call: Call) -> AbstractContextManager[None]:
        """On any lane. As `CallsBetweenBlocks.calling`."""
        return self._block_calls.calling(call)

    @torch.inference_mode()
    def prepare(self, conditioning: Conditioning) -> Prepared:
        """Computes the denoiser's condition tensors of a prompt and returns them as a handle."""
        return Prepared(self, self.weights_epoch, *self._condition(conditioning))

    def _condition(self, conditioning: Conditioning) -> tuple[tuple[Tensor, ...], Conditioning, tuple[Term, ...]]:
        plain, added = self._sides.condition(lambda: self._denoiser.condition(conditioning.tokens))
        return (*plain, *(part for parts in added.values() for part in parts)), conditioning, tuple(added)

    @torch.inference_mode()
    def blend(self, first: Handle, second: Handle, amount: float) -> Prepared:
        """Returns a handle with the condition tensors (1 - amount) * first + amount * second; amount is 0 to 1."""
        one, other = self._current_handle(first), self._current_handle(second)
        if self._mixes is None:
            check_lengths(_shapes(one), _shapes(other), "prompt_b")
        return Prepared(self, self.weights_epoch, self._mixed(one, other, amount), (one, other, amount), one.changed)

    @torch.inference_mode()
    def renew(self, handle: Handle) -> None:
        """Prepares a handle again for the present weights, in place. For a blend, renews its two handles too."""
        prepared = self._checked_handle(handle)
        if prepared.epoch == self.weights_epoch:
            return
        if isinstance(prepared.origin, Conditioning):
            prepared.tensors, _, prepared.changed = self._condition(prepared.origin)
        else:
            first, second, amount = prepared.origin
            self.renew(first)
            self.renew(second)
            prepared.tensors, prepared.changed = self._mixed(first, second, amount), first.changed
        prepared.epoch = self.weights_epoch

    @torch.inference_mode()
    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Returns the time embeddings of timesteps [S+1], and after them the timestep itself, together [S+1, E + 1]."""
        return torch.cat((self._denoiser.embed_time(t.float()), t.float()[:, None]), 1)

    @torch.inference_mode()
    def place(self, place: int, handle: Handle) -> None:
        """Copies a prepared prompt into a prompt place."""
        check_place(place, self.capacity)
        prepared = self._current_handle(handle)
        if not self._buffers:
            self._buffers = tuple(part.new_zeros(self.capacity, *part.shape) for part in prepared.tensors)
            self._changed = prepared.changed
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
        count = len(tensors) // (1 + len(self._changed))
        groups = (tensors[first : first + count] for first in range(0, len(tensors), count))
        return tuple(part for group in groups for part in mixes.padded(group, length))

    def _mixed(self, first: Prepared, second: Prepared, amount: float) -> tuple[Tensor, ...]:
        """Returns the condition tensors of a mix of two prompts; amount: the share of the second."""
        if self._mixes is None:
            return tuple(torch.lerp(a, b, amount) for a, b in zip(first.tensors, second.tensors, strict=True))
        mixes, one, other = self._mixes, _plain(first), _plain(second)
        plain, added = self._sides.condition(lambda: mixes.mixed(one, other, amount))
        return (*plain, *(part for parts in added.values() for part in parts))

    def _checked_handle(self, handle: Handle) -> Prepared:
        own = isinstance(handle, Prepared) and handle.owner is self
        check_owner(handle, own)
        return cast(Prepared, handle)

    def _current_handle(self, handle: Handle) -> Prepared:
        prepared = self._checked_handle(handle)
        check_epoch(prepared, self.weights_epoch)
        return prepared

    @torch.inference_mode()
    def forward(
        self, x: Tensor, time: Tensor, context: Tensor, places: Tensor, sides: SideInputs | None = None
    ) -> Tensor:
        """Returns the velocities of R = `bucket` rows, a new tensor [R, T, C].

        x: [R, T, C]. time: [R, E + 1]. context: [R, T, X]. places: [R], the prompt place of each row.
        """
        self._check(x, time, context, places)
        taken = self._taken(time, places, sides)
        with self._blocks.at(taken.steering), self._sides.at(taken.strengths):
            return self._denoiser.velocity(x, taken.time, context, taken.condition)

    def _check(self, x: Tensor, time: Tensor, context: Tensor, places: Tensor) -> None:
        """Raises DemonError for arguments of `forward` that do not fit; which places hold a prompt is asked on the CPU
        only, since it would wait for another device."""
        check_shapes(x, time, context, places, self.bucket)
        if not self._buffers or places.device.type == "cpu":
            check_placed(places.tolist(), self._placed)

    def _taken(self, time: Tensor, places: Tensor, sides: SideInputs | None) -> Taken:
        """Returns what the denoiser takes for a forward's rows. Raises the errors of `check_strengths` and
        `check_steering`."""
        strengths = self._row_strengths(sides)
        steering = None if sides is None else sides.steering
        blocks, hidden = self._blocks.shape
        check_steering(steering, (self.bucket, blocks, hidden))
        steering = None if steering is None else steering.to(places.device, non_blocking=True)
        strengths = None if strengths is None else strengths.to(places.device, non_blocking=True)
        embedded = time[:, :-1]
        if strengths is not None and self._sides.timed:
            changed = torch.cat([self._embedded(*row) for row in zip(time[:, -1:], strengths, strict=True)])
            embedded = torch.where((strengths != 0).any(1, keepdim=True), changed, embedded)
        return Taken(embedded, self._conditions(places, strengths), strengths, steering)

    def _embedded(self, t: Tensor, strengths: Tensor) -> Tensor:
        """Returns the time embedding [1, E] of one row with its LoRAs. t: [1]. strengths: [n]."""
        with self._sides.at(strengths[None]):
            return self._denoiser.embed_time(t)

    def _row_strengths(self, sides: SideInputs | None) -> Tensor | None:
        """Returns the strength of each LoRA in each row, [R, n], where it was given; None if no LoRA adds anything.

        Whether all are 0 is asked on the CPU only: it would wait for another device.
        """
        given = None if sides is None else sides.lora_strength
        if given is None:
            if not any(self._strengths):
                return None
            given = torch.tensor([self._strengths]).expand(self.bucket, -1)
        check_strengths(given, self.bucket, len(self._strengths))
        return None if not self._strengths or (given.device.type == "cpu" and not given.any()) else given

    def _conditions(self, places: Tensor, strengths: Tensor | None) -> tuple[Tensor, ...]:
        """Returns the condition tensors [R, L', ...] of the prompts in `places`, with what the LoRAs add to them."""
        count = len(self._buffers) // (1 + len(self._changed))
        found = [whole.index_select(0, places) for whole in self._buffers[:count]]
        if strengths is not None:
            for nth, term in enumerate(self._changed, 1):
                for at in range(count):
                    added = self._buffers[nth * count + at].index_select(0, places)
                    share = strengths[:, list(term)].prod(1).view(-1, *[1] * (added.ndim - 1))
                    found[at] = torch.addcmul(found[at], share.to(added.dtype), added)
        return tuple(found)

    @property
    def loras(self) -> tuple[tuple[Lora, float], ...]:
        """Returns the LoRAs that were set last, with the strengths of rows that have none of their own, 0 to 2."""
        return tuple(zip(self._sides.loras, self._strengths, strict=True))

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the LoRAs that forwards add. Returns whether they are others than before."""
        strengths = tuple(checked_number("lora_strength", strength) for _, strength in loras)
        others = tuple(lora for lora, _ in loras)
        changed = others != self._sides.loras
        if changed:
            self._sides = SidePaths(self._denoiser, others)
            self.weights_changed()
        self._strengths = strengths
        return changed

    def weights_changed(self) -> None:
        """Makes every handle void and empties every prompt place. Called after any change of the denoiser's weights."""
        self.weights_epoch += 1
        self._buffers = ()
        self._placed.clear()


def _plain(prepared: Prepared) -> tuple[Tensor, ...]:
    """Returns a prompt's condition tensors without what LoRAs add to them."""
    return prepared.tensors[: len(prepared.tensors) // (1 + len(prepared.changed))]


def _shapes(prepared: Prepared) -> list[Sequence[int]]:
    return [part.shape for part in prepared.tensors]
