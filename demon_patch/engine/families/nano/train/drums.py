"""Drums drawn at random for the training of `engine.strokes`: kicks, snares, hats, patterns, bass lines and chords.

Sounds are float64 arrays at SAMPLE_RATE. All is drawn from the generator that is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.random import Generator

from demon_patch.arrays import Array
from demon_patch.engine.families.nano.spec import SPEC

RATE = SPEC.sample_rate
Kit = Sequence[Sequence[Array]]
"""Recorded one-shots to choose from: kicks, snares, hats."""

RECORDED = (
    ("bd_808", "bd_boom", "bd_gas", "bd_klub", "bd_pure", "bd_tek", "bd_zum", "drum_bass_soft", "elec_hollow_kick"),
    ("sn_dolf", "sn_generic", "drum_snare_hard", "elec_snare", "elec_mid_snare", "elec_filt_snare", "perc_snap"),
    ("drum_cymbal_closed", "elec_cymbal", "drum_cymbal_open", "drum_cymbal_soft", "drum_splash_hard", "elec_chime"),
)
"""The one-shots of Sonic Pi (CC0) that are learnt from; every other of its drums is kept to judge by."""


def recorded(folder: Path) -> list[list[Array]]:
    """RECORDED from a folder of FLAC files, at most 0.8 s each, of peak 1."""
    return [[_read(folder / f"{name}.flac") for name in names] for names in RECORDED]


def _read(path: Path) -> Array:
    audio, rate = soundfile.read(path, always_2d=True)
    sound = soxr.resample(audio.mean(axis=1), rate, RATE)[: int(0.8 * RATE)]
    return sound / np.abs(sound).max()


def between(rng: Generator, lo: float, hi: float) -> float:
    """A number of even chance by ratio."""
    return float(np.exp(rng.uniform(np.log(lo), np.log(hi))))


def noise(seconds: float, rng: Generator, lo: float = 0.0, hi: float = np.inf) -> Array:
    """White noise from `lo` to `hi` Hz."""
    made = rng.normal(0, 1, int(RATE * seconds))
    hz = np.fft.rfftfreq(len(made), 1 / RATE)
    return np.fft.irfft(np.fft.rfft(made) * ((hz >= lo) & (hz < hi)), len(made))


def _time(seconds: float) -> Array:
    return np.arange(int(RATE * seconds)) / RATE


def kick(rng: Generator) -> Array:
    """A falling tone, often with a click, drive or a short noise."""
    t = _time(0.5)
    hz = rng.uniform(38, 68) + between(rng, 15, 260) * np.exp(-t / between(rng, 0.006, 0.07))
    sound = np.sin(2 * np.pi * np.cumsum(hz) / RATE + rng.uniform(0, 0.5))
    attack, decay = between(rng, 0.0003, 0.008), between(rng, 0.05, 0.4)
    sound *= np.minimum(t / attack, 1) * np.exp(-t / decay) * np.minimum((0.5 - t) / 0.03, 1)
    if rng.random() < 0.6:
        click = between(rng, 0.005, 0.25) * noise(0.5, rng, 0, rng.choice([3000.0, 8000.0, 20_000.0]))
        sound = sound + click * np.exp(-t / between(rng, 0.001, 0.006))
    if rng.random() < 0.35:
        sound = np.tanh(rng.uniform(1, 4) * sound)
    if rng.random() < 0.15:
        hiss = between(rng, 0.01, 0.1) * noise(0.5, rng, 100, rng.choice([600.0, 1500.0, 4000.0]))
        sound = sound + hiss * np.exp(-t / between(rng, 0.01, 0.06))
    return sound / np.abs(sound).max()


def snare(rng: Generator) -> Array:
    """One or two tones and noise, sometimes three times within 20 ms as in a clap."""
    t, hz = _time(0.5), rng.uniform(140, 300)
    tone = np.sin(2 * np.pi * np.cumsum(hz * (1 + rng.uniform(0, 0.6) * np.exp(-t / 0.015))) / RATE)
    tone *= np.exp(-t / between(rng, 0.02, 0.15))
    if rng.random() < 0.5:
        second = np.sin(2 * np.pi * hz * rng.uniform(1.4, 2.4) * t)
        tone = tone + rng.uniform(0.2, 0.8) * second * np.exp(-t / between(rng, 0.02, 0.1))
    lo = rng.choice([0.0, 100.0, 300.0, 800.0, 1200.0])
    hiss = noise(0.5, rng, lo, rng.choice([4000.0, 6000.0, 9000.0, 12_000.0, 20_000.0, 20_000.0]))
    hiss *= np.exp(-t / between(rng, 0.03, 0.22))
    sound = between(rng, 0.05, 1) * tone + between(rng, 0.15, 1) * hiss / np.abs(hiss).max()
    if rng.random() < 0.15:
        late, short = int(0.01 * RATE), sound * np.exp(-t / 0.008)
        clap = np.roll(sound, 2 * late) + short + np.roll(short, late)
        clap[: 2 * late] = (short + np.roll(short, late))[: 2 * late]
        sound = clap
    sound *= np.minimum(t / between(rng, 0.0003, 0.003), 1)
    return sound / np.abs(sound).max()


def hat(rng: Generator) -> Array:
    """High noise, sometimes with metallic tones or a body."""
    t = _time(0.4)
    sound = noise(0.4, rng, rng.uniform(3500, 10_000))
    if rng.random() < 0.3:
        tones = [np.sin(2 * np.pi * hz * t + rng.uniform(0, 6)) for hz in rng.uniform(3000, 13_000, 6)]
        sound = sound + rng.uniform(0.1, 3) * np.sum(tones, axis=0)
    if rng.random() < 0.35:
        sound = sound + between(rng, 0.05, 0.7) * noise(0.4, rng, rng.uniform(200, 2000))
    if rng.random() < 0.4:
        body = np.sin(2 * np.pi * between(rng, 80, 900) * t) * np.exp(-t / between(rng, 0.01, 0.06))
        sound = sound + between(rng, 0.02, 2) * body
    sound *= np.exp(-t / between(rng, 0.01, 0.12)) * np.minimum(t / between(rng, 0.0003, 0.004), 1)
    return 0.6 * sound / np.abs(sound).max()


def tilted(sound: Array, rng: Generator) -> Array:
    """A sound made brighter or duller, by up to 3.6 dB an octave."""
    hz = np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 30)
    return np.fft.irfft(np.fft.rfft(sound) * (hz / 1000) ** rng.uniform(-0.6, 0.6), len(sound))


def one_of(sounds: Sequence[Array], rng: Generator) -> Array:
    """A recorded stroke, played a little faster or slower, and often tilted or shortened."""
    sound = sounds[int(rng.integers(len(sounds)))]
    if rng.random() < 0.5:
        sound = tilted(sound, rng)
    speed = np.exp(rng.uniform(-0.35, 0.35))
    sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound)
    if rng.random() < 0.5:
        sound = sound * np.exp(-np.arange(len(sound)) / RATE / between(rng, 0.06, 0.5))
    return sound / np.abs(sound).max()


def pattern(rng: Generator) -> list[Array]:
    """One or two bars of sixteenths for kick, snare and hat, 1 where struck: a common beat, or any steps."""
    step = np.arange(16 * rng.integers(1, 3))
    if rng.random() < 0.45:
        kicks = step % (8 if rng.random() < 0.3 else 4) == 0
        snares = step % 8 == 4
        hats = (step % 2 == 0, step % 4 == 2, step >= 0, step % 4 == 0, step % 2 == 0)[int(rng.integers(5))]
    else:
        on = step % int(rng.choice([1, 2, 2])) == 0
        kicks = (rng.random(len(step)) < rng.uniform(0.1, 0.5)) & on
        snares = (rng.random(len(step)) < rng.uniform(0.05, 0.4)) & on
        hats = (rng.random(len(step)) < rng.uniform(0.2, 1)) & on
        if rng.random() < 0.5:
            hats = step % int(rng.choice([2, 4, 1])) == 0
    return [np.asarray(struck, np.float64) * float(rng.random() >= 0.25) for struck in (kicks, snares, hats)]


def bass_line(rng: Generator, samples: int, bpm: float) -> Array:
    """Notes of a pattern of sixteenths, each held until the next one, of peak 1 at most."""
    sound, step = np.zeros(samples), 60 / bpm / 4
    on, notes = rng.random(16) < rng.uniform(0.1, 0.7), rng.choice(np.arange(28, 50), 4)
    cutoff, fade, attack = between(rng, 60, 1200), between(rng, 0.08, 2), between(rng, 0.002, 0.05)
    harmonics = np.arange(1, 14 if rng.random() < 0.6 else 3)
    starts = [n for n in range(int(samples / RATE / step)) if on[n % 16]]
    for n, stop in zip(starts, [*starts[1:], samples / RATE / step], strict=False):
        begin, end = int(n * step * RATE), min(int(stop * step * RATE), samples)
        t = np.arange(end - begin) / RATE
        hz = 440 * 2 ** ((float(notes[(n // 16) % 4]) - 69) / 12)
        note = np.sum([np.sin(2 * np.pi * q * hz * t) / q / (1 + (q * hz / cutoff) ** 2) for q in harmonics], axis=0)
        ends = np.minimum(t / attack, 1) * np.minimum(((end - begin) / RATE - t) / 0.005, 1)
        sound[begin:end] += note * ends * np.exp(-t / fade)
    return sound / max(np.abs(sound).max(), 1e-9)


def chord(rng: Generator, samples: int) -> Array:
    """Held tones that swell and fade, of peak 1."""
    t, hz = np.arange(samples) / RATE, between(rng, 110, 500)
    tones = [
        np.sin(2 * np.pi * hz * q * t + rng.uniform(0, 6)) * (0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * t))
        for q in (1, 1.26, 1.5, 2, 3, 4)
    ]
    sound = np.sum(tones, axis=0)
    return sound / np.abs(sound).max()


def room(sound: Array, rng: Generator) -> Array:
    """What a room adds to a sound."""
    tail = noise(0.5, rng) * np.exp(-_time(0.5) / between(rng, 0.03, 0.15))
    length = len(sound) + len(tail)
    wet = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(tail / np.sqrt(np.sum(tail**2)), length), length)
    return between(rng, 0.03, 0.4) * wet[: len(sound)]
