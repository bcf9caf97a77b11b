"""What the engine is told: every row of the control table, read from the forecast at the moment it will be heard.

Nothing here knows one control from another: a row that is freed in the table is read by its shape and class alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.surface import GROUPS
from demon_patch.runtime.forecast import Forecast
from demon_patch.runtime.program import Program

STEP = ("step", "late step")
HOST = frozenset({"noise_drift", "live_strength"})
"""Rows whose value does not reach the sound by itself: a speed, and a permission."""


class Readings:
    """The controls of one performance. guard: frames behind the loudspeaker that may still be spliced (`Forecast`).

    Owned by one thread. channels: C, latent channels of the family. sinks: the numbers in `program.sinks` of all
    numeric controls, by name, and of the inputs of the surface that is wired, by port. held: those that a live source
    reaches; held_scalars: of classes `request` and `step`.
    """

    def __init__(self, program: Program, forecast: Forecast, guard: int, channels: int) -> None:
        self.program, self.forecast, self._guard, self._channels = program, forecast, guard, channels
        sinks = program.sinks
        self.sinks = {sink.control.name: index for index, sink in enumerate(sinks) if sink.control is not None}
        plan = program.ring
        rows = [CONTROLS[name] for name in self.sinks if name in plan.active and plan.meets(CONTROLS[name])]
        self._request = [row for row in rows if row.propagation == "request"]
        self._step = [row for row in rows if row.propagation in STEP and row.name not in HOST]
        self._options = {
            kind: {name: value for name, value in plan.options.items() if CONTROLS[name].propagation in kind}
            for kind in (("request",), STEP)
        }
        scalars = [row for row in (*self._request, *self._step) if not row.per_frame and row.name not in HOST]
        self.held = frozenset(s for s in self.sinks.values() if (sinks[s].node, sinks[s].port) in program.held)
        self._jumps = [
            self.sinks[row.name]
            for row in scalars
            if row.propagation not in STEP or self.sinks[row.name] not in self.held
        ]
        self.held_scalars = [self.sinks[row.name] for row in scalars if self.sinks[row.name] in self.held]
        surface = plan.wired.get("channel_gain")
        self._gains = [] if surface is None else [program.sink(surface, f"group_{n + 1}") for n in range(GROUPS)]
        self._single = [] if surface is None else [program.sink(surface, port) for port in ("channel", "single")]
        for sink in (*self._gains, *self._single):
            self.sinks[program.sinks[sink].port] = sink

    def has(self, name: str) -> bool:
        """Whether a numeric control is built and has an effect in this patch."""
        plan = self.program.ring
        return name in self.sinks and name in plan.active and plan.meets(CONTROLS[name])

    def on(self, name: str, now: int) -> bool:
        """Whether a built switch is on; where the patch does not show it, as it is by default."""
        row = CONTROLS[name]
        setting = self.value(name, max(now, 0)) if self.has(name) else float(row.default or 0.0)
        return row.since is None and setting >= 0.5

    def value(self, name: str, frame: int) -> float:
        """A numeric control at a transport frame."""
        return self.forecast.at(self.sinks[name], frame)

    def edges(self, lo: int, hi: int) -> NDArray[np.int64]:
        """The frames of [lo, hi) at which a scalar that generations take at their heard_at jumps."""
        return self.forecast.edges(self._jumps, lo, hi)

    def request(self, heard_at: int, now: int) -> tuple[dict[str, float], dict[str, Tensor | str]]:
        """The `request` rows of a generation heard at `heard_at`: numbers; choices, and curves [T] seen from `now`."""
        numbers = {row.name: self.value(row.name, heard_at) for row in self._request if not row.per_frame}
        others: dict[str, Tensor | str] = dict(self._options["request",])
        for row in self._request:
            if row.per_frame:
                others[row.name] = self._per_frame(self.sinks[row.name], now)
        return numbers, others

    def step(self, now: int, heard_at: Sequence[int]) -> Mapping[str, Tensor | str]:
        """The `step` rows for a tick: choices, curves [1, 1 | T, 1], scalars [1 | n, 1, 1] at each slot's heard_at,
        held ones as they are now, and the surface of channel gains [1, 1 | T, C]."""
        values: dict[str, Tensor | str] = dict(self._options[STEP])
        for row in self._step:
            sink = self.sinks[row.name]
            if row.per_frame:
                values[row.name] = _short(self._per_frame(sink, now))[None, :, None]
            elif heard_at:
                moments = [now] if sink in self.held else heard_at
                each = torch.tensor([self.forecast.at(sink, frame) for frame in moments], dtype=torch.float32)
                values[row.name] = _short(each)[:, None, None]
        if self._gains:
            values["channel_gain"] = self._surface(now)
        return values

    def _per_frame(self, sink: int, now: int) -> Tensor:
        """A sink as [T], each song frame at the moment it will next be heard."""
        return torch.from_numpy(self.forecast.per_frame(sink, now, self._guard).astype(np.float32))

    def _surface(self, now: int) -> Tensor:
        """[1, 1 | T, C]: each channel's group's gain, and the single one's on top."""
        curves = torch.stack([self._per_frame(sink, now) for sink in self._gains])
        gains = curves[torch.arange(self._channels) * GROUPS // max(self._channels, GROUPS)].T
        channel, single = self._single
        chosen = round(self.forecast.at(channel, max(now, 0)))
        if 1 <= chosen <= self._channels:
            gains = gains.clone()
            gains[:, chosen - 1] *= self._per_frame(single, now)
            gains.clamp_(max=CONTROLS["channel_gain"].hi)
        return _short(gains)[None]


def _short(values: Tensor) -> Tensor:
    """[n, ...] as [1, ...] where all n are equal."""
    return values[:1] if bool((values == values[:1]).all()) else values
