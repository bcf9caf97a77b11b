"""The codec of ACE-Step 1.5: 40 ms of stereo sound at 48 kHz (1920 samples) as 64 numbers, and back.

It is diffusers' `AutoencoderOobleck` with its weight norm folded. Encoding takes the mean of the posterior: equal sound
has equal latents.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.families.acestep.spec import LATENT, MARGIN
from demon_patch.engine.networks import FRAMES, Axis, Network, Part

HOP = 1920
"""Samples a channel in one latent frame."""

REACH = 7
"""Latent frames on each side whose samples reach into the latent of a frame (6.34 measured on the published sizes)."""

CHUNK = 250
"""Latent frames that are coded at a time, which bounds the memory."""


class AceStepCodec:
    """The codec (the `Codec` of `engine.contracts`)."""

    def __init__(self, vae: Any, name: str = "acestep") -> None:
        self._vae, self._name = vae, name
        self._run: Callable[[str, Tensor], Tensor] | None = None
        parameter = next(vae.parameters())
        self._device, self._kind = parameter.device, parameter.dtype

    @torch.no_grad()
    def encode(self, audio: np.ndarray) -> Tensor:
        """Returns the latent [T, 64] of samples [T * 1920, 2], which are taken as a loop.

        Raises ValueError where there are no samples, or no whole number of latent frames.
        """
        samples = torch.from_numpy(np.ascontiguousarray(audio, dtype=np.float32)).T
        if samples.shape[1] == 0 or samples.shape[1] % HOP:
            raise ValueError(f"{samples.shape[1]} samples are not a whole number of frames of {HOP}")
        total, parts = samples.shape[1] // HOP, []
        for start in range(0, total, CHUNK):
            count = min(CHUNK, total - start)
            at = torch.arange((start - REACH) * HOP, (start + count + REACH) * HOP) % samples.shape[1]
            piece = samples[:, at].to(self._device, self._kind)[None]
            mean = self._vae.encoder(piece).chunk(2, 1)[0][0]
            parts.append(mean[:, REACH : REACH + count].T.float().cpu())
        return torch.cat(parts)

    @torch.no_grad()
    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """Returns the sound [n * 1920, 2] of a latent [n, 64]; the numbers of its frames do not matter.

        The first and last MARGIN frames sound as at the edge of silence; `engine.sound.window` throws them away.
        """
        parts = []
        for start in range(0, len(latent), CHUNK):
            count = min(CHUNK, len(latent) - start)
            first = max(start - MARGIN, 0)
            piece = latent[first : start + count + MARGIN].T[None].to(self._device, self._kind)
            sound = (self._vae.decoder(piece) if self._run is None else self._run("decode", piece))[0]
            parts.append(sound[:, (start - first) * HOP : (start - first + count) * HOP].T.float().cpu())
        return torch.cat(parts)

    def networks(self) -> tuple[Network, Network]:
        """Returns the networks of `encode` (its posterior mean) and `decode` (`engine.networks.Exports`)."""
        axes = {FRAMES: Axis(1, 2, CHUNK + 2 * max(MARGIN, REACH))}
        sound, latent = Part("sound", (1, 2, (FRAMES, HOP))), Part("latent", (1, LATENT, FRAMES))
        encoder, decoder = self._vae.encoder, self._vae.decoder
        return (
            Network(self._name, "encode", encoder, lambda x: encoder(x).chunk(2, 1)[0], (sound,), latent, axes),
            Network(self._name, "decode", decoder, decoder, (latent,), sound, axes),
        )

    def run_by(self, run: Callable[[str, Tensor], Tensor]) -> AceStepCodec:
        """Returns this codec with its decoder's network run by `run`."""
        other = copy(self)
        other._run = run
        return other
