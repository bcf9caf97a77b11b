"""Sounds that tests make, and how high they go."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import numpy as np
import soundfile
from scipy.signal import resample_poly

from demon_patch.patch.files.asset_names import name_of_hash

RATE = 32_000


def band(bpm: float, seconds: float, downbeat: float, rate: int) -> np.ndarray:
    """A plain drum pattern with a chord for every bar, [samples, 2]: kicks on 1 and 3, snares on 2 and 4."""
    rng = np.random.default_rng(3)
    time = np.arange(int(seconds * rate)) / rate
    beat = (time - downbeat) * bpm / 60
    since = (beat % 1) * 60 / bpm
    kick = np.sin(2 * np.pi * 55 * since) * np.exp(-since / 0.08) * (beat.astype(int) % 2 == 0)
    snare = rng.standard_normal(len(time)) * np.exp(-since / 0.04) * (np.floor(beat) % 2 == 1)
    root = np.array([220.0, 174.6, 261.6, 196.0])[np.floor(beat / 4).astype(int) % 4]
    chord = np.sin(2 * np.pi * root * time) + np.sin(2 * np.pi * root * 1.5 * time)
    return np.repeat((kick + 0.3 * snare + 0.1 * chord)[:, None], 2, axis=1) * 0.3


def hot(seconds: float = 2.0, channels: int = 1) -> np.ndarray:
    """Noise, clicks and a square wave, far above full scale."""
    n = round(seconds * RATE)
    sound = np.random.default_rng(4).normal(0, 0.8, (n, channels))
    sound[:: RATE // 7] += 4.0
    t = np.arange(n // 3) / RATE
    sound[: len(t)] += 1.5 * np.sign(np.sin(2 * np.pi * 331 * t))[:, None]
    return sound.astype(np.float32)


def decibels(level: float) -> float:
    return 20.0 * float(np.log10(level))


def true_peak(sound: np.ndarray, lo: int = 0, hi: int | None = None) -> float:
    """Of some of a sound's samples, beyond whose ends lies silence."""
    between = np.abs(resample_poly(sound.astype(np.float64), 4, 1, axis=0))
    return decibels(float(between[4 * lo : None if hi is None else 4 * hi].max()))


def wav(subtype: str, channels: int = 1, seconds: float = 1.0, rate: int = 8000, form: str = "WAV") -> bytes:
    """A decaying chord with a little noise."""
    t = np.arange(round(seconds * rate)) / rate
    tone = 0.5 * np.exp(-t) * np.sin(2 * np.pi * np.outer(t, 110.0 * (1 + np.arange(channels))).T)
    stream = BytesIO()
    noise = 0.01 * np.random.default_rng(3).standard_normal((len(t), channels))
    soundfile.write(stream, tone.T + noise, rate, subtype, format=form)
    return stream.getvalue()


def hash_name(content: bytes, suffix: str = "") -> str:
    """The name that the asset store gives to a file; suffix: of the file, as ".wav"."""
    return name_of_hash(sha256(content).hexdigest(), suffix)
