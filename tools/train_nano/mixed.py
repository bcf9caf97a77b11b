"""Beats without end for training `engine.sound.strokes`, put together from what single sounds are in its bands.

The energies of sounds that play together are added, which leaves out how their phases meet; so a beat costs no more
than the few numbers of its strokes, and no two steps see the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from demon_patch.engine.sound.strokes import BANDS, LOOKS, PARTS, powers, shapes_of
from tools.train_nano import drums
from tools.train_nano.beats import FRAMES, Truth, mark, pattern, sound_of
from tools.train_nano.beside import bass_line, chord, plucks, room
from tools.train_nano.drums import RATE, Array, between
from tools.train_nano.one_shots import Kit

_PER = RATE // 25
_LOOK = _PER // LOOKS
_SHIFTS = 3  # places within a look that a sound is measured at
_APART = 0.118
_SOUNDS, _BESIDE, _FLOORS = 700, 100, 8

Looks = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely each property of a random beat is; chances are 0 to 1.

    absent: the chance that a part is left out.
    begun: the chance that the beat began before the sound does.
    noise: the chance that it plays over noise.
    silence: the most seconds of silence before a beat that did not begin earlier.
    anywhere: whether such a beat may begin at any step of its pattern.
    """

    absent: float
    begun: float
    noise: float
    silence: float
    anywhere: bool


USUAL = Odds(absent=0.18, begun=0.6, noise=0.65, silence=0.6, anywhere=False)
CLEAR = Odds(absent=0.35, begun=0.3, noise=0.45, silence=2.0, anywhere=True)


@dataclass(frozen=True, slots=True)
class _Sound:
    """The energy [_SHIFTS, looks, BANDS] of a stroke, and whether it is a clear one of its part."""

    looks: Looks
    clear: bool


class Bank:
    """Sounds of each part, music to play beside them, and noise."""

    def __init__(self, seed: Sequence[int], kits: Kit) -> None:
        rng = np.random.default_rng(seed)
        self._parts = [[_measured(part, kits, rng) for _ in range(_SOUNDS)] for part in range(len(PARTS))]
        self._clear = [[sound for sound in part if sound.clear] for part in self._parts]
        self._beside = [_looks(_beside(rng)) for _ in range(_BESIDE)]
        self._floors = [_looks(rng.normal(0, 1, FRAMES * _PER)) for _ in range(_FLOORS)]

    def beat(self, rng: Generator, frames: int, odds: Odds = USUAL) -> tuple[Looks, Truth]:
        """Returns the looks [frames, LOOKS * BANDS] of a random beat, as the network hears them, and its truth [frames,
        PARTS]."""
        energy, truth = np.zeros((frames * LOOKS, BANDS)), np.zeros((FRAMES, len(PARTS)), np.int8)
        parts = self._clear if rng.random() < 0.5 else self._parts
        bpm = rng.uniform(75, 150)
        start = rng.uniform(0, odds.silence) - (rng.random() < odds.begun) * rng.uniform(0, 4)
        first = int(rng.integers(32)) if odds.anywhere and start >= 0 else 0
        swing = rng.uniform(0, 0.3) if rng.random() < 0.2 else 0.0
        levels, uneven = (between(rng, 0.2, 1), between(rng, 0.2, 1), between(rng, 0.08, 0.6)), rng.choice([0, 0, 0.3])
        for part, (steps, level) in enumerate(zip(pattern(rng, odds.absent), levels, strict=True)):
            count = 2 if part > 0 and rng.random() < 0.12 else 1
            sounds = [parts[part][int(rng.integers(len(parts[part])))].looks * _tint(rng) for _ in range(count)]
            times, latest = [], -10.0
            for n in range(int((frames / 25 - start) * bpm / 15)):
                second = start + (n + swing * (n % 2)) * 15 / bpm
                if steps[(n + first) % len(steps)] and second - latest > _APART and second > -1:
                    gain = (level * np.exp(-uneven * abs(rng.normal()))) ** 2
                    add(energy, second * RATE, gain * sounds[int(rng.random() < 0.3) % count])
                    latest = second
                    if second >= 0:
                        times.append(int(second * RATE))
            mark(truth, times, part)
        loudest = max(float(energy.sum(axis=1).max()), 1e-3)
        if rng.random() < 0.3:
            energy += loudest * between(rng, 0.03, 0.7) ** 2 * self._cut(self._beside, rng, len(energy))
        energy *= (between(rng, 0.05, 1) ** 2 / loudest) * _tint(rng)
        if rng.random() < odds.noise:
            energy += 10 ** (rng.uniform(-85, -45) / 10) * self._cut(self._floors, rng, len(energy))
        return shapes_of(energy.reshape(frames, LOOKS, BANDS))[0].astype(np.float32), truth[:frames]

    def _cut(self, looks: list[Looks], rng: Generator, length: int) -> Array:
        found = looks[int(rng.integers(len(looks)))]
        at = int(rng.integers(len(found) - length + 1))
        return found[at : at + length] * _tint(rng)


def add(energy: Array, sample: float, looks: Array | Looks) -> None:
    """Adds the energy of a stroke to `energy` [looks, BANDS], in place. sample: where it begins; less than 0 is before
    the start."""
    at, shift = divmod(round(sample * _SHIFTS / _LOOK), _SHIFTS)
    cut = looks[shift][max(-at, 0) :]
    at = max(at, 0)
    stop = min(at + len(cut), len(energy))
    if stop > at:
        energy[at:stop] += cut[: stop - at]


def _tint(rng: Generator) -> Array:
    """Returns random gains of energy [BANDS] that are smooth over the bands, as of an equaliser. In 4 of 10 cases all
    are 1."""
    if rng.random() < 0.4:
        return np.ones(BANDS)
    tilt, bend = rng.normal(0, 3), np.interp(np.arange(BANDS), np.arange(0, BANDS + 2, 3), rng.normal(0, 2.5, 5))
    return 10 ** ((tilt * np.linspace(-1, 1, BANDS) + bend) / 10)


def _measured(part: int, kits: Kit, rng: Generator) -> _Sound:
    sound = sound_of(part, kits, rng.random() < 0.5 and bool(kits), rng)
    clear = drums.clear(sound, part)
    return _Sound(looks_of(sound, rng if rng.random() < 0.2 else None), clear)


def looks_of(sound: Array, in_room: Generator | None = None) -> Looks:
    """Returns the energy [_SHIFTS, looks, BANDS] of a stroke that begins with a look, or one or two thirds of a look
    later.

    in_room: if given, the stroke sounds in a random room.
    """
    padded = np.concatenate([np.zeros(_PER), sound, np.zeros(2 * _PER)])
    if in_room:
        padded = padded + room(padded, in_room)
    ends = _PER + _LOOK * np.arange(1, (len(padded) - _PER) // _LOOK)
    looks = np.stack([powers(padded, ends - round(shift * _LOOK / _SHIFTS)) for shift in range(_SHIFTS)])
    loud = np.flatnonzero(looks.sum(axis=(0, 2)) > 1e-8 * looks.sum(axis=2).max())
    return looks[:, : loud[-1] + 1].astype(np.float32)


def _beside(rng: Generator) -> Array:
    samples, bpm = FRAMES * _PER, rng.uniform(75, 150)
    kind = rng.random()
    if kind < 0.3:
        return chord(rng, samples)
    return bass_line(rng, samples, bpm) if kind < 0.8 else plucks(rng, samples, bpm)


def _looks(sound: Array) -> Looks:
    padded = np.concatenate([np.zeros(_PER), sound])
    return powers(padded, _PER + _LOOK * np.arange(1, len(sound) // _LOOK + 1)).astype(np.float32)
