"""Fits the model of a bar (`engine.bar`) to loops of the composer.

    python -m tools.train_nano.bars

prints SCALE, TEMPLATE and PERIODS. Each loop is turned by a random part of a bar, so that its bar lines are anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.tags import STYLES, Tags
from demon_patch.engine.sound import bar_template
from demon_patch.engine.sound.bar_template import BEATS_PER_BAR
from demon_patch.engine.sound.tempo import PHASES, ClipRhythm, octaves

LENGTHS = (8, 10, 12, 16, 20, 24, 30)
_SEED, _LOOPS = 20_000, 480
_SHARP = 0.012  # seconds: deviation of the bar line that is fitted
_DECAY, _TEMPO_DECAY = 0.01, 0.001


@dataclass(frozen=True, slots=True)
class Turned:
    """A loop that was turned, so that its music begins later.

    audio: [samples] at the family's rate.
    downbeat: seconds from the start to the first bar line.
    """

    audio: NDArray[np.float32]
    style: str
    bpm: float
    downbeat: float


def turned_loops(seed: int, count: int, lengths: tuple[float, ...] = LENGTHS) -> Iterator[Turned]:
    """Yields `count` loops of all styles in turn, each turned by up to a bar, so that its music begins later.

    seed: of the first loop; each next loop has the next seed.
    lengths: in seconds; one is drawn for each loop.
    """
    rng = np.random.default_rng(seed)
    for number in range(count):
        frames = SPEC.frames(float(rng.choice(lengths)))
        song = compose_song(Tags(STYLES[number % len(STYLES)]), frames, seed + number)
        samples = int(rng.uniform(0, 60.0 * BEATS_PER_BAR / song.bpm) * SPEC.sample_rate)
        audio = np.roll(song.audio, samples)
        yield Turned(audio, song.composition.style, song.bpm, samples / SPEC.sample_rate)


@dataclass(frozen=True, slots=True)
class Example:
    """What the fit learns from a loop, for up to three octaves of its tempo; unused ones are 0.

    profiles: [3, 5, PHASES].
    periods: [3, 8].
    truth: [3, PHASES], the wanted probability of each octave and phase: a narrow peak at the true ones.
    """

    profiles: NDArray[np.float64]
    periods: NDArray[np.float64]
    truth: NDArray[np.float64]

    @classmethod
    def of(cls, loop: Turned) -> Example | None:
        """Returns the example of a loop; None if the true tempo is not among the octaves of the detected one."""
        sound = soxr.resample(loop.audio / np.sqrt(np.square(loop.audio).mean()), SPEC.sample_rate, 16000)
        clip = ClipRhythm.from_sound(sound, len(loop.audio) / SPEC.sample_rate)
        found = clip.beat()
        tempi = [clip.fitted(bpm) for bpm in octaves(found)] if found else []
        made = cls(
            np.zeros((3, len(bar_template.SCALE), PHASES)),
            np.zeros((3, len(bar_template.PERIODS))),
            np.zeros((3, PHASES)),
        )
        for place, (bpm, cyclic) in enumerate(tempi):
            made.profiles[place], made.periods[place] = clip.profiles(bpm, cyclic), clip.periods(bpm)
            if abs(bpm / loop.bpm - 1) < 0.02:
                length = BEATS_PER_BAR * 60.0 / bpm
                off = (np.arange(PHASES) / PHASES * length - loop.downbeat + length / 2) % length - length / 2
                made.truth[place] = np.exp(-0.5 * np.square(off / _SHARP))
        made.truth[:] /= max(made.truth.sum(), 1e-9)
        return made if made.truth.any() else None


def fit(examples: list[Example]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the fitted TEMPLATE and PERIODS: those whose softmax over octaves and phases is nearest to the truth,
    with weight decay."""
    heard = torch.from_numpy(bar_template.turned(bar_template.normalised(np.array([e.profiles for e in examples]))))
    periods = torch.from_numpy(np.array([e.periods for e in examples]))
    truth = torch.from_numpy(np.array([e.truth for e in examples])).flatten(1)
    unused = torch.where(periods.abs().sum(-1) > 0, 0.0, -1e3)[..., None]
    template = torch.zeros(heard.shape[-1], dtype=torch.float64, requires_grad=True)
    weights = torch.zeros(periods.shape[-1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([template, weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        odds = heard @ template + (periods @ weights)[..., None] + unused
        miss = -(torch.log_softmax(odds.flatten(1), 1) * truth).sum(1).mean()
        total = miss + _DECAY * template.square().sum() + _TEMPO_DECAY * weights.square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    return template.detach().numpy().reshape(-1, bar_template.STEPS), weights.detach().numpy()


def main() -> None:
    """Fits and prints."""
    examples = [made for loop in turned_loops(_SEED, _LOOPS) if (made := Example.of(loop)) is not None]
    template, periods = fit(examples)
    with np.printoptions(precision=2, suppress=True, linewidth=120, sign=" "):
        spread = np.median([e.profiles[e.truth.sum(1).argmax()].std(-1) for e in examples], axis=0)
        print("SCALE", spread, "TEMPLATE", template, "PERIODS", periods, sep="\n")


if __name__ == "__main__":
    main()
