"""The gate for low precision: an executor of fewer bits is let in by its sound alone.

A wrong layout of scales runs without an error and merely blurs the music. So twelve prompts are generated with float32
and with the candidate, decoded, and compared as they are heard: by their log-mel spectra and by their onsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Samples
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError

PROMPTS: tuple[str, ...] = (
    "house in a minor, 124 bpm", "techno, dark", "ambient, slow", "acid", "drum and bass, 174 bpm", "dub techno, warm",
    "trance, bright", "hip hop, 90 bpm", "electro", "breakbeat", "synthwave", "minimal, soft",
)  # fmt: skip
SECONDS, STRENGTH, SEED = 8.0, 0.9, 11

BANDS, WINDOW_SECONDS, HOP_SECONDS, LOWEST_HZ = 64, 0.032, 0.01, 40.0
FLOOR_DB = -60.0
"""Under the loudest band of the reference, a band counts as silent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest distances of any prompt that are let in: `mel` in dB, `onset` as a share (`distances`)."""

    mel: float
    onset: float


LIMITS: Mapping[str, Limits] = MappingProxyType({"nano": Limits(1.5, 0.3)})
"""The limits of each model. Measured for nano: weights in float8 with their right scales are at most 1.0 dB and .21
away, with the scales of the neighbouring channel at least 2.4 dB and .39 (docs/decisions.md)."""

STRICTEST = Limits(1.0, 0.2)
"""The limits of a model that was not measured."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the sound of a prompt is from that of float32."""

    prompt: str
    mel: float
    onset: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found: the distances of all prompts, and the limits that they were held to."""

    model: str
    limits: Limits
    distances: tuple[Distance, ...]

    @property
    def passed(self) -> bool:
        """Returns whether every prompt is within the limits. Numbers that are not finite are not."""
        return all(each.mel <= self.limits.mel and each.onset <= self.limits.onset for each in self.distances)

    @property
    def worst(self) -> Distance:
        """Returns the prompt that is furthest out, by the larger of its two shares of the limits."""
        return max(self.distances, key=lambda each: max(each.mel / self.limits.mel, each.onset / self.limits.onset))

    def rows(self) -> list[dict[str, str | float]]:
        """Returns a row for each prompt."""
        return [asdict(each) for each in self.distances]

    def check(self) -> None:
        """Raises DemonError, with the worst prompt and its figures, unless every prompt is within the limits."""
        if not self.passed:
            worst = self.worst
            raise DemonError(
                f"{self.model} in low precision does not sound as in float32: prompt {worst.prompt!r} is "
                f"{worst.mel:.2g} dB (at most {self.limits.mel:g}) and {worst.onset:.2g} in its onsets "
                f"(at most {self.limits.onset:g}) away",
                mend="build it again, or play it in float32",
            )


def judge(
    reference: Session, candidate: Session, prompts: Sequence[str] = PROMPTS, seconds: float = SECONDS
) -> Verdict:
    """Generates and decodes every prompt with two sessions of one family, and returns how far apart they sound.

    reference: plays in float32. candidate: has the executor, or the codec, that is judged. seconds: of each song.
    """
    spec = reference.spec
    found = []
    for at, text in enumerate(prompts):
        source = reference.compose(text, seconds=seconds, seed=SEED + at)
        heard = []
        for session in (reference, candidate):
            latent = session.generate(session.prompt(text), source, strength=STRENGTH, seed=SEED + at)
            heard.append(session.decode(latent.float().cpu()))
        found.append(Distance(text, *distances(heard[0], heard[1], spec.sample_rate)))
    return Verdict(spec.name, LIMITS.get(spec.name, STRICTEST), tuple(found))


def distances(reference: Samples, other: Samples, rate: int) -> tuple[float, float]:
    """Returns how far a sound is from another of equal length.

    First the mean absolute difference of their log-mel spectra in dB, over what is not silent in the reference. Then
    that of their onsets (the rises of the spectrum, averaged over bands) as a share of the reference's mean onset.
    reference, other: [samples, channels] at `rate`.
    """
    first, second = (_log_mel(sound.mean(1), rate) for sound in (reference, other))
    top = float(first.max())
    first, second = (np.maximum(each, top + FLOOR_DB) for each in (first, second))
    heard = first > top + FLOOR_DB
    mel = float(np.abs(first - second)[heard].mean()) if heard.any() else float(np.abs(first - second).mean())
    one, two = (np.maximum(np.diff(each, axis=0), 0).mean(1) for each in (first, second))
    return mel, float(np.abs(one - two).mean() / max(float(one.mean()), 1e-9))


def _log_mel(mono: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Returns the mel spectrum in dB, [frames, bands]."""
    size, hop = round(WINDOW_SECONDS * rate), round(HOP_SECONDS * rate)
    if len(mono) < size:
        mono = np.pad(mono, (0, size - len(mono)))
    cut = np.lib.stride_tricks.sliding_window_view(mono, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(cut, axis=1)) ** 2 @ _bands(size, rate)
    return 10 * np.log10(power + 1e-12)


@cache
def _bands(size: int, rate: int) -> NDArray[np.float64]:
    """Returns the weights [bins, bands] of triangular bands, spaced evenly in mel (O'Shaughnessy: 2595 log10(1 +
    f/700))."""

    def mel(hertz: float) -> float:
        return 2595 * np.log10(1 + hertz / 700)

    points = 700 * (10 ** (np.linspace(mel(LOWEST_HZ), mel(rate / 2), BANDS + 2) / 2595) - 1)
    bins = np.arange(size // 2 + 1) * rate / size
    low, centre, high = points[:-2], points[1:-1], points[2:]
    rising, falling = (bins[:, None] - low) / (centre - low), (high - bins[:, None]) / (high - centre)
    return np.maximum(np.minimum(rising, falling), 0)
