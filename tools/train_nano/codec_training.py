"""Training of the codec: its encoder is fitted once, its decoder learns to correct the inverse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.stft import (
    BANDS,
    BINS,
    LOG_FLOOR,
    LOG_MEAN,
    LOG_SCALE,
    STEPS_PER_FRAME,
    band_bank,
    log_bands,
    stft,
    to_log,
)
from demon_patch.engine.families.nano.weights import save
from tools.train_nano.budget import Budget, append_log, descend, load_checkpoint, save_checkpoint
from tools.train_nano.data import Corpus

_CROP = 32  # frames
_FIT_FRAMES = 250
_LATENT_NOISE = 0.1
_PEAK_RATE = 1.5e-3
_LOG_EVERY, _SAVE_EVERY = 25, 100


def bin_weights(bins: int = BINS) -> Tensor:
    """Returns weights [bins] with a mean of 1, which fall with frequency as the bands become wider."""
    weights = 1.0 / (1.0 + torch.arange(bins) / 24.0) + 0.08
    return weights / weights.mean()


def decoder_loss(coded: Tensor, magnitude: Tensor, weights: Tensor) -> Tensor:
    """Returns the loss of coded magnitudes [B, n, BINS] against true ones: the error of their logarithms, of compressed
    levels, and of the change over time, weighted by bin.

    coded: on the log scale (`stft.to_log`). magnitude: linear. weights: [BINS].
    """
    target = to_log(magnitude)
    log_error = ((coded - target).abs() * weights).mean()
    level = (coded.clamp(max=4) * LOG_SCALE + LOG_MEAN).exp()
    level_error = ((level**0.4 - (magnitude + LOG_FLOOR) ** 0.4).abs() * weights).mean()
    change_error = ((coded.diff(dim=1) - target.diff(dim=1)).abs() * weights).mean()
    return log_error + 4 * level_error + 0.3 * change_error


def fit_encoder(codec: NanoCodec, corpus: Corpus, rng: np.random.Generator, crops: int = 120) -> None:
    """Fits the principal components to log bands of random crops."""
    patches = []
    for _ in range(crops):
        bands = log_bands(corpus.sample_audio(rng, 1, _FIT_FRAMES))[0]
        patches.append(bands.reshape(-1, BANDS * STEPS_PER_FRAME))
    codec.fit(torch.cat(patches))


def train_codec(
    corpus: Corpus, out: Path, budget: Budget, batch: int = 12, report: Callable[[str], None] = print
) -> NanoCodec:
    """Trains within the budget on batches of `batch` crops, from the last checkpoint in `out` on.

    Writes `codec.safetensors` there.
    """
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    codec = NanoCodec()
    optimiser = torch.optim.AdamW(codec.parameters(), _PEAK_RATE, betas=(0.9, 0.95), weight_decay=1e-3)
    state = load_checkpoint(out / "codec.checkpoint", budget)
    if state is None:
        fit_encoder(codec, corpus, rng)
    else:
        codec.load_state_dict(state["codec"])
        optimiser.load_state_dict(state["optimiser"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
    weights, losses = bin_weights(), []

    def checkpoint() -> None:
        states = {"codec": codec.state_dict(), "optimiser": optimiser.state_dict()}
        random = {"rng": rng.bit_generator.state, "torch_rng": torch.get_rng_state()}
        save_checkpoint(out / "codec.checkpoint", budget, **states, **random)

    while budget.progress < 1:
        losses.append(_step(codec, optimiser, corpus, rng, budget, weights, batch))
        budget.step += 1
        if budget.step % _LOG_EVERY == 0:
            append_log(out / "codec.log.jsonl", step=budget.step, loss=float(np.mean(losses)))
            report(f"codec step {budget.step}, {budget.progress:.0%}: loss {np.mean(losses):.4f}")
            losses.clear()
        if budget.step % _SAVE_EVERY == 0:
            checkpoint()
    checkpoint()
    training = {"steps": budget.step, "minutes": round(budget.seconds / 60, 1), "clips": len(corpus.training)}
    save(codec, out / "codec.safetensors", "nano-codec", training)
    return codec.eval()


def _step(
    codec: NanoCodec,
    optimiser: torch.optim.Optimizer,
    corpus: Corpus,
    rng: np.random.Generator,
    budget: Budget,
    weights: Tensor,
    batch: int,
) -> float:
    magnitude = stft(corpus.sample_audio(rng, batch, _CROP)).abs()
    latent = codec.latents(to_log(magnitude @ band_bank()))
    latent = latent + torch.randn_like(latent) * (torch.rand(batch, 1, 1) * _LATENT_NOISE)
    loss = decoder_loss(codec.log_magnitude(latent), magnitude, weights)
    return descend(loss, optimiser, budget.rate(_PEAK_RATE, 50, 0.7))
