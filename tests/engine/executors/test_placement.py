"""Where a model's weights lie, by the executor that is to run it."""

from __future__ import annotations

import pytest
import torch

from demon_patch.engine.executors import why_not
from demon_patch.engine.executors.placement import VARIABLE, device_for, dtype_for
from demon_patch.engine.families import LoadsOnDevice, acestep, load_family, nano
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture(params=[False, True])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param)
    monkeypatch.delenv(VARIABLE, raising=False)
    return request.param


def test_a_gpu_is_taken_where_there_is_one_by_executors_that_run_there(gpu: bool) -> None:
    for executor in ("torch", "tensorrt", "auto"):
        assert device_for(executor) == (GPU if gpu else CPU)
    for executor in ("onnx", "onnx-int8"):
        assert device_for(executor) == CPU
    with pytest.raises(DemonError, match="no executor named"):
        device_for("torhc")


def test_the_environment_names_another_device(monkeypatch: pytest.MonkeyPatch, gpu: bool) -> None:
    monkeypatch.setenv(VARIABLE, "cpu")
    assert device_for("torch") == CPU
    for name in ("nowhere", "meta", "cuda:99"):
        monkeypatch.setenv(VARIABLE, name)
        with pytest.raises(DemonError, match=f"names '{name}', which PyTorch cannot reach"):
            device_for("torch")
        assert device_for("onnx") == CPU


def test_weights_have_16_bits_where_pytorch_runs_them_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert dtype_for("torch", GPU) == dtype_for("auto", GPU) == torch.bfloat16
    assert dtype_for("tensorrt", GPU) == dtype_for("torch", CPU) == torch.float32
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert dtype_for("auto", GPU) == torch.float32


def test_a_model_of_the_package_stays_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert isinstance(acestep, LoadsOnDevice)
    assert not isinstance(nano, LoadsOnDevice)
    assert Session(load_family("nano", None, "torch")).device == CPU


def test_onnx_runtime_refuses_a_model_that_lies_elsewhere() -> None:
    reason = why_not("onnx", NanoDenoiser().to("meta"))
    assert reason is not None
    assert "the model lies on a GPU" in reason.what
