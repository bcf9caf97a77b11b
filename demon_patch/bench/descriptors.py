"""Named descriptors: one number for each latent frame of a sound, by which a control is heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Curve, Samples
from demon_patch.engine.session import Session
from demon_patch.runtime.descriptors import brightness, loudness


@dataclass(frozen=True, eq=False)
class Heard:
    """A sound [samples, channels] beside what it is compared with: the source's, the target's and the unmoved
    performance's latents [T, C], each cyclic. All is measured on the sound, which is encoded again."""

    session: Session
    sound: Samples
    source: Tensor
    target: Tensor | None = None
    unmoved: Tensor | None = None

    @property
    def latent(self) -> Tensor:
        """The sound's own latents, [frames, C]."""
        per = self.session.spec.samples_per_frame
        return self.session.encode(self.sound[: len(self.sound) // per * per])

    def distance(self, other: Tensor | None) -> Curve:
        """Rms latent distance of each frame to a cyclic latent."""
        assert other is not None
        mine = self.latent
        at = torch.arange(len(mine)) % other.shape[0]
        return (mine - other[at]).square().mean(dim=1).sqrt().double().numpy()


def noisiness(sound: Samples, per_frame: int) -> Curve:
    """Spectral flatness in dB of each latent frame: geometric over arithmetic mean of the power."""
    frames = sound[: len(sound) // per_frame * per_frame].mean(axis=1).reshape(-1, per_frame)
    power = np.abs(np.fft.rfft(frames * np.hanning(per_frame), axis=1))[:, 1:] ** 2 + 1e-9
    return 10.0 * (np.log10(power).mean(axis=1) - np.log10(power.mean(axis=1)))


def _brightness(heard: Heard) -> Curve:
    spec = heard.session.spec
    return brightness(heard.sound, spec.samples_per_frame, spec.sample_rate)


DESCRIPTORS: Mapping[str, Callable[[Heard], Curve]] = {
    "distance to source": lambda heard: heard.distance(heard.source),
    "distance to target": lambda heard: heard.distance(heard.target),
    "departure": lambda heard: heard.distance(heard.unmoved),
    "loudness": lambda heard: loudness(heard.sound, heard.session.spec.samples_per_frame),
    "brightness": _brightness,
    "noisiness": lambda heard: noisiness(heard.sound, heard.session.spec.samples_per_frame),
}
"""departure: from the unmoved performance. Distances are rms in latent units, loudness and noisiness in dB, brightness
in Hz."""
