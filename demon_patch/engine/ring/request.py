"""`Request`: everything that a generation takes when it is admitted to a ring."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import Executor, FamilySpec, Handle
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.ring.request_controls import RequestControls, without
from demon_patch.engine.ring.schedule import SchedulePlan
from demon_patch.errors import DemonError

_HOST = torch.device("cpu")

FORWARDED = ("initialize", "full")
"""The guidance modes that run forwards of the negative prompt."""


@dataclass(frozen=True, eq=False)
class Request:
    """Everything that a generation takes when it is admitted. Its tensors must not be written to.

    conditioning: the generation's prompt, a handle prepared by the ring's executor.
    context: [T, X].
    source: the latent [T, C] that is covered. With None no source is covered, and strength acts as 1.
    controls: the controls of propagation class `request`: numbers in the engine's unit (the strength itself, not a knob
        position), options, and curves [T]. The strength is that of the admission; `Slot.strength` is the present one.
    second: the handle of a second prompt, for the control condition_weight.
    negative: the handle of the null prompt, which the guidance modes `initialize` and `full` need.
    target: a latent [T, C], for the controls target_strength and target_curve.
    noise_position: how far the noise has drifted from the seed's own, in keys (`NoiseBank.get`).
    start, song: the generation covers T latent frames from song frame `start` of a song of `song` latent frames, and
        may cross the seam. All tensors are cut to this stretch. A whole song has start 0 and song None.
    tag: any object of the caller; the engine does not read it.
    heard_at: the moment from which the generation will be heard, in the caller's unit; None if it is not known.
    """

    conditioning: Handle = field(repr=False)
    context: Tensor = field(repr=False)
    source: Tensor | None = field(repr=False)
    controls: RequestControls = field(repr=False)
    second: Handle | None = field(default=None, repr=False)
    negative: Handle | None = field(default=None, repr=False)
    target: Tensor | None = field(default=None, repr=False)
    noise_position: float = 0.0
    start: int = 0
    song: int | None = None
    tag: object = None
    heard_at: float | None = None

    @cached_property
    def plan(self) -> SchedulePlan:
        """Returns the controls from which its schedule is computed; the strength is 1 without a source."""
        plan = SchedulePlan.from_controls(self.controls)
        return replace(plan, strength=1.0) if self.source is None else plan

    @cached_property
    def count(self) -> int:
        """Returns the number of denoising steps that it runs: `plan.steps`, or fewer if the schedule leaves some
        out."""
        return self.plan.count

    @property
    def guidance_mode(self) -> str:
        """Returns its option of `guidance_mode`, which says where the negative velocity of guidance comes from."""
        return self.controls.option("guidance_mode")

    @property
    def song_frames(self) -> int:
        """Returns the length of the whole song in latent frames."""
        return self.frames if self.song is None else self.song

    @property
    def frames(self) -> int:
        """Returns the length T of the generation in latent frames."""
        return self.context.shape[0]

    def noise(self, bank: NoiseBank, stream: Stream, step: int) -> Tensor:
        """Returns its noise [T, C] of a stream at a step, for its seed and stretch. It must not be written to."""
        return bank.get(
            self.controls.whole("seed"),
            stream,
            step,
            self.start,
            self.frames,
            song=self.song_frames,
            position=self.noise_position,
        )

    @property
    def handles(self) -> tuple[Handle, ...]:
        """Returns the prompts that need a prompt place each: its own, then the second and the negative if it uses
        them."""
        others = (self.second, self.negative if self.guidance_mode in FORWARDED else None)
        return (self.conditioning, *(handle for handle in others if handle is not None))

    def on(self, device: torch.device) -> Request:
        """Returns the request with its tensors on a device, without waiting for it; itself where they lie there."""
        if self.context.device == device:
            return self

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device, non_blocking=True)

        return replace(
            self,
            context=self.context.to(device, non_blocking=True),
            source=moved(self.source),
            target=moved(self.target),
            controls=self.controls.with_curves(lambda curve: curve.to(device, non_blocking=True)),
        )

    def check(self, spec: FamilySpec, executor: Executor, device: torch.device) -> None:
        """Raises DemonError for a tensor of the wrong shape or type or on another device than the processor or
        `device`, for a stretch outside the song, for a control without the prompt or clip that it needs, and for a void
        handle; where the numbers lie on the processor, also for a curve out of range or a latent that is not finite."""
        if not isfinite(self.noise_position):
            raise DemonError(f"a noise position of {self.noise_position!r}", port="noise_drift", mend="give a number")
        _shape("context", self.context, (*self.context.shape[:1], spec.context_channels), device)
        if self.frames < 1 or self.frames % spec.quantum:
            raise DemonError(
                f"a context of {self.frames} frames",
                port="context",
                mend=f"{spec.title} takes lengths in multiples of {spec.quantum} frames",
            )
        if not 0 <= self.start < self.song_frames or self.frames > self.song_frames:
            raise DemonError(
                f"frames {self.start} to {self.start + self.frames} of {self.song_frames}",
                port="focus",
                mend="a stretch begins inside the song and is no longer than it",
            )
        for name, curve in self.controls.curves.items():
            _shape(name, curve, (self.frames,), device)
            if curve.device.type != "cpu":
                continue
            row, values = CONTROLS[name], _numbers(curve)
            if not row.lo <= float(values.min()) <= float(values.max()) <= row.hi:
                span = f"{row.lo:g} to {row.hi:g}"
                raise DemonError(f"a curve with values outside {span}", port=name, mend=f"keep it in {span}")
        for name, latent in (("source", self.source), ("target", self.target)):
            if latent is not None:
                _shape(name, latent, (self.frames, spec.latent_channels), device)
                check_finite(name, latent)
        self._check_needs()
        if any(handle.epoch != executor.weights_epoch for handle in self.handles):
            raise DemonError(
                "conditioning prepared before the weights changed", port="prompt", mend="prepare the prompt again"
            )

    def _check_needs(self) -> None:
        """Raises DemonError for a control without the prompt, clip or source that it needs."""
        there = {"timbre_source", "score"}  # which are in the conditioning and in the context
        there |= {name for name, part in (("prompt_b", self.second), ("target", self.target)) if part is not None}
        self.controls.check_needs(there)
        if self.source is None and self.controls.curve("mask") is not None:
            raise without("mask", "source")
        if self.negative is None and self.guidance_mode in FORWARDED:
            raise without("guidance_mode", "negative prompt")


def check_finite(name: str, latent: Tensor) -> None:
    """Raises DemonError that names the control `name` if a tensor made from a clip holds NaN or infinity. On devices
    other than the processor it is not read, since that would wait."""
    if latent.device.type == "cpu" and not isfinite(float(_numbers(latent).sum())):
        raise DemonError("a clip whose latent is not finite", port=name, mend="give another clip")


def _numbers(tensor: Tensor) -> np.ndarray:
    """Returns the numbers of a tensor as an array, without a copy if it is on the CPU."""
    return tensor.detach().cpu().numpy()


def _shape(name: str, tensor: Tensor, shape: tuple[int, ...], device: torch.device) -> None:
    if tensor.shape != shape or tensor.dtype != torch.float32 or tensor.device not in (_HOST, device):
        raise DemonError(
            f"a {str(tensor.dtype).removeprefix('torch.')} tensor of shape {list(tensor.shape)} on {tensor.device}",
            port=name,
            mend=f"give a float32 tensor of shape {list(shape)} on {device}",
        )
