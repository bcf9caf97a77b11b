"""Measures nano's strength taper: the strengths at which equal turns of the knob change the sound by equal amounts.

`python -m tools.train_nano.taper RECORDING...` prints it. What a turn changes has two sides. On loops of the composer
it is the rms latent distance to the source; on recordings it is also the chroma of what is heard, which can fall
steeply between two strengths that are a short distance apart. The taper is slower where chroma falls steeply.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import convolve1d
from scipy.optimize import root_scalar

from demon_patch.arrays import Array
from demon_patch.bench.judges import chroma_correlation
from demon_patch.engine.session import Session
from tools.train_nano.measure import strength_distances

KNOTS = 11
SECONDS, PROMPT = 20.0, "acid, dark"
STRENGTHS = tuple(k / 32 for k in (*range(0, 16, 2), *range(16, 33)))
SEEDS = range(16)  # of the composed sources
LEAST, MOST = 0.8, 1.3  # knob positions per unit of distance, relative to a taper by distance alone
GRID = 2001
FLAT = 1e-6  # of chroma per unit of strength: counts as no fall
SMOOTH = 0.05  # of strength, over which slopes are averaged


def even_taper(strengths: Sequence[float], distance: Array, chroma: Array) -> tuple[float, ...]:
    """Returns the strengths at KNOTS equally spaced knob positions.

    strengths: [n], rising from 0 to 1.
    distance: [n], mean latent distance to the source.
    chroma: [clips, n], correlation of the heard chroma with the recording's.

    The knob gives each strength room in proportion to the fall of chroma there (the fourth-power mean over the clips,
    which follows the steepest ones), but at least LEAST and at most MOST of the room that a taper by distance alone
    gives it. Where chroma does not fall at all, the taper is by distance alone.
    """
    fine = np.linspace(0.0, 1.0, GRID)
    rising = np.interp(fine, strengths, np.maximum.accumulate(distance - distance[0]))
    by_distance = _smooth(np.gradient(rising / rising[-1], fine))
    falls = [-np.gradient(np.interp(fine, strengths, np.minimum.accumulate(clip)), fine) for clip in chroma]
    fall = _smooth(np.mean(np.array(falls) ** 4, axis=0) ** 0.25)

    def room(scale: float) -> Array:
        return np.clip(scale * fall, LEAST * by_distance, MOST * by_distance)

    def surplus(scale: float) -> float:
        return float(room(scale).mean() - by_distance.mean())

    given = by_distance
    if fall.max() > FLAT:
        most = 100.0 / float(fall.max())
        given = room(root_scalar(surplus, bracket=(0.0, most)).root if surplus(most) > 0 else most)
    position = np.concatenate([[0.0], np.cumsum((given[1:] + given[:-1]) / 2)])
    return tuple(np.interp(np.linspace(0, position[-1], KNOTS), position, fine).tolist())


def heard_chroma(session: Session, path: Path, strengths: Sequence[float]) -> Array:
    """Returns the correlation [n] of the heard chroma with a recording's, by strength. Of the file, the first SECONDS
    are used."""
    clip, found = session.source(path, seconds=SECONDS), list[float]()
    for strength in strengths:
        ring = session.ring(clip, depth=1)
        ring.submit(session.request(session.prompt(PROMPT), clip, strength=strength))
        sound = session.covered(ring.drain()[-1].latent, clip).sound(0, clip.frames)
        found.append(chroma_correlation(sound, clip.audio, session.spec.sample_rate))
    return np.array(found)


def _smooth(slope: Array) -> Array:
    """Returns a slope [GRID], averaged over SMOOTH."""
    size = round(SMOOTH * GRID) | 1
    window = np.hanning(size + 2)[1:-1]
    return convolve1d(slope, window / window.sum(), mode="nearest")


def main(recordings: Sequence[str]) -> None:
    """Prints the taper over some recordings, and by how much chroma falls from knot to knot."""
    torch.set_num_threads(1)
    session = Session.load("nano", threads=1)
    distance = strength_distances(session.family, STRENGTHS, SEEDS).distance
    chroma = []
    for path in recordings:
        chroma.append(heard_chroma(session, Path(path), STRENGTHS))
        print(Path(path).stem, *np.round(chroma[-1], 3))
    taper = even_taper(STRENGTHS, distance, np.array(chroma))
    steps = np.diff(np.interp(taper, STRENGTHS, distance)) / (distance[-1] - distance[0])
    print("distance by tenths of the knob", *np.round(steps, 3))
    for path, clip in zip(recordings, chroma, strict=True):
        print(Path(path).stem, "falls by at most", round(float(-np.diff(np.interp(taper, STRENGTHS, clip)).min()), 3))
    print("strength_taper =", tuple(round(strength, 4) for strength in taper))


if __name__ == "__main__":
    main(sys.argv[1:])
