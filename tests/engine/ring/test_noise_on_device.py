"""The noise that a device computes for itself has the hash's bits and the processor's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demon_patch.engine.ring.noise import gaussian
from demon_patch.engine.ring.noise_on_device import gaussian_on
from demon_patch.engine.ring.philox import philox, philox_on

WORDS = np.array([0, 1, 2, 0x7FFFFFFF, 0x80000000, 0x89ABCDEF, 0xFFFFFFFF], np.uint64)


@pytest.mark.parametrize("key", [(0, 0), (42, 3), (0xFFFFFFFF, 0x80000000), (0xDEADBEEF, 4)])
def test_the_hash_has_equal_bits(key: tuple[int, int]) -> None:
    grid = [part.ravel() for part in np.meshgrid(WORDS, WORDS, WORDS[::2], WORDS[::3])]
    expected = philox((grid[0], grid[1], grid[2], grid[3]), key)
    given = [torch.from_numpy(part.astype(np.int64)) for part in grid]
    got = philox_on((given[0], given[1], given[2], given[3]), key)
    for word, wanted in zip(got, expected, strict=True):
        assert np.array_equal(word.numpy().astype(np.uint64), wanted)


@pytest.mark.parametrize("channels", [1, 4, 6, 64])
def test_the_normals_are_within_one_unit_in_the_last_place(channels: int) -> None:
    for seed, stream, step, first in ((42, 0, 0, 0), (0xFFFFFFFF, 4, 15, 1400)):
        expected = gaussian(seed, stream, step, first, 50, channels)
        got = gaussian_on(torch.device("cpu"), seed, stream, step, first, 50, channels)
        assert got.dtype == torch.float32
        assert got.shape == expected.shape
        assert np.abs(got.numpy() - expected).max() <= np.spacing(np.abs(expected)).max()
        assert (np.abs(got.numpy() - expected) <= np.spacing(np.abs(expected))).all()
