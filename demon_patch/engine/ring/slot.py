"""A place in the ring with its generation, and what it delivers."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.schedule import SOURCE_ONLY, Schedule


@dataclass(eq=False)
class Slot:
    """A generation in flight.

    rows: the executor's prompt places of its prompts, its own first.
    admitted: the number of the tick that admitted it, and that also runs its first step unless it is interrupted.
    times: its schedule.
    x: its latent [T, C].
    step: steps done, 0 to S.
    heard_at: when it will be heard; the caller may move it.
    clean: the clean latent that its latest step predicted, while the ring watches.
    moved: the tick of its latest change of strength.
    momentum, first_negative: of its guidance, [T, C], from the first guided step on.
    slewed: by control with a slew, the value of its latest tick.
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
    slewed: dict[str, Tensor] = field(default_factory=dict, repr=False)

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
        """Where its next step is in the full schedule, 0 to S: a generation that leaves steps out begins late."""
        return self.request.plan.steps - self.remaining

    @property
    def stage(self) -> float:
        """How far it is when its next step begins: `position` as a share of all steps, 0 to 1."""
        return self.position / self.request.plan.steps

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
