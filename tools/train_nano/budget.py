"""How long a training may run, how far it has come, and the files it goes on from."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch


@dataclass
class Budget:
    """How long to train, over all runs together: in minutes, or in steps if a number of steps is given.

    spent: seconds of earlier runs.
    step: the number of steps done.
    """

    minutes: float
    steps: int | None = None
    spent: float = 0.0
    step: int = 0
    _started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds trained so far, over all runs."""
        return self.spent + time.monotonic() - self._started

    @property
    def progress(self) -> float:
        """From 0 at the start to 1 when the budget is used up."""
        done = self.step / self.steps if self.steps else self.seconds / max(self.minutes * 60, 1e-9)
        return min(done, 1.0)

    def rate(self, peak: float, warmup: int, power: float) -> float:
        """Returns the learning rate now: it rises to `peak` over `warmup` steps, then falls with the progress by
        `power`, to 3 % of `peak` at the lowest."""
        return peak * min(1.0, (self.step + 1) / warmup) * max(0.03, 1 - self.progress) ** power


def descend(loss: torch.Tensor, optimiser: torch.optim.Optimizer, rate: float) -> float:
    """Makes one step of an optimiser down a loss, at a learning rate, with a gradient of at most length 1. Returns the
    loss."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([each for group in optimiser.param_groups for each in group["params"]], 1.0)
    optimiser.step()
    return loss.item()


def save_checkpoint(path: Path, budget: Budget, **state: Any) -> None:
    """Writes a checkpoint whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save({"step": budget.step, "spent": budget.seconds, **state}, partial)
    partial.replace(path)


def load_checkpoint(path: Path, budget: Budget) -> dict[str, Any] | None:
    """Returns the state of the last checkpoint, and sets what `budget` has spent; None if there is no checkpoint."""
    if not path.exists():
        return None
    state = torch.load(path, weights_only=True)
    budget.step, budget.spent = state["step"], state["spent"]
    return state


def append_log(path: Path, **row: float) -> None:
    """Adds a line of figures to a training log."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({key: round(value, 5) for key, value in row.items()}) + "\n")
