"""Puts together what the denoiser reads beside the noisy latent."""

from __future__ import annotations

import torch
from torch import Tensor

from demon_patch.engine.families.nano2.spec import (
    HINTS,
    HINTS_WEIGHT,
    KNOWN,
    KNOWN_MASK,
    SCORE,
    SCORE_WEIGHT,
    SPEC,
)


def context_of(hints: Tensor, structure: float, score: Tensor | None, follows: Tensor | float = 0.0) -> Tensor:
    """Returns the context [T, 248] in which no latent is known.

    hints: [T, 37]. structure: their weight, 0 to 1. score: [T, 144], None for none. follows: the weight of the score,
    0 to 1, one number or [T, 1] for one a frame. Hints and score are given to the model times their weights, and it is
    told the weights.
    """
    context = torch.zeros(len(hints), SPEC.context_channels)
    context[:, HINTS] = hints * structure
    context[:, HINTS_WEIGHT] = structure
    if score is not None:
        context[:, SCORE] = score * follows
        context[:, SCORE_WEIGHT] = follows
    return context


def with_known(context: Tensor, latent: Tensor, mask: Tensor) -> Tensor:
    """Returns a context [T, 248] that shows the frames of a latent [T, 64] which a mask [T] keeps: those where it is
    0."""
    kept = (mask <= 0).to(context.dtype)[:, None]
    shown = context.clone()
    shown[:, KNOWN] = latent * kept
    shown[:, KNOWN_MASK] = kept
    return shown
