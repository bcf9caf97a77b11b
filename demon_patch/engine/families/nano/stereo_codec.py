"""The stereo codec: it turns 40 ms of sound at 48 kHz stereo (1920 samples) into 64 numbers and back.

A latent frame is described by the log bands of its mid (half the sum of the channels) in four steps of 10 ms, and by
its stereo image (`image`); the encoder is a principal component analysis of these. The decoder is the inverse of the
encoder plus a learned correction. `phase` finds the phase of the mid, and the image makes the side from it. Shapes: B
batch, n latent frames.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from demon_patch.engine.families.nano import image
from demon_patch.engine.families.nano.grid import STEPS_PER_FRAME, STEREO
from demon_patch.engine.families.nano.magnitudes import MagnitudeCodec
from demon_patch.engine.families.nano.phase import ungated
from demon_patch.engine.families.nano.short import joined, split, spread
from demon_patch.engine.families.nano.stft import band_bank, band_power, band_to_bin, from_log, stft, to_log

FRAME = STEREO.hop * STEPS_PER_FRAME
"""Samples of a latent frame."""

_BANDS = STEREO.bands * STEPS_PER_FRAME
_MIDDLE = slice(64, 200)  # bands that components attend to less, 1.6 to 5 kHz
_MIDDLE_WEIGHT, _IMAGE_WEIGHT = 0.7, 0.5


class StereoCodec(MagnitudeCodec):
    """The stereo codec of nano, sound to latents and back (the `Codec` of `engine.contracts`)."""

    NAME = "nano-stereo-codec"
    sample_rate, channels = STEREO.sample_rate, 2

    def __init__(self) -> None:
        super().__init__(STEREO, more=image.NUMBERS, width=256, blocks=2, fine_width=192, fine_blocks=3)
        self.image_out = nn.Linear(self.latent_in.out_features, image.NUMBERS)
        nn.init.zeros_(self.image_out.weight)
        nn.init.zeros_(self.image_out.bias)

    def described_sound(self, mid: Tensor, side: Tensor) -> Tensor:
        """Returns the weighted numbers of latent frames [B, n, 1088] of the transforms of mid and side
        [B, 4n, bins]."""
        bands = to_log(mid.abs() @ band_bank(STEREO)).reshape(len(mid), -1, _BANDS)
        return torch.cat([bands, image.encoded(mid, side)], -1) * _weights()

    def parts(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the coded bands [B, 4n, 264] and the coded image [B, n, 32] of latents [B, n, 64], without the
        learned correction."""
        numbers = self.described(latent) / _weights()
        return numbers[..., :_BANDS].reshape(len(latent), -1, STEREO.bands), numbers[..., _BANDS:]

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the coded magnitudes of the mid [B, 4n, bins] (`stft.to_log`) and the coded image [B, n, 32] of
        latents [B, n, 64]."""
        bands, seen = self.parts(latent)
        bins, more = self.network(latent, bands)
        return bins + bands @ band_to_bin(STEREO), seen + more

    def network(self, latent: Tensor, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the learned correction of the coded magnitudes [B, 4n, bins] and of the coded image [B, n, 32], for
        latents [B, n, 64] and their coded bands [B, 4n, 264]."""
        coarse = self._coarse(latent)
        return self._correction(coarse, bands), self.image_out(coarse)

    @torch.no_grad()
    def loudness(self, latent: Tensor) -> Tensor:
        """Returns the K-weighted mean power [T], summed over the channels, that the sound of each latent frame will
        have.

        It is computed from the components of the latent [T, 64] alone, without the learned correction.
        """
        bands, seen = self.parts(latent[None])
        power = from_log(bands[0]).square().unflatten(0, (-1, STEPS_PER_FRAME)).mean(1)
        return (power * (1 + image.power_share(seen[0]))) @ (2 * band_power(STEREO))

    @torch.no_grad()
    def encode(self, audio: np.ndarray) -> Tensor:
        """Returns the latent [T, 64] of stereo samples [T * 1920, 2], which are taken as a loop.

        Raises ValueError where there are no samples, or no whole number of latent frames.
        """
        if len(audio) == 0 or len(audio) % FRAME:
            raise ValueError(f"{len(audio)} samples are not a whole number of frames of {FRAME}")
        sides = torch.from_numpy(np.ascontiguousarray(audio.T, dtype=np.float32))
        mid, side = stft(torch.stack([sides[0] + sides[1], sides[0] - sides[1]]) * 0.5, STEREO, cyclic=True)
        return self.components(self.described_sound(mid[None], side[None]))[0]

    @torch.no_grad()
    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """Returns stereo samples [n * 1920, 2] of a latent [n, 64].

        frames: int64 [n], the number of each latent frame in the song, which fixes the phase of its sound.
        """
        coded, seen = self(latent[None])
        steps = (frames[:, None] * STEPS_PER_FRAME + torch.arange(STEPS_PER_FRAME)).flatten()
        return synthesised(from_log(coded[0]), seen[0], steps)


def synthesised(magnitude: Tensor, seen: Tensor, steps: Tensor) -> Tensor:
    """Returns stereo samples [n * 1920, 2] for the mid's magnitudes [4n, bins] and a coded image [n, 32].

    steps: int64 [4n], the number of each step of the transform, counted from the song's start.
    """
    audio, attacks = ungated(magnitude, steps, STEREO)
    spectrum = split(audio, STEREO)
    if attacks.any:
        spectrum = spectrum * attacks.gains(spectrum)
        audio = joined(spectrum, STEREO)
    side = spread(spectrum * image.filters(seen), STEREO)
    return torch.stack([audio + side, audio - side], 1)


@cache
@torch.inference_mode(False)
def _weights() -> Tensor:
    """Returns how much components attend to each number of a latent frame [1088]."""
    bands = torch.ones(STEREO.bands)
    bands[_MIDDLE] = _MIDDLE_WEIGHT
    return torch.cat([bands.repeat(STEPS_PER_FRAME), torch.full((image.NUMBERS,), _IMAGE_WEIGHT)])
