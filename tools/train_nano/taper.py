"""Measures nano's strength taper: the strengths at which equal turns of the knob change the sound by equal amounts.

`python -m tools.train_nano.taper RECORDING... --also RECORDING...` prints it; about a minute for each recording. What a
turn changes has two sides. On loops of the composer it is the rms latent distance to the source; on recordings it is
also the chroma of what is heard, which can fall steeply between two strengths that are a short distance apart. So the
taper keeps the steps of the distance nearly even, and within that it makes the steps of chroma as small as it can.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize

from demon_patch.arrays import Array
from demon_patch.bench.judges import chroma_correlation
from demon_patch.engine.session import Session
from tools.train_nano.measure import strength_distances

STEPS = 10  # of the knob
SECONDS, PROMPT = 30.0, "acid, dark"
STRENGTHS = tuple(k / 32 for k in (0, 1, 2, 4, 6, 8, 12, *range(16, 33)))
SEEDS = range(16)  # of the composed sources
LEAST, MOST = 0.073, 0.119  # of the whole distance, in one step
LIMIT = 0.148  # the greatest fall of chroma in one step, for the recordings that must keep it
POWER = 8  # of the mean over the falls, which follows the steepest ones
STARTS = 20  # of the search

Chroma = Mapping[str, Array]
"""By recording, the correlation [strengths] of the heard chroma with the recording's."""


def even_taper(strengths: Sequence[float], distance: Array, kept: Chroma, also: Chroma) -> tuple[float, ...]:
    """Returns the strengths at the knob positions 0, 1 / STEPS, ..., 1.

    strengths: [n], rising from 0 to 1.
    distance: [n], mean latent distance to the source.
    kept: recordings whose chroma falls by at most LIMIT in any step.
    also: recordings whose falls count in the mean that is made small, as those of `kept` do.

    Each step moves LEAST to MOST of the whole distance. Raises ValueError where this cannot be with LIMIT.
    """
    rising = np.maximum.accumulate(distance - distance[0])
    clips = np.array([*kept.values(), *also.values()])

    def knots(shares: Array) -> Array:
        reached = np.concatenate([[0.0], np.cumsum(shares) / np.sum(shares)])
        return np.interp(reached * rising[-1], rising, strengths)

    def falls(shares: Array) -> Array:
        return np.array([-np.diff(np.interp(knots(shares), strengths, clip)) for clip in clips])

    def cost(shares: Array) -> float:
        return float((np.maximum(falls(shares), 0.0) ** POWER).mean() ** (1.0 / POWER)) if len(clips) else 0.0

    def room(shares: Array) -> Array:
        return (LIMIT - falls(shares)[: len(kept)]).ravel()

    constraints = [{"type": "eq", "fun": lambda shares: np.sum(shares) - 1.0}]
    if kept:
        constraints.append({"type": "ineq", "fun": room})
    drawn = np.random.default_rng(0)
    found: list[tuple[float, Array]] = []
    for _ in range(STARTS):
        start = np.clip(1.0 / STEPS + 0.012 * drawn.standard_normal(STEPS), LEAST, MOST)
        tried = minimize(cost, start, method="SLSQP", bounds=[(LEAST, MOST)] * STEPS, constraints=constraints)
        if tried.success and (not kept or room(tried.x).min() > -1e-4):
            found.append((float(tried.fun), tried.x))
    if not found:
        raise ValueError(f"no taper keeps every fall of chroma within {LIMIT}")
    return tuple(knots(min(found, key=lambda each: each[0])[1]).tolist())


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


def main() -> None:
    """Prints the taper, and by how much distance and chroma move from step to step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kept", nargs="+", type=Path, help="recordings whose chroma must keep the limit")
    parser.add_argument("--also", nargs="*", type=Path, default=[], help="further recordings")
    given = parser.parse_args()
    torch.set_num_threads(1)
    session = Session.load("nano", threads=1)
    distance = strength_distances(session.family, STRENGTHS, SEEDS).distance
    kept = {path.stem: heard_chroma(session, path, STRENGTHS) for path in given.kept}
    also = {path.stem: heard_chroma(session, path, STRENGTHS) for path in given.also}
    taper = even_taper(STRENGTHS, distance, kept, also)
    moved = np.diff(np.interp(taper, STRENGTHS, distance)) / (distance[-1] - distance[0])
    print("share of the distance by step", *np.round(moved, 3))
    for name, clip in {**kept, **also}.items():
        print(name, "falls by at most", round(float(-np.diff(np.interp(taper, STRENGTHS, clip)).min()), 3))
    print("strength_taper =", tuple(round(strength, 4) for strength in taper))


if __name__ == "__main__":
    main()
