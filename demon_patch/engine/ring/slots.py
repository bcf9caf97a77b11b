"""What the ring is given and gives back: a request, the slot that carries it, the finished latent."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked, checked_option
from demon_patch.engine.contracts import Executor, FamilySpec, Handle
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.ring.schedule import SOURCE_ONLY, Schedule, SchedulePlan
from demon_patch.errors import DemonError

FORWARDED = ("initialize", "full")
"""The modes of guidance whose negative prompt goes through the denoiser."""


@dataclass(frozen=True, eq=False)
class Request:
    """One generation to be made; its values hold for the slot's whole life, and its tensors must not be written to.

    conditioning: a prompt prepared by the ring's executor. context: [T, X]. source: the latent [T, C] that is
    covered, or None for none; without it strength acts as 1. seed: 0 to 4294967295. strength: 0 to 1; at 0 the
    source itself is delivered. steps, shift: of the schedule. initial_noise: [T] in 0 to 1, per frame how much of
    the start is noise and how much source.

    second: a second prompt, composited by the control condition_weight. guidance_mode: where the opposite of the
    prompt comes from; `initialize` and `full` need `negative`, the null prompt. mask: [T] in 0 to 1, 1 generates and 0
    keeps the source; mask_growth: 0 opens it at once, 1 over all steps. target: a latent [T, C] that the controls
    target_strength and target_curve pull to; target_gate: the share of the steps after which the curve begins.
    tag: the caller's own. heard_at: when it will be heard, if known.
    steps_mode, timesteps: how the schedule is made. noise_position: how far, in keys, the noise has drifted from the
    seed's own. start, song: the stretch of a song of `song` frames that is generated, from frame `start`, round the
    seam if need be; all tensors are cut to it. A whole song has start 0 and song None.
    """

    conditioning: Handle = field(repr=False)
    context: Tensor = field(repr=False)
    source: Tensor | None = field(repr=False)
    seed: int
    strength: float
    steps: int
    shift: float
    initial_noise: Tensor | None = field(default=None, repr=False)
    second: Handle | None = field(default=None, repr=False)
    negative: Handle | None = field(default=None, repr=False)
    guidance_mode: str = "off"
    mask: Tensor | None = field(default=None, repr=False)
    mask_growth: float = 0.0
    target: Tensor | None = field(default=None, repr=False)
    target_gate: float = 0.0
    tag: object = None
    heard_at: float | None = None
    steps_mode: str = "fixed"
    timesteps: str = "continuous"
    noise_position: float = 0.0
    start: int = 0
    song: int | None = None

    @cached_property
    def plan(self) -> SchedulePlan:
        """What its schedule is made from."""
        strength = 1.0 if self.source is None else self.strength
        return SchedulePlan(strength, self.steps, self.shift, self.steps_mode, self.timesteps)

    @cached_property
    def count(self) -> int:
        """The steps that it really takes: `steps`, or fewer where the schedule leaves some out."""
        return self.plan.count

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
            self.seed, stream, step, self.start, self.frames, song=self.song_frames, position=self.noise_position
        )

    @property
    def handles(self) -> tuple[Handle, ...]:
        """The prompts that need a row each: its own, the second, the negative, as far as there are any."""
        forwarded = self.guidance_mode in FORWARDED
        others = (self.second, self.negative if forwarded else None)
        return (self.conditioning, *(handle for handle in others if handle is not None))

    def check(self, spec: FamilySpec, executor: Executor, device: torch.device) -> None:
        """Raises DemonError for a value out of range, a tensor of the wrong shape or on another device, or
        conditioning that was prepared before the weights changed."""
        for name in ("seed", "strength", "mask_growth", "target_gate"):
            checked(name, getattr(self, name))
        self.plan.check()
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
        for name, curve in (("initial_noise", self.initial_noise), ("mask", self.mask)):
            if curve is not None:
                _shape(name, curve, (self.frames,), device)
                if not 0 <= float(_numbers(curve).min()) <= float(_numbers(curve).max()) <= 1:
                    raise DemonError("a curve with values outside 0 to 1", port=name, mend="keep it in 0 to 1")
        self._check_parts(spec, device)
        if any(handle.epoch != executor.weights_epoch for handle in self.handles):
            raise DemonError(
                "conditioning prepared before the weights changed", port="prompt", mend="prepare the prompt again"
            )

    def _check_parts(self, spec: FamilySpec, device: torch.device) -> None:
        """Raises DemonError for a control without the part that it works on."""
        for name, latent in (("source", self.source), ("target", self.target)):
            if latent is not None:
                _shape(name, latent, (self.frames, spec.latent_channels), device)
                check_finite(name, latent)
        checked_option("guidance_mode", self.guidance_mode)
        needs = (
            ("mask", self.mask is not None, "source", self.source),
            ("mask_growth", self.mask_growth > 0, "mask", self.mask),
            ("target_gate", self.target_gate > 0, "target", self.target),
            ("guidance_mode", self.guidance_mode in FORWARDED, "negative prompt", self.negative),
        )
        for name, used, what, part in needs:
            if used and part is None:
                raise DemonError(f"there is no {what}", port=name, mend=f"give a {what}, or leave {name} as it is")


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


@dataclass(eq=False)
class Slot:
    """A generation in flight.

    rows: its prompts' rows in the executor's buffers, its own first. momentum, first_negative: of its guidance, [T, C],
    from the first guided step on. times: its schedule. admitted: the tick of its admission, which ran
    its first step. step: steps done, 0 to S. heard_at: when it will be heard; the caller may move it. clean: the clean
    latent that its latest step predicted, while the ring watches. moved: the tick of its latest change of strength.
    """

    request: Request
    rows: tuple[int, ...]
    admitted: int
    times: Schedule = field(repr=False)
    x: Tensor = field(repr=False)
    step: int = 0
    heard_at: float | None = None
    clean: Tensor | None = field(default=None, repr=False)
    moved: int = -1
    momentum: Tensor | None = field(default=None, repr=False)
    first_negative: Tensor | None = field(default=None, repr=False)

    @property
    def second(self) -> int:
        """The row of its second prompt, where the request has one."""
        return self.rows[1]

    @property
    def needs_negative(self) -> bool:
        """Whether a guided step needs a forward of the negative prompt: each step in `full`, the first otherwise."""
        mode = self.request.guidance_mode
        return mode == "full" or (mode == "initialize" and self.first_negative is None)

    @property
    def strength(self) -> float:
        """Its strength now: the request's, until it is moved."""
        return self.times.plan.strength

    @property
    def source_only(self) -> bool:
        """Whether it delivers its source without a forward."""
        return self.request.source is not None and self.strength <= SOURCE_ONLY

    @property
    def position(self) -> int:
        """Where its next step stands in the full schedule, 0 to S: a generation that leaves steps out begins late."""
        return self.request.steps - self.remaining

    @property
    def remaining(self) -> int:
        """Ticks until it is delivered, the delivering one included."""
        return self.request.count - self.step


@dataclass(frozen=True, eq=False)
class Completion:
    """A generation that is done: its latent [T, C], the caller's to keep, the slot it came from, and the tick whose
    forward finished it."""

    latent: Tensor
    slot: Slot
    tick: int

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.slot.request

    @property
    def start(self) -> int:
        """The song frame of the latent's first frame."""
        return self.slot.request.start
