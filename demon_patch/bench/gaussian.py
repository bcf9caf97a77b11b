"""A family without weights whose denoiser is exact: the optimal one for Gaussian data.

For data N(mean, WIDTH^2) with a mean made of context and prompt, E[noise - x0 | x_t] is a short formula, so a ring on
it runs in microseconds and answers every control as a trained model does. For measurements in forwards, not in sound.
Its one layer mixes the mean's channels; it is the identity, to the bit, until a LoRA changes it.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from demon_patch.engine.contracts import PLAIN, Conditioning, Family, FamilySpec, Source
from demon_patch.errors import SourceError

WIDTH = 0.5
CHANNELS = 4

SPEC = FamilySpec(
    name="gaussian",
    title="Gaussian",
    sample_rate=400,
    channels=1,
    latent_channels=CHANNELS,
    context_channels=CHANNELS,
    frame_rate=25,
    quantum=1,
    min_frames=8,
    max_frames=1500,
    exact_margin=0,
    playing_margin=0,
    defaults={**PLAIN, "steps": 8, "shift": 2.0},
    tick_frames={depth: depth + 1 for depth in range(1, 9)},
    strength_taper=tuple(k / 10 for k in range(11)),
    timbre=True,
)


class GaussianDenoiser(nn.Module):
    """v = (t - (1-t) w^2) / ((1-t)^2 w^2 + t^2) * (x - (1-t) m) - m, with w the width and m the data's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = nn.Linear(CHANNELS, CHANNELS, bias=False).requires_grad_(False)
        nn.init.eye_(self.colour.weight)

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """A prompt's scale and shift of the context, [2, C], as they are."""
        return (tokens,)

    def embed_time(self, t: Tensor) -> Tensor:
        """The times themselves, [N, 1]."""
        return t[:, None]

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        """The exact velocity [R, T, C]."""
        t = time[:, :, None]
        mean = self.colour(context * condition[0][:, :1] + condition[0][:, 1:])
        spread = (1 - t) ** 2 * WIDTH**2 + t**2
        return (t - (1 - t) * WIDTH**2) / spread * (x - (1 - t) * mean) - mean


class GaussianCodec:
    """Latents are sound: sixteen samples a frame repeat its four numbers."""

    def encode(self, audio: np.ndarray) -> Tensor:
        """[samples, 1] -> [T, C]."""
        return torch.from_numpy(audio[:, 0].reshape(-1, SPEC.samples_per_frame)[:, :CHANNELS].copy())

    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """[n, C] -> [n * 16, 1]."""
        return latent.repeat(1, SPEC.samples_per_frame // CHANNELS).reshape(-1, 1)


def tinted(prompt: Conditioning, clip: Source) -> Conditioning:
    """Scale and shift [2, C] with a clip's mean change from frame to frame added to the shift."""
    speed = clip.latent.diff(dim=0).abs().mean(0)
    return replace(prompt, tokens=prompt.tokens + torch.stack((torch.zeros_like(speed), speed)))


class GaussianConditioner:
    """Words and seeds are hashed to numbers."""

    def prompt(self, text: str) -> Conditioning:
        """Scale and shift of the mean; the empty text is no prompt: zero."""
        tokens = np.random.default_rng(zlib.crc32(text.encode())).uniform(-1, 1, (2, CHANNELS)).astype(np.float32)
        return Conditioning(torch.from_numpy(tokens) * bool(text), text)

    def compose(self, prompt: str, seconds: float, seed: int) -> Source:
        """Slow sines, the same for the same words and seed."""
        frames = SPEC.frames(seconds)
        rng = np.random.default_rng((zlib.crc32(prompt.encode()), seed))
        turns = np.arange(frames)[:, None] / frames * rng.integers(1, 5, CHANNELS) + rng.uniform(0, 1, CHANNELS)
        latent = torch.from_numpy((0.5 * np.sin(2 * np.pi * turns)).astype(np.float32))
        audio = GaussianCodec().decode(latent, torch.arange(frames)).numpy()
        return Source(latent, latent.abs(), audio, prompt, bpm=120.0)

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Refused: this family has no ears."""
        raise SourceError("the measuring family reads no files", file=path, mend="use the nano family")

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """The prompt, its mean moved by how fast each of the clip's channels moves."""
        return tinted(prompt, clip)

    def context(self, source: Source, structure: float) -> Tensor:
        """The hints, weighed."""
        return source.hints * structure


def gaussian() -> Family:
    """The family."""
    return Family(SPEC, GaussianDenoiser(), GaussianCodec(), GaussianConditioner())
