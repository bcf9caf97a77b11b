"""Sounds whose strokes are known, for training `engine.sound.strokes`: random beats, and loops of the composer."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.compose.instruments import StepGrid
from demon_patch.engine.families.nano.tags import STYLES, Tags
from demon_patch.engine.sound.strokes import PARTS, Heard
from tools.train_nano import drums
from tools.train_nano.beside import bass_line, chord, plucks, room
from tools.train_nano.drums import RATE, Array, between, peaked
from tools.train_nano.one_shots import Kit, Names, one_of, recorded

FRAMES = 400
_PER = RATE // 25
_NEEDS = 0.85  # frames that a stroke is heard for before it is told
_COMPOSED = 0.14  # share of the sequences
_SEED = 1000  # of the first composed loop
_APART = 0.118  # seconds between two strokes of a drum at least: the Onset node's gap, and a part of a frame

Truth = NDArray[np.int8]
Example = tuple[NDArray[np.float16], NDArray[np.float16], Truth, bool]
"""What is heard [FRAMES, LOOKS * BANDS], the level of each part [FRAMES, PARTS], what is struck [FRAMES, PARTS] (1, 0,
or -1 where either is right), and whether other instruments play, whose strokes may be taken for drums."""


def mark(truth: Truth, at: Iterable[int], part: int) -> None:
    """Marks the strokes of a part in `truth`, in place. A stroke is 1 in the frame in which it begins, or in the next
    one if less than _NEEDS of that frame is left; the other one of these two frames is -1 (either answer is right).

    truth: [FRAMES, PARTS].
    at: the samples at which strokes begin.
    part: the part's number.
    """
    for sample in at:
        frame, late = divmod(sample, _PER)
        told, other = (frame + 1, frame) if late > (1 - _NEEDS) * _PER else (frame, frame + 1)
        if told < FRAMES:
            truth[told, part] = 1
        if other < FRAMES and truth[other, part] != 1:
            truth[other, part] = -1


def without_hidden(truth: Truth) -> Truth:
    """Returns a copy of the truth [FRAMES, PARTS] in which a high stroke that sounds together with a middle one is -1
    (either answer is right), as long as no high stroke has been heard alone before."""
    high, middle = np.flatnonzero(truth[:, 2] == 1), np.flatnonzero(truth[:, 1] == 1)
    covered = (np.abs(high[:, None] - middle) <= 1).any(axis=1)
    heard = high[~covered].min(initial=len(truth))
    made = truth.copy()
    made[high[covered & (high < heard)], 2] = -1
    return made


def pattern(rng: Generator, absent: float = 0.18) -> list[NDArray[np.bool_]]:
    """Returns for kick, middle and hat on which sixteenths they strike, each bool [16 or 32]: a common beat, or any
    steps.

    absent: the chance, 0 to 1, that a part is left out.
    """
    step = np.arange(16 * rng.integers(1, 3))
    if rng.random() < 0.55:
        kicks = (
            step % 4 == 0,
            step % 4 == 0,
            step % 8 == 0,
            np.isin(step % 16, (0, 10)),
            np.isin(step % 16, (0, 7, 10)),
            np.isin(step % 32, (0, 10, 16, 22, 26)),
        )[int(rng.integers(6))]
        snares = (step % 8 == 4, step % 8 == 4, step % 8 == 4, step % 16 == 8, step % 16 == 12)[int(rng.integers(5))]
        hats = (step % 2 == 0, step % 4 == 2, step >= 0, step % 4 == 0, step % 2 == 0)[int(rng.integers(5))]
    else:
        on = step % int(rng.choice([1, 2, 2])) == 0
        kicks = (rng.random(len(step)) < rng.uniform(0.1, 0.5)) & on
        snares = (rng.random(len(step)) < rng.uniform(0.05, 0.4)) & on
        hats = (rng.random(len(step)) < rng.uniform(0.2, 1)) & on
        if rng.random() < 0.5:
            hats = step % int(rng.choice([2, 4, 1])) == 0
    alone = int(rng.integers(3)) if rng.random() < 0.12 else -1
    left = [part == alone if alone >= 0 else bool(rng.random() >= absent) for part in range(len(PARTS))]
    return [struck & plays for struck, plays in zip((kicks, snares, hats), left, strict=True)]


def sound_of(part: int, kits: Kit, mixed: bool, rng: Generator) -> Array:
    """Returns the sound of one stroke of a part [samples]. Where the kit is `mixed`, it is often a recorded one."""
    if mixed and rng.random() < 0.85:
        sound = one_of(kits[part], rng)
        return drums.altered(sound, rng) if rng.random() < 0.8 else sound
    sound = (drums.kick, drums.middle, drums.high)[part](rng)
    return peaked(drums.tilted(sound, rng)) if rng.random() < 0.3 else sound


def drawn(rng: Generator, kits: Kit, recordings: float) -> tuple[Array, Truth]:
    """Returns the sound [samples] of a random kit that plays a random pattern, often over other instruments, and its
    truth [FRAMES, PARTS].

    kits: recorded one-shots by part.
    recordings: the share of kits, 0 to 1, that have recorded one-shots.
    """
    truth, sound = np.zeros((FRAMES, len(PARTS)), np.int8), np.zeros(FRAMES * _PER)
    mixed = bool(kits) and rng.random() < recordings
    bpm, start = rng.uniform(75, 150), rng.uniform(0, 0.6)
    swing = rng.uniform(0, 0.3) if rng.random() < 0.2 else 0.0
    levels = (between(rng, 0.2, 1), between(rng, 0.2, 1), between(rng, 0.08, 0.6))
    uneven = rng.choice([0, 0, 0.3])
    for part, (steps, level) in enumerate(zip(pattern(rng), levels, strict=True)):
        count = 2 if part > 0 and rng.random() < 0.25 else 1
        strokes = [sound_of(part, kits, mixed, rng) for _ in range(count)]
        times, latest = [], -1.0
        for n in range(int(FRAMES * _PER / RATE * bpm / 15)):
            second = start + (n + swing * (n % 2)) * 15 / bpm
            at = int(second * RATE)
            if steps[n % len(steps)] and second - latest > _APART and at < len(sound) - _PER:
                stroke = strokes[int(rng.random() < 0.3) % len(strokes)]
                stop = min(at + len(stroke), len(sound))
                sound[at:stop] += level * np.exp(-uneven * abs(rng.normal())) * stroke[: stop - at]
                times.append(at)
                latest = second
        mark(truth, times, part)
    return _dressed(sound, bpm, rng), truth


def _dressed(sound: Array, bpm: float, rng: Generator) -> Array:
    """Returns drums [samples] to which a bass line, a chord, plucked notes, a room or drive are added at random."""
    peak = max(np.abs(sound).max(), 0.05)
    if rng.random() < 0.3:
        sound = sound + peak * between(rng, 0.05, 0.5) * bass_line(rng, len(sound), bpm)
    if rng.random() < 0.2:
        sound = sound + peak * between(rng, 0.005, 0.15) * chord(rng, len(sound))
    if rng.random() < 0.1:
        sound = sound + peak * between(rng, 0.02, 0.2) * plucks(rng, len(sound), bpm)
    if rng.random() < 0.2:
        sound = sound + room(sound, rng)
    if rng.random() < 0.12:
        sound = np.tanh(between(rng, 1, 5) * peaked(sound))
    return sound


def composed(rng: Generator, seed: int) -> tuple[Array, Truth]:
    """Returns the sound [samples] of a loop from the composer, with drums, and the truth of its strokes [FRAMES,
    PARTS].

    seed: of the composition.
    """
    song = compose_song(Tags(str(rng.choice(STYLES)), instruments={"drums": True}), FRAMES, _SEED + seed)
    score, truth = song.composition, np.zeros((FRAMES, len(PARTS)), np.int8)
    grid = StepGrid(score, len(song.audio))
    plays = grid.plays[:, 0]
    levels = {name: level[grid.beat_step] * plays for name, level in score.drums.items()}
    rolls = score.fill & (grid.bar % 4 == 3) & (grid.beat_step >= 12)
    levels["snare"] = np.where(rolls, np.maximum(levels["snare"], 0.5 * plays), levels["snare"])
    for part, names in enumerate((("kick",), ("snare",), ("hat", "open_hat"))):
        struck = np.max([levels[name] for name in names], axis=0) > 0.05
        mark(truth, grid.position[struck].tolist(), part)
    return song.audio.astype(np.float64), truth


@functools.cache
def kits_of(folder: str, names: Names) -> Kit:
    """Returns the one-shots with these names in a folder, by part; () for the folder ""."""
    return recorded(Path(folder), names) if folder else ()


def _over_noise(sound: Array, rng: Generator) -> Array:
    """Returns the sound [samples] with white or coloured noise added at random, and at times a hum."""
    loudest = np.abs(sound).max() if rng.random() < 0.5 else 1
    if rng.random() < 0.65:
        floor = rng.standard_normal(len(sound), np.float32).astype(np.float64)
        if rng.random() < 0.4:
            floor = drums.tilted(floor, rng)
        sound = sound + 10 ** (rng.uniform(-85, -45) / 20) * loudest * floor / floor.std()
    if rng.random() < 0.06:
        t = np.arange(len(sound)) / RATE
        hum = np.sin(2 * np.pi * rng.choice([50, 60]) * t) + 0.3 * np.sin(2 * np.pi * rng.choice([100, 120]) * t)
        sound = sound + 10 ** (rng.uniform(-70, -40) / 20) * loudest * hum
    return sound


def example(seed: Sequence[int], folder: str, names: Names, recordings: float = 0.55) -> Example:
    """Returns one example to train or to tune with. The seed decides all: sound, level, brightness, noise.

    folder: of the recorded one-shots, "" for none.
    names: the one-shots that may be taken from it.
    recordings: the share of kits, 0 to 1, that have recorded one-shots.
    """
    rng = np.random.default_rng(seed)
    others = rng.random() < _COMPOSED
    sound, truth = composed(rng, seed[-1]) if others else drawn(rng, kits_of(folder, names), recordings)
    if rng.random() < 0.25:
        sound = drums.tilted(sound, rng)
    if rng.random() < 0.2:
        sound = sosfilt(butter(2, between(rng, 3000, 14_000) / (RATE / 2), output="sos"), sound)
    if rng.random() < 0.08:
        sound = sosfilt(butter(2, between(rng, 25, 90) / (RATE / 2), "highpass", output="sos"), sound)
    sound = _over_noise(sound / max(np.abs(sound).max(), 0.05) * between(rng, 0.05, 1), rng)
    heard, levels = Heard(RATE, _PER).push(sound.reshape(FRAMES, _PER))
    return heard.astype(np.float16), levels.astype(np.float16), truth, others
