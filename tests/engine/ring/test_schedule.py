from __future__ import annotations

import numpy as np
import pytest
import torch

from demon_patch.engine.ring.schedule import timesteps, warp
from demon_patch.errors import DemonError


@pytest.mark.parametrize("strength", [0.0, 1e-7, 0.3, 0.725, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 8, 16])
@pytest.mark.parametrize("shift", [1.0, 2.0, 6.0])
def test_timesteps_are_the_warped_line(strength: float, steps: int, shift: float) -> None:
    line = strength * (1 - np.arange(steps + 1) / steps)
    t = timesteps(strength, steps, shift)
    assert t.dtype == torch.float64
    np.testing.assert_allclose(t.numpy(), shift * line / (1 + (shift - 1) * line), rtol=0, atol=1e-15)
    assert t[-1] == 0
    assert strength == 0 or bool((t[1:] < t[:-1]).all())


def test_the_trained_timesteps_at_full_strength() -> None:
    published = [1, 0.9545, 0.9, 0.8333, 0.75, 0.6429, 0.5, 0.3, 0]
    np.testing.assert_allclose(timesteps(1, 8, 3).numpy(), published, atol=5e-5)


def test_every_strength_differs_from_the_next() -> None:
    starts = torch.stack([timesteps(k / 1000, 8, 3.0)[0] for k in range(1001)])
    assert bool((starts[1:] > starts[:-1]).all())
    assert (starts[1:] - starts[:-1]).max() < 4e-3


def test_warp_keeps_the_ends_and_a_shift_of_one() -> None:
    t = torch.linspace(0, 1, 9, dtype=torch.float64)
    assert torch.equal(warp(t, 1.0), t)
    assert warp(0.0, 4.0) == 0
    assert warp(1.0, 4.0) == 1


@pytest.mark.parametrize(
    ("strength", "steps", "shift", "port"),
    [
        (float("nan"), 8, 2.0, "strength"),
        (1.01, 8, 2.0, "strength"),
        (-0.1, 8, 2.0, "strength"),
        (0.5, 0, 2.0, "steps"),
        (0.5, 101, 2.0, "steps"),
        (0.5, 7.5, 2.0, "steps"),
        (0.5, 8, 0.9, "shift"),
        (0.5, 8, float("inf"), "shift"),
        (True, 8, 2.0, "strength"),
        ("0.5", 8, 2.0, "strength"),
    ],
)
def test_settings_out_of_range_are_named(strength: float, steps: int, shift: float, port: str) -> None:
    with pytest.raises(DemonError, match=f"port {port}.*from") as caught:
        timesteps(strength, steps, shift)
    assert caught.value.mend
