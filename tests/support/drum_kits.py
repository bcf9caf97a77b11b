"""Drums drawn by hand, recorded one-shots, and beats of them whose strokes are known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tools.train_nano.one_shots import HELD

RATE, PER, BEATS = 32_000, 1280, 32
SAMPLES = Path("/usr/share/sonic-pi/samples")  # of the Debian package sonic-pi-samples, CC0
Kit = tuple[np.ndarray, np.ndarray, np.ndarray]  # kick, snare, hat


def _noise(seconds: float, seed: int, above: float = 0.0) -> np.ndarray:
    made = np.random.default_rng(seed).normal(0, 1, int(RATE * seconds))
    spectrum = np.fft.rfft(made)
    return np.fft.irfft(spectrum * (np.fft.rfftfreq(len(made), 1 / RATE) >= above), len(made))


def kick(lo: float, hi: float, attack: float, decay: float, click: float = 0.0) -> np.ndarray:
    """A falling tone, and a click of 3 ms; it ends softly."""
    t = np.arange(int(RATE * 0.4)) / RATE
    tone = np.sin(2 * np.pi * np.cumsum(lo + (hi - lo) * np.exp(-t / 0.03)) / RATE)
    tone *= np.minimum(t / attack, 1) * np.exp(-t / decay) * np.minimum((0.4 - t) / 0.03, 1)
    return tone + click * _noise(0.4, 1) * np.exp(-t / 0.003)


def snare(hz: float, tone: float, noise: float, decay: float) -> np.ndarray:
    """A tone and noise."""
    t = np.arange(int(RATE * 0.35)) / RATE
    made = tone * np.sin(2 * np.pi * hz * t) * np.exp(-t / 0.06) + 0.5 * noise * _noise(0.35, 2) * np.exp(-t / decay)
    return made * np.minimum(t / 0.001, 1)


def hat(above: float, decay: float) -> np.ndarray:
    """Noise above a frequency."""
    t = np.arange(int(RATE * 0.2)) / RATE
    return 0.35 * _noise(0.2, 3, above) * np.exp(-t / decay) * np.minimum(t / 0.0005, 1)


DRAWN: dict[str, Kit] = {
    "soft": (kick(50, 130, 0.002, 0.12), snare(190, 0.5, 0.4, 0.08), hat(6000, 0.03)),
    "hard": (kick(45, 220, 0.0005, 0.15, 0.05), snare(220, 0.4, 0.6, 0.1), hat(7000, 0.05)),
    "long": (kick(48, 100, 0.004, 0.3), snare(180, 0.7, 0.25, 0.15), hat(5000, 0.02)),
}


def drawn(seed: int) -> Kit:
    """A kit of random kick, snare and hat."""
    rng = np.random.default_rng(seed)

    def even(lo: float, hi: float) -> float:
        return float(np.exp(rng.uniform(np.log(lo), np.log(hi))))

    click = even(0.01, 0.15) if rng.random() < 0.6 else 0.0
    return (
        kick(rng.uniform(40, 62), rng.uniform(90, 250), even(0.0003, 0.005), even(0.08, 0.3), click),
        snare(rng.uniform(150, 260), rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), even(0.05, 0.18)),
        hat(rng.uniform(4000, 9000), even(0.015, 0.08)),
    )


def held(seed: int) -> Kit:
    """A random kit of the one-shots that the training never hears."""
    rng = np.random.default_rng(seed)
    return recorded(*(str(rng.choice(names)) for names in HELD))


def recorded(*names: str) -> Kit:
    """Three one-shots by name; skips the test where they are not installed, but not in CI."""
    if not SAMPLES.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("the Debian package sonic-pi-samples is not installed")
        pytest.skip("the Debian package sonic-pi-samples is not installed")
    sounds: list[np.ndarray] = []
    for name in names:
        audio, rate = soundfile.read(SAMPLES / f"{name}.flac", always_2d=True)
        sound = soxr.resample(audio.mean(axis=1), rate, RATE)[: int(0.8 * RATE)]
        sounds.append(sound / np.abs(sound).max())
    first, second, third = sounds
    return first, second, third


_ALL, _BACK, _EIGHTHS = (
    [float(n) for n in range(BEATS)],
    [float(n) for n in range(1, BEATS, 2)],
    np.arange(2 * BEATS) / 2,
)
BEAT: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]] = {
    "kicks": (_ALL, (), ()),
    "hats": ((), (), _EIGHTHS.tolist()),
    "four on the floor": (_ALL, _BACK, _EIGHTHS.tolist()),
    "break": ([n for n in _EIGHTHS.tolist() if n % 4 in (0, 2.5)], _BACK, _EIGHTHS.tolist()),
    "hats between": (_ALL, _BACK, [n + 0.5 for n in _ALL]),
    "snares": ((), _BACK, ()),
    "sixteenths": (_ALL, _BACK, (np.arange(4 * BEATS) / 4).tolist()),
    "apart": (_ALL[::2], _BACK, [n + 0.5 for n in _ALL]),
}
"""Beats at which kick, snare and hat are struck."""


def beat(
    kit: Kit, name: str, levels: tuple[float, float, float], floor: float | None, late: float = 0.0
) -> tuple[np.ndarray, list[np.ndarray]]:
    """A beat of 16 s at 120 bpm over noise of `floor` dBFS; the sound, and the frames of its strokes by drum."""
    sound, frames = np.zeros(int(RATE * (BEATS / 2 + 1))), []
    for drum, level, places in zip(kit, levels, BEAT[name], strict=True):
        seconds = np.array(places, dtype=float) / 2 + 0.1 + late
        for at in (seconds * RATE).astype(int):
            stop = min(at + len(drum), len(sound))
            sound[at:stop] += level * drum[: stop - at]
        frames.append((seconds * RATE / PER).astype(int))
    if floor is not None:
        sound += 10 ** (floor / 20) * np.random.default_rng(4).normal(0, 1, len(sound))
    return (sound / max(1.0, np.abs(sound).max())).astype(np.float32), frames
