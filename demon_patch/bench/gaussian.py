"""A model family without weights whose denoiser is exact: the optimal denoiser for Gaussian data.

For data N(mean, WIDTH^2), whose mean is computed from context and prompt, E[noise - x0 | x_t] is a short formula. A
ring on it therefore runs in microseconds and responds to every control like a trained model. It serves to count
forwards, not to be heard. Its one layer mixes the channels of the mean; until a LoRA changes it, it is exactly the
identity. So is its one block, until it is steered.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from demon_patch.engine.contracts import PLAIN, WIDE, Conditioning, Family, FamilySpec, Source
from demon_patch.engine.networks import FRAMES, ROWS, Axis, Network, Part
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
    """The denoiser, whose velocity is v = (t - (1-t) w^2) / ((1-t)^2 w^2 + t^2) * (x - (1-t) m) - m, with w the width
    and m the mean of the data."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = nn.Linear(CHANNELS, CHANNELS, bias=False).requires_grad_(False)
        nn.init.eye_(self.colour.weight)
        self.hidden, self.blocks = CHANNELS, nn.ModuleList([nn.Identity()])

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Returns the tokens of a prompt, the context's scale and shift [2, C], unchanged, as a tuple of one."""
        return (tokens,)

    def embed_time(self, t: Tensor) -> Tensor:
        """Returns the timesteps [N] as [N, 1]."""
        return t[:, None]

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        """Returns the exact velocity [R, T, C]."""
        t = time[:, :, None]
        mean = self.blocks[0](self.colour(context * condition[0][:, :1] + condition[0][:, 1:]))
        spread = (1 - t) ** 2 * WIDTH**2 + t**2
        return (t - (1 - t) * WIDTH**2) / spread * (x - (1 - t) * mean) - mean

    def networks(self) -> tuple[Network]:
        """Returns the network of `velocity` (`engine.networks.Exports`)."""
        each = Part("x", (ROWS, FRAMES, CHANNELS))
        inputs = (each, Part("time", (ROWS, 1)), replace(each, name="context"), Part("prompt", (ROWS, 2, CHANNELS)))
        axes = {ROWS: Axis(1, 1, 64), FRAMES: Axis(1, 8, SPEC.max_frames)}
        velocity, steered = replace(each, name="v"), (len(self.blocks), self.hidden)
        return (Network(SPEC.name, "denoiser", self, self._traced, inputs, velocity, axes, True, steered),)

    def _traced(self, x: Tensor, time: Tensor, context: Tensor, prompt: Tensor) -> Tensor:
        return self.velocity(x, time, context, (prompt,))


class GaussianCodec:
    """A codec without loss: the sixteen samples of a latent frame repeat its four numbers."""

    def encode(self, audio: np.ndarray) -> Tensor:
        """Returns the latent [T, C] of sound [samples, 1]."""
        return torch.from_numpy(audio[:, 0].reshape(-1, SPEC.samples_per_frame)[:, :CHANNELS].copy())

    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """Returns the sound [n * 16, 1] of a latent [n, C]."""
        return latent.repeat(1, SPEC.samples_per_frame // CHANNELS).reshape(-1, 1)


def tinted(prompt: Conditioning, clip: Source) -> Conditioning:
    """Returns the prompt with a clip's mean absolute change from latent frame to latent frame, per channel, added to
    its shift."""
    speed = clip.latent.diff(dim=0).abs().mean(0)
    return replace(prompt, tokens=prompt.tokens + torch.stack((torch.zeros_like(speed), speed)))


class GaussianConditioner:
    """A conditioner that hashes words and seeds to numbers."""

    def prompt(self, text: str) -> Conditioning:
        """Returns a prompt: scale and shift [2, C] of the mean, -1 to 1, hashed from the text; zeros for the empty
        text."""
        tokens = np.random.default_rng(zlib.crc32(text.encode())).uniform(-1, 1, (2, CHANNELS)).astype(np.float32)
        return Conditioning(torch.from_numpy(tokens) * bool(text), text)

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = WIDE) -> Source:
        """Returns a source of slow sines, the same for the same words and seed."""
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
        """Raises SourceError: this family reads no sound files."""
        raise SourceError("the measuring family reads no files", file=path, mend="use the nano family")

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Returns the prompt with the clip's speed of change in each channel added to its shift (`tinted`)."""
        return tinted(prompt, clip)

    def context(self, source: Source, structure: float) -> Tensor:
        """Returns the source's hints [T, C] times `structure`."""
        return source.hints * structure


def gaussian() -> Family:
    """Returns the family of this module, whose denoiser is exact."""
    return Family(SPEC, GaussianDenoiser(), GaussianCodec(), GaussianConditioner())
