"""What the codec hears in training: crops of renders, widened, narrowed and turned, and some sounds of no music."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.synth import RATE
from tools.train_nano2.crops import FRAME, Crops

_ODD, _SWAPPED, _WIDENED, _MONO = 0.05, 0.5, 0.3, 0.06


def batch(crops: Crops, rng: Generator, count: int, frames: int) -> Tensor:
    """[count, 2, frames * 1920] float32: random crops, -4 to +3 dB."""
    return torch.from_numpy(np.stack([one(crops, rng, frames) for _ in range(count)]))


def one(crops: Crops, rng: Generator, frames: int) -> Samples:
    """[2, frames * 1920]: a random crop or, one in twenty, a test sound."""
    sound = odd(rng, frames * FRAME) if rng.random() < _ODD else crops.draw(rng, frames).audio
    if sound.shape[1] < frames * FRAME:
        sound = np.tile(sound, (1, 1 + frames * FRAME // sound.shape[1]))[:, : frames * FRAME]
    mid, side = (sound[0] + sound[1]) / 2, (sound[0] - sound[1]) / 2
    if rng.random() < _SWAPPED:
        side = -side
    if rng.random() < _WIDENED:
        side = side * rng.uniform(0.0, 1.4)
    if rng.random() < _MONO:
        side = side * 0
    gain = 10 ** (rng.uniform(-4, 3) / 20)
    return (np.stack([mid + side, mid - side]) * gain).astype(np.float32)


def odd(rng: Generator, samples: int) -> Samples:
    """[2, samples]: a sweep, coloured noise that comes and goes, or plucked strings, somewhere between the sides."""
    time = np.arange(samples) / RATE
    kind = rng.integers(3)
    if kind == 0:
        low, high = np.sort(np.exp(rng.uniform(np.log(40), np.log(16_000), 2)))
        rate = np.log(high / low) / time[-1] + 1e-6
        sound = np.sin(2 * np.pi * low / rate * (np.exp(rate * time) - 1) + rng.uniform(0, 6))
        sound = sound[::-1] if rng.random() < 0.5 else sound
    elif kind == 1:
        spectrum = np.fft.rfft(rng.standard_normal(samples))
        hertz = np.maximum(np.arange(len(spectrum)) * RATE / samples, 20.0)
        sound = np.fft.irfft(spectrum * hertz ** rng.uniform(-1.0, 0.0), samples)
        sound = sound / np.abs(sound).max() * (np.sin(2 * np.pi * rng.uniform(0.2, 6) * time) > rng.uniform(-1, 0.5))
    else:
        sound = np.zeros(samples)
        for start in rng.integers(0, samples, int(rng.integers(1, 9))):
            hertz, fade = np.exp(rng.uniform(np.log(50), np.log(2000))), rng.uniform(0.05, 1.0)
            since = np.maximum(time - start / RATE, 0.0)
            harmonics = np.arange(1, 12)[:, None]
            wave = (np.sin(2 * np.pi * hertz * harmonics * since) / harmonics ** rng.uniform(0.8, 2.5)).sum(0)
            sound += wave * np.exp(-since / fade)
    sound = sound / (np.abs(sound).max() + 1e-6) * 10 ** rng.uniform(-1.5, -0.2)
    pan = rng.uniform(-1, 1) if rng.random() < 0.7 else 0.0
    return np.stack([sound * (1 + pan) / 2, sound * (1 - pan) / 2]).astype(np.float32) * np.float32(1.4)
