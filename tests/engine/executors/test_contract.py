"""The contract that every executor keeps, on the toy family and on the embedded one.

The checks are in tests/support/executor_contract.py and executor_sides_contract.py; test_contract_mutants.py shows what
each of them finds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from demon_patch.engine.contracts import Denoiser, Executor, Family
from demon_patch.engine.executors import EXECUTORS as REGISTERED
from demon_patch.engine.executors import builds
from demon_patch.engine.executors.engines import profiles_of
from demon_patch.engine.executors.export import side_parts
from demon_patch.engine.executors.onnx_ import OnnxExecutor, network_of
from demon_patch.engine.executors.tensorrt_ import TensorRtExecutor
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.executors.torch_gpu import GpuTorchExecutor
from demon_patch.engine.families import load_family
from demon_patch.engine.networks import FRAMES
from demon_patch.errors import DemonError
from tests.support import tiny_acestep
from tests.support.engine_shim import ShimEngine
from tests.support.executor_contract import CAPACITY, Make
from tests.support.executor_contract import FRAMES as STRETCH
from tests.support.executor_sides_contract import CHECKS
from tests.support.exported import needs_onnx
from tests.support.toy_family import toy_family


def onnx_executor(denoiser: Denoiser, bucket: int) -> Executor:
    builds.build(network_of(denoiser).at({FRAMES: STRETCH}))
    return OnnxExecutor(denoiser, bucket, capacity=CAPACITY, lanes=2)


def engine_executor(denoiser: Denoiser, bucket: int) -> Executor:
    """The run path of TensorRT, on the processor."""
    network = network_of(denoiser)
    build = builds.build(network.at({FRAMES: STRETCH}))
    parts = (*network.inputs, *side_parts(network, build.layers))

    def opened(frames: int) -> ShimEngine:
        profiles = [each.lengths for each in profiles_of(network, frames)]
        return ShimEngine(build.onnx, parts, network.output, profiles)

    return TensorRtExecutor(denoiser, bucket, capacity=CAPACITY, lanes=2, open_engine=opened)


EXECUTORS: dict[str, Make] = {
    "torch": lambda denoiser, bucket: TorchExecutor(denoiser, bucket, capacity=CAPACITY, lanes=2),
    "torch on a GPU": lambda denoiser, bucket: GpuTorchExecutor(denoiser, bucket, capacity=CAPACITY, lanes=2),
    "onnx": onnx_executor,
    "tensorrt": engine_executor,
}
MARKS = {"onnx": needs_onnx, "tensorrt": needs_onnx}
FAMILIES: dict[str, Callable[[], Family]] = {
    "toy": toy_family,
    "nano": cache(lambda: load_family("nano")),
    "acestep": tiny_acestep.loaded,
}
PAIRS = [pytest.param(kind, family, marks=MARKS.get(kind, ())) for kind in EXECUTORS for family in FAMILIES]


@pytest.mark.parametrize(("kind", "family"), PAIRS)
@pytest.mark.parametrize("check", CHECKS)
def test_an_executor_keeps_the_contract(check: str, kind: str, family: str) -> None:
    CHECKS[check](EXECUTORS[kind], FAMILIES[family])


def test_every_registered_executor_is_tried() -> None:
    assert EXECUTORS.keys() == REGISTERED.keys() | {"torch on a GPU"}


def test_a_bucket_is_no_larger_than_the_capacity() -> None:
    with pytest.raises(DemonError, match="bucket"):
        TorchExecutor(toy_family().denoiser, bucket=9, capacity=8)
