"""Drums drawn at random, for training `engine.sound.strokes`: kicks, what sounds in the middle, and what sounds high.

Sounds are float64 arrays of peak 1 at RATE. All is drawn from the generator that is given.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.random import Generator

from demon_patch.arrays import Array
from demon_patch.engine.families.nano.spec import SPEC

RATE = SPEC.sample_rate


def between(rng: Generator, lo: float, hi: float) -> float:
    """Returns a random number from lo to hi, drawn evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(lo), np.log(hi))))


def noise(seconds: float, rng: Generator, lo: float = 0.0, hi: float = np.inf) -> Array:
    """Returns white noise [samples] with a mean square of about 1, of which only the band from `lo` to `hi` Hz is kept.
    It lasts `seconds`."""
    made = rng.normal(0, 1, int(RATE * seconds))
    hz = np.fft.rfftfreq(len(made), 1 / RATE)
    return np.fft.irfft(np.fft.rfft(made) * ((hz >= lo) & (hz < hi)), len(made))


def peaked(sound: Array) -> Array:
    """Returns a sound [samples], scaled to a peak of 1."""
    return sound / max(float(np.abs(sound).max()), 1e-9)


def seconds(length: float) -> Array:
    """Returns the time in seconds of each sample of a sound that lasts `length` seconds."""
    return np.arange(int(RATE * length)) / RATE


def _tone(hz: Array, phase: float = 0.0) -> Array:
    return np.sin(2 * np.pi * np.cumsum(hz) / RATE + phase)


def _fades(t: Array, attack: float, decay: float) -> Array:
    """Returns a gain at the times t: a linear attack, an exponential decay, both times in seconds, and a fade at the
    end."""
    return np.minimum(t / attack, 1) * np.exp(-t / decay) * np.minimum((t[-1] - t) / 0.03, 1)


def kick(rng: Generator) -> Array:
    """Returns a random kick drum [samples]: a falling tone, often with a click, a second body, noise or drive. Some
    ring long."""
    kind = rng.random()
    long, hollow = kind < 0.15, kind > 0.9
    t = seconds(1.2 if long else 0.5)
    lowest = rng.uniform(70, 105) if hollow else rng.uniform(34, 72)
    fall = between(rng, 15, 300) * np.exp(-t / between(rng, 0.004, 0.09))
    if rng.random() < 0.3:
        fall += between(rng, 100, 2000) * np.exp(-t / between(rng, 0.001, 0.008))
    sound = _tone(lowest + fall, rng.uniform(0, 1.6))
    if rng.random() < 0.25:
        sound += (
            rng.uniform(0.1, 0.6) * _tone((lowest + fall) * rng.uniform(1.5, 3)) * np.exp(-t / rng.uniform(0.01, 0.1))
        )
    sound *= _fades(t, between(rng, 0.0003, 0.012), between(rng, 0.25, 0.9) if long else between(rng, 0.03, 0.35))
    if rng.random() < 0.65:
        lo, hi = rng.choice([0.0, 0.0, 300.0, 1500.0]), rng.choice([2000.0, 4000.0, 8000.0, 20_000.0])
        click = peaked(noise(len(t) / RATE, rng, lo, hi) * np.exp(-t / between(rng, 0.0006, 0.012)))
        sound = sound + between(rng, 0.01, 0.9) * click
    if rng.random() < 0.25:
        knock = np.sin(2 * np.pi * between(rng, 150, 3000) * t) * np.exp(-t / between(rng, 0.002, 0.02))
        sound = sound + between(rng, 0.03, 0.6) * knock
    if rng.random() < 0.35:
        lean = rng.uniform(0, 0.5)
        sound = np.tanh(between(rng, 1, 12) * sound + lean) - np.tanh(lean)
    if rng.random() < 0.25:
        hiss = noise(len(t) / RATE, rng, 100, rng.choice([600.0, 1500.0, 4000.0, 12_000.0]))
        sound = sound + between(rng, 0.003, 0.12) * peaked(hiss * np.exp(-t / between(rng, 0.01, 0.15)))
    return peaked(sound)


def snare(rng: Generator) -> Array:
    """Returns a random snare drum [samples]: one or two tones and noise."""
    t, hz = seconds(0.5), between(rng, 130, 420)
    tone = _tone(hz * (1 + rng.uniform(0, 0.8) * np.exp(-t / between(rng, 0.005, 0.03)))) * np.exp(
        -t / between(rng, 0.015, 0.2)
    )
    if rng.random() < 0.5:
        second = np.sin(2 * np.pi * hz * rng.uniform(1.4, 2.6) * t)
        tone = tone + rng.uniform(0.2, 0.9) * second * np.exp(-t / between(rng, 0.02, 0.1))
    lo = rng.choice([0.0, 100.0, 300.0, 800.0, 1500.0])
    hiss = peaked(noise(0.5, rng, lo, rng.choice([3000.0, 4500.0, 6000.0, 9000.0, 12_000.0, 20_000.0, 20_000.0])))
    hiss *= np.exp(-t / between(rng, 0.02, 0.25))
    sound = between(rng, 0.05, 1) * tone + between(rng, 0.1, 1) * hiss
    if rng.random() < 0.2:
        sound = sound + rng.uniform(0.1, 0.6) * peaked(noise(0.5, rng) * np.exp(-t / 0.002))
    return peaked(sound * np.minimum(t / between(rng, 0.0003, 0.006), 1))


def clap(rng: Generator) -> Array:
    """Returns a random clap [samples]: a band of noise, struck two to four times within 40 ms."""
    t, centre = seconds(0.4), between(rng, 700, 2500)
    hiss = noise(0.4, rng, centre / rng.uniform(1.4, 3), centre * rng.uniform(1.4, 6))
    shape, at = np.zeros(len(t)), 0
    for _ in range(int(rng.integers(1, 4))):
        shape[at:] += np.exp(-t[: len(t) - at] / between(rng, 0.002, 0.008))
        at += int(RATE * rng.uniform(0.006, 0.013))
    shape[at:] += np.exp(-t[: len(t) - at] / between(rng, 0.02, 0.15))
    return peaked(hiss * shape * np.minimum(t / 0.0005, 1))


def rim(rng: Generator) -> Array:
    """Returns a random rim shot [samples]: short tones and a click."""
    t = seconds(0.15)
    tones = [rng.uniform(0.3, 1) * np.sin(2 * np.pi * between(rng, 300, 2500) * t + rng.uniform(0, 6)) for _ in "123"]
    sound = np.sum(tones, axis=0) * np.exp(-t / between(rng, 0.004, 0.03))
    sound = sound + between(rng, 0.05, 1) * noise(0.15, rng, 300, 9000) * np.exp(-t / between(rng, 0.001, 0.01))
    return peaked(sound * np.minimum(t / 0.0005, 1))


def tom(rng: Generator) -> Array:
    """Returns a random tom [samples]: a tone that falls a little, with a stick's click."""
    t, hz = seconds(0.7), between(rng, 115, 300)
    sound = _tone(hz * (1 + rng.uniform(0.05, 0.6) * np.exp(-t / between(rng, 0.02, 0.1))))
    sound = sound + rng.uniform(0, 0.4) * np.sin(2 * np.pi * hz * rng.uniform(1.4, 1.7) * t) * np.exp(-t / 0.06)
    sound *= _fades(t, between(rng, 0.0005, 0.004), between(rng, 0.06, 0.3))
    stick = peaked(
        noise(0.7, rng, 200, rng.choice([2000.0, 6000.0, 12_000.0])) * np.exp(-t / between(rng, 0.002, 0.02))
    )
    return peaked(sound + between(rng, 0.02, 0.5) * stick)


def middle(rng: Generator) -> Array:
    """Returns a random snare, clap, rim shot or tom [samples]."""
    return (snare, snare, snare, snare, snare, clap, rim, tom)[int(rng.integers(8))](rng)


def hat(rng: Generator) -> Array:
    """Returns a random hat [samples], closed or open: high noise, sometimes with metallic tones or a body."""
    length = 0.9 if rng.random() < 0.15 else 0.4
    t = seconds(length)
    sound = noise(length, rng, rng.uniform(3000, 10_000), rng.choice([11_000.0, 20_000.0, 20_000.0]))
    if rng.random() < 0.3:
        tones = [np.sin(2 * np.pi * hz * t + rng.uniform(0, 6)) for hz in rng.uniform(3000, 13_000, 6)]
        sound = sound + rng.uniform(0.1, 3) * np.sum(tones, axis=0)
    if rng.random() < 0.4:
        sound = sound + between(rng, 0.05, 0.8) * noise(length, rng, rng.uniform(150, 2500))
    if rng.random() < 0.4:
        body = np.sin(2 * np.pi * between(rng, 80, 1200) * t) * np.exp(-t / between(rng, 0.01, 0.06))
        sound = sound + between(rng, 0.02, 2) * body
    decay = between(rng, 0.1, 0.35) if length > 0.5 else between(rng, 0.008, 0.12)
    return peaked(sound * _fades(t, between(rng, 0.0003, 0.004), decay))


def shaker(rng: Generator) -> Array:
    """Returns a random shaker [samples]: high noise that swells within some milliseconds."""
    t, centre = seconds(0.25), between(rng, 4000, 9000)
    sound = noise(0.25, rng, centre / rng.uniform(1.2, 2), centre * rng.uniform(1.2, 3))
    return peaked(sound * _fades(t, between(rng, 0.004, 0.025), between(rng, 0.015, 0.06)))


def cymbal(rng: Generator) -> Array:
    """Returns a random cymbal, bell or triangle [samples]: tones out of tune with each other, with or without noise,
    that ring long."""
    length = rng.uniform(0.5, 1.4)
    t, few = seconds(length), rng.random() < 0.3
    hz = rng.uniform(2500, 14_000, 5 if few else 24)
    tones = [rng.uniform(0.2, 1) * np.sin(2 * np.pi * q * t + rng.uniform(0, 6)) for q in hz]
    sound = peaked(np.sum(tones, axis=0)) + rng.uniform(0, 0.2 if few else 1) * peaked(
        noise(length, rng, rng.uniform(1000, 6000))
    )
    sound *= _fades(t, between(rng, 0.0005, 0.01), between(rng, 0.06, 0.5))
    if rng.random() < 0.5:
        stick = noise(length, rng, rng.uniform(300, 4000)) * np.exp(-t / between(rng, 0.002, 0.02))
        sound = sound + rng.uniform(0.1, 0.8) * peaked(stick)
    return peaked(sound)


def high(rng: Generator) -> Array:
    """Returns a random hat, shaker or cymbal [samples]."""
    return (hat, hat, hat, hat, hat, shaker, cymbal)[int(rng.integers(7))](rng)


def clear(sound: Array, part: int) -> bool:
    """Returns whether a stroke has most of its energy where most sounds of its part have it. part: 0 kick, 1 middle, 2
    high."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)

    def share(lo: float, hi: float) -> float:
        return float(power[(hz >= lo) & (hz < hi)].sum() / power.sum())

    if part == 0:
        return share(0, 250) > 0.93
    if part == 1:
        return share(0, 120) < 0.15 and share(120, 1000) > 0.12 and share(1500, 16_000) > 0.05
    return share(3500, 16_000) > 0.93


def tilted(sound: Array, rng: Generator) -> Array:
    """Returns a sound [samples] made brighter or duller at random, by up to 3.6 dB an octave."""
    bins = np.asarray(scipy.fft.rfft(sound.astype(np.float32)))
    hz = np.maximum(np.arange(len(bins), dtype=np.float32) * (RATE / len(sound)), 30)
    made = scipy.fft.irfft(bins * (hz / 1000) ** np.float32(rng.uniform(-0.6, 0.6)), len(sound))
    return np.asarray(made, np.float64)


def altered(sound: Array, rng: Generator) -> Array:
    """Returns a recorded stroke [samples], changed at random: faster or slower, and often tilted, equalised, driven or
    shortened."""
    sound = np.interp(np.arange(0, len(sound) - 1, np.exp(rng.uniform(-0.35, 0.35))), np.arange(len(sound)), sound)
    if rng.random() < 0.4:
        sound = tilted(sound, rng)
    if rng.random() < 0.4:
        octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 30) / 30)
        gain = 10 ** (np.interp(octaves, np.arange(10), rng.normal(0, 4, 10)) / 20)
        sound = np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))
    if rng.random() < 0.2:
        sound = np.tanh(between(rng, 1, 8) * peaked(sound))
    if rng.random() < 0.4:
        sound = sound * np.exp(-np.arange(len(sound)) / RATE / between(rng, 0.05, 0.5))
    return peaked(sound)
