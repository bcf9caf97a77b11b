"""What the ring is given and gives back: a request, the slot that carries it, the finished latent."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from demon_patch.engine.family import Executor, FamilySpec, Handle
from demon_patch.engine.limits import checked
from demon_patch.engine.schedule import SOURCE_ONLY, Schedule
from demon_patch.errors import DemonError


@dataclass(frozen=True, eq=False)
class Request:
    """One generation to be made; its values hold for the slot's whole life, and its tensors must not be written to.

    conditioning: a prompt prepared by the ring's executor. context: [T, X]. source: the latent [T, C] that is
    covered, or None for none; without it strength acts as 1. seed: 0 to 4294967295. strength: 0 to 1; at 0 the
    source itself is delivered. steps, shift: of the schedule. initial_noise: [T] in 0 to 1, per frame how much of
    the start is noise and how much source. tag: the caller's own. heard_at: when it will be heard, if known.
    """

    conditioning: Handle = field(repr=False)
    context: Tensor = field(repr=False)
    source: Tensor | None = field(repr=False)
    seed: int
    strength: float
    steps: int
    shift: float
    initial_noise: Tensor | None = field(default=None, repr=False)
    tag: object = None
    heard_at: float | None = None

    @property
    def frames(self) -> int:
        """Length T in latent frames."""
        return self.context.shape[0]

    @property
    def source_only(self) -> bool:
        """Whether it delivers its source without a forward."""
        return self.source is not None and self.strength <= SOURCE_ONLY

    def check(self, spec: FamilySpec, executor: Executor, device: torch.device) -> None:
        """Raises DemonError for a value out of range, a tensor of the wrong shape or on another device, or
        conditioning that was prepared before the weights changed."""
        for name in ("seed", "strength", "steps", "shift"):
            checked(name, getattr(self, name))
        _shape("context", self.context, (*self.context.shape[:1], spec.context_channels), device)
        if self.frames < 1 or self.frames % spec.quantum:
            raise DemonError(
                f"a context of {self.frames} frames",
                port="context",
                mend=f"{spec.title} takes lengths in multiples of {spec.quantum} frames",
            )
        if self.source is not None:
            _shape("source", self.source, (self.frames, spec.latent_channels), device)
        if self.initial_noise is not None:
            _shape("initial_noise", self.initial_noise, (self.frames,), device)
            if not bool(((self.initial_noise >= 0) & (self.initial_noise <= 1)).all()):
                raise DemonError("a curve with values outside 0 to 1", port="initial_noise", mend="keep it in 0 to 1")
        if self.conditioning.epoch != executor.weights_epoch:
            raise DemonError(
                "conditioning prepared before the weights changed", port="prompt", mend="prepare the prompt again"
            )


def _shape(name: str, tensor: Tensor, shape: tuple[int, ...], device: torch.device) -> None:
    if tensor.shape != shape or tensor.dtype != torch.float32 or tensor.device != device:
        raise DemonError(
            f"a {str(tensor.dtype).removeprefix('torch.')} tensor of shape {list(tensor.shape)} on {tensor.device}",
            port=name,
            mend=f"give a float32 tensor of shape {list(shape)} on {device}",
        )


@dataclass(eq=False)
class Slot:
    """A generation in flight.

    index: its row in the executor's buffers. schedule: float64 [S+1]. admitted: the tick of its admission, which ran
    its first step. step: steps done, 0 to S. heard_at: when it will be heard; the caller may move it.
    """

    request: Request
    index: int
    admitted: int
    times: Schedule = field(repr=False)
    x: Tensor = field(repr=False)
    step: int = 0
    heard_at: float | None = None

    @property
    def schedule(self) -> Tensor:
        """Its timesteps, float64 [S+1], falling to 0."""
        return self.times.t

    @property
    def remaining(self) -> int:
        """Ticks until it is delivered, the delivering one included."""
        return self.request.steps - self.step


@dataclass(frozen=True, eq=False)
class Finished:
    """A generation that is done: its latent [T, C], the caller's to keep, the slot it came from, and the tick whose
    forward finished it."""

    latent: Tensor
    slot: Slot
    tick: int

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.slot.request
