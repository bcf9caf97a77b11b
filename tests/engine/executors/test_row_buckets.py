"""The rows of a GPU's forwards follow the depth of the ring, and the music stays the same within the contract."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from demon_patch.engine.executors.torch_gpu import GpuTorchExecutor
from demon_patch.engine.row_buckets import FollowsDepth, bucket_for
from tests.support.toy_family import FAMILY, TINTS, Bench


def on_device() -> GpuTorchExecutor:
    executor = GpuTorchExecutor(FAMILY.denoiser)
    executor.set_loras([(lora, 0.0) for lora in TINTS])
    return executor


def latents(bench: Bench, depths: list[int]) -> tuple[list[Tensor], set[int]]:
    """Generations while the ring has each of the depths for eight ticks, and the buckets that were used."""
    found, buckets = list[Tensor](), set[int]()
    for at, depth in enumerate(depths):
        bench.ring.resize(depth)
        for tick in range(8):
            if bench.ring.admits():
                bench.ring.submit(bench.asked(seed=10 * at + tick, guidance_mode="full" if tick == 3 else "off"))
            found += [done.latent.clone() for done in bench.ring.tick()]
            buckets.add(bench.executor.bucket)
    found += [done.latent.clone() for done in bench.ring.drain()]
    return found, buckets


def test_the_smallest_bucket_that_holds_the_rows() -> None:
    assert [bucket_for(rows) for rows in range(1, 10)] == [1, 2, 4, 4, 8, 8, 8, 8, 8]


@pytest.mark.parametrize(("depths", "used"), [([1], {1}), ([3], {4}), ([8, 2], {8, 2}), ([1, 6, 1], {1, 8})])
def test_the_bucket_follows_the_depth(depths: list[int], used: set[int]) -> None:
    executor = on_device()
    assert isinstance(executor, FollowsDepth)
    got, buckets = latents(Bench(depths[0], executor=executor), depths)
    expected, plain = latents(Bench(depths[0]), depths)
    assert plain == {1}
    assert used <= buckets
    assert len(got) == len(expected) > 0
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * float(other.abs().max()))
