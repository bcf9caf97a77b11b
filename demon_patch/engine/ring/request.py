"""What the ring is given for one generation."""

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

FORWARDED = ("initialize", "full")
"""The modes of guidance whose negative prompt goes through the denoiser."""


@dataclass(frozen=True, eq=False)
class Request:
    """What a generation begins with. Its tensors must not be written to. Strength is what it began with:
    `Slot.strength` is the present one.

    conditioning: a prompt prepared by the ring's executor.
    context: [T, X].
    source: the latent [T, C] that is covered; None: none is, and strength acts as 1.
    controls: what the table has of class `request`: numbers as the engine takes them (strength, no knob position),
        options, and curves [T].
    second: a second prompt, for the control condition_weight.
    negative: the null prompt, which the guidance modes `initialize` and `full` need.
    target: a latent [T, C], for the controls target_strength and target_curve.
    noise_position: how far, in keys, the noise has drifted from the seed's own.
    start, song: the stretch of a song of `song` frames that is generated, from frame `start`, round the seam if need
        be; all tensors are cut to it. A whole song has start 0 and song None.
    tag: the caller's own.
    heard_at: when it will be heard, if known.
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
        """What its schedule is made from."""
        plan = SchedulePlan.from_controls(self.controls)
        return replace(plan, strength=1.0) if self.source is None else plan

    @cached_property
    def count(self) -> int:
        """The steps that it really takes: `plan.steps`, or fewer where the schedule leaves some out."""
        return self.plan.count

    @property
    def guidance_mode(self) -> str:
        """Where the opposite of its prompt is from."""
        return self.controls.option("guidance_mode")

    @property
    def song_frames(self) -> int:
        """Frames of the song that it is a stretch of."""
        return self.frames if self.song is None else self.song

    @property
    def frames(self) -> int:
        """Length T in latent frames."""
        return self.context.shape[0]

    def noise(self, bank: NoiseBank, stream: Stream, step: int) -> Tensor:
        """Its noise of a stream at a step, [T, C], which must not be written to."""
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
        """The prompts that need a row each: its own, the second, the negative, as far as there are any."""
        others = (self.second, self.negative if self.guidance_mode in FORWARDED else None)
        return (self.conditioning, *(handle for handle in others if handle is not None))

    def check(self, spec: FamilySpec, executor: Executor, device: torch.device) -> None:
        """Raises DemonError for a tensor of the wrong shape, out of range or on another device, for a control without
        what it needs, or for conditioning that was prepared before the weights changed."""
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
        """Raises DemonError for a control without what it works on."""
        there = {"timbre_source"}  # which is in the conditioning
        there |= {name for name, part in (("prompt_b", self.second), ("target", self.target)) if part is not None}
        self.controls.check_needs(there)
        if self.source is None and self.controls.curve("mask") is not None:
            raise without("mask", "source")
        if self.negative is None and self.guidance_mode in FORWARDED:
            raise without("guidance_mode", "negative prompt")


def check_finite(name: str, latent: Tensor) -> None:
    """Raises DemonError naming the control `name` where what a clip was made into is not finite."""
    if not isfinite(float(_numbers(latent).sum())):
        raise DemonError("a clip whose latent is not finite", port=name, mend="give another clip")


def _numbers(tensor: Tensor) -> np.ndarray:
    """What a tensor holds, without a copy where it is on the CPU."""
    return tensor.detach().cpu().numpy()


def _shape(name: str, tensor: Tensor, shape: tuple[int, ...], device: torch.device) -> None:
    if tensor.shape != shape or tensor.dtype != torch.float32 or tensor.device != device:
        raise DemonError(
            f"a {str(tensor.dtype).removeprefix('torch.')} tensor of shape {list(tensor.shape)} on {tensor.device}",
            port=name,
            mend=f"give a float32 tensor of shape {list(shape)} on {device}",
        )
