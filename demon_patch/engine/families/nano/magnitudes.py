"""What codecs have in common: principal components of a latent frame, and a network that corrects the magnitudes which
they give back.

A latent frame is described by a row of numbers: the coded bands of its four steps, then what a codec adds to them.
Shapes: B batch, n latent frames, bins and bands of the codec's grid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.engine.families.nano.grid import STEPS_PER_FRAME, Grid

LATENT = 64
"""Numbers of a latent frame."""


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


class MagnitudeCodec(nn.Module):
    """The encoder and the network of a codec.

    grid: its transform. more: numbers of a latent frame beside its bands.
    width, blocks: channels and convolution blocks of the network that runs once a latent frame.
    fine_width, fine_blocks: channels and convolution blocks of the network that runs once a step of the transform.
    """

    def __init__(self, grid: Grid, more: int, width: int, blocks: int, fine_width: int, fine_blocks: int) -> None:
        super().__init__()
        self.grid = grid
        self.numbers = STEPS_PER_FRAME * grid.bands + more
        """Numbers that describe a latent frame."""
        self.pca_mean: Tensor
        self.pca_encode: Tensor
        self.pca_decode: Tensor
        self.register_buffer("pca_mean", torch.zeros(self.numbers))
        self.register_buffer("pca_encode", torch.zeros(self.numbers, LATENT))
        self.register_buffer("pca_decode", torch.zeros(LATENT, self.numbers))
        self.latent_in = nn.Linear(LATENT, width)
        self.blocks = nn.ModuleList(ConvBlock(width, 5) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.upsample = nn.Linear(width, fine_width * STEPS_PER_FRAME)
        self.bands_in = nn.Linear(grid.bands, fine_width)
        self.fine_blocks = nn.ModuleList(ConvBlock(fine_width, 7) for _ in range(fine_blocks))
        self.fine_norm = nn.LayerNorm(fine_width)
        self.bins_out = nn.Linear(fine_width, grid.bins)
        nn.init.zeros_(self.bins_out.weight)
        nn.init.zeros_(self.bins_out.bias)

    def set_components(self, mean: Tensor, deviation: Tensor, directions: Tensor, whiten: float = 0.5) -> None:
        """Sets the principal components of the numbers of latent frames.

        mean: [numbers]. deviation: their standard deviations along the components [64], the largest first.
        directions: the components [numbers, 64], each of length 1.

        Each component is divided by its standard deviation to the power `whiten`, so that the order and some of the
        scale stay. All components together are scaled to an rms of 1.
        """
        gain = deviation**whiten
        gain = gain * ((deviation / gain) ** 2).mean().sqrt()
        self.pca_mean.copy_(mean)
        self.pca_encode.copy_(directions / gain)
        self.pca_decode.copy_((directions * gain).T)

    def components(self, numbers: Tensor) -> Tensor:
        """Returns the latents [B, n, 64] of the numbers of latent frames [B, n, numbers]."""
        return (numbers - self.pca_mean) @ self.pca_encode

    def described(self, latent: Tensor) -> Tensor:
        """Returns the numbers of latent frames [B, n, numbers] that latents [B, n, 64] stand for."""
        return latent @ self.pca_decode + self.pca_mean

    def _coarse(self, latent: Tensor) -> Tensor:
        """Returns what the network knows of each latent frame [B, n, width]."""
        x = self.latent_in(latent)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def _correction(self, coarse: Tensor, bands: Tensor) -> Tensor:
        """Returns what the network adds to each bin [B, steps, bins]; coarse: [B, n, width], bands: coded [B, steps,
        bands]."""
        x = self.upsample(coarse).reshape(len(bands), bands.shape[1], -1) + self.bands_in(bands)
        for block in self.fine_blocks:
            x = block(x)
        return self.bins_out(self.fine_norm(x))
