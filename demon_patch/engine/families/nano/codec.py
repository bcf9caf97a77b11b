"""The mono codec: it turns 40 ms of sound at 32 kHz (1280 samples) into 64 numbers and back.

Only magnitudes are coded. The encoder is a principal component analysis of log-band patches; it sees its own latent
frame and one Fourier window, no more. The decoder is the inverse of the encoder plus a learned correction, and
`phase.sound` finds the phase. Shapes: B batch, n latent frames.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.families.nano.grid import MONO, STEPS_PER_FRAME
from demon_patch.engine.families.nano.magnitudes import LATENT, MagnitudeCodec
from demon_patch.engine.families.nano.phase import sound
from demon_patch.engine.families.nano.stft import (
    BANDS,
    BINS,
    WINDOW,
    band_bank,
    band_power,
    band_to_bin,
    from_log,
    log_bands,
    magnitudes,
    to_log,
)
from demon_patch.engine.networks import FRAMES, Axis, Network, Part

_FRAME = MONO.hop * STEPS_PER_FRAME
_PATCH = BANDS * STEPS_PER_FRAME


class NanoCodec(MagnitudeCodec):
    """The mono codec of nano, sound to latents and back (the `Codec` of `engine.contracts`)."""

    NAME = "nano-codec"
    sample_rate, channels = MONO.sample_rate, 1

    def __init__(self) -> None:
        super().__init__(MONO, more=0, width=256, blocks=4, fine_width=160, fine_blocks=3)
        self._run: Callable[[str, Tensor], Tensor] | None = None

    def fit(self, patches: Tensor) -> None:
        """Fits the principal components to `patches` [N, BANDS * STEPS_PER_FRAME], the coded bands of one latent frame
        a row."""
        mean = patches.mean(0)
        _, singular, directions = torch.linalg.svd(patches - mean, full_matrices=False)
        self.set_components(mean, singular[:LATENT] / len(patches) ** 0.5, directions[:LATENT].T)

    def latents(self, bands: Tensor) -> Tensor:
        """Returns the latents [B, n, 64] of coded log bands [B, n * STEPS_PER_FRAME, BANDS]."""
        batch, steps, _ = bands.shape
        return self.components(bands.reshape(batch, steps // STEPS_PER_FRAME, _PATCH))

    def log_magnitude(self, latent: Tensor) -> Tensor:
        """Returns the magnitudes [B, n * STEPS_PER_FRAME, BINS] of latents [B, n, 64], on the coded log scale
        (`stft.to_log`)."""
        bands = self.described(latent).reshape(len(latent), -1, BANDS)
        return self._correction(self._coarse(latent), bands) + bands @ band_to_bin()

    @torch.no_grad()
    def loudness(self, latent: Tensor) -> Tensor:
        """Returns the K-weighted mean power [T] that the sound of each latent frame will have.

        It is computed from the coded bands of the latent [T, 64] alone, without the learned correction.
        """
        bands = self.described(latent).reshape(-1, STEPS_PER_FRAME, BANDS)
        return (from_log(bands).square() @ band_power()).mean(dim=1)

    @torch.no_grad()
    def encode(self, audio: np.ndarray) -> Tensor:
        """Returns the latent [T, 64] of mono samples [T * 1280, 1], which are taken as a loop.

        Raises ValueError where there are no samples, or no whole number of latent frames.
        """
        samples = torch.from_numpy(np.ascontiguousarray(audio[:, 0], dtype=np.float32))
        if len(samples) == 0 or len(samples) % _FRAME:
            raise ValueError(f"{len(samples)} samples are not a whole number of frames of {_FRAME}")
        return self.latents(log_bands(samples[None], cyclic=True))[0]

    @torch.no_grad()
    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """Returns mono samples [n * 1280, 1] of a latent [n, 64].

        frames: int64 [n], the number of each latent frame in the song, which fixes the phase of its sound.
        """
        coded = self.log_magnitude(latent[None]) if self._run is None else self._run("decode", latent[None])
        magnitude = from_log(coded[0])
        steps = (frames[:, None] * STEPS_PER_FRAME + torch.arange(STEPS_PER_FRAME)).flatten()
        return sound(magnitude, steps)[:, None]

    def networks(self) -> tuple[Network, Network]:
        """Returns the networks of `encode` and `decode` (`engine.networks.Exports`).

        The one takes the windows of the transform (`stft.windows`) to the latent. The other takes a latent to the coded
        magnitudes; the phase is found beside it (`phase.sound`), which is a search and no network.
        """
        axes = {FRAMES: Axis(1, 2, 2048)}
        cut, latent = Part("windows", ((FRAMES, STEPS_PER_FRAME), WINDOW)), Part("latent", (FRAMES, LATENT))
        coded = Part("coded", (1, (FRAMES, STEPS_PER_FRAME), BINS))
        return (
            Network("nano", "encode", self, self._encoded, (cut,), latent, axes),
            Network("nano", "decode", self, self.log_magnitude, (Part("latent", (1, FRAMES, LATENT)),), coded, axes),
        )

    def run_by(self, run: Callable[[str, Tensor], Tensor]) -> NanoCodec:
        """Returns this codec with its decoder's network run by `run`."""
        other = copy(self)
        other._run = run
        return other

    def _encoded(self, cut: Tensor) -> Tensor:
        return self.latents(to_log(magnitudes(cut) @ band_bank())[None])[0]
