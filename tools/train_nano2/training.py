"""What the trainings share: steps that go on where they were stopped, a running mean of the weights, a pause switch.

Step n draws its batch and its noise from the seed and n alone, so a run that was stopped and one that was not have the
same weights, bit for bit, on the same machine and number of threads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from tools.train_nano.budget import Budget, append_log, load_checkpoint, save_checkpoint
from tools.train_nano2.data.pacing import hold

Net = TypeVar("Net", bound=nn.Module)

_KEPT = 0.998  # share of the running mean that a step keeps, once there are many
_RATE_POWER = 0.8

MOST_SKIPS = 20
"""Gradients in a row that may be left out because they are not finite."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a training runs.

    out: folder of checkpoint, log and weights. steps: all of them, which the learning rate falls over; a later run may
    name another number. stop: the step after which this run ends. batch: crops of a step. pause: while this file
    exists, no step is begun. bf16: matrix products in bfloat16. compiled: the network is compiled. every: steps between
    checkpoints.
    """

    out: Path
    steps: int
    batch: int
    stop: int | None = None
    pause: Path | None = None
    bf16: bool = False
    compiled: bool = False
    every: int = 200
    seed: int = 0

    def wrapped(self, function: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
        """The same function compiled and in bfloat16, as far as the habits ask for it; its results are float32."""
        called = torch.compile(function) if self.compiled else function

        def call(*inputs: Tensor) -> tuple[Tensor, ...]:
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
                found = called(*inputs)
            return tuple(part.float() for part in found)

        return call


def add_habits(parser: argparse.ArgumentParser, steps: int, batch: int) -> None:
    """Adds the options that every training has."""
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint, log and weights")
    parser.add_argument("--steps", type=int, default=steps, help="of the whole training")
    parser.add_argument("--stop", type=int, help="end this run after that step; the same command goes on from there")
    parser.add_argument("--batch", type=int, default=batch, help="crops of a step")
    parser.add_argument("--pause", type=Path, help="a file: while it exists, no step is begun")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16, where the processor has it")
    parser.add_argument("--compile", action="store_true", help="compile the network; needs a C++ compiler")
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")


def habits_of(options: argparse.Namespace) -> Habits:
    """The habits that these options ask for; sets the number of threads."""
    torch.set_num_threads(options.threads)
    return Habits(
        options.out, options.steps, options.batch, options.stop, options.pause, options.bf16, options.compile,
        options.every,
    )  # fmt: skip


class Trainer(Generic[Net]):
    """Trains a network.

    name: of its files in the folder. rate: the highest learning rate. report: is told how it goes on.
    """

    def __init__(self, net: Net, name: str, habits: Habits, rate: float, report: Callable[[str], None] = print) -> None:
        self.net, self._name, self._habits, self._rate, self._report = net, name, habits, rate, report
        habits.out.mkdir(parents=True, exist_ok=True)
        self._optimiser = torch.optim.AdamW(net.parameters(), rate, betas=(0.9, 0.95), weight_decay=1e-3)
        self._budget = Budget(0.0, habits.steps)
        self._skipped = 0  # gradients left out since the last one that was taken
        self._mean = {key: value.detach().clone() for key, value in net.state_dict().items()}

    @property
    def step(self) -> int:
        """Steps done so far, over all runs."""
        return self._budget.step

    def resume(self) -> bool:
        """Goes on from the checkpoint in the folder; returns whether there is one."""
        state = load_checkpoint(self._habits.out / f"{self._name}.checkpoint", self._budget)
        if state is None:
            return False
        self.net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._mean = state["mean"]
        return True

    def run(self, loss_of: Callable[[Generator], Tensor], keep: Callable[[Trainer[Net]], None]) -> None:
        """Trains to the last step.

        loss_of: returns the loss of a batch that it draws with a generator. keep: is called after each checkpoint, and
        writes the weights.
        """
        habits = self._habits
        losses: list[float] = []
        self.net.train()
        while self.step < min(habits.steps, habits.stop or habits.steps):
            self._budget.spent -= hold(habits.pause, self._report)
            losses.append(self._step(loss_of))
            if self.step % min(25, habits.every) == 0:
                mean = float(np.mean(losses))
                append_log(habits.out / f"{self._name}.log.jsonl", step=self.step, loss=mean, cpu=time.process_time())
                self._report(f"{self._name} step {self.step} of {habits.steps}: loss {mean:.4f}")
                losses.clear()
            if self.step % habits.every == 0:
                self._checkpoint(keep)
        self._checkpoint(keep)

    @contextmanager
    def averaged(self) -> Iterator[Net]:
        """The network with the running mean of its weights, for as long as the context lasts."""
        own = {key: value.detach().clone() for key, value in self.net.state_dict().items()}
        self.net.load_state_dict(self._mean)
        self.net.eval()
        try:
            yield self.net
        finally:
            self.net.load_state_dict(own)
            self.net.train()

    @property
    def facts(self) -> dict[str, object]:
        """What the weights file says of the training."""
        return {"steps": self.step, "minutes": round(self._budget.seconds / 60, 1), "batch": self._habits.batch}

    def _step(self, loss_of: Callable[[Generator], Tensor]) -> float:
        habits, budget = self._habits, self._budget
        rng = np.random.default_rng((habits.seed, budget.step))
        torch.manual_seed(habits.seed * 1_000_003 + budget.step)
        loss = loss_of(rng)
        for group in self._optimiser.param_groups:
            group["lr"] = budget.rate(self._rate, 100, _RATE_POWER)
        self._optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        budget.step += 1
        if not torch.isfinite(norm):
            self._skip()
            return loss.item()
        self._skipped = 0
        self._optimiser.step()
        kept = min(_KEPT, budget.step / (budget.step + 10))
        with torch.no_grad():
            for key, value in self.net.state_dict().items():
                self._mean[key].lerp_(value, 1 - kept)
        return loss.item()

    def _skip(self) -> None:
        """Leaves the weights alone after a gradient that is not finite; raises FloatingPointError after MOST_SKIPS
        in a row."""
        self._skipped += 1
        self._report(f"{self._name} step {self.step}: the gradient is not finite, and is left out")
        if self._skipped >= MOST_SKIPS:
            raise FloatingPointError(f"{self._name}: {MOST_SKIPS} gradients in a row are not finite")

    def _checkpoint(self, keep: Callable[[Trainer[Net]], None]) -> None:
        states = {"net": self.net.state_dict(), "optimiser": self._optimiser.state_dict(), "mean": self._mean}
        save_checkpoint(self._habits.out / f"{self._name}.checkpoint", self._budget, **states)
        keep(self)
