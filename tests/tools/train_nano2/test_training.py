"""What all trainings share: a gradient that is not finite spoils nothing, and many of them end the run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from numpy.random import Generator
from torch import Tensor, nn

from tools.train_nano2.training import MOST_SKIPS, Habits, Trainer


def trained(out: Path, wrong: set[int], steps: int = 8) -> tuple[Trainer[nn.Linear], list[str]]:
    """A line that was fitted, with losses that are not finite at some steps, and what was reported."""
    torch.manual_seed(0)
    said: list[str] = []
    trainer = Trainer(nn.Linear(2, 1), "line", Habits(out, steps, 4, every=4), 0.01, said.append)

    def loss_of(rng: Generator) -> Tensor:
        x = torch.from_numpy(rng.standard_normal((4, 2)).astype("float32"))
        loss = (trainer.net(x) - x.sum(1, keepdim=True)).square().mean()
        return loss * torch.inf if trainer.step in wrong else loss

    trainer.run(loss_of, lambda run: None)
    return trainer, said


def test_a_gradient_that_is_not_finite_is_left_out(tmp_path: Path) -> None:
    trainer, said = trained(tmp_path / "wrong", {2, 5})
    assert trainer.step == 8
    assert [line for line in said if "not finite" in line] == [
        f"line step {step}: the gradient is not finite, and is left out" for step in (3, 6)
    ]
    with trainer.averaged() as net:
        assert all(torch.isfinite(value).all() for value in net.state_dict().values())
    right, _ = trained(tmp_path / "right", set())
    assert not torch.equal(trainer.net.weight, right.net.weight)


def test_many_in_a_row_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=f"line: {MOST_SKIPS} gradients in a row"):
        trained(tmp_path, set(range(2, 100)), 60)
