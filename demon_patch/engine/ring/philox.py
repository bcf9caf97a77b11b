"""The hash Philox4x32-10: four pseudo-random words for each counter, in NumPy, and in PyTorch on any device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Words = NDArray[np.uint64]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_MASK = 0xFFFFFFFF


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Returns four pseudo-random 32-bit words (held in uint64) for each counter of four words, by Philox4x32-10.

    counter: four arrays of 32-bit words in uint64, which are broadcast together. key: two 32-bit words.
    For each key the function is a bijection of the counter, so no two counters share their noise (Salmon, Moraes, Dror,
    Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
    """
    a, b, c, d = counter
    k0, k1 = key
    first, second, mask, half = map(np.uint64, (*_MULTIPLIERS, _MASK, 32))
    for _ in range(_ROUNDS):
        p, q = a * first, c * second
        a, b = (q >> half) ^ b ^ np.uint64(k0), q & mask
        c, d = (p >> half) ^ d ^ np.uint64(k1), p & mask
        k0, k1 = (k0 + _KEY_STEPS[0]) & _MASK, (k1 + _KEY_STEPS[1]) & _MASK
    return a, b, c, d


def philox_on(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Returns the four 32-bit words of `philox`, as int64, for counters of four words in int64."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p, q = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = ((q >> 32) & _MASK) ^ b ^ k0, q & _MASK
        c, d = ((p >> 32) & _MASK) ^ d ^ k1, p & _MASK
        k0, k1 = (k0 + _KEY_STEPS[0]) & _MASK, (k1 + _KEY_STEPS[1]) & _MASK
    return a, b, c, d
