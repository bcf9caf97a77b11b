"""What plays beside the drums of `train.beats`: bass lines, chords, plucked notes and rooms."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.signal import oaconvolve

from tools.train_nano.drums import RATE, Array, between, noise, peaked, seconds

_TABLE = 1 << 14
_CIRCLE = np.arange(_TABLE) * (2 * np.pi / _TABLE)
_SINE = np.sin(_CIRCLE)


def _wave(table: Array, hz: float, samples: int, phase: float = 0.0) -> Array:
    """Returns a tone [samples] of `hz` that reads a table of one cycle round and round. phase: in cycles."""
    at = np.arange(samples, dtype=np.uint32) * np.uint32(hz / RATE * 2**32) + np.uint32((phase % 1) * 2**32)
    return table[at >> np.uint32(18)]


def bass_line(rng: Generator, samples: int, bpm: float) -> Array:
    """Returns a random bass line [samples] with a peak of 1: notes on some sixteenths, each held until the next one."""
    sound, step = np.zeros(samples), 60 / bpm / 4
    on, notes = rng.random(16) < rng.uniform(0.1, 0.7), rng.choice(np.arange(28, 50), 4)
    cutoff, fade, attack = between(rng, 60, 1200), between(rng, 0.08, 2), between(rng, 0.002, 0.05)
    harmonics = np.arange(1, 14 if rng.random() < 0.6 else 3)
    pitches = [440 * 2 ** ((float(note) - 69) / 12) for note in notes]
    tables = [np.sum([np.sin(q * _CIRCLE) / q / (1 + (q * hz / cutoff) ** 2) for q in harmonics], 0) for hz in pitches]
    starts = [n for n in range(int(samples / RATE / step)) if on[n % 16]]
    for n, stop in zip(starts, [*starts[1:], samples / RATE / step], strict=False):
        begin, end, at = int(n * step * RATE), min(int(stop * step * RATE), samples), (n // 16) % 4
        t = np.arange(end - begin) / RATE
        ends = np.minimum(t / attack, 1) * np.minimum(((end - begin) / RATE - t) / 0.005, 1)
        sound[begin:end] += _wave(tables[at], pitches[at], end - begin) * ends * np.exp(-t / fade)
    return peaked(sound)


def chord(rng: Generator, samples: int) -> Array:
    """Returns a random chord [samples] with a peak of 1, whose held tones swell and fade."""
    hz, sound = between(rng, 110, 500), np.zeros(samples)
    for q in (1, 1.26, 1.5, 2, 3, 4):
        swell = 0.5 + 0.5 * _wave(_SINE, rng.uniform(0.1, 0.5), samples)
        sound += _wave(_SINE, hz * q, samples, rng.uniform(0, 1)) * swell
    return peaked(sound)


def plucks(rng: Generator, samples: int, bpm: float) -> Array:
    """Returns random plucked notes [samples] with a peak of 1, on some sixteenths. They are no drums."""
    sound, step = np.zeros(samples), 60 / bpm / 4
    on, pitches = rng.random(16) < rng.uniform(0.1, 0.6), rng.choice(np.arange(48, 84), 16)
    t, decay, attack = seconds(0.4), between(rng, 0.03, 0.3), between(rng, 0.001, 0.02)
    table = np.sum([rng.uniform(0, 1) / q * np.sin(q * _CIRCLE) for q in range(1, 6)], 0)
    for n in range(int(samples / RATE / step)):
        if on[n % 16]:
            hz, begin = 440 * 2 ** ((float(pitches[n % 16]) - 69) / 12), int(n * step * RATE)
            end = min(begin + len(t), samples)
            sound[begin:end] += (_wave(table, hz, len(t)) * np.minimum(t / attack, 1) * np.exp(-t / decay))[
                : end - begin
            ]
    return peaked(sound)


def room(sound: Array, rng: Generator) -> Array:
    """Returns the reverberation [samples] of a random room, to be added to the sound."""
    tail = noise(0.5, rng) * np.exp(-seconds(0.5) / between(rng, 0.03, 0.15))
    return between(rng, 0.03, 0.4) * oaconvolve(sound, tail / np.sqrt(np.sum(tail**2)))[: len(sound)]
