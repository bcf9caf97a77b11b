"""Measures when a control is heard, in forwards: first difference, convergence, and shares of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from demon_patch.bench.trials import ADAPTER, CHOSEN, DIRECTION, PARTS, SECONDS, Trial, chosen
from demon_patch.engine.contracts import Conditioning, Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families import NAMES, steering_of
from demon_patch.engine.lora.merge import LayerChange, Lora, Loras, layers_of
from demon_patch.engine.ring.ring import Completion, Request, Ring
from demon_patch.engine.session import Session
from demon_patch.engine.steering.vector import Steering, shape_of
from demon_patch.runtime.performance.resources import fitted

DEPTHS = (1, 2, 4, 8)
STEPS = (4, 8)
COUNTED = ("request", "step", "late step")  # the classes that are counted in forwards
SEEN = COUNTED[1:]  # those whose change grows with the steps that use it
SHARES = {"seen": 0.25, "t50": 0.5, "t90": 0.9}


@dataclass(eq=False)
class Side:
    """One of the two ends of a trial, in the engine's terms.

    arguments: of the request.
    values: the step controls of every step.
    loras: that the step value `lora_strength` means.
    steering: the vectors that `steer_depth` means.
    """

    prompt: Conditioning
    source: Source
    arguments: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Tensor | str] = field(default_factory=dict)
    loras: Loras = ()
    steering: tuple[Steering, ...] = ()

    def request(self, session: Session) -> Request:
        """Returns a request of this side."""
        return session.request(self.prompt, self.source, **self.arguments)

    def tick(self, session: Session, ring: Ring) -> list[Completion]:
        """Runs one tick of a ring with this side's request, step controls and LoRAs; returns its completions."""
        session.set_loras(self.loras)
        ring.steering = self.steering
        if ring.admits():
            ring.submit(self.request(session))
        return ring.tick(self.values)


def side(session: Session, trial: Trial, high: bool, steps: int, seconds: float = SECONDS) -> Side:
    """Returns one end of a trial, the high one or the low one, for generations of `steps` steps."""
    source = session.compose("house, 120 bpm", seconds=seconds, seed=3)
    made = Side(session.prompt("acid, 120 bpm"), source, {"strength": 0.7, "seed": 42, "steps": steps})
    settings: dict[str, Any] = {key.partition(".")[2]: value for key, value in trial.settings.items()}
    needs = [need for name in (trial.control, *settings) if (need := CONTROLS[name].needs) is not None]
    settings = {**{need: CHOSEN.get(need, "on") for need in needs if need != trial.control}, **settings}
    ends = (steps, steps // 2) if trial.control == "steps" else (trial.lo, trial.hi)  # long enough to be counted
    value = ends[high]
    if value == "off":
        settings = {name: given for name, given in settings.items() if CONTROLS[name].needs != trial.control}
    if trial.row.carrier == "lora":
        made.loras = ((_lora(session), 0.0),)
    if trial.row.carrier == "steer":
        made.steering = (_steering(session),)
    for name, given in {**settings, trial.control: value}.items():
        _set(session, made, name, given)
    return made


def _lora(session: Session) -> Lora:
    """Returns the family's own LoRA; for a family without any, one with small random changes of all layers."""
    if ADAPTER in session.family.loras:
        return session.lora(ADAPTER)
    draw = torch.Generator().manual_seed(3)
    changes = {}
    for name, layer in layers_of(session.family.denoiser).items():
        up, down = (torch.randn(size, generator=draw) for size in layer.weight.flatten(1).shape)
        changes[name] = LayerChange(down[None], up[:, None], 0.1)
    return Lora("drawn", changes)


def _steering(session: Session) -> Steering:
    """Returns the family's own steering vector; for a family without any, a small random one."""
    if session.spec.name in NAMES and DIRECTION in steering_of(session.spec.name):
        return session.steering(DIRECTION)
    draw = torch.Generator().manual_seed(3)
    return Steering("drawn", 0.1 * torch.randn(shape_of(session.family.denoiser), generator=draw))


def _set(session: Session, made: Side, name: str, value: Any) -> None:
    row, frames = CONTROLS[name], made.source.frames
    if name in PARTS:
        if value == "on":
            values: Mapping[str, Any] = PARTS[name].values
            part: Any = session.prompt(values["text"]) if row.shape == "prompt" else None
            if part is None:
                clip = session.compose(values["style"], seconds=values["seconds"], seed=values["seed"])
                part = fitted(clip, frames, session.spec.samples_per_frame)
            made.arguments[name] = part
    elif name == "prompt":
        made.prompt = session.prompt(value)
    elif name == "source":
        made.source = session.compose(f"{value}, 120 bpm", seconds=frames / session.spec.frame_rate, seed=3)
    elif row.becomes == "noise_position":
        made.arguments["noise_position"] = value
    elif row.becomes == "source_latent":
        amount = 0.8 if name == "feedback_tap" else value
        back = session.compose("dub", seconds=frames / session.spec.frame_rate, seed=int(value)).latent
        made.arguments["source_latent"] = torch.lerp(made.source.latent, back[:frames], amount)
    elif row.propagation == "request":
        made.arguments[name] = value
    elif name == "channel_gain":
        gains = torch.ones(1, 1, session.spec.latent_channels)
        gains[..., : max(session.spec.latent_channels // 8, 1)] = value
        made.values[name] = gains
    else:
        made.values[name] = value if isinstance(value, str) else torch.full((1, 1, 1), float(value))


def measure(
    session: Session, depths: Sequence[int] = DEPTHS, controls: Sequence[str] = (), steps: Sequence[int] = STEPS
) -> list[dict[str, Any]]:
    """Returns one row for each control and number of steps.

    first_D: for ring depth D, the forwards from a write to the first delivered latent that differs, the delivering
    forward included: best, mean and worst over the phases of the write.
    converged_D: the forwards to the first latent from which on all are settled, least and most.

    Ring depths above the number of steps are left out, because such a ring acts like one with as many slots as steps.
    """
    rows = []
    for count in steps:
        for trial in chosen(session.spec, controls, COUNTED):
            row: dict[str, Any] = {"control": trial.control, "steps": count, "class": trial.row.propagation}
            sides = side(session, trial, False, count, 2.0), side(session, trial, True, count, 2.0)
            steady = tuple(_finish(session, one, count) for one in sides)
            for depth in (depth for depth in depths if depth <= count):
                answers = (_answer(session, sides, steady, depth, count, phase) for phase in range(count))
                first, settled = zip(*answers, strict=True)
                row[f"first_{depth}"] = [min(first), sum(first) / len(first), max(first)]
                row[f"converged_{depth}"] = [min(settled), max(settled)]
            rows.append(row)
    return rows


def _finish(session: Session, one: Side, steps: int) -> Tensor:
    ring = session.ring(one.source, 1)
    return [finished for _ in range(steps) for finished in one.tick(session, ring)][-1].latent


def _answer(
    session: Session, sides: tuple[Side, Side], steady: tuple[Tensor, ...], depth: int, steps: int, phase: int
) -> tuple[int, int]:
    """Returns the forwards from a write to the first latent that differs, and to the first from which on all are
    settled.

    phase: ticks from the full ring to the write.
    """
    ring, at = session.ring(sides[0].source, depth), steps + phase
    delivered: list[tuple[int, Tensor]] = []
    for tick in range(at + 2 * steps + 1):
        finished = sides[tick >= at].tick(session, ring)
        delivered += [(tick - at + 1, done.latent) for done in finished]
    first = next(forwards for forwards, latent in delivered if not torch.equal(latent, steady[0]))
    unsettled = [forwards for forwards, latent in delivered if not torch.equal(latent, steady[1])]
    return first, next(forwards for forwards, _ in delivered if forwards > max(unsettled, default=0))


def measure_shares(
    session: Session, controls: Sequence[str] = (), seconds: float = SECONDS, steps: Sequence[int] = STEPS
) -> list[dict[str, Any]]:
    """Returns one row for each control of the classes `SEEN` and each number of steps.

    shares: for 1, 2, ... last steps that use a new value, the share of the final change that is in the latent.
    seen, t50, t90: the last steps that bring a quarter, half and nine tenths of the final change.
    """
    rows = []
    for count in steps:
        for trial in chosen(session.spec, controls, SEEN):
            before, after = (side(session, trial, high, count, seconds) for high in (False, True))
            old, new = (_finish(session, one, count) for one in (before, after))
            shares = []
            for late in range(1, count + 1):
                ring = session.ring(before.source, 1)
                ticks = [(after if step >= count - late else before).tick(session, ring) for step in range(count)]
                shares.append(float((ticks[-1][0].latent - old).norm() / (new - old).norm().clamp(min=1e-12)))
            row: dict[str, Any] = {"control": trial.control, "steps": count}
            row["shares"] = [round(share, 3) for share in shares]
            for name, share in SHARES.items():
                row[name] = next((n for n, got in enumerate(shares, 1) if got >= share), count)
            rows.append(row)
    return rows
