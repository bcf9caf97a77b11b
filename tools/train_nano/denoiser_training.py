"""Training of the denoiser: flow matching on latents, with hints taken from any rendering of the same composition.

x_t = t * noise + (1 - t) * x0, target v = noise - x0 (rectified flow). Because the hints of a batch come from another
style as often as not, they carry what is played and not how it sounds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.tags import TOKENS
from demon_patch.engine.families.nano.weights import save
from tools.train_nano.budget import Budget, append_log, descend, load_checkpoint, save_checkpoint
from tools.train_nano.data import RENDERS, Corpus
from tools.train_nano.measure import warp

_DROP_HINTS, _DROP_PROMPT, _DROP_TAG, _KNOWN = 0.2, 0.12, 0.12, 0.3  # chances
_KNOWN_WEIGHT = 0.2
_PEAK_RATE, _AVERAGE = 1.2e-3, 0.998
_LOG_EVERY, _SAVE_EVERY = 25, 100


class Batch(NamedTuple):
    """A batch of crops.

    latent: [B, T, 64].
    tokens: tag tokens [B, 9].
    context: [B, T, 103].
    known: [B, T, 1], 1 in frames whose latent the denoiser is given.
    """

    latent: Tensor
    tokens: Tensor
    context: Tensor
    known: Tensor


def draw_batch(corpus: Corpus, clips: Sequence[int], rng: Generator, size: int, frames: int) -> Batch:
    """Returns a batch of `size` random crops of `frames` latent frames, cyclic over the loop's end. Hints come from any
    rendering of the composition. Hints, prompt and single tags are left out at random, and the first frames are known
    at random."""
    latents, hints, tokens = [], [], []
    for index in rng.choice(clips, size):
        clip = corpus.clips[index]
        twin = corpus.clips[index // RENDERS * RENDERS + int(rng.integers(RENDERS))]
        rows = (np.arange(frames) + int(rng.integers(clip.frames))) % clip.frames
        latents.append(corpus.latents(clip)[rows])
        hints.append(corpus.hints(twin)[rows])
        tokens.append(clip.tokens)
    chance = rng.random((size, 3))
    words = np.array(tokens)
    words[(chance[:, 0] < _DROP_PROMPT)[:, None] | (rng.random((size, TOKENS)) < _DROP_TAG)] = 0
    hinted = torch.from_numpy((chance[:, 1] >= _DROP_HINTS).astype(np.float32))[:, None, None].expand(-1, frames, 1)
    lengths = np.where(chance[:, 2] < _KNOWN, rng.integers(0, frames * 3 // 4, size), 0)
    known = torch.from_numpy((np.arange(frames) < lengths[:, None]).astype(np.float32))[..., None]
    latent = torch.stack(latents)
    context = torch.cat([latent * known, known, torch.stack(hints) * hinted, hinted], -1)
    return Batch(latent, torch.from_numpy(words), context, known)


def draw_times(rng: Generator, size: int) -> Tensor:
    """Returns random timesteps [size]: half uniform, half logit-normal, all after the family's shift."""
    normal = 1 / (1 + np.exp(-rng.standard_normal(size)))
    t = np.where(rng.random(size) < 0.5, rng.random(size), normal).astype(np.float32)
    return warp(torch.from_numpy(t), SPEC.shift).clamp(1e-3, 1)


def velocity_loss(net: Callable[..., Tensor], batch: Batch, t: Tensor, noise: Tensor, known_weight: float) -> Tensor:
    """Returns the mean squared error of the predicted velocity at timesteps t [B]. Known frames count `known_weight`
    times."""
    at = t[:, None, None]
    predicted = net(at * noise + (1 - at) * batch.latent, t, batch.tokens, batch.context)
    weight = 1 - (1 - known_weight) * batch.known
    error = (predicted - (noise - batch.latent)).square() * weight
    return error.sum() / (weight.sum() * batch.latent.shape[-1])


def train_denoiser(
    corpus: Corpus,
    out: Path,
    budget: Budget,
    batch: int = 12,
    frames: int = 256,
    report: Callable[[str], None] = print,
) -> NanoDenoiser:
    """Trains within the budget on batches of `batch` crops of `frames`, from the last checkpoint in `out` on.

    Writes the running average of the parameters to `denoiser.safetensors` there.
    """
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    net = NanoDenoiser()
    average = copy.deepcopy(net)
    optimiser = _optimiser(net)
    state = load_checkpoint(out / "denoiser.checkpoint", budget)
    if state is not None:
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
    held, losses = fixed_batch(corpus, batch, frames), []

    def checkpoint() -> None:
        states = {"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        random = {"rng": rng.bit_generator.state, "torch_rng": torch.get_rng_state()}
        save_checkpoint(out / "denoiser.checkpoint", budget, **states, **random)

    while budget.progress < 1:
        drawn = draw_batch(corpus, corpus.training, rng, batch, frames)
        loss = velocity_loss(net, drawn, draw_times(rng, batch), torch.randn_like(drawn.latent), _KNOWN_WEIGHT)
        losses.append(descend(loss, optimiser, budget.rate(_PEAK_RATE, 100, 0.8)))
        _follow(average, net, min(_AVERAGE, (1 + budget.step) / (20 + budget.step)))
        budget.step += 1
        if budget.step % _LOG_EVERY == 0:
            loss_held = held_loss(average, held)
            row = {"step": budget.step, "loss": float(np.mean(losses)), "held": loss_held}
            append_log(out / "denoiser.log.jsonl", **row)
            report(f"denoiser step {budget.step}, {budget.progress:.0%}: {row['loss']:.4f}, held {loss_held:.4f}")
            losses.clear()
        if budget.step % _SAVE_EVERY == 0:
            checkpoint()
    checkpoint()
    minutes = round(budget.seconds / 60, 1)
    training = {
        "steps": budget.step,
        "minutes": minutes,
        "batch": batch,
        "frames": frames,
        "clips": len(corpus.training),
    }
    save(
        average, out / "denoiser.safetensors", "nano-denoiser", {**training, "held": round(held_loss(average, held), 4)}
    )
    return average.eval()


def _optimiser(net: NanoDenoiser) -> torch.optim.AdamW:
    """Returns the optimiser of the parameters; only matrices have weight decay."""
    plain = {name for name, value in net.named_parameters() if value.ndim < 2 or name.endswith("modulation")}
    groups = [
        {"params": [value for name, value in net.named_parameters() if name not in plain], "weight_decay": 0.01},
        {"params": [value for name, value in net.named_parameters() if name in plain], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, _PEAK_RATE, betas=(0.9, 0.98))


@torch.no_grad()
def _follow(average: NanoDenoiser, net: NanoDenoiser, keep: float) -> None:
    for mean, value in zip(average.parameters(), net.parameters(), strict=True):
        mean.lerp_(value, 1 - keep)


def fixed_batch(corpus: Corpus, size: int, frames: int) -> tuple[Batch, Tensor, Tensor]:
    """Returns the same batch of held-out clips in each call, with its timesteps [B] and its noise."""
    rng = np.random.default_rng(5)
    batch = draw_batch(corpus, corpus.held, rng, size, frames)
    noise = torch.from_numpy(rng.standard_normal(batch.latent.shape).astype(np.float32))
    return batch, torch.linspace(0.1, 1, size), noise


@torch.no_grad()
def held_loss(net: NanoDenoiser, held: tuple[Batch, Tensor, Tensor]) -> float:
    """Returns the loss on the unknown frames of the held-out batch."""
    return velocity_loss(net, *held, known_weight=0.0).item()
