"""Measures sound: descriptors per latent frame."""

from __future__ import annotations

import numpy as np
import torch

from demon_patch.arrays import Curve, Samples
from demon_patch.engine.contracts import Source
from demon_patch.engine.session import Session


def distance_to_source(session: Session, sound: Samples, source: Source, start: int = 0) -> Curve:
    """Returns the rms latent distance between a sound and its source, [frames], for each whole latent frame; the source
    repeats.

    sound: [samples, channels] at the family's rate, beginning at transport frame `start`. It is encoded again, so
        that the result says what is heard and not what was asked for.
    """
    per = session.spec.samples_per_frame
    heard = session.encode(sound[: len(sound) // per * per])
    at = torch.arange(start, start + len(heard)) % source.frames
    return (heard - source.latent[at]).square().mean(dim=1).sqrt().double().numpy()


def loudness(sound: Samples, per_frame: int) -> Curve:
    """Returns the rms level in dBFS of each latent frame of a sound [samples, channels], as [frames].

    per_frame: samples of a latent frame.
    """
    frames = sound[: len(sound) // per_frame * per_frame].reshape(-1, per_frame * sound.shape[1])
    return 20.0 * np.log10(np.sqrt(np.mean(frames.astype(np.float64) ** 2, axis=1)) + 1e-9)


def brightness(sound: Samples, per_frame: int, rate: int) -> Curve:
    """Returns the spectral centroid in Hz of each latent frame of a sound [samples, channels], as [frames].

    per_frame: samples of a latent frame.
    rate: samples a second.
    """
    frames = sound[: len(sound) // per_frame * per_frame].mean(axis=1).reshape(-1, per_frame)
    power = np.abs(np.fft.rfft(frames * np.hanning(per_frame), axis=1)) ** 2
    return power @ np.fft.rfftfreq(per_frame, 1.0 / rate) / (power.sum(axis=1) + 1e-12)


def smooth(curve: Curve, frames: int) -> Curve:
    """Returns the centred moving average of a curve over `frames` frames; at the ends it covers fewer."""
    weight = np.ones(frames)
    return np.convolve(curve, weight, "same") / np.convolve(np.ones(len(curve)), weight, "same")
