"""Reads the controls: every row of the control table, from the forecast, for the moment at which it will be heard.

No control has code of its own here: each row of the table is read by its shape and class alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.arrays import Curve
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.score import Notes
from demon_patch.engine.step.step_window import narrowed, step_window
from demon_patch.nodes.language.mixes import GROUPS
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.mixes import Weights, shares
from demon_patch.runtime.performance.notes import NoteReader, PlayedNotes

LORA, STEER = "lora_strength", "steer_depth"
Sides: TypeAlias = Mapping[str, Sequence[tuple[str, str]]]
ON = 0.5  # from which on a switch or the level of a gate is on


class ControlValues:
    """Reads the controls of one program. Owned by one thread.

    guard: transport frames behind the loudspeaker that may still be replaced (`Forecast`).
    spec: the model family that plays.

    port_numbers: the numbers of engine ports in `program.engine_ports`, by name: of all numeric controls, of the level
        of a wired gate, of the pitches that are told and the ports of a wired surface by port, and of the ports of
        mixes and their surfaces by "node.port".
    weights: reads the ports of mixes and surfaces.
    held: the engine ports, by number, that a live source reaches.
    sides: pairs (node, file) of the LoRAs under `lora_strength`, and of the steering vectors under `steer_depth`, each
        in the order of the chain.
    held_scalars: those of them that are scalars of classes `request` and `step`.
    """

    def __init__(self, program: Program, forecast: Forecast, guard: int, spec: FamilySpec) -> None:
        self.program, self.forecast, self._guard, self._spec = program, forecast, guard, spec
        self._channels = spec.latent_channels
        ports = program.engine_ports
        self.port_numbers = {port.control.name: i for i, port in enumerate(ports) if port.control is not None}
        plan = program.ring
        rows = [CONTROLS[name] for name in self.port_numbers if name in plan.active and plan.meets(CONTROLS[name])]
        self._request = [row for row in rows if row.propagation == "request"]
        self._step = [row for row in rows if row.every_step and row.heard]
        options = [(CONTROLS[name], value) for name, value in plan.options.items()]
        self._request_options = {
            row.name: value
            for row, value in options
            if row.propagation == "request" and plan.meets(row) and spec.has(row)
        }
        self._step_options = {row.name: value for row, value in options if row.every_step}
        scalars = [row for row in (*self._request, *self._step) if not row.per_frame and row.heard]
        self.held = frozenset(s for s in self.port_numbers.values() if (ports[s].node, ports[s].port) in program.held)
        self._jumps = [
            self.port_numbers[row.name]
            for row in scalars
            if not row.every_step or self.port_numbers[row.name] not in self.held
        ]
        told = plan.wired.get("score") if spec.score else None
        self._notes = None if told is None else NoteReader(forecast, told, guard)
        self.weights = Weights(forecast)
        self.sides = {LORA: tuple(plan.loras.items()), STEER: tuple(plan.steers.items())}
        ports_of = {(name, key): program.engine_port(key[0], name) for name, keys in self.sides.items() for key in keys}
        self._side_ports, side_ports = ports_of, ports_of.values()
        self._ranges = {
            key: tuple(program.engine_port(key[0], end) for end in ("from", "to")) for key in self.sides[STEER]
        }
        self._jumps += [port for port in side_ports if port not in self.held]
        self._jumps += self.weights.jumps()
        self.held_scalars = [self.port_numbers[row.name] for row in scalars if self.port_numbers[row.name] in self.held]
        self.held_scalars += [port for port in side_ports if port in self.held]
        surface = plan.wired.get("channel_gain")
        for (node, name), engine_port in self.weights.port_numbers.items():
            self.port_numbers[name if node == surface else f"{node}.{name}"] = engine_port
        self.port_numbers |= {} if self._notes is None else self._notes.pitches
        window = plan.step_window if plan.step_state is not None else None
        self._window = () if window is None else tuple(program.engine_port(window, end) for end in ("from", "to"))
        self._window_held = window is not None and any((window, end) in program.held for end in ("from", "to"))
        self._jumps += () if self._window_held else self._window
        self._narrowed = ["channel_gain", *(row.name for row in self._step if row.carrier == "step_state")]

    def has_effect(self, name: str) -> bool:
        """Returns whether a numeric control has an effect in this patch."""
        plan = self.program.ring
        return name in self.port_numbers and name in plan.active and plan.meets(CONTROLS[name])

    def is_on(self, name: str, now: int) -> bool:
        """Returns whether a switch or gate is on at transport frame `now`; its default where it has no effect in this
        patch."""
        row = CONTROLS[name]
        setting = self.control_value(name, max(now, 0)) if self.has_effect(name) else float(row.default or 0.0)
        return setting >= ON

    def control_value(self, name: str, frame: int) -> float:
        """Returns a numeric control at a transport frame, as the engine takes it. Where the port holds a knob position,
        this is the family's number at that position."""
        given = self.forecast.port_value(self.port_numbers[name], frame)
        return self._spec.at_position(CONTROLS[name], given) if CONTROLS[name].taper == "family" else given

    def as_taken(self, name: str, values: Curve) -> Curve:
        """Converts values of an engine port to what the engine takes: knob positions become the family's numbers, all
        others stay unchanged.

        name: a key of `port_numbers`.
        """
        row = CONTROLS.get(name)
        if row is None or row.taper != "family":
            return values
        return np.array([self._spec.at_position(row, position) for position in values.tolist()])

    def taken(self, names: Iterable[str], frame: int) -> dict[str, float | str]:
        """Returns some controls by name as a request takes them at a transport frame: options, and numbers, rounded
        where the control takes whole ones."""
        options = self.program.ring.options
        return {
            name: options[name] if name in options else whole(name, self.control_value(name, frame)) for name in names
        }

    def edges(self, lo: int, hi: int) -> NDArray[np.int64]:
        """Returns the transport frames of [lo, hi) at which a scalar that generations take for their heard time
        jumps."""
        return self.forecast.edges(self._jumps, lo, hi)

    def request_values(self, moment: int, now: int) -> tuple[dict[str, float], dict[str, Tensor | str]]:
        """Returns the controls of class `request` for one generation, in two dicts by name. The first has the scalars
        at the transport frame `moment` (`Admission`: the middle of what is heard of it), as the engine takes them.
        The second has the options, and the curves [T], each song frame read for the moment at which it is heard next
        after `now`."""
        numbers = {row.name: self.control_value(row.name, moment) for row in self._request if not row.per_frame}
        others: dict[str, Tensor | str] = dict(self._request_options)
        for row in self._request:
            if row.per_frame:
                others[row.name] = self._per_frame(self.port_numbers[row.name], now)
        return numbers, others

    def notes_at(self, heard_at: int, now: int, played: PlayedNotes) -> dict[str, Notes]:
        """Returns the notes of a generation under the name of their control (`NoteReader.at`); nothing where no Notes
        node is wired, or the family takes no notes."""
        return {} if self._notes is None else {"score": self._notes.at(heard_at, now, played)}

    def notes_known(self, now: int) -> Notes | None:
        """Returns the notes as they are known at transport frame `now` (`NoteReader.now`); None where there are
        none."""
        return None if self._notes is None else self._notes.now(now)

    def step_values(
        self,
        now: int,
        moments: Sequence[int],
        stages: Sequence[float] | None = None,
        sides: Sides | None = None,
    ) -> Mapping[str, Tensor | str]:
        """Returns the controls of class `step` for a tick, by name: options, curves [1, 1 | T, 1], scalars [1 | n, 1,
        1] at each slot's moment (a transport frame), and the surface of channel gains [1, 1 | T, C]. Scalars that a
        live source reaches are read at transport frame `now` for all slots.

        stages: how far each slot is, as a share of the full schedule's steps. Where a step window is open for some
            of the n slots only, the rows of the Step State become [n, ...] and are at rest for the others.
        sides: the pairs (node, file) for which numbers are given, [1 | n, 1, k], as in the field `sides`, which is the
            default; one that this program does not have is at 0.
        """
        values: dict[str, Tensor | str] = dict(self._step_options)
        for row in self._step:
            engine_port = self.port_numbers[row.name]
            if row.per_frame:
                values[row.name] = _short(self._per_frame(engine_port, now))[None, :, None]
            elif moments:
                values[row.name] = _short(self._each(engine_port, now, moments))[:, None, None]
        for name, keys in (self.sides if sides is None else sides).items():
            if keys and moments:
                each = [self._side(name, key, now, moments, stages) for key in keys]
                values[name] = _short(torch.stack(torch.broadcast_tensors(*each), -1))[:, None]
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

    def _side(
        self, name: str, key: tuple[str, str], now: int, moments: Sequence[int], stages: Sequence[float] | None
    ) -> Tensor:
        """Returns the strength of a LoRA or the depth of a steering vector, [1 | n]: 0 where this program does not have
        it, and for generations outside the steps of a Steer."""
        port = self._side_ports.get((name, key))
        if port is None:
            return torch.zeros(len(moments))
        found = self._each(port, now, moments)
        if name != STEER or stages is None:
            return found
        lo, hi = (self._each(end, now, moments).expand(len(moments)).tolist() for end in self._ranges[key])
        inside = [step_window(first, end, stage) for first, end, stage in zip(lo, hi, stages, strict=True)]
        return found if all(inside) else found * torch.tensor(inside)

    def _each(self, engine_port: int, now: int, moments: Sequence[int]) -> Tensor:
        """Returns an engine port at each slot's moment, [n]; one that a live source reaches at `now`, [1]."""
        frames = [now] if engine_port in self.held else moments
        return torch.tensor([self.forecast.port_value(engine_port, frame) for frame in frames], dtype=torch.float32)

    def scalars(self, frame: int, now: int) -> dict[str, float]:
        """Returns the scalar controls of class `step` of one generation, by name, read for a transport frame; those
        that a live source reaches are read for `now`."""
        rows = [row for row in self._step if not row.per_frame]
        held = {row.name: self.port_numbers[row.name] in self.held for row in rows}
        return {row.name: self.control_value(row.name, max(now if held[row.name] else frame, 0)) for row in rows}

    def _narrow(self, values: dict[str, Tensor | str], moments: Sequence[int], stages: Sequence[float]) -> None:
        """Puts the rows of the Step State at rest for the slots whose step lies outside the step window, which is read
        at each slot's moment."""
        ends = [[self.forecast.port_value(engine_port, frame) for engine_port in self._window] for frame in moments]
        inside = [step_window(lo, hi, stage) for (lo, hi), stage in zip(ends, stages, strict=True)]
        if not all(inside):
            for name, value in narrowed(values, self._narrowed, inside).items():
                values[name] = _short(value) if isinstance(value, Tensor) else value

    def _per_frame(self, engine_port: int, now: int) -> Tensor:
        """Returns an engine port as [T]: each song frame has the number of the moment at which it is heard next."""
        return torch.from_numpy(self.forecast.per_frame(engine_port, now, self._guard).astype(np.float32))

    def _surface(self, node: str, now: int) -> Tensor:
        """Returns the gains of a surface or of a mix of surfaces, [T, C]: each channel's group gain, times the single
        gain for the one channel that is chosen."""
        ports, mixture = self.weights.port_numbers, self.program.ring.mixes.get(node)
        if mixture is not None:
            return self._mixed(node, now)
        curves = torch.stack([self._per_frame(ports[node, f"group_{n + 1}"], now) for n in range(GROUPS)])
        gains = curves[torch.arange(self._channels) * GROUPS // max(self._channels, GROUPS)].T
        chosen = round(self.weights.weight_at(node, "channel", max(now, 0))) if (node, "channel") in ports else 0
        if 1 <= chosen <= self._channels:
            gains = gains.clone()
            gains[:, chosen - 1] *= self._per_frame(ports[node, "single"], now)
        return gains

    def _mixed(self, node: str, now: int) -> Tensor:
        """Returns a mix of surfaces, [T, C]: 1 + the sum of weight * (gain - 1), or with the law "product" the product
        of gain ** weight. Ports without a cable add nothing. A bypassed mix is its first wired surface."""
        mixture = self.program.ring.mixes[node]
        weights = [self._per_frame(self.weights.port_numbers[node, name], now)[:, None] for name in mixture.inputs]
        gains = [self._surface(behind, now) for behind in mixture.inputs.values()]
        if mixture.bypassed:
            return gains[0]
        pairs = list(zip(weights, gains, strict=True))
        if mixture.options.get("law") == "product":
            return torch.stack([gain.clamp(min=0.0) ** weight for weight, gain in pairs]).prod(dim=0)
        return 1.0 + sum((weight * (gain - 1.0) for weight, gain in pairs), torch.zeros(()))


def whole(name: str, number: float) -> float:
    """Returns a number, rounded where the control takes whole numbers."""
    return round(number) if CONTROLS[name].shape == "integer" else number


def _short(values: Tensor) -> Tensor:
    """Returns [n, ...] as [1, ...] where all n are equal, else unchanged."""
    return values[:1] if bool((values == values[:1]).all()) else values
