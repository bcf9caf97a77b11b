"""Fits the few numbers of a judge to examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_STEPS = 200


def fit(numbers: Sequence[Tensor], loss: Callable[[], Tensor]) -> None:
    """Moves tensors that require gradients, in place, to where a smooth loss [] of them is least (L-BFGS)."""
    optimiser = torch.optim.LBFGS(list(numbers), max_iter=_STEPS)

    def graded() -> Tensor:
        optimiser.zero_grad()
        total = loss()
        total.backward()
        return total

    optimiser.step(graded)  # pyright: ignore[reportArgumentType] (a closure may return a tensor)
