"""Guidance by the score that is learnt into the weights: what it adds to the target, and where."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from demon_patch.engine.families.nano2.spec import SCORE, SCORE_WEIGHT
from tools.train_nano2.denoiser.__main__ import main
from tools.train_nano2.denoiser.batches import Batch, velocity_loss
from tools.train_nano2.denoiser.guidance import Guidance


def teacher(x: Tensor, t: Tensor, tokens: Tensor, context: Tensor) -> Tensor:
    """A velocity that is 2 with a whole score and 0 without one, and says how much of the score counts."""
    return 2 * context[..., SCORE_WEIGHT] * context[..., SCORE].amax(-1, keepdim=True) + 0 * x


def batch(weights: list[float]) -> Batch:
    """Rows of 8 frames whose scores count so much."""
    rows = len(weights)
    weight = torch.tensor(weights)[:, None, None].expand(rows, 8, 1)
    context = torch.zeros(rows, 8, SCORE_WEIGHT.stop)
    context[..., SCORE] = weight
    context[..., SCORE_WEIGHT] = weight
    latent = torch.from_numpy(np.random.default_rng(0).standard_normal((rows, 8, 64)).astype(np.float32))
    nothing = torch.zeros(rows, 8, 1)
    return Batch(latent, latent, torch.zeros(rows, 14, dtype=torch.int64), context, nothing, torch.zeros(rows) > 0)


def test_the_target_goes_beyond_the_true_velocity_where_the_score_counts_in_full() -> None:
    rows, t = batch([1.0, 0.0, 0.5, 1.0]), torch.tensor([0.2, 0.4, 0.6, 0.9])
    noise = torch.randn_like(rows.latent)
    true = noise - rows.latent
    wanted = true.clone()
    wanted[[0, 3]] += 0.5 * 2  # half of what the score changes
    assert velocity_loss(lambda *_: wanted, rows, t, noise, Guidance(teacher, 1.5)) < 1e-9
    assert velocity_loss(lambda *_: true, rows, t, noise, Guidance(teacher, 1.5)) == pytest.approx(0.5)
    assert velocity_loss(lambda *_: true, rows, t, noise, Guidance(teacher, 1.0)) < 1e-9


def test_the_teacher_is_shown_what_the_network_is_shown_but_for_the_score() -> None:
    seen: list[tuple[Tensor, ...]] = []

    def watched(*inputs: Tensor) -> Tensor:
        seen.append(inputs)
        return teacher(*inputs)

    rows, t, x = batch([1.0, 0.5]), torch.tensor([0.3, 0.7]), torch.randn(2, 8, 64)
    rows.context[..., : SCORE.start] = 0.25
    Guidance(watched, 2.0)(x, t, rows)
    with_score, without = seen
    assert all(torch.equal(a, b) for a, b in zip(with_score, (x, t, rows.tokens, rows.context), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(without[:3], (x, t, rows.tokens), strict=True))
    assert torch.equal(without[3][..., : SCORE.start], rows.context[..., : SCORE.start])
    assert not without[3][..., SCORE.start :].any()


def test_guidance_without_weights_to_learn_it_from_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(("--clips", ".", "--codec", "c", "--out", "o", "--guidance", "1.5"))
    assert "--guidance needs the weights whose guidance is learnt" in capsys.readouterr().err
