"""The design's propagation table, measured: forwards from a write to the first difference, and to convergence."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.engine.toy import FRAMES, Bench

S = 8
CURVE = torch.linspace(0.2, 0.9, FRAMES).view(1, FRAMES, 1)
DEPTHS = (1, 2, 3, 4, 8)


def flat(value: float) -> Tensor:
    return torch.full((1, 1, 1), value)


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
    Write("initial noise", after={"initial_noise": CURVE.flatten()}),
]
STEP = [
    Write("source blend", values={"source_blend": flat(1.0)}, values_after={"source_blend": CURVE}),
    Write("velocity scale", values_after={"velocity_scale": flat(0.9)}),
    Write("velocity curve", values_after={"velocity_scale": CURVE}),
    Write("source blend switched on", values_after={"source_blend": CURVE}),
]
FADING = [Write("ODE noise", values_after={"ode_noise": CURVE}), Write("solver", values_after={"solver": "sde"})]


@cache
def steady(write: Write, after: bool) -> Tensor:
    bench = Bench(1)
    bench.ring.submit(bench.request(**(write.after if after else write.before)))
    return bench.ring.drain(write.values_after if after else write.values)[0].latent


def answer(write: Write, depth: int, phase: int) -> tuple[int, int]:
    """Forwards, the delivering one included, until a latent differs, and until they all are the new ones."""
    bench, at = Bench(depth), S + phase
    delivered: list[tuple[int, Tensor]] = []
    for k in range(at + 2 * S + 1):
        written = k >= at
        if bench.ring.admits():
            bench.ring.submit(bench.request(**(write.after if written else write.before)))
        for finished in bench.ring.tick(write.values_after if written else write.values):
            delivered.append((k - at + 1, finished.latent))
    old, new = steady(write, False), steady(write, True)
    assert all(torch.equal(latent, old) for forwards, latent in delivered if forwards <= 0)
    first = next(forwards for forwards, latent in delivered if not torch.equal(latent, old))
    unsettled = [forwards for forwards, latent in delivered if not torch.equal(latent, new)]
    return first, next(forwards for forwards, _ in delivered if forwards > max(unsettled, default=0))


def spread(numbers: list[int]) -> tuple[int, float, int]:
    return min(numbers), sum(numbers) / len(numbers), max(numbers)


@cache
def onset(depth: int) -> tuple[int, float, int]:
    """Best, mean and worst forwards to the next completion over the phases of a write, from the design's table."""
    return {1: (1, 4.5, 8), 2: (1, 2.5, 4), 3: (1, 1.875, 3), 4: (1, 1.5, 2), 8: (1, 1.0, 1)}[depth]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("write", REQUEST, ids=str)
def test_a_request_control_answers_with_the_next_admission(write: Write, depth: int) -> None:
    first, converged = zip(*[answer(write, depth, phase) for phase in range(S)], strict=True)
    best, mean, worst = onset(depth)
    assert spread(list(first)) == (best + S - 1, mean + S - 1, worst + S - 1)
    assert first == converged


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("write", STEP, ids=str)
def test_a_step_control_answers_with_the_next_completion(write: Write, depth: int) -> None:
    first, converged = zip(*[answer(write, depth, phase) for phase in range(S)], strict=True)
    assert spread(list(first)) == onset(depth)
    assert (min(converged), max(converged)) == (S, S - 1 + -(-S // depth))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("write", FADING, ids=str)
def test_step_noise_answers_one_step_later(write: Write, depth: int) -> None:
    """Fresh noise is multiplied by t', 0 on the last step, so a slot on its last step does not hear the write."""
    first, converged = zip(*[answer(write, depth, phase) for phase in range(S)], strict=True)
    best, mean, worst = onset(depth)
    assert spread(list(first)) == (best + 1, mean + 1, worst + 1)
    assert (min(converged), max(converged)) == (S, S - 1 + -(-S // depth))
