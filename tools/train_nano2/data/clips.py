"""Clips: a score in two or three sounds, with its exact hints. Clip n of a seed is the same in every run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score import TRAINING, Odds, Score, compose_score, score_hints
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.synth.effects import bins
from tools.train_nano2.data.mastering import mastered
from tools.train_nano2.data.sounds import SHARES, SOURCES, SoundTags, Studio

FRAMES_EVEN = 2
"""Clips last whole pairs of frames, as the denoiser's tokens do."""

_THIRD = 0.6  # of the scores are rendered a third time


@dataclass(frozen=True, slots=True)
class Render:
    """One rendering of a score.

    audio: float32 [2, frames * 1920] at 48 kHz.
    tags: what it sounds like.
    """

    audio: Samples
    tags: SoundTags


@dataclass(frozen=True, slots=True)
class Clip:
    """A score with its renderings.

    hints: float32 [frames, 144], the same for every rendering.
    """

    number: int
    score: Score
    hints: Samples
    renders: tuple[Render, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Decides all clips of a corpus by their numbers.

    seed: of all random choices.
    shortest, longest: of a clip, in seconds.
    odds: how unusual the scores are.
    only: the parts of the scores that are kept; all if empty.
    """

    seed: int = 0
    shortest: float = 8.0
    longest: float = 20.0
    odds: Odds = TRAINING
    only: tuple[str, ...] = ()

    def frames(self, number: int) -> int:
        """Returns the length of a clip in frames, 25 a second. It varies, so that tempi vary."""
        least, most = (int(seconds * 25) // FRAMES_EVEN for seconds in (self.shortest, self.longest))
        return Draws(self.seed, number, 4).whole(least, most) * FRAMES_EVEN

    def renders(self, number: int) -> int:
        """Returns the number of renders of a clip's score: two or three."""
        return 3 if Draws(self.seed, number, 5).chance(_THIRD) else 2

    def seconds(self, number: int) -> float:
        """Returns the seconds of sound of a clip, of all its renders together."""
        return self.frames(number) / 25 * self.renders(number)

    def numbers(self, hours: float) -> Iterator[int]:
        """Yields the numbers of the clips, from 0 on, until they make `hours` hours of sound."""
        left, number = hours * 3600, 0
        while left > 0:
            yield number
            left -= self.seconds(number)
            number += 1


def make_clip(recipe: Recipe, number: int, studio: Studio) -> Clip:
    """Composes and renders clip `number`."""
    draws = Draws(recipe.seed, number, 6)
    score = compose_score(None, draws.seed(), recipe.frames(number) / 25, odds=recipe.odds)
    if recipe.only:
        score = score.only(recipe.only)
    renders = []
    for source in _sources(recipe.renders(number), studio, draws):
        audio, tags = studio.render(score, source, draws)
        coloured = draws.chance(0.5)
        audio = mastered(audio, draws, levels_only=not coloured)
        tags = replace(tags, mastered=coloured, brightness=round(brightness(audio), 2), energy=round(energy(score), 3))
        renders.append(Render(audio, tags))
    return Clip(number, score, score_hints(score), tuple(renders))


def _sources(count: int, studio: Studio, draws: Draws) -> list[str]:
    """Returns the source of each render of a score. If there are several sources, not all renders have the same."""
    offered = studio.sources
    found = [draws.pick(offered, SHARES[: len(offered)]) for _ in range(count)]
    if len(offered) > 1 and len(set(found)) == 1:
        others = [source for source in SOURCES if source != found[0]]
        found[-1] = draws.pick(others)
    return found


def brightness(audio: Samples) -> float:
    """Returns the energy above 3 kHz relative to all energy, in dB, -60 to 0."""
    power = np.square(np.abs(np.fft.rfft(audio.mean(0))))
    above = float(power[bins(audio.shape[1]) > 3000].sum() / (power.sum() + 1e-12))
    return 10 * float(np.log10(above + 1e-6))


def energy(score: Score) -> float:
    """Returns how busy a score is, 0 calm to 1 busy: by its notes a second, weighted by velocity; drum strokes count
    half."""
    weights = [(0.5 if note.part == "drums" else 1.0) * note.velocity / 127 for note in score.notes]
    return float(min(np.log2(1 + sum(weights) / score.seconds) / 5, 1.0))
