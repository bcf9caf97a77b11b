"""The codec: it turns 40 ms of sound (1280 samples) into 64 numbers and back.

Only magnitudes are coded. The encoder is a principal component analysis of log-band patches; it sees its own latent
frame and one Fourier window, no more. The decoder is the inverse of the encoder plus a learned correction, and
`phase.sound` finds the phase. Shapes: B batch, n latent frames.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.engine.families.nano.phase import sound
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.stft import (
    BANDS,
    BINS,
    STEPS_PER_FRAME,
    band_power,
    band_to_bin,
    from_log,
    log_bands,
)

LATENT = SPEC.latent_channels
_PATCH = BANDS * STEPS_PER_FRAME


class ConvBlock(nn.Module):
    """A ConvNeXt block over time: depthwise convolution, norm, two linear layers, residual; starts as identity."""

    def __init__(self, width: int, kernel: int, expansion: int = 2) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, width * expansion)
        self.contract = nn.Linear(width * expansion, width)
        nn.init.zeros_(self.contract.weight)
        nn.init.zeros_(self.contract.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the block's output [B, time, width] for x [B, time, width]."""
        y = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + self.contract(functional.gelu(self.expand(self.norm(y)), approximate="tanh"))


class NanoCodec(nn.Module):
    """The codec of nano, sound to latents and back (the `Codec` of `engine.contracts`).

    width, blocks: channels and convolution blocks of the network that runs once a latent frame.
    fine_width, fine_blocks: channels and convolution blocks of the network that runs once a step of the transform.
    """

    def __init__(self, width: int = 256, fine_width: int = 160, blocks: int = 4, fine_blocks: int = 3) -> None:
        super().__init__()
        self.pca_mean: Tensor
        self.pca_encode: Tensor
        self.pca_decode: Tensor
        self.register_buffer("pca_mean", torch.zeros(_PATCH))
        self.register_buffer("pca_encode", torch.zeros(_PATCH, LATENT))
        self.register_buffer("pca_decode", torch.zeros(LATENT, _PATCH))
        self.latent_in = nn.Linear(LATENT, width)
        self.blocks = nn.ModuleList(ConvBlock(width, 5) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.upsample = nn.Linear(width, fine_width * STEPS_PER_FRAME)
        self.bands_in = nn.Linear(BANDS, fine_width)
        self.fine_blocks = nn.ModuleList(ConvBlock(fine_width, 7) for _ in range(fine_blocks))
        self.fine_norm = nn.LayerNorm(fine_width)
        self.bins_out = nn.Linear(fine_width, BINS)
        nn.init.zeros_(self.bins_out.weight)
        nn.init.zeros_(self.bins_out.bias)

    def fit(self, patches: Tensor, whiten: float = 0.5) -> None:
        """Fits the principal components to `patches` [N, BANDS * STEPS_PER_FRAME], the coded bands of one latent frame
        a row.

        Each component is divided by its standard deviation to the power `whiten`, so that the order and some of the
        scale stay. All components together are scaled to an rms of 1.
        """
        mean = patches.mean(0)
        _, singular, directions = torch.linalg.svd(patches - mean, full_matrices=False)
        deviation = singular[:LATENT] / len(patches) ** 0.5
        gain = deviation**whiten
        gain = gain * ((deviation / gain) ** 2).mean().sqrt()
        self.pca_mean.copy_(mean)
        self.pca_encode.copy_(directions[:LATENT].T / gain)
        self.pca_decode.copy_(directions[:LATENT] * gain[:, None])

    def latents(self, bands: Tensor) -> Tensor:
        """Returns the latents [B, n, 64] of coded log bands [B, n * STEPS_PER_FRAME, BANDS]."""
        batch, steps, _ = bands.shape
        return (bands.reshape(batch, steps // STEPS_PER_FRAME, _PATCH) - self.pca_mean) @ self.pca_encode

    def log_magnitude(self, latent: Tensor) -> Tensor:
        """Returns the magnitudes [B, n * STEPS_PER_FRAME, BINS] of latents [B, n, 64], on the coded log scale
        (`stft.to_log`)."""
        batch, frames, _ = latent.shape
        steps = frames * STEPS_PER_FRAME
        x = self.latent_in(latent)
        for block in self.blocks:
            x = block(x)
        bands = (latent @ self.pca_decode + self.pca_mean).reshape(batch, steps, BANDS)
        x = self.upsample(self.norm(x)).reshape(batch, steps, -1) + self.bands_in(bands)
        for block in self.fine_blocks:
            x = block(x)
        return self.bins_out(self.fine_norm(x)) + bands @ band_to_bin()

    @torch.no_grad()
    def loudness(self, latent: Tensor) -> Tensor:
        """Returns the K-weighted mean power [T] that the sound of each latent frame will have.

        It is computed from the coded bands of the latent [T, 64] alone, without the learned correction.
        """
        bands = (latent @ self.pca_decode + self.pca_mean).reshape(-1, STEPS_PER_FRAME, BANDS)
        return (from_log(bands).square() @ band_power()).mean(dim=1)

    @torch.no_grad()
    def encode(self, audio: np.ndarray) -> Tensor:
        """Returns the latent [T, 64] of mono samples [T * 1280, 1], which are taken as a loop.

        Raises ValueError where there are no samples, or no whole number of latent frames.
        """
        samples = torch.from_numpy(np.ascontiguousarray(audio[:, 0], dtype=np.float32))
        if len(samples) == 0 or len(samples) % SPEC.samples_per_frame:
            raise ValueError(f"{len(samples)} samples are not a whole number of frames of {SPEC.samples_per_frame}")
        return self.latents(log_bands(samples[None], cyclic=True))[0]

    @torch.no_grad()
    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """Returns mono samples [n * 1280, 1] of a latent [n, 64].

        frames: int64 [n], the number of each latent frame in the song, which fixes the phase of its sound.
        """
        magnitude = from_log(self.log_magnitude(latent[None])[0])
        steps = (frames[:, None] * STEPS_PER_FRAME + torch.arange(STEPS_PER_FRAME)).flatten()
        return sound(magnitude, steps)[:, None]
