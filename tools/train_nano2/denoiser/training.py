"""Training of the denoiser: flow matching on latents, with hints, scores and tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.weights import load_into, save
from demon_patch.engine.families.nano2.denoiser import denoiser
from tools.train_nano2.denoiser.batches import Batch, Chances, draw_batch, draw_times, velocity_loss
from tools.train_nano2.denoiser.corpus import Song
from tools.train_nano2.denoiser.guidance import Guidance
from tools.train_nano2.denoiser.played import played_loss
from tools.train_nano2.training import Habits, Trainer

NAME = "nano-stereo-denoiser"
FILE = "denoiser.safetensors"

RATE = 1.2e-3
"""The highest learning rate of a training from nothing. One that begins with trained weights takes about a third."""

_HELD = 48


def train(
    songs: Sequence[Song],
    held: Sequence[Song],
    habits: Habits,
    frames: int,
    chances: Chances,
    begin: Path | None = None,
    guidance: float = 1.0,
    rate: float = RATE,
    played: Tensor | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Trains within the habits on stretches of `frames`, from the last checkpoint on or else from the weights `begin`;
    writes `denoiser.safetensors` after every checkpoint, and says the loss on songs that are held out.

    guidance: by the score, of the weights `begin`; what is not 1 is learnt into the new ones.
    rate: the highest learning rate. played: the gain of each channel [64], where what is played is judged
    (`played.played_loss`), not the velocity.
    """
    torch.manual_seed(habits.seed)
    net = denoiser()
    if begin is not None:
        load_into(net, begin).requires_grad_(True).train()
    beyond = None
    if guidance != 1 and begin is not None:
        teacher = load_into(denoiser(), begin)
        taught = habits.wrapped(lambda *inputs: (teacher(*inputs),))
        beyond = Guidance(lambda *inputs: taught(*inputs)[0], guidance)
    trainer = Trainer(net, "denoiser", habits, rate, report)
    trainer.resume()
    called = habits.wrapped(lambda *inputs: (net(*inputs),))
    check = _fixed(held, frames, replace(chances, starts=0.0)) if held else None

    def loss_of(rng: Generator) -> Tensor:
        batch = draw_batch(songs, rng, habits.batch, frames, chances)
        if played is not None:
            return played_loss(lambda *inputs: called(*inputs)[0], batch, rng, played)
        times, noise = draw_times(rng, batch.starts), torch.randn_like(batch.latent)
        return velocity_loss(lambda *inputs: called(*inputs)[0], batch, times, noise, beyond)

    def keep(run: Trainer[NanoDenoiser]) -> None:
        hours = sum(song.latents.shape[0] * song.frames for song in songs) / 25 / 3600
        with run.averaged() as average:
            facts = {**run.facts, "hours": round(hours, 2), "frames": frames, "guidance": guidance}
            if check:
                facts["held"] = round(_loss(average, *check), 4)
                report(f"step {run.step}: held {facts['held']}")
            write(average, habits.out / FILE, facts)

    trainer.run(loss_of, keep)


def _fixed(held: Sequence[Song], frames: int, chances: Chances) -> tuple[Batch, Tensor, Tensor]:
    """A batch of held-out songs with its timesteps and noise, the same in every run."""
    rng = np.random.default_rng(5)
    batch = draw_batch(held, rng, _HELD, frames, chances)
    noise = torch.from_numpy(rng.standard_normal(batch.latent.shape).astype(np.float32))
    return batch, torch.linspace(0.05, 1, _HELD)[torch.from_numpy(rng.permutation(_HELD))], noise


@torch.no_grad()
def _loss(net: NanoDenoiser, batch: Batch, t: Tensor, noise: Tensor) -> float:
    return velocity_loss(net, batch, t, noise).item()


def write(net: NanoDenoiser, path: Path, facts: dict[str, object]) -> None:
    """Writes the weights, whole or not at all."""
    partial = path.with_suffix(".partial")
    save(net, partial, NAME, facts)
    partial.replace(path)
