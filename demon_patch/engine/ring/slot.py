"""`Slot`, a place in the ring with its generation, and `Completion`, what a finished generation delivers."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.schedule import SOURCE_ONLY, Schedule


@dataclass(eq=False)
class Slot:
    """A generation in flight.

    rows: the executor's prompt places that hold its prompts; the first is that of its own prompt.
    admitted: the number of the tick that admitted it. The same tick runs its first step, unless it is interrupted.
    times: its schedule.
    x: its noisy latent [T, C], the result of its latest step.
    step: the number of steps done, 0 to S.
    heard_at: the moment from which it will be heard, in the caller's unit; the caller may move it.
    clean: the clean latent [T, C] that its latest step predicted; kept only while `Ring.watch` is on.
    moved: the number of the tick that changed its strength last; -1 if none did.
    momentum: the guidance direction [T, C] of its latest guided step, momentum included (`guidance.with_momentum`).
    first_negative: the velocity [T, C] of its negative prompt at the first guided step, in guidance mode `initialize`.
    velocity: the velocity [T, C] that its latest step predicted; kept with the solver `ab2` only, where its next step
        can use it.
    slewed: by name of a control with a slew, the step value [1, 1 | T, 1 | C] that its latest tick took.
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
    velocity: Tensor | None = field(default=None, repr=False)
    slewed: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def second(self) -> int:
        """Returns the prompt place of its second prompt. Valid only if the request has one."""
        return self.rows[1]

    @property
    def needs_negative(self) -> bool:
        """Returns whether its next guided step needs a forward of the negative prompt: every step in guidance mode
        `full`, only the first in `initialize`, none in other modes."""
        mode = self.request.guidance_mode
        return mode == "full" or (mode == "initialize" and self.first_negative is None)

    @property
    def strength(self) -> float:
        """Returns its present strength, 0 to 1: the request's, until `Ring.move_strength` changes it."""
        return self.times.plan.strength

    @property
    def source_only(self) -> bool:
        """Returns whether it delivers its source without a forward, because its strength is (nearly) 0."""
        return self.request.source is not None and self.strength <= SOURCE_ONLY

    @property
    def position(self) -> int:
        """Returns the index of its next step among all `steps` of the request, 0 to `steps`. A generation whose
        schedule leaves steps out begins at an index above 0."""
        return self.request.plan.steps - self.remaining

    @property
    def stage(self) -> float:
        """Returns its stage: how far it is when its next step begins, as a share of all steps, 0 to 1."""
        return self.position / self.request.plan.steps

    @property
    def remaining(self) -> int:
        """Returns the number of ticks until it is delivered, including the tick that delivers it."""
        return self.request.count - self.step


@dataclass(frozen=True, eq=False)
class Completion:
    """A finished generation, or a preview of one in flight.

    latent: [T, C]; the caller may keep it.
    slot: the slot that held the generation.
    tick: the number of the tick that finished it (of a preview: the ring's next tick).
    """

    latent: Tensor
    slot: Slot
    tick: int

    @property
    def request(self) -> Request:
        """Returns the request of the generation."""
        return self.slot.request

    @property
    def start(self) -> int:
        """Returns the song frame (latent frames from the start of the song) at which the latent begins."""
        return self.slot.request.start
