from __future__ import annotations

import numpy as np
import pytest
import torch

from demon_patch.engine.step.guidance import guided, with_momentum
from demon_patch.engine.step.reference import apg

rng = np.random.default_rng(3)
V, NEGATIVE, KEPT = (torch.from_numpy(rng.standard_normal((2, 19, 5))) for _ in range(3))


def number(value: float) -> torch.Tensor:
    return torch.full((1, 1, 1), value, dtype=torch.float64)


@pytest.mark.parametrize("axis", ["time", "frame"])
@pytest.mark.parametrize(("clip", "rescale", "share"), [(2.5, 0.0, -0.75), (0.3, 0.6, 0.5), (9.0, 1.0, 0.0)])
def test_guidance_is_that_of_unit_vectors(axis: str, clip: float, rescale: float, share: float) -> None:
    scale = torch.from_numpy(rng.uniform(0, 5, (1, 19, 1)))
    settings = {"guidance": scale[0].numpy(), "guidance_clip": clip, "guidance_momentum": share}
    settings["guidance_rescale"] = rescale
    direction = with_momentum(V, NEGATIVE, KEPT, number(share), out=KEPT.clone())
    got = guided(V, direction, scale, number(clip), number(rescale) if rescale else None, axis)
    for row in range(2):
        expected, kept = apg(
            V[row], NEGATIVE[row], KEPT[row], lambda name: np.array(settings[name]), 1 if axis == "frame" else 0
        )  # fmt: skip
        torch.testing.assert_close(direction[row], kept, rtol=0, atol=1e-13)
        torch.testing.assert_close(got[row], expected, rtol=0, atol=1e-12)


def test_scale_1_changes_nothing_and_silence_stays_finite() -> None:
    assert torch.equal(guided(V, NEGATIVE, number(1), number(2.5), number(0)), V)
    silent = torch.zeros_like(V)
    for v, direction in ((silent, silent), (silent, NEGATIVE), (V, silent)):
        assert torch.isfinite(guided(v, direction, number(4), number(2.5), number(1))).all()


def test_what_guidance_adds_is_across_the_velocity_and_no_longer_than_the_clip() -> None:
    added = guided(V, V - NEGATIVE, number(2), number(0.5), None) - V
    assert (added * V).sum(1).abs().max() < 1e-12
    assert added.norm(dim=1).max() <= 0.5 + 1e-12
