"""Calls between the blocks of a forward: each lane makes its own, and a forward that is ended leaves all as it was."""

from __future__ import annotations

import threading
from functools import cache

import pytest
import torch
from torch import Tensor

from demon_patch.engine.between_blocks import CallsBetweenBlocks
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.executors.torch_gpu import GpuTorchExecutor
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.session import Session
from tests.support import random_nano2


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@cache
def session(lanes: int = 1) -> Session:
    family = random_nano2.loaded()
    return Session(family, TorchExecutor(family.denoiser, lanes=lanes))


def filled(lanes: int) -> Ring:
    """A ring whose two slots are admitted."""
    made = session(lanes)
    source = made.compose("house", seconds=8, seed=1)
    ring = Ring(made.executor, made.spec, made.noise(source.frames), 2, mode="queue")
    for seed in (1, 2):
        ring.submit(made.request(made.prompt("dub"), source, seed=seed, strength=1.0, steps=4))
    while len(ring.slots) < 2:
        ring.tick()
    return ring


def latents(ring: Ring) -> dict[int, Tensor]:
    done = []
    while ring.slots:
        done += ring.advance()
    return {finished.request.controls.whole("seed"): finished.latent for finished in done}


def test_a_call_comes_before_each_block_and_after_each_row() -> None:
    executor, calls = session().executor, list[str]()
    assert isinstance(executor, CallsBetweenBlocks)
    assert executor.pieces == len(random_nano2.loaded().denoiser.blocks) > 1
    ring = filled(1)
    rows = len(ring.slots)
    made: list[Tensor] = []

    def between() -> None:
        calls.append(threading.current_thread().name)
        made.append(torch.zeros(3))

    ring.advance(between=between)
    assert calls == [threading.current_thread().name] * (rows * (executor.pieces + 1))
    assert not any(tensor.is_inference() for tensor in made)
    calls.clear()
    latents(ring)
    assert not calls


def test_the_other_lanes_make_no_calls_of_the_callers() -> None:
    ring, calls = filled(2), list[str]()
    ring.advance(between=lambda: calls.append(threading.current_thread().name))
    assert calls
    assert set(calls) == {threading.current_thread().name}


def test_an_executor_on_a_gpu_makes_none() -> None:
    assert GpuTorchExecutor(random_nano2.loaded().denoiser, 1).pieces == 1


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("ends_at", range(7))
def test_a_tick_that_ends_within_a_forward_is_made_again_bit_for_bit(lanes: int, ends_at: int) -> None:
    ring, calls = filled(lanes), 0
    steps = {slot: slot.step for slot in ring.slots}

    def between() -> None:
        nonlocal calls
        if calls == ends_at:
            ring.interrupt()
        calls += 1

    expected = latents(filled(lanes))
    ring.advance(between=between)
    assert ring.interrupted == (calls > ends_at)
    late = [slot for slot, step in steps.items() if slot.step == step]
    if lanes == 1:  # the first row is done before call 5
        assert len(late) == (2 if ends_at < 5 else 1)
    found = latents(ring)
    assert found.keys() <= expected.keys()
    assert all(torch.equal(found[seed], expected[seed]) for seed in found)
    assert {slot.request.controls.whole("seed") for slot in late} <= found.keys()
