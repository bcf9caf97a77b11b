"""The drum kits of the styles, synthesised."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demon_patch.engine.families.nano.compose.filters import band_pass, high_pass
from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE

# pitch Hz, sweep Hz, sweep s, decay s, drive
_KICKS = {
    "techno": (52, 260, 0.035, 0.22, 2.2),
    "house": (55, 200, 0.03, 0.2, 1.3),
    "ambient": (45, 110, 0.03, 0.25, 0.8),
    "dnb": (60, 240, 0.025, 0.12, 1.6),
    "hiphop": (48, 140, 0.04, 0.35, 1.5),
    "synthwave": (56, 180, 0.03, 0.16, 1.2),
    "chiptune": (60, 420, 0.05, 0.1, 3.0),
    "acid": (50, 240, 0.03, 0.24, 1.7),
}
# noise band Hz, Hz, decay s
_SNARES = {
    "ambient": (1500, 5000, 0.05),
    "dnb": (1200, 12000, 0.07),
    "hiphop": (500, 6000, 0.09),
    "synthwave": (400, 11000, 0.2),
}
_HAT_HZ = {
    "techno": 8000,
    "house": 7500,
    "ambient": 9000,
    "dnb": 8500,
    "hiphop": 5000,
    "synthwave": 7000,
    "chiptune": 6000,
    "acid": 7800,
}


def decay(samples: int, seconds: float) -> np.ndarray:
    """Returns an exponential decay [samples] from 1; `seconds` is its time constant."""
    return np.exp(-np.arange(samples, dtype=np.float32) / (seconds * SAMPLE_RATE))


def noise(rng: Generator, samples: int) -> np.ndarray:
    """Returns white noise [samples] of unit variance."""
    return rng.standard_normal(samples).astype(np.float32)


def drum_kit(style: str, rng: Generator) -> dict[str, np.ndarray]:
    """Returns the samples of "kick", "snare", "hat" and "open_hat", slightly different for every seed."""
    kick, snare = _kick(style, rng), _snare(style, rng)
    closed = _hat(style, rng, 0.022 * rng.uniform(0.7, 1.6), 0.1)
    return {"kick": kick, "snare": snare, "hat": closed, "open_hat": _hat(style, rng, 0.11, 0.3)}


def _kick(style: str, rng: Generator) -> np.ndarray:
    pitch, sweep, sweep_time, length, drive = _KICKS[style]
    pitch, length = pitch * rng.uniform(0.93, 1.08), length * rng.uniform(0.85, 1.2)
    samples = int(0.45 * SAMPLE_RATE)
    t = np.arange(samples) / SAMPLE_RATE
    wave = np.sin(2 * np.pi * (pitch * t + sweep * sweep_time * (1 - np.exp(-t / sweep_time))))
    if style == "chiptune":
        kick = np.sign(wave) * decay(samples, 0.06) * 0.7
    else:
        kick = np.tanh(drive * wave * decay(samples, length))
    kick[:300] += noise(rng, 300) * decay(300, 0.002) * (0.05 if style == "ambient" else 0.25)
    kick[-400:] *= np.linspace(1, 0, 400)
    return (kick * 0.95).astype(np.float32)


def _snare(style: str, rng: Generator) -> np.ndarray:
    samples = int(0.35 * SAMPLE_RATE)
    if style in ("house", "techno", "acid"):
        snare = band_pass(noise(rng, samples), 800, 5000) * _claps(samples) * 1.6
    elif style == "chiptune":
        snare = np.repeat(rng.choice((-1.0, 1.0), samples // 4 + 1), 4)[:samples] * decay(samples, 0.07) * 0.5
    else:
        t = np.arange(samples) / SAMPLE_RATE
        tone = np.sin(2 * np.pi * (185 * t + 0.8 * (1 - np.exp(-t / 0.02)))) * decay(samples, 0.06)
        low, high, length = _SNARES[style]
        rattle = band_pass(noise(rng, samples), low, high) * decay(samples, length)
        if style == "synthwave":
            rattle[int(0.22 * SAMPLE_RATE) :] = 0
        snare = tone * 0.6 + rattle * 1.3
    return (snare * (0.5 if style == "ambient" else 0.8)).astype(np.float32)


def _claps(samples: int) -> np.ndarray:
    """Returns the envelope [samples] of a clap: three bursts, 10 ms apart, and a tail."""
    at = np.arange(samples)
    hands = [np.where(at >= start, np.exp(-np.maximum(at - start, 0) / 192.0), 0.0) for start in (0, 320, 640)]
    return np.sum(hands, axis=0) * 0.6 + decay(samples, 0.07) * 0.6


def _hat(style: str, rng: Generator, length: float, seconds: float) -> np.ndarray:
    samples = int(seconds * SAMPLE_RATE)
    hiss = noise(rng, samples)
    if style == "chiptune":
        hiss = np.repeat(rng.choice((-1.0, 1.0), samples // 2 + 1), 2)[:samples]
    return (high_pass(hiss, _HAT_HZ[style]) * decay(samples, length) * 0.45).astype(np.float32)
