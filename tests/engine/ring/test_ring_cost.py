"""What the ring costs beside the forward, and the comparison with a global schedule."""

from __future__ import annotations

import gc

import pytest
import torch

from demon_patch.bench.global_ring import GlobalRing, compare
from demon_patch.bench.ring import FRAMES, TARGETS_MS, Allocations, Workload, measure
from demon_patch.engine.ring.pool import LatentPool
from demon_patch.engine.ring.step_values import step_values


@pytest.mark.parametrize(
    ("depth", "features", "bucket"),
    [
        (1, "plain", 1),
        (8, "plain", 1),
        (8, "curves", 1),
        pytest.param(8, "curves", 4, marks=pytest.mark.slow),
        (4, "guidance", 1),
        (4, "guidance", 4),
        (4, "dcw", 1),
        pytest.param(4, "dcw", 4, marks=pytest.mark.slow),
    ],
)
def test_a_warm_ring_allocates_next_to_nothing(depth: int, features: str, bucket: int) -> None:
    workload = Workload(depth, features, bucket)
    with Allocations() as allocations:
        done = sum(workload.tick() for _ in range(100))
    assert done >= 100 * depth // 8
    assert allocations.count <= 20, allocations.names


@pytest.mark.parametrize("bucket", [1, 4])
def test_the_faders_of_the_wavelet_correction_work_in_place_too(bucket: int) -> None:
    workload = Workload(4, "dcw", bucket)
    workload.values |= step_values({"dcw_soft": 0.3, "dcw_multiply": 0.3}, FRAMES)
    workload.tick()
    with Allocations() as allocations:
        for _ in range(40):
            workload.tick()
    assert allocations.count <= 20, allocations.names


def test_allocations_are_counted() -> None:
    x = torch.zeros(8)
    with Allocations() as allocations:
        x.add_(1)
        torch.mul(x, 2, out=x)
        x[2:4].view(2, 1)
    assert allocations.count == 0
    with allocations:
        _ = x + 1
        _ = torch.zeros(3)
        _ = x.clone()
    assert allocations.count == 3


def test_memory_returns_when_the_last_view_is_gone() -> None:
    pool, cpu = LatentPool(), torch.device("cpu")
    first = pool.take(6, 2, cpu)
    address, view = first.data_ptr(), first[2:].numpy()
    del first
    gc.collect()
    second = pool.take(6, 2, cpu)
    assert second.data_ptr() != address
    del view
    gc.collect()
    assert pool.take(6, 2, cpu).data_ptr() == address
    assert pool.take(5, 2, cpu).shape == (5, 2)


def test_the_bench_reports_every_depth() -> None:
    rows = measure(depths=(1, 2), ticks=16)
    assert [(row["features"], row["depth"]) for row in rows] == [(name, d) for name in TARGETS_MS for d in (1, 2)]
    assert all(0 < row["outside_ms"] <= row["slowest_ms"] for row in rows)


def test_a_schedule_per_slot_against_a_global_one() -> None:
    result = compare(60)
    assert result["per_slot"] == 60
    assert result["global"] <= 1


def test_the_global_ring_works_while_nothing_moves() -> None:
    source, noise = torch.zeros(4, 2), torch.ones(4, 2)
    ring = GlobalRing(source, noise, noise - source)
    done = [ring.tick(0.8) for _ in range(20)]
    assert [len(latents) for latents in done] == [0] * 7 + [1] * 13
    torch.testing.assert_close(done[-1][0], source, rtol=0, atol=1e-6)
