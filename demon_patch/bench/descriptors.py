"""Named descriptors: each is one number per latent frame of a sound, in which the effect of a control is heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Curve, Samples
from demon_patch.engine.session import Session
from demon_patch.runtime.descriptors import brightness, loudness

LOWEST_HZ, HIGHEST_HZ = 200.0, 2000.0
"""The range in which `height` looks."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A sound with the latents that it is compared with. Everything is measured on the sound, which is encoded again.

    sound: [samples, channels].
    source, target, unmoved: latents [T, C], each cyclic, of the source, of the target, and of the same performance
    without the movement.
    """

    session: Session
    sound: Samples
    source: Tensor
    target: Tensor | None = None
    unmoved: Tensor | None = None

    @property
    def latent(self) -> Tensor:
        """The latent of the sound, [frames, C]."""
        per = self.session.spec.samples_per_frame
        return self.session.encode(self.sound[: len(self.sound) // per * per])

    def distance(self, other: Tensor | None) -> Curve:
        """Returns the rms distance of each latent frame to a cyclic latent [T, C], in latent units: [frames]."""
        assert other is not None
        mine = self.latent
        at = torch.arange(len(mine)) % other.shape[0]
        return (mine - other[at]).square().mean(dim=1).sqrt().double().numpy()


def noisiness(sound: Samples, per_frame: int) -> Curve:
    """Returns the spectral flatness of each latent frame in dB: geometric over arithmetic mean of the power, at most 0.

    per_frame: samples of a latent frame.
    """
    frames = sound[: len(sound) // per_frame * per_frame].mean(axis=1).reshape(-1, per_frame)
    power = np.abs(np.fft.rfft(frames * np.hanning(per_frame), axis=1))[:, 1:] ** 2 + 1e-9
    return 10.0 * (np.log10(power).mean(axis=1) - np.log10(power.mean(axis=1)))


def height(sound: Samples, per_frame: int, rate: int) -> Curve:
    """Returns how high the notes of each latent frame lie, in semitones as MIDI counts: the mean pitch of the power
    from 200 Hz to 2 kHz, where melodies are. It looks at four frames.

    per_frame: samples of a latent frame. rate: samples a second.
    """
    mono, size = sound[: len(sound) // per_frame * per_frame].mean(axis=1), 4 * per_frame
    cut = np.lib.stride_tricks.sliding_window_view(np.pad(mono, (size - per_frame) // 2), size)[::per_frame]
    power = np.abs(np.fft.rfft(cut * np.hanning(size), axis=1)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / rate)
    inside = (hertz >= LOWEST_HZ) & (hertz <= HIGHEST_HZ)
    pitch = 69.0 + 12.0 * np.log2(hertz[inside] / 440.0)
    return (power[:, inside] @ pitch + 1e-9 * pitch.mean()) / (power[:, inside].sum(axis=1) + 1e-9)


def _brightness(heard: Heard) -> Curve:
    spec = heard.session.spec
    return brightness(heard.sound, spec.samples_per_frame, spec.sample_rate)


def _height(heard: Heard) -> Curve:
    spec = heard.session.spec
    return height(heard.sound, spec.samples_per_frame, spec.sample_rate)


DESCRIPTORS: Mapping[str, Callable[[Heard], Curve]] = {
    "distance to source": lambda heard: heard.distance(heard.source),
    "distance to target": lambda heard: heard.distance(heard.target),
    "departure": lambda heard: heard.distance(heard.unmoved),
    "loudness": lambda heard: loudness(heard.sound, heard.session.spec.samples_per_frame),
    "brightness": _brightness,
    "noisiness": lambda heard: noisiness(heard.sound, heard.session.spec.samples_per_frame),
    "height": _height,
}
"""By name, what computes a descriptor of a sound, one number per latent frame. Distances are rms in latent units
(`departure` is the distance to the unmoved performance), loudness and noisiness in dB, brightness in Hz, height in
semitones."""
