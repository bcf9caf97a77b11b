"""Batches that the denoiser learns from, and the loss.

x_t = t * noise + (1 - t) * x0, target v = (x_t - x0) / t, which is noise - x0 (rectified flow). In some rows x_t is
made from another render of the same score instead, as when a clip is covered with a strength below 1; the target leads
to the wanted render all the same. Hints come from any render of the score, so that they say what is played and not how
it sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from demon_patch.engine.families.nano.magnitudes import LATENT
from demon_patch.engine.families.nano.sound_tags import TOKENS
from tools.train_nano2.denoiser.corpus import Song

SHIFT = 2.0
_KNOWN_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Chances:
    """How often a row differs from the plain one: all hints of the wanted render, the exact score, all tags.

    twin: structure hints come from another render. starts: x_t is made from another render.
    heard: the score is what the transcriber heard of a render, not the exact one.
    no_hints, no_score: those are left out. weighed: their weight is between 0 and 1.
    known: a span of the latent is known.
    no_tags: none is said. few_tags: most are left out. no_tag: each one alone is left out.
    """

    twin: float = 0.5
    starts: float = 0.0
    heard: float = 0.3
    no_hints: float = 0.25
    no_score: float = 0.2
    weighed: float = 0.1
    known: float = 0.2
    no_tags: float = 0.08
    few_tags: float = 0.35
    no_tag: float = 0.1


class Batch(NamedTuple):
    """Rows: latent [B, T, 64], the latent that x_t is made from [B, T, 64], tag tokens [B, 14], context [B, T, 248],
    and 1 in frames that are known [B, T, 1]. starts: bool [B], whether the second differs from the first."""

    latent: Tensor
    base: Tensor
    tokens: Tensor
    context: Tensor
    known: Tensor
    starts: Tensor


def draw_batch(songs: Sequence[Song], rng: Generator, size: int, frames: int, chances: Chances) -> Batch:
    """Returns `size` random stretches of `frames` latent frames, cyclic over the loop's end; renders of all songs are
    equally likely."""
    shares = np.cumsum([len(song.latents) for song in songs])
    picked = np.searchsorted(shares, rng.integers(shares[-1], size=size), side="right")
    rows = [_row(songs[at], rng, frames, chances) for at in picked]
    parts = [torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True)]
    return Batch(*parts)


def _row(song: Song, rng: Generator, frames: int, chances: Chances) -> tuple[np.ndarray, ...]:
    chance = rng.random(6)
    renders = len(song.latents)
    own = int(rng.integers(renders))
    other = int((own + rng.integers(1, renders)) % renders) if renders > 1 else own
    at = (np.arange(frames) + int(rng.integers(song.frames))) % song.frames
    starts = bool(chance[0] < chances.starts and other != own)
    hinting = other if starts or chance[1] < chances.twin else own
    hints = song.hints[hinting, at].astype(np.float32)
    heard = song.heard is not None and chance[2] < chances.heard
    score = (song.heard[hinting, at] if song.heard is not None and heard else song.score[at]).astype(np.float32)
    latent = song.latents[own, at].astype(np.float32)
    base = song.latents[other, at].astype(np.float32) if starts else latent
    known = _known(rng, frames)[:, None] if not starts and chance[3] < chances.known else np.zeros((frames, 1))
    known = known.astype(np.float32)
    weights = [_weight(rng, absent, chances.weighed) for absent in (chances.no_hints, chances.no_score)]
    columns = [np.full((frames, 1), weight, np.float32) for weight in weights]
    context = np.concatenate(
        [latent * known, known, hints * columns[0], columns[0], score * columns[1], columns[1]], 1, dtype=np.float32
    )
    tokens = song.tokens[own].copy()
    dropped = rng.uniform(0.2, 1.0) if chance[4] < chances.few_tags else chances.no_tag
    tokens[rng.random(TOKENS) < (1.0 if chance[5] < chances.no_tags else dropped)] = 0
    return latent, base, tokens, context, known, np.array(starts)


def _weight(rng: Generator, absent: float, weighed: float) -> float:
    chance = rng.random()
    return 0.0 if chance < absent else float(rng.random()) if chance < absent + weighed else 1.0


def _known(rng: Generator, frames: int) -> np.ndarray:
    """A span that is known, or all but a span: at the start, at the end or in the middle."""
    length, place = int(rng.integers(1, frames * 3 // 4)), int(rng.integers(frames))
    inside = (np.arange(frames) - place) % frames < length
    return inside if rng.random() < 0.5 else np.roll(inside, -place)


def draw_times(rng: Generator, starts: Tensor) -> Tensor:
    """Random timesteps [B]: half uniform, half logit-normal, all after the shift; .3 to .97 for rows that start from
    another render."""
    size = len(starts)
    normal = 1 / (1 + np.exp(-rng.standard_normal(size)))
    even = np.where(rng.random(size) < 0.5, rng.random(size), normal)
    warped = (SHIFT * even / (1 + (SHIFT - 1) * even)).clip(1e-3, 1)
    return torch.from_numpy(np.where(starts.numpy(), rng.uniform(0.3, 0.97, size), warped).astype(np.float32))


def velocity_loss(
    net: Callable[..., Tensor],
    batch: Batch,
    t: Tensor,
    noise: Tensor,
    beyond: Callable[[Tensor, Tensor, Batch], Tensor] | None = None,
) -> Tensor:
    """The mean squared error of the predicted velocity at timesteps t [B]. Known frames count a fifth.

    beyond: what is added to the target, as `guidance.Guidance`.
    """
    at = t[:, None, None]
    x = at * noise + (1 - at) * batch.base
    target = torch.where(batch.starts[:, None, None], (x - batch.latent) / at, noise - batch.latent)
    if beyond is not None:
        target = target + beyond(x, t, batch)
    weight = 1 - (1 - _KNOWN_WEIGHT) * batch.known
    error = (net(x, t, batch.tokens, batch.context) - target).square() * weight
    return error.sum() / (weight.sum() * LATENT)
