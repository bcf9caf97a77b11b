"""Measures what a family's spec says of strength: the taper, at which equal turns of the knob move the sound equally
far, and the dry reach, below which some of the recording itself is heard.

What a turn changes has two sides. On clips that the model makes itself it is the rms latent distance to the clip; on
recordings it is also the chroma of what is heard, which can fall steeply between two strengths that are a short
distance apart. So the taper keeps the steps of the distance nearly even, and within that it makes the steps of chroma
as small as it can.

The reach is twice the distance at which a cover differs as much from its decoded clip, in chroma, as the decoded clip
does from the recording: there half of the recording is heard, since beyond it the codec is no longer what loses most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from scipy.optimize import minimize
from torch import Tensor

from demon_patch.arrays import Array
from demon_patch.bench.judges import chroma_correlation
from demon_patch.engine.contracts import FamilySpec, Source
from demon_patch.engine.executors.gate import PROMPTS
from demon_patch.engine.session import Session

STEPS = 10  # of the knob
CLIPS, SECONDS, PROMPT = 8, 10.0, "acid, dark"
HEARD = 2  # of the clips that the model makes, whose covers are decoded for the reach
RECORDED_SECONDS = 30.0
STRENGTHS = tuple(k / 32 for k in (0, 1, 2, 4, 6, 8, 12, *range(16, 33, 2)))
LEAST, MOST = 0.073, 0.119  # of the whole distance, in one step
LIMIT = 0.148  # the greatest fall of chroma in one step, for the recordings that must keep it
POWER = 8  # of the mean over the falls, which follows the steepest ones
STARTS = 20  # of the search

Chroma = Mapping[str, Array]
"""By recording, the correlation [strengths] of the heard chroma with the recording's."""


@dataclass(frozen=True, eq=False)
class StrengthFigures:
    """What was measured.

    strengths: [n], rising from 0 to 1. distance: [n], the mean rms latent distance of covers to their clips.
    taper: the strengths at equally spaced knob positions (`FamilySpec.strength_taper`).
    chroma: of each recording. reach: `FamilySpec.dry_reach`; None where no clip has a chroma.
    """

    strengths: Array
    distance: Array
    taper: tuple[float, ...]
    chroma: Chroma = field(default_factory=dict)
    reach: float | None = None

    def moved(self, taper: Sequence[float]) -> Array:
        """Returns the share of the whole distance that each step of a taper moves the sound."""
        return np.diff(np.interp(taper, self.strengths, self.distance)) / (self.distance[-1] - self.distance[0])

    def lines(self, spec: FamilySpec) -> list[str]:
        """Returns the figures as text, the spec's own beside them."""
        own, found = (100 * self.moved(each) for each in (spec.strength_taper, self.taper))
        lines = [
            f"strength_taper={tuple(round(strength, 4) for strength in self.taper)}",
            f"each of its steps moves the sound by {found.min():.1f} to {found.max():.1f} % of the whole distance, "
            f"of the spec's taper by {own.min():.1f} to {own.max():.1f} %",
        ]
        if self.reach is not None:
            lines.append(f"dry_reach={self.reach:.2f}; the spec has {spec.dry_reach:g}")
        for name, clip in self.chroma.items():
            fall = -np.diff(np.interp(self.taper, self.strengths, clip)).min()
            lines.append(f"chroma of {name} falls by at most {fall:.3f} in a step")
        return lines


def measure(
    session: Session,
    recordings: Sequence[Path] = (),
    *,
    clips: int = CLIPS,
    strengths: Sequence[float] = STRENGTHS,
    note: Callable[[str], object] = lambda text: None,
) -> StrengthFigures:
    """Measures the strength of a model, with its default steps and shift; some minutes for nano on a processor.

    recordings: sound files whose chroma must keep LIMIT in every step of the taper.
    clips: how many clips the model makes itself. note: called with what is done next.

    Raises ValueError where the sound does not move away from its clips, or where no taper keeps LIMIT.
    """
    rows, reaches = list[Array](), list[float]()
    for at in range(clips):
        text, other = PROMPTS[at % len(PROMPTS)], PROMPTS[(3 * at + 5) % len(PROMPTS)]
        note(f"clip {at + 1} of {clips}: {text}")
        clip = _made(session, text, at)
        for words in (text, other):
            latents = _covers(session, clip, words, strengths, at)
            rows.append(np.array([latent_distance(latent, clip.latent) for latent in latents]))
            if at < HEARD and words == text:
                reaches += _reach(session, clip, latents)
    chroma: dict[str, Array] = {}
    for path in recordings:
        note(f"recording {path.stem}")
        clip = session.source(path, seconds=RECORDED_SECONDS)
        latents = _covers(session, clip, PROMPT, strengths, 42)
        reaches += _reach(session, clip, latents)
        sounds = (session.covered(latent, clip).sound(0, clip.frames) for latent in latents)
        chroma[path.stem] = np.array(
            [chroma_correlation(each, clip.audio, session.spec.sample_rate) for each in sounds]
        )
    distance = np.mean(rows, axis=0)
    if not np.isfinite(distance).all() or distance.max() <= distance[0]:
        raise ValueError("the sound does not move away from its clips")
    taper = even_taper(strengths, distance, chroma, {})
    reach = float(np.median(reaches)) if reaches else None
    return StrengthFigures(np.array(strengths), distance, taper, chroma, reach)


def even_taper(strengths: Sequence[float], distance: Array, kept: Chroma, also: Chroma) -> tuple[float, ...]:
    """Returns the strengths at the knob positions 0, 1 / STEPS, ..., 1.

    strengths: [n], rising from 0 to 1.
    distance: [n], mean latent distance to the source.
    kept: recordings whose chroma falls by at most LIMIT in any step.
    also: recordings whose falls count in the mean that is made small, as those of `kept` do.

    Each step moves LEAST to MOST of the whole distance; without recordings all move it equally far. Raises ValueError
    where this cannot be with LIMIT.
    """
    rising = np.maximum.accumulate(distance - distance[0])
    clips = np.array([*kept.values(), *also.values()])

    def knots(shares: Array) -> Array:
        reached = np.concatenate([[0.0], np.cumsum(shares) / np.sum(shares)])
        return np.interp(reached * rising[-1], rising, strengths)

    if not len(clips):
        return tuple(knots(np.ones(STEPS)).tolist())

    def falls(shares: Array) -> Array:
        return np.array([-np.diff(np.interp(knots(shares), strengths, clip)) for clip in clips])

    def cost(shares: Array) -> float:
        return float((np.maximum(falls(shares), 0.0) ** POWER).mean() ** (1.0 / POWER))

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


def _made(session: Session, text: str, seed: int) -> Source:
    """Returns a clip that the model makes itself: composed, or else made from the prompt alone and read from a file."""
    if session.spec.needs_source:
        return session.compose(text, seconds=SECONDS, seed=seed)
    latent = session.generate(session.prompt(text), session.alone(seconds=SECONDS), seed=seed)
    with TemporaryDirectory(prefix="demon-patch-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "clip.wav"
        soundfile.write(path, session.decode(latent), session.spec.sample_rate, subtype="FLOAT")
        return session.source(path)


def _covers(session: Session, clip: Source, text: str, strengths: Sequence[float], seed: int) -> list[Tensor]:
    prompt = session.prompt(text)
    return [session.generate(prompt, clip, strength=strength, seed=seed) for strength in strengths]


def latent_distance(a: Tensor, b: Tensor) -> float:
    """Returns the rms difference of two latents [T, C]."""
    return float((a - b).square().mean().sqrt())


def _reach(session: Session, clip: Source, latents: Sequence[Tensor]) -> list[float]:
    """Returns the reach on a clip, of whose covers `latents` are those by rising strength; nothing for a clip without a
    chroma."""
    rate, own = session.spec.sample_rate, session.decode(clip.latent)
    lost = chroma_correlation(own, clip.audio, rate)
    alike = np.array([chroma_correlation(session.decode(latent), own, rate) for latent in latents])
    if not np.isfinite([lost, *alike]).all():
        return []
    falling, away = np.minimum.accumulate(alike), np.array([latent_distance(latent, clip.latent) for latent in latents])
    return [2.0 * float(np.interp(-lost, -falling, away))]
