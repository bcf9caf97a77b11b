"""The loss of the last training, which judges what is played: where it is least, and how rows begin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from demon_patch.engine.families.nano2.spec import SCORE_WEIGHT
from tools.train_nano2.denoiser.__main__ import main
from tools.train_nano2.denoiser.batches import Batch
from tools.train_nano2.denoiser.played import played_loss

GAIN = torch.linspace(2.0, 0.1, 64)


def batch(starts: tuple[bool, ...] = (False, False, False)) -> Batch:
    """Rows of 16 frames; those that start from another render have -3 in all of it."""
    rng, rows = np.random.default_rng(0), len(starts)
    latent = torch.from_numpy(rng.standard_normal((rows, 16, 64)).astype(np.float32))
    other = torch.where(torch.tensor(starts)[:, None, None], torch.tensor(-3.0), latent)
    context = torch.zeros(rows, 16, SCORE_WEIGHT.stop)
    tokens, known = torch.zeros(rows, 14, dtype=torch.int64), torch.zeros(rows, 16, 1)
    return Batch(latent, other, tokens, context, known, torch.tensor(starts))


def leading_to(wanted: Tensor) -> object:
    """A network whose velocities lead to given latents from wherever they are."""
    return lambda x, t, tokens, context: (x - torch.cat((wanted, wanted))) / t[:, None, None]


def loss(rows: Batch, wanted: Tensor, seed: int = 0) -> float:
    torch.manual_seed(seed)
    return played_loss(leading_to(wanted), rows, np.random.default_rng(seed), GAIN).item()  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_least_where_the_true_latents_are_played(seed: int) -> None:
    rows = batch((False, True, False))
    true = rows.latent
    assert loss(rows, true, seed) < 0.01
    for wrong in (true + 0.3, true.flip(1), true.mean(1, keepdim=True).expand_as(true), rows.base * 0.5):
        assert loss(rows, wrong, seed) > loss(rows, true, seed) + 0.2


def test_a_number_counts_by_how_much_of_the_sound_it_is() -> None:
    rows = batch()
    first, last = rows.latent.clone(), rows.latent.clone()
    first[..., 0] += 1.0
    last[..., -1] += 1.0
    assert loss(rows, first) > 3 * loss(rows, last)


def test_too_little_change_and_spread_cost_more_than_too_much_of_them() -> None:
    rows = batch()
    smooth, rough = rows.latent * 0.5, rows.latent * 1.5  # as far away as each other
    assert loss(rows, smooth) > loss(rows, rough) + 0.3


def test_a_row_that_starts_from_another_render_begins_between_it_and_noise() -> None:
    rows, seen = batch((True, False)), list[tuple[Tensor, Tensor]]()

    def watched(x: Tensor, t: Tensor, tokens: Tensor, context: Tensor) -> Tensor:
        seen.append((x, t))
        return 0 * x

    torch.manual_seed(1)
    played_loss(watched, rows, np.random.default_rng(1), GAIN)
    x, t = seen[0]
    assert ((t[[0, 2]] >= 0.3) & (t[[0, 2]] < 1)).all()
    assert (t[[1, 3]] == 1).all()
    assert x[[0, 2]].mean(dim=(1, 2)).numpy() == pytest.approx(-3.0 * (1 - t[[0, 2]]).numpy(), abs=0.15)
    assert x[[1, 3]].mean(dim=(1, 2)).numpy() == pytest.approx([0.0, 0.0], abs=0.15)
    assert not torch.equal(x[1], x[3]), "each row is drawn from two noises"


def test_it_needs_weights_to_begin_with(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(("--clips", ".", "--codec", "c", "--out", "o", "--played"))
    assert "--played needs" in capsys.readouterr().err
