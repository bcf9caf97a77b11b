from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from demon_patch.engine.ring.noise import NoiseBank, Stream, gaussian
from demon_patch.engine.ring.philox import philox
from demon_patch.errors import DemonError

VECTORS = [  # counter, key, result: the known answers published with the generator
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_the_generator_gives_its_known_answers(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    words = philox(tuple(np.array([word], np.uint64) for word in counter), key)  # type: ignore[arg-type]
    assert tuple(int(word[0]) for word in words) == expected


def test_one_value_written_down() -> None:
    words = philox(tuple(np.array([word], np.uint64) for word in (2, 17, 3, 0)), (99, int(Stream.ODE)))  # type: ignore[arg-type]
    u, w = ((float(word[0]) + 0.5) / 2**32 for word in words[2:])
    radius = np.sqrt(-2 * np.log(u))
    got = NoiseBank(12, 20).get(99, Stream.ODE, 3)[17, 10:12].numpy()
    np.testing.assert_array_equal(got, np.float32([radius * np.cos(2 * np.pi * w), radius * np.sin(2 * np.pi * w)]))


def test_a_value_depends_on_nothing_but_its_key() -> None:
    whole = NoiseBank(64, 300).get(5, Stream.INIT, 0)
    for channels, song, start, frames in [(64, 300, 40, 20), (7, 300, 0, 300), (64, 120, 30, 90), (1, 60, 59, 1)]:
        part = NoiseBank(channels, song).get(5, Stream.INIT, 0, start, frames)
        assert torch.equal(part, whole[start : start + frames, :channels])


def test_asking_for_more_later_changes_nothing() -> None:
    bank, fresh = NoiseBank(4, 200), NoiseBank(4, 200)
    assert torch.equal(bank.get(1, Stream.SDE, 2, 0, 30), fresh.get(1, Stream.SDE, 2)[:30])
    assert torch.equal(bank.get(1, Stream.SDE, 2), fresh.get(1, Stream.SDE, 2))


def test_frames_count_round_the_song() -> None:
    bank = NoiseBank(4, 50)
    whole = bank.get(3, Stream.SDE, 1)
    assert torch.equal(bank.get(3, Stream.SDE, 1, 40, 20), torch.cat((whole[40:], whole[:10])))
    assert torch.equal(bank.get(3, Stream.SDE, 1, -10, 20), torch.cat((whole[40:], whole[:10])))
    assert torch.equal(bank.get(3, Stream.SDE, 1, 0, 120), torch.cat((whole, whole, whole[:20])))
    assert torch.equal(bank.get(3, Stream.SDE, 1, 30, 10, song=35), torch.cat((whole[30:35], whole[:5])))


def test_a_key_is_made_once_and_the_store_is_bounded() -> None:
    bank = NoiseBank(8, 100, limit=10 * 100 * 8 * 4)
    first = bank.get(0, Stream.INIT, 0)
    assert bank.get(0, Stream.INIT, 0).data_ptr() == first.data_ptr()
    for seed in range(1, 10):
        bank.get(seed, Stream.INIT, 0)
    assert bank.get(0, Stream.INIT, 0).data_ptr() == first.data_ptr()
    for seed in range(10, 60):
        bank.get(seed, Stream.INIT, 0)
    again = bank.get(0, Stream.INIT, 0)
    assert again.data_ptr() != first.data_ptr()
    assert torch.equal(again, first)
    assert sum(kept.nbytes for kept in bank._kept._kept.values()) == bank._kept._total <= 10 * 100 * 8 * 4


def test_it_is_standard_normal() -> None:
    z = np.concatenate([gaussian(seed, 0, 0, 0, 4000, 64).ravel() for seed in (0, 1, 0xFFFFFFFF)]).astype(np.float64)
    n = z.size
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((z**3).mean()) < 4 * np.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / n)
    for edge, share in [(1, 0.3173105), (2, 0.0455003), (3, 0.0026998), (4, 6.334e-5)]:
        count = (np.abs(z) > edge).sum()
        assert abs(count - n * share) < 4 * np.sqrt(n * share)
    assert 4.5 < np.abs(z).max() < 6.8


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """The correlation of two equal-sized noises, in standard deviations of an independent pair."""
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return abs(float((a * b).mean())) * np.sqrt(a.size)


def test_frames_and_channels_are_independent() -> None:
    z = gaussian(11, 1, 3, 0, 3000, 64)
    for lag in (1, 2, 3, 4, 5, 25, 128, 256):
        assert correlation(z[lag:], z[:-lag]) < 4.5, f"frame lag {lag}"
    for lag in (1, 2, 3, 4, 8, 16, 32):
        assert correlation(z[:, lag:], z[:, :-lag]) < 4.5, f"channel lag {lag}"
    assert correlation(z**2 - 1, np.roll(z, 1, 1) ** 2 - 1) < 9


def test_keys_are_independent() -> None:
    keys = [(seed, stream, step) for seed in (0, 1, 2, 42, 2**31) for stream in range(3) for step in (0, 1, 7)]
    noises = {key: gaussian(*key, 0, 500, 16) for key in keys}
    worst = max(correlation(noises[a], noises[b]) for a, b in combinations(keys, 2))
    assert worst < 5.0


@pytest.mark.parametrize("seed", [-1, 2**32, float("nan"), 1.5, "7"])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(DemonError, match=r"port seed.*0 to 4"):
        NoiseBank(4, 10).get(seed, Stream.INIT, 0)


def test_impossible_banks_and_lengths_are_refused() -> None:
    with pytest.raises(DemonError, match="1 or more"):
        NoiseBank(0, 10)
    with pytest.raises(DemonError, match="negative"):
        NoiseBank(4, 10).get(0, Stream.INIT, -1)
