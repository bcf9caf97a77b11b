"""The sounding program: a program that plays, with its forecast, prompts and clips; and the sounding programs that wait
for the transport frame at which they replace it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, FamilySpec, Source
from demon_patch.engine.controls import CONTROLS, MOST_LORAS, MOST_STEERS
from demon_patch.engine.sound.dry_path import Cover
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.parameters import Turned
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.control_values import LORA, ON, STEER, ControlValues, Sides
from demon_patch.runtime.performance.feedback import Feedback
from demon_patch.runtime.performance.mixes import KEPT_SUMS, Leaders, Mixer, Parts, Sums, first_part
from demon_patch.small_cache import SmallCache

Values = Mapping[str, Tensor | str]


@dataclass(eq=False)
class Sounding:
    """A sounding program: a program that plays, with its forecast, prompts and clips. Owned by one thread.

    parts: prompts, clips and mixes by control; `prompt` and `source` are always there.
    guard: see `Forecast`.
    spec: the model family that plays.
    sums, leaders: the clips that mixes made, and those that led them (see `Mixer`).
    """

    forecast: Forecast
    parts: Parts
    guard: int
    spec: FamilySpec
    sums: Sums = field(default_factory=lambda: SmallCache(KEPT_SUMS))
    leaders: Leaders = field(default_factory=dict)
    controls: ControlValues = field(init=False)

    def __post_init__(self) -> None:
        self.controls = ControlValues(self.program, self.forecast, self.guard, self.spec)
        framed = self.program.ring.framed is not None
        self._mixer = Mixer(self.controls.weights, self.parts, framed, self.sums, self.leaders)
        self._gains = [
            index for index, engine_port in enumerate(self.program.engine_ports) if engine_port.port == "gain"
        ]

    def after(self, forecast: Forecast, parts: Parts | None) -> Sounding:
        """Returns a new sounding program with another program's forecast, and with `parts`; None keeps the present
        parts."""
        return Sounding(forecast, parts or self.parts, self.guard, self.spec, self.sums, self.leaders)

    @property
    def program(self) -> Program:
        """The program that runs."""
        return self.forecast.program

    @property
    def prompt(self) -> Conditioning:
        """The prompt; of a mix the first."""
        prompt = first_part(self.parts["prompt"])
        assert isinstance(prompt, Conditioning)
        return prompt

    @property
    def others(self) -> Parts:
        """The prompts, clips and mixes by control, without `prompt` and `source`."""
        return {name: part for name, part in self.parts.items() if name not in ("prompt", "source")}

    @property
    def source(self) -> Source:
        """The clip that is covered; of a mix the first, which sets the mix's length."""
        source = first_part(self.parts["source"])
        assert isinstance(source, Source)
        return source

    @property
    def feeds(self) -> bool:
        """Whether finished generations are fed back into the source."""
        return self.controls.has_effect("feedback") or any(
            mixture.feeds for mixture in self.program.ring.mixes.values()
        )

    def parts_at(self, frame: int, feedback: Feedback) -> dict[str, Any]:
        """Returns by control the prompts and clips of a generation whose controls are read for a transport frame
        (`Mixer.parts_at`)."""
        return self._mixer.parts_at(frame, feedback)

    def admitted_parts(self, frame: int, feedback: Feedback) -> dict[str, Any]:
        """Returns what `parts_at` does, for a generation that takes it (`Mixer.note_admitted`)."""
        given = self._mixer.parts_at(frame, feedback)
        self._mixer.note_admitted(given)
        return given

    def cover(self, frame: int, feedback: Feedback) -> Cover | None:
        """Returns the clips that a generation covers whose controls are read for a transport frame; None where all of
        its source is fed back."""
        return self._mixer.cover(frame, feedback)

    def covers(self, frame: int, feedback: Feedback) -> bool:
        """Returns whether a generation whose controls are read for a transport frame covers something: a clip, or music
        that is fed back."""
        controls = self.controls
        fed = feedback.ready and controls.has_effect("feedback") and controls.control_value("feedback", frame) > 0
        return fed or not self.source.alone

    def source_sound(self, frame: int, at: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the source's own sound as heard at a transport frame, [n, channels]. `at` [n] are samples of the
        song."""
        return self._mixer.sound(frame, at)

    def bypasses(self, frame: int) -> bool:
        """Returns whether the patch asks at a transport frame for the source in place of what is generated."""
        return self.program.ring.bypass or self.controls.is_on("bypass", frame)

    def gain(self, frame: int) -> np.float32:
        """Returns the linear gain factor of Decoder and Speaker together at a transport frame; 0 where they are
        muted."""
        if self.program.ring.silent:
            return np.float32(0.0)
        decibels = sum(self.forecast.port_value(engine_port, frame) for engine_port in self._gains)
        return np.float32(10.0 ** (decibels / 20.0))


class SoundingQueue:
    """The sounding program that plays now, and those that replace it at coming transport frames.

    now: the sounding program that plays.
    waiting: pairs (transport frame, sounding program), in the order of the frames. Each of these frames counts as an
        edge, so that a generation is heard from it on.
    """

    def __init__(self, sounding: Sounding) -> None:
        self.now = sounding
        self.waiting: list[tuple[int, Sounding]] = []
        self._fed = 0  # changes of what is fed that those that wait know of

    @property
    def next(self) -> tuple[int, Sounding] | None:
        """The next pair (transport frame, sounding program) that waits; None if none waits."""
        return self.waiting[0] if self.waiting else None

    def sounding_at(self, frame: int) -> Sounding:
        """Returns the sounding program that is heard at a transport frame."""
        return next((sounding for change, sounding in reversed(self.waiting) if frame >= change), self.now)

    def schedule(self, frame: int, program: Program, parts: Parts | None) -> None:
        """Adds a program that replaces the sounding one at a coming transport frame. It starts from the state that is
        forecast for that frame. Those that wait for that frame or a later one are dropped.

        parts: its prompts and clips; None keeps those of the program before it.
        """
        self.waiting = [waiting for waiting in self.waiting if waiting[0] < frame]
        before = self.sounding_at(frame)
        self.waiting.append((frame, before.after(before.forecast.fork(program, frame), parts)))
        self._fed = self.now.forecast.live_changes

    def reschedule(self) -> None:
        """Adds all programs that wait again, each at its transport frame, from the present forecast."""
        waiting, self.waiting = self.waiting, []
        for frame, sounding in waiting:
            self.schedule(frame, sounding.program, sounding.parts)

    def turn(self, values: Mapping[tuple[str, str], float | None]) -> Turned:
        """Turns knobs (`Forecast.turn`) in the program that sounds and in all that wait. Returns what has changed in
        the first; `refused` has the knobs that one of the programs cannot take."""
        turned = self.now.forecast.turn(values)
        refused = turned.refused.union(*(sounding.program.turn(values).refused for _, sounding in self.waiting))
        if self.waiting:
            self.reschedule()
        return turned._replace(refused=refused)

    def renew(self) -> None:
        """Adds all programs that wait again if live inputs have arrived since they were added. Called after control
        frames have run."""
        if self.waiting and self._fed != self.now.forecast.live_changes:
            self.reschedule()

    def clear(self) -> None:
        """Drops all programs that wait."""
        self.waiting = []

    def land(self, frame: int) -> bool:
        """Replaces `now` by the next program that waits, if its transport frame is `frame` or an earlier one. Returns
        whether it did."""
        if self.next is None or frame < self.next[0]:
            return False
        _, self.now = self.waiting.pop(0)
        self._fed = self.now.forecast.live_changes  # those behind it have come out of it as it was
        return True

    def edges(self, lo: int, hi: int) -> NDArray[np.int64]:
        """Returns, in order, the transport frames of [lo, hi) at which a scalar control jumps or another program begins
        to sound."""
        changes = [change for change, _ in self.waiting if lo <= change < hi]
        found = [sounding.controls.edges(a + (a in changes), b) for sounding, a, b in self.heard(lo, hi)]
        return np.sort(np.concatenate([np.array(changes, dtype=np.int64), *found]))

    def bypasses(self, frame: int) -> bool:
        """As `Sounding.bypasses`, of the program that is heard at a transport frame."""
        return self.sounding_at(frame).bypasses(frame)

    def bypass_changes(self, lo: int, hi: int) -> list[int]:
        """Returns the transport frames of [lo + 1, hi) at which a bypass by a gate begins or ends."""
        found: list[int] = []
        for sounding, first, stop in self.heard(lo, hi):
            if sounding.controls.has_effect("bypass"):
                levels = sounding.forecast.span(sounding.controls.port_numbers["bypass"], first, stop)
                found += (first + 1 + np.flatnonzero(np.diff(levels >= ON))).tolist()
        return found

    def heard(self, lo: int, hi: int) -> Iterator[tuple[Sounding, int, int]]:
        """Gives (sounding program, first, stop) for each program that is heard within the transport frames [lo, hi). It
        is heard at the frames first to stop - 1."""
        sounding = self.now
        for change, coming in [*self.waiting, (hi, self.now)]:
            if lo < min(change, hi):
                yield sounding, lo, min(change, hi)
                lo = min(change, hi)
            sounding = coming

    @property
    def sides(self) -> Sides:
        """The pairs (node, file) of all LoRAs and steering vectors that play or wait (`ControlValues.sides`), at most
        as many as can play at once."""
        soundings = (self.now, *(sounding for _, sounding in self.waiting))
        most = {LORA: MOST_LORAS, STEER: MOST_STEERS}
        return {
            name: tuple(dict.fromkeys(key for each in soundings for key in each.controls.sides[name]))[:count]
            for name, count in most.items()
        }

    def step_values(self, now: int, moments: Sequence[int], stages: Sequence[float]) -> Values:
        """Returns the step values of a tick, by control: see `ControlValues.step_values`. Each slot has the numbers of
        the program that sounds when the slot is heard; an option is that of the latest program that all slots have
        reached.

        moments: the transport frame at which each slot is heard.
        stages: how far each slot is, as a share of the full schedule's steps.
        """
        sides = self.sides
        values = self.now.controls.step_values(now, moments, stages, sides)
        for change, sounding in self.waiting:
            reached = [frame >= change for frame in moments]
            if any(reached):
                values = _joined(values, sounding.controls.step_values(now, moments, stages, sides), reached)
        return values


def _joined(before: Values, after: Values, reached: Sequence[bool]) -> Values:
    """Returns step values with the numbers of `after` for the slots that have `reached` it, and those of `before` for
    the others."""
    if all(reached):
        return after
    which = torch.tensor(reached)[:, None, None]
    values: dict[str, Tensor | str] = {}
    for name in before.keys() | after.keys():
        old, new = (side.get(name, _at_rest(name)) for side in (before, after))
        if isinstance(old, Tensor) and isinstance(new, Tensor):
            values[name] = torch.where(which, new, old)
        elif name in before:
            values[name] = old
    return values


def _at_rest(name: str) -> Tensor:
    """Returns the number, [1, 1, 1], at which a control does nothing, as the engine takes it."""
    return torch.full((1, 1, 1), CONTROLS[name].at_rest)
