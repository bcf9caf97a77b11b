"""The values of the controls: every row of the control table, read from the forecast at the moment it will be heard.

Nothing here knows one control from another: a row that is freed in the table is read by its shape and class alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.arrays import Curve
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.step.step_window import narrowed, step_window
from demon_patch.nodes.language.mixes import GROUPS
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.mixes import Weights, shares


class ControlValues:
    """The controls of one performance. guard: frames behind the loudspeaker that may still be spliced (`Forecast`).

    Owned by one thread. spec: of the family that plays. sinks: the numbers in `program.sinks` of all
    numeric controls, by name; of the numbers of a surface that is wired, by their names; and of those of mixes and the
    surfaces in them, by node and name. weights: what mixes and surfaces give. held: the sinks that a live source
    reaches; held_scalars: of classes `request` and `step`.
    """

    def __init__(self, program: Program, forecast: Forecast, guard: int, spec: FamilySpec) -> None:
        self.program, self.forecast, self._guard, self._spec = program, forecast, guard, spec
        self._channels = spec.latent_channels
        sinks = program.sinks
        self.sinks = {sink.control.name: index for index, sink in enumerate(sinks) if sink.control is not None}
        plan = program.ring
        rows = [CONTROLS[name] for name in self.sinks if name in plan.active and plan.meets(CONTROLS[name])]
        self._request = [row for row in rows if row.propagation == "request"]
        self._step = [row for row in rows if row.every_step and row.heard]
        options = [(CONTROLS[name], value) for name, value in plan.options.items()]
        self._request_options = {row.name: value for row, value in options if row.propagation == "request"}
        self._step_options = {row.name: value for row, value in options if row.every_step}
        scalars = [row for row in (*self._request, *self._step) if not row.per_frame and row.heard]
        self.held = frozenset(s for s in self.sinks.values() if (sinks[s].node, sinks[s].port) in program.held)
        self._jumps = [
            self.sinks[row.name] for row in scalars if not row.every_step or self.sinks[row.name] not in self.held
        ]
        self.weights = Weights(forecast)
        self._jumps += self.weights.jumps()
        self.held_scalars = [self.sinks[row.name] for row in scalars if self.sinks[row.name] in self.held]
        surface = plan.wired.get("channel_gain")
        for (node, name), sink in self.weights.sinks.items():
            self.sinks[name if node == surface else f"{node}.{name}"] = sink
        window = plan.step_window if plan.step_state is not None else None
        self._window = () if window is None else tuple(program.sink(window, end) for end in ("from", "to"))
        self._window_held = window is not None and any((window, end) in program.held for end in ("from", "to"))
        self._jumps += () if self._window_held else self._window
        self._narrowed = ["channel_gain", *(row.name for row in self._step if row.carrier == "step_state")]

    def has_effect(self, name: str) -> bool:
        """Whether a numeric control has an effect in this patch."""
        plan = self.program.ring
        return name in self.sinks and name in plan.active and plan.meets(CONTROLS[name])

    def is_on(self, name: str, now: int) -> bool:
        """Whether a switch is on; where the patch does not show it, as it is by default."""
        row = CONTROLS[name]
        setting = self.control_value(name, max(now, 0)) if self.has_effect(name) else float(row.default or 0.0)
        return setting >= 0.5

    def control_value(self, name: str, frame: int) -> float:
        """A numeric control at a transport frame, as the engine takes it: where the port holds a knob position, the
        number that the family has there."""
        given = self.forecast.port_value(self.sinks[name], frame)
        return self._spec.at_position(CONTROLS[name], given) if CONTROLS[name].taper == "family" else given

    def as_taken(self, name: str, values: Curve) -> Curve:
        """Values of the engine port of a sink, as the engine takes them: knob positions become the family's numbers,
        and all others stay as they are. name: of `sinks`."""
        row = CONTROLS.get(name)
        if row is None or row.taper != "family":
            return values
        return np.array([self._spec.at_position(row, position) for position in values.tolist()])

    def taken(self, names: Iterable[str], frame: int) -> dict[str, float | str]:
        """Controls as a request takes them at a transport frame: numbers, whole ones rounded, and options."""
        options = self.program.ring.options
        return {
            name: options[name] if name in options else whole(name, self.control_value(name, frame)) for name in names
        }

    def edges(self, lo: int, hi: int) -> NDArray[np.int64]:
        """The frames of [lo, hi) at which a scalar that generations take at their heard_at jumps."""
        return self.forecast.edges(self._jumps, lo, hi)

    def request(self, moment: int, now: int) -> tuple[dict[str, float], dict[str, Tensor | str]]:
        """The `request` rows of a generation whose scalars are taken for the transport frame `moment` (`Admission`: the
        middle of what is heard of it): numbers as the engine takes them; choices, and curves [T] seen from `now`."""
        numbers = {row.name: self.control_value(row.name, moment) for row in self._request if not row.per_frame}
        others: dict[str, Tensor | str] = dict(self._request_options)
        for row in self._request:
            if row.per_frame:
                others[row.name] = self._per_frame(self.sinks[row.name], now)
        return numbers, others

    def step(
        self, now: int, moments: Sequence[int], stages: Sequence[float] | None = None
    ) -> Mapping[str, Tensor | str]:
        """The `step` rows for a tick: choices, curves [1, 1 | T, 1], scalars [1 | n, 1, 1] at each slot's
        moment (a transport frame), held ones as they are now, and the surface of channel gains [1, 1 | T, C].

        stages: how far each slot is, as a share of the full schedule's steps; where a step window is open for some of
        the n slots only, the rows of the Step State become [n, ...] and are at rest for the others.
        """
        values: dict[str, Tensor | str] = dict(self._step_options)
        for row in self._step:
            sink = self.sinks[row.name]
            if row.per_frame:
                values[row.name] = _short(self._per_frame(sink, now))[None, :, None]
            elif moments:
                frames = [now] if sink in self.held else moments
                each = torch.tensor([self.forecast.port_value(sink, frame) for frame in frames], dtype=torch.float32)
                values[row.name] = _short(each)[:, None, None]
        surface = self.program.ring.wired.get("channel_gain")
        if surface is not None:
            gains = self._surface(surface, now).clamp(0.0, CONTROLS["channel_gain"].hi)
            values["channel_gain"] = _short(gains)[None]
        framed = self.program.ring.framed
        if framed is not None:
            node = self.program.ring.wired["prompt"]
            pair = np.array([self.weights.per_frame(node, name, now, self._guard) for name in framed.inputs])
            values["condition_weight"] = _short(torch.from_numpy(shares(pair)[1].astype(np.float32)))[None, :, None]
        if self._window and stages:
            self._narrow(values, [now] * len(stages) if self._window_held else moments, stages)
        return values

    def scalars(self, frame: int, now: int) -> dict[str, float]:
        """The `step` rows of one generation that are scalars, taken for a transport frame; held ones as they are
        now."""
        rows = [row for row in self._step if not row.per_frame]
        held = {row.name: self.sinks[row.name] in self.held for row in rows}
        return {row.name: self.control_value(row.name, max(now if held[row.name] else frame, 0)) for row in rows}

    def _narrow(self, values: dict[str, Tensor | str], moments: Sequence[int], stages: Sequence[float]) -> None:
        """Brings the rows of the Step State to rest for the slots whose step lies outside the step window, as it is at
        the slot's moment."""
        ends = [[self.forecast.port_value(sink, frame) for sink in self._window] for frame in moments]
        inside = [step_window(lo, hi, stage) for (lo, hi), stage in zip(ends, stages, strict=True)]
        if not all(inside):
            for name, value in narrowed(values, self._narrowed, inside).items():
                values[name] = _short(value) if isinstance(value, Tensor) else value

    def _per_frame(self, sink: int, now: int) -> Tensor:
        """A sink as [T], each song frame at the moment it will next be heard."""
        return torch.from_numpy(self.forecast.per_frame(sink, now, self._guard).astype(np.float32))

    def _surface(self, node: str, now: int) -> Tensor:
        """The gains of a surface or a mix of them, [T, C]: each channel's group's, and the single one's on top."""
        sinks, mixture = self.weights.sinks, self.program.ring.mixes.get(node)
        if mixture is not None:
            return self._mixed(node, now)
        curves = torch.stack([self._per_frame(sinks[node, f"group_{n + 1}"], now) for n in range(GROUPS)])
        gains = curves[torch.arange(self._channels) * GROUPS // max(self._channels, GROUPS)].T
        chosen = round(self.weights.weight_at(node, "channel", max(now, 0))) if (node, "channel") in sinks else 0
        if 1 <= chosen <= self._channels:
            gains = gains.clone()
            gains[:, chosen - 1] *= self._per_frame(sinks[node, "single"], now)
        return gains

    def _mixed(self, node: str, now: int) -> Tensor:
        """A mix of surfaces, [T, C]: 1 + the sum of weight * (gain - 1), or the product of gain ** weight; an inlet
        that is not wired has gains of 1. Bypassed, it is its first wired one."""
        mixture = self.program.ring.mixes[node]
        weights = [self._per_frame(self.weights.sinks[node, name], now)[:, None] for name in mixture.inputs]
        gains = [self._surface(behind, now) for behind in mixture.inputs.values()]
        if mixture.bypassed:
            return gains[0]
        pairs = list(zip(weights, gains, strict=True))
        if mixture.options.get("law") == "product":
            return torch.stack([gain.clamp(min=0.0) ** weight for weight, gain in pairs]).prod(dim=0)
        return 1.0 + sum((weight * (gain - 1.0) for weight, gain in pairs), torch.zeros(()))


def whole(name: str, number: float) -> float:
    """A number of a control, rounded where the control takes whole numbers."""
    return round(number) if CONTROLS[name].shape == "integer" else number


def _short(values: Tensor) -> Tensor:
    """[n, ...] as [1, ...] where all n are equal."""
    return values[:1] if bool((values == values[:1]).all()) else values
