"""Random choices from one seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Draws:
    """A stream of random choices; equal seeds give equal streams.

    Only uniform numbers are taken from the generator, whose stream is fixed, and everything else is computed from them
    here: a seed keeps its meaning when numpy changes how it draws other distributions.
    """

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))

    def share(self) -> float:
        """Returns a uniform number from 0 up to less than 1."""
        return float(self._generator.random())

    def chance(self, probability: float) -> bool:
        """Returns True with this probability."""
        return self.share() < probability

    def between(self, low: float, high: float) -> float:
        """Returns a uniform number between two limits."""
        return low + (high - low) * self.share()

    def ratio(self, low: float, high: float) -> float:
        """Returns a number between two positive limits whose logarithm is uniform."""
        return float(low * (high / low) ** self.share())

    def whole(self, low: int, high: int) -> int:
        """Returns a whole number from `low` to `high`, both included."""
        return low + min(int(self.share() * (high - low + 1)), high - low)

    def pick(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """Returns one of the options, drawn by weight; without weights all are equally likely."""
        if weights is None:
            return options[self.whole(0, len(options) - 1)]
        at = self.share() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            at -= weight
            if at < 0:
                return option
        return options[-1]

    def bell(self, spread: float) -> float:
        """Returns a number round 0 whose standard deviation is `spread`; it is at most three times `spread` from 0."""
        return (self.share() + self.share() + self.share() - 1.5) * 2 * spread

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Returns `count` different options in random order; all of them where there are fewer."""
        left = list(options)
        return [left.pop(self.whole(0, len(left) - 1)) for _ in range(min(count, len(left)))]

    def seed(self) -> int:
        """Returns a seed for another stream."""
        return self.whole(0, 2**31 - 1)
