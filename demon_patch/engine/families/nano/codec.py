"""The codec: 40 ms of sound to 64 numbers and back.

Only magnitudes are coded. The encoder is a principal component analysis of log-band patches (no receptive field
beyond its own frame and one Fourier window); the decoder is its inverse plus a learned correction, and phase is found
by `phase.sound`. Shapes: B batch, n latent frames.
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
        """[B, time, width] -> [B, time, width]."""
        y = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + self.contract(functional.gelu(self.expand(self.norm(y)), approximate="tanh"))


class NanoCodec(nn.Module):
    """Audio to latents and back (the `Codec` of `engine.contracts`).

    width: channels of the network at the latent rate; fine_width: at the rate of the transform; blocks and
    fine_blocks: how many convolution blocks run at either rate.
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
        """Fits the principal components to `patches` [N, BANDS * STEPS_PER_FRAME].

        Each component is divided by its standard deviation to the power `whiten` (order and some of the scale stay),
        and all together are scaled to an rms of 1.
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
        """Log bands [B, n * STEPS_PER_FRAME, BANDS] -> latents [B, n, 64]."""
        batch, steps, _ = bands.shape
        return (bands.reshape(batch, steps // STEPS_PER_FRAME, _PATCH) - self.pca_mean) @ self.pca_encode

    def log_magnitude(self, latent: Tensor) -> Tensor:
        """Latents [B, n, 64] -> magnitudes on the coded logarithmic scale [B, n * STEPS_PER_FRAME, BINS]."""
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
        """[T, 64] -> the K-weighted power [T] that its sound will have, read from the coded bands alone."""
        bands = (latent @ self.pca_decode + self.pca_mean).reshape(-1, STEPS_PER_FRAME, BANDS)
        return (from_log(bands).square() @ band_power()).mean(dim=1)

    @torch.no_grad()
    def encode(self, audio: np.ndarray) -> Tensor:
        """[samples, 1] float, a whole number of frames, taken as a loop -> [T, 64]."""
        samples = torch.from_numpy(np.ascontiguousarray(audio[:, 0], dtype=np.float32))
        if len(samples) == 0 or len(samples) % SPEC.samples_per_frame:
            raise ValueError(f"{len(samples)} samples are not a whole number of frames of {SPEC.samples_per_frame}")
        return self.latents(log_bands(samples[None], cyclic=True))[0]

    @torch.no_grad()
    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """[n, 64] with the absolute frame numbers [n] (int64) of its rows -> [n * 1280, 1]."""
        magnitude = from_log(self.log_magnitude(latent[None])[0])
        steps = (frames[:, None] * STEPS_PER_FRAME + torch.arange(STEPS_PER_FRAME)).flatten()
        return sound(magnitude, steps)[:, None]
