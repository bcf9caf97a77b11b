"""The stereo codec: it turns 40 ms of sound at 48 kHz stereo (1920 samples) into 64 numbers and back.

A latent frame is described by the log bands of its mid (half the sum of the channels) in four steps of 10 ms, and by
its stereo image (`image`); the encoder is a principal component analysis of these. The decoder is the inverse of the
encoder plus a learned correction. `phase` finds the phase of the mid, and the image makes the side from it. Shapes: B
batch, n latent frames.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from demon_patch.engine.families.nano import image
from demon_patch.engine.families.nano.grid import STEPS_PER_FRAME, STEREO
from demon_patch.engine.families.nano.magnitudes import LATENT, MagnitudeCodec
from demon_patch.engine.families.nano.phase import ungated
from demon_patch.engine.families.nano.short import joined, split, spread
from demon_patch.engine.families.nano.stft import (
    band_bank,
    band_power,
    band_to_bin,
    from_log,
    real_and_imaginary,
    stft,
    to_log,
)
from demon_patch.engine.networks import FRAMES, Axis, Network, Part

FRAME = STEREO.hop * STEPS_PER_FRAME
"""Samples of a latent frame."""

_BANDS = STEREO.bands * STEPS_PER_FRAME
_SEEN = image.NUMBERS // STEPS_PER_FRAME  # numbers of the image that a step carries in the decoder's network
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
        self._run: Callable[[str, Tensor], Tensor] | None = None

    def described_sound(self, mid: Tensor, side: Tensor) -> Tensor:
        """Returns the weighted numbers of latent frames [B, n, 1088] of the transforms of mid and side
        [B, 4n, bins]."""
        return _weighted(mid.abs(), image.encoded(mid, side))

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
        if self._run is None:
            coded, seen = self(latent[None])
        else:
            coded, seen = _taken_apart(self._run("decode", latent[None]))
        steps = (frames[:, None] * STEPS_PER_FRAME + torch.arange(STEPS_PER_FRAME)).flatten()
        return synthesised(from_log(coded[0]), seen[0], steps)

    def networks(self) -> tuple[Network, Network]:
        """Returns the networks of `encode` and `decode` (`engine.networks.Exports`).

        The one takes the windows of mid and side (`stft.windows`) to the latent. The other takes a latent to the coded
        magnitudes of the mid, each step followed by a quarter of its latent frame's coded image; phase and side are
        found beside it (`synthesised`).
        """
        axes = {FRAMES: Axis(1, 2, 2048)}
        steps, latent = (FRAMES, STEPS_PER_FRAME), Part("latent", (FRAMES, LATENT))
        cut, coded = Part("windows", (2, steps, STEREO.window)), Part("coded", (1, steps, STEREO.bins + _SEEN))
        given = Part("latent", (1, FRAMES, LATENT))
        return (
            Network("nano2", "encode", self, self._encoded, (cut,), latent, axes),
            Network("nano2", "decode", self, self._decoded, (given,), coded, axes),
        )

    def run_by(self, run: Callable[[str, Tensor], Tensor]) -> StereoCodec:
        """Returns this codec with its decoder's network run by `run`."""
        other = copy(self)
        other._run = run
        return other

    def _encoded(self, cut: Tensor) -> Tensor:
        real, imaginary = real_and_imaginary(cut, STEREO)
        power, both = real.square() + imaginary.square(), real[1] * real[0] + imaginary[1] * imaginary[0]
        seen = image.of_powers(power[:1], power[1:], both[None])
        return self.components(_weighted(power[:1].sqrt(), seen))[0]

    def _decoded(self, latent: Tensor) -> Tensor:
        coded, seen = self(latent)
        return torch.cat([coded, seen.reshape(1, -1, _SEEN)], -1)


def _weighted(mid: Tensor, seen: Tensor) -> Tensor:
    """Returns the weighted numbers of latent frames [B, n, 1088], of the magnitudes of the mid [B, 4n, bins] and the
    coded image [B, n, 32]."""
    bands = to_log(mid @ band_bank(STEREO)).reshape(len(mid), -1, _BANDS)
    return torch.cat([bands, seen], -1) * _weights()


def _taken_apart(coded: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the coded magnitudes [1, 4n, bins] and the coded image [1, n, 32] in the output of the decoder's
    network."""
    bins, seen = coded.split([STEREO.bins, _SEEN], -1)
    return bins, seen.reshape(1, -1, image.NUMBERS)


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
