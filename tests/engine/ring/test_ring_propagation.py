"""The design's propagation table, measured: forwards from a write to the first difference, and to convergence."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.toy_family import CHANNELS, FAMILY, FRAMES, READ_BY_STEPS, Bench

CURVE = torch.linspace(0.2, 0.9, FRAMES).view(1, FRAMES, 1)
RINGS = [(steps, depth) for steps in (4, 8) for depth in (1, 2, 3, 4, 8) if depth <= steps]


def flat(value: float) -> Tensor:
    return torch.full((1, 1, 1), value)


TARGET = FAMILY.conditioner.compose("other", FRAMES / 25, 9).latent
TWO, FULL, AIMED = {"second": "cold"}, {"guidance_mode": "full"}, {"target": TARGET}
GUIDED = {"guidance": flat(4.0), "guidance_clip": flat(0.5)}


def composite(name: str, before: float, after: float) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"condition_weight": CURVE, name: flat(before)}, {"condition_weight": CURVE, name: flat(after)}


def guided(name: str, before: float, after: float) -> tuple[dict[str, Any], dict[str, Any]]:
    return {**GUIDED, name: flat(before)}, {**GUIDED, name: flat(after)}


def corrected(**values: Any) -> dict[str, Any]:
    return {"dcw": "double", "velocity_scale": flat(0.8), **values}


@dataclass(frozen=True, eq=False)
class Write:
    """A control's two settings: request fields and values before and after."""

    name: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    values_after: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


REQUEST = [
    Write("strength", after={"strength": 0.5}),
    Write("strength 0", after={"strength": 0.0}),
    Write("seed", after={"seed": 8}),
    Write("shift", after={"shift": 3.0}),
    Write("prompt", after={"prompt": "cold"}),
    Write("structure", after={"structure": 0.4}),
    Write("source", after={"covers": False}),
    Write("mask", after={"mask": CURVE.flatten()}),
    Write("mask growth", {"mask": CURVE.flatten()}, {"mask": CURVE.flatten(), "mask_growth": 0.5}),
    Write("target", {"target": TARGET}, {"target": -TARGET}, *[{"target_strength": flat(0.5)}] * 2),
    Write("target gate", {"target": TARGET}, {"target": TARGET, "target_gate": 0.5}, *[{"target_curve": CURVE}] * 2),
    Write("prompt blend", after={"prompt": "warm", "blend": 0.5}),
    Write("prompt B", {"second": "cold"}, {"second": "bright"}, *[{"condition_weight": CURVE}] * 2),
    Write("guidance mode", {"guidance_mode": "self"}, {"guidance_mode": "full"}, *[{"guidance": flat(3.0)}] * 2),
    Write("initial noise", after={"initial_noise": CURVE.flatten()}),
    Write("noise drift", after={"noise_position": 0.3}),
    Write("timesteps", {"strength": 0.85}, after={"strength": 0.85, "timesteps": "staircase"}),
]
STEP = [
    Write("source blend", values={"source_blend": flat(1.0)}, values_after={"source_blend": CURVE}),
    Write("velocity scale", values_after={"velocity_scale": flat(0.9)}),
    Write("velocity curve", values_after={"velocity_scale": CURVE}),
    Write("source blend switched on", values_after={"source_blend": CURVE}),
    Write("channel gain", values_after={"channel_gain": 0.5 + CURVE * torch.ones(CHANNELS)}),
    Write("steer_depth", values_after={"steer_depth": torch.tensor([[[0.4, -1.0]]])}),
    Write("lora_strength", values_after={"lora_strength": torch.tensor([[[0.4, 1.0]]])}),
    Write("condition weight", TWO, TWO, values_after={"condition_weight": CURVE}),
    Write("condition from", TWO, TWO, *composite("condition_from", 0.9, 0.0)),
    Write("condition to", TWO, TWO, *composite("condition_to", 0.0, 1.0)),
    Write("guidance", FULL, FULL, values_after={"guidance": CURVE * 4}),
    Write("guidance clip", FULL, FULL, *guided("guidance_clip", 0.1, 0.2)),
    Write("guidance rescale", FULL, FULL, *guided("guidance_rescale", 0.0, 1.0)),
    Write("guidance axis", FULL, FULL, GUIDED, {**GUIDED, "guidance_axis": "frame"}),
]
RISING = [
    Write("guidance momentum", FULL, FULL, *guided("guidance_momentum", -0.5, 0.5)),
    Write("target curve", AIMED, AIMED, values_after={"target_curve": CURVE}),
]
LATE = [Write("target strength", AIMED, AIMED, values_after={"target_strength": flat(0.5)})]
DCW = [
    Write("DCW low", values=corrected(), values_after=corrected(dcw_low=flat(0.5))),
    Write("DCW high", values=corrected(), values_after=corrected(dcw_high=flat(0.5))),
    Write("DCW multiply", values=corrected(), values_after=corrected(dcw_multiply=flat(1.0))),
    Write("DCW phase", values=corrected(), values_after=corrected(dcw_phase=flat(1.0))),
    Write("DCW soft", values=corrected(), values_after=corrected(dcw_soft=flat(0.05))),
    Write("DCW wavelet", values=corrected(), values_after=corrected(dcw_wavelet="db4")),
    Write("DCW", values_after=corrected()),
]
FADING = [Write("ODE noise", values_after={"ode_noise": CURVE}), Write("solver", values_after={"solver": "sde"})]


def moved(write: Write) -> set[str]:
    """The step controls that a write changes."""

    def same(a: Any, b: Any) -> bool:
        return torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b

    return {name for name, value in write.values_after.items() if not same(value, write.values.get(name))}


@pytest.mark.parametrize("name", READ_BY_STEPS)
def test_every_step_control_of_the_table_is_written_here(name: str) -> None:
    writes = [*STEP, *RISING, *LATE, *DCW, *FADING]
    assert any(name in moved(write) for write in writes), (
        f"add to STEP, or to the list of how it converges, Write({name!r}, values_after={{{name!r}: ...}})"
    )


@cache
def steady(write: Write, after: bool, steps: int) -> Tensor:
    bench = Bench(1)
    bench.ring.submit(bench.asked(steps=steps, **(write.after if after else write.before)))
    return bench.ring.drain(write.values_after if after else write.values)[0].latent


def answer(write: Write, steps: int, depth: int, phase: int) -> tuple[int, int]:
    """Forwards, the delivering one included, until a latent differs, and until they all are the new ones."""
    bench, at = Bench(depth), steps + phase
    delivered: list[tuple[int, Tensor]] = []
    for k in range(at + 2 * steps + 1):
        written = k >= at
        if bench.ring.admits():
            bench.ring.submit(bench.asked(steps=steps, **(write.after if written else write.before)))
        for finished in bench.ring.tick(write.values_after if written else write.values):
            delivered.append((k - at + 1, finished.latent))
    old, new = steady(write, False, steps), steady(write, True, steps)
    assert all(torch.equal(latent, old) for forwards, latent in delivered if forwards <= 0)
    first = next(forwards for forwards, latent in delivered if not torch.equal(latent, old))
    unsettled = [forwards for forwards, latent in delivered if not torch.equal(latent, new)]
    return first, next(forwards for forwards, _ in delivered if forwards > max(unsettled, default=0))


def spread(numbers: list[int]) -> tuple[int, float, int]:
    return min(numbers), sum(numbers) / len(numbers), max(numbers)


def phases(steps: int, depth: int) -> range:
    """The phases of a write that differ: admissions repeat after S/D ticks, where that is a whole number."""
    return range(steps // depth if steps % depth == 0 else steps)


@cache
def onset(steps: int, depth: int) -> tuple[int, float, int]:
    """Best, mean and worst forwards to the next completion over the phases of a write: 1 to the longest gap between
    completions, which come on the ticks floor(k * S / D)."""
    gaps = [(k + 1) * steps // depth - k * steps // depth for k in range(depth)]
    return 1, sum(gap * (gap + 1) / 2 for gap in gaps) / steps, max(gaps)


def answers(write: Write, steps: int, depth: int) -> tuple[list[int], list[int]]:
    """By phase of the write: forwards to the first difference, and to convergence."""
    found = [answer(write, steps, depth, phase) for phase in phases(steps, depth)]
    return [first for first, _ in found], [converged for _, converged in found]


def test_onsets_are_those_of_the_designs_table() -> None:
    designed = {1: (1, 4.5, 8), 2: (1, 2.5, 4), 3: (1, 1.875, 3), 4: (1, 1.5, 2), 8: (1, 1.0, 1)}
    assert {depth: onset(8, depth) for depth in designed} == designed
    assert {depth: onset(4, depth) for depth in (1, 2, 4)} == {1: (1, 2.5, 4), 2: (1, 1.5, 2), 4: (1, 1.0, 1)}


@pytest.mark.parametrize(("steps", "depth"), RINGS)
@pytest.mark.parametrize("write", REQUEST, ids=str)
def test_a_request_control_answers_with_the_next_admission(write: Write, steps: int, depth: int) -> None:
    first, converged = answers(write, steps, depth)
    best, mean, worst = onset(steps, depth)
    assert spread(first) == (best + steps - 1, mean + steps - 1, worst + steps - 1)
    assert first == converged


@pytest.mark.parametrize(("steps", "depth"), RINGS)
@pytest.mark.parametrize("write", STEP, ids=str)
def test_a_step_control_answers_with_the_next_completion(write: Write, steps: int, depth: int) -> None:
    first, converged = answers(write, steps, depth)
    assert spread(first) == onset(steps, depth)
    assert (min(converged), max(converged)) == (steps, steps - 1 + -(-steps // depth))


@pytest.mark.parametrize(("steps", "depth"), RINGS)
@pytest.mark.parametrize("write", FADING, ids=str)
def test_step_noise_answers_one_step_later(write: Write, steps: int, depth: int) -> None:
    """Fresh noise is multiplied by t', 0 on the last step, so a slot on its last step does not hear the write."""
    first, converged = answers(write, steps, depth)
    best, mean, worst = onset(steps, depth)
    assert spread(first) == (best + 1, mean + 1, worst + 1)
    assert (min(converged), max(converged)) == (steps, steps - 1 + -(-steps // depth))


@pytest.mark.parametrize(("steps", "depth"), RINGS)
@pytest.mark.parametrize("write", LATE, ids=str)
def test_a_late_step_control_converges_after_half_the_steps(write: Write, steps: int, depth: int) -> None:
    first, converged = answers(write, steps, depth)
    assert spread(first) == onset(steps, depth)
    assert (min(converged), max(converged)) == (steps // 2, steps // 2 - 1 + -(-steps // depth))


@pytest.mark.parametrize(("steps", "depth"), RINGS)
@pytest.mark.parametrize("write", DCW, ids=str)
def test_wavelet_correction_answers_with_the_next_completion(write: Write, steps: int, depth: int) -> None:
    first, converged = answers(write, steps, depth)
    assert spread(first) == onset(steps, depth)
    assert (min(converged), max(converged)) == (steps, steps - 1 + -(-steps // depth))


@pytest.mark.parametrize(("steps", "depth"), RINGS)
@pytest.mark.parametrize("write", RISING, ids=str)
def test_what_is_silent_on_the_first_step_converges_one_step_earlier(write: Write, steps: int, depth: int) -> None:
    first, converged = answers(write, steps, depth)
    assert spread(first) == onset(steps, depth)
    assert (min(converged), max(converged)) == (steps - 1, steps - 2 + -(-steps // depth))
