"""What plays: a program with its forecast and its prompts and clips; and one that waits for its moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.family import Conditioning, Source
from demon_patch.engine.recent import Recent
from demon_patch.runtime.feedback import Feedback
from demon_patch.runtime.forecast import Forecast
from demon_patch.runtime.mixes import KEPT_SUMS, Mixer, Parts, Sums, first
from demon_patch.runtime.program import Program
from demon_patch.runtime.readings import Readings

Values = Mapping[str, Tensor | str]


@dataclass(eq=False)
class Scene:
    """A program as it plays. parts: prompts, clips and mixes by control; `prompt` and `source` are always there. guard:
    see `Forecast`; channels: of the latent; sums: see `Mixer`. Owned by one thread."""

    forecast: Forecast
    parts: Parts
    guard: int
    channels: int
    sums: Sums = field(default_factory=lambda: Recent(KEPT_SUMS))
    controls: Readings = field(init=False)

    def __post_init__(self) -> None:
        self.controls = Readings(self.program, self.forecast, self.guard, self.channels)
        framed = self.program.ring.framed is not None
        self._mixer = Mixer(self.controls.weights, self.parts, framed, self.sums)
        self._gains = [index for index, sink in enumerate(self.program.sinks) if sink.port == "gain"]

    def after(self, forecast: Forecast, parts: Parts | None) -> Scene:
        """The scene that takes over with another program and, where given, other parts."""
        return Scene(forecast, parts or self.parts, self.guard, self.channels, self.sums)

    @property
    def program(self) -> Program:
        """What runs."""
        return self.forecast.program

    @property
    def prompt(self) -> Conditioning:
        """The prompt, or the first of a mix."""
        prompt = first(self.parts["prompt"])
        assert isinstance(prompt, Conditioning)
        return prompt

    @property
    def others(self) -> Parts:
        """The other prompts and clips."""
        return {name: part for name, part in self.parts.items() if name not in ("prompt", "source")}

    @property
    def source(self) -> Source:
        """The clip that is covered, or the first of a mix, which sets its length."""
        source = first(self.parts["source"])
        assert isinstance(source, Source)
        return source

    @property
    def feeds(self) -> bool:
        """Whether finished generations are fed back."""
        return self.controls.has("feedback") or any(mixture.feeds for mixture in self.program.ring.mixes.values())

    def asked(self, frame: int, feedback: Feedback) -> dict[str, Any]:
        """By control, the prompts and clips of a generation as they are at a transport frame (`Mixer.asked`)."""
        return self._mixer.asked(frame, feedback)

    def source_sound(self, frame: int, at: NDArray[np.int64]) -> NDArray[np.float32]:
        """The source's own sound at some samples of the song, [n, channels], as heard at a transport frame."""
        return self._mixer.sound(frame, at)

    def gain(self, frame: int) -> np.float32:
        """The factor of Decoder and Speaker at a transport frame."""
        decibels = sum(self.forecast.at(sink, frame) for sink in self._gains)
        return np.float32(10.0 ** (decibels / 20.0))


class Scenes:
    """The scene that plays, and perhaps the one that takes over at a frame: what is heard from there on is its.

    The frame is an edge of its own, so that a generation begins on it.
    """

    def __init__(self, scene: Scene) -> None:
        self.now = scene
        self.next: tuple[int, Scene] | None = None
        self._fed = 0  # changes of what is fed that the one that waits knows of

    def at(self, frame: int) -> Scene:
        """The scene that is heard at a transport frame."""
        return self.next[1] if self.next is not None and frame >= self.next[0] else self.now

    def stage(self, frame: int, program: Program, parts: Parts | None) -> None:
        """Another program takes over at a transport frame to come, with the state that it then finds; it takes the
        place of one that waits."""
        before = self.now
        self.next = (
            frame,
            before.after(before.forecast.fork(program, frame), parts),
        )
        self._fed = before.forecast.fed

    def renew(self) -> None:
        """After control frames have run: the scene that waits finds what has been fed since."""
        if self.next is not None and self._fed != self.now.forecast.fed:
            frame, scene = self.next
            self.stage(frame, scene.program, scene.parts)

    def land(self, frame: int) -> bool:
        """At a transport frame: whether the waiting scene has taken over."""
        if self.next is None or frame < self.next[0]:
            return False
        self.now, self.next = self.next[1], None
        return True

    def edges(self, lo: int, hi: int) -> NDArray[np.int64]:
        """The frames of [lo, hi) at which a scalar jumps, or the scene changes."""
        if self.next is None or hi <= self.next[0]:
            return self.now.controls.edges(lo, hi)
        change, scene = self.next
        found = [scene.controls.edges(max(lo, change + 1), hi)]
        if lo <= change:
            found = [self.now.controls.edges(lo, change), np.array([change]), *found]
        return np.concatenate(found)

    def step(self, now: int, heard_at: Sequence[int], stages: Sequence[float]) -> Values:
        """The `step` rows of a tick, each slot's of the scene in which it is heard; a choice is the next scene's when
        all are. stages: see `Readings.step`."""
        before = self.now.controls.step(now, heard_at, stages)
        if self.next is None or not any(frame >= self.next[0] for frame in heard_at):
            return before
        change, scene = self.next
        after = scene.controls.step(now, heard_at, stages)
        if all(frame >= change for frame in heard_at):
            return after
        which = torch.tensor([frame >= change for frame in heard_at])[:, None, None]
        values: dict[str, Tensor | str] = {}
        for name in before.keys() | after.keys():
            old, new = (side.get(name, _off(name)) for side in (before, after))
            if isinstance(old, Tensor) and isinstance(new, Tensor):
                values[name] = torch.where(which, new, old)
            else:
                values[name] = old
        return values


def _off(name: str) -> Tensor | str:
    """A control's default, as the engine takes it."""
    row = CONTROLS[name]
    return row.default if isinstance(row.default, str) else torch.full((1, 1, 1), float(row.default or 0.0))
