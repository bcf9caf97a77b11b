"""What PyTorch on a GPU does that a processor can do too: fixed buffers, and compiled code that comes later."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.bench.gaussian import GaussianDenoiser
from demon_patch.engine.contracts import Conditioning
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.executors.torch_gpu import GpuTorchExecutor, torch_executor


def inputs(frames: int = 48, seed: int = 1) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    x, context = torch.randn(1, frames, 4, generator=draw), torch.rand(1, frames, 4, generator=draw)
    return x, torch.full((1, 2), 0.5), context, torch.tensor([0])  # the timestep is its embedding


def ready(**how: Any) -> GpuTorchExecutor:
    executor = GpuTorchExecutor(GaussianDenoiser(), **how)
    executor.place(0, executor.prepare(Conditioning(torch.ones(2, 4))))
    return executor


def expected(x: Tensor, time: Tensor, context: Tensor) -> Tensor:
    return GaussianDenoiser().velocity(x, time[:, :1], context, (torch.ones(1, 2, 4),))


def test_a_denoiser_on_the_processor_has_the_plain_executor() -> None:
    executor = torch_executor(GaussianDenoiser(), lanes=2)
    assert type(executor) is TorchExecutor
    assert executor.lanes.count == 2


def test_the_result_lies_in_one_place_for_each_length() -> None:
    executor = ready()
    first = executor.forward(*inputs())
    place = first.data_ptr()
    assert executor.forward(*inputs(24)).data_ptr() != place
    again = inputs(seed=2)
    second = executor.forward(*again)
    assert second.data_ptr() == place
    torch.testing.assert_close(second, expected(*again[:3]))


def test_compiled_code_is_taken_when_it_is_ready_and_other_lengths_stay_eager() -> None:
    made: list[int] = []

    def backend(module: Any, examples: list[Any]) -> Any:
        made.append(len(examples))
        return module.forward

    executor = ready(compile_by=backend)
    given = inputs()
    eager = executor.forward(*given).clone()
    executor.wait()
    assert len(made) == 1
    torch.testing.assert_close(executor.forward(*given), eager)
    torch.testing.assert_close(eager, expected(*given[:3]))
    assert executor.notes == ()
    executor.weights_changed()
    executor.place(0, executor.prepare(Conditioning(torch.ones(2, 4))))
    torch.testing.assert_close(executor.forward(*given), eager)


def test_code_that_cannot_be_compiled_is_told_and_the_music_goes_on() -> None:
    def backend(module: Any, examples: list[Any]) -> Any:
        raise ValueError("no compiler here")

    executor = ready(compile_by=backend)
    given = inputs()
    first = executor.forward(*given).clone()
    executor.wait()
    torch.testing.assert_close(executor.forward(*given), first)
    assert len(executor.notes) == 1
    assert executor.notes[0].startswith("the model runs uncompiled")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here: capture and bfloat16 are unrun")
def test_a_captured_forward_is_the_eager_one_and_waits_for_nothing() -> None:
    denoiser = GaussianDenoiser().cuda()
    executor = GpuTorchExecutor(denoiser, low=False)
    executor.place(0, executor.prepare(Conditioning(torch.ones(2, 4))))
    given = tuple(part.cuda() for part in inputs())
    results = [executor.forward(*given).clone() for _ in range(4)]
    torch.cuda.set_sync_debug_mode("error")
    try:
        results.append(executor.forward(*given))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for each in results:
        assert torch.equal(each, results[0])
