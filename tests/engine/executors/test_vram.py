"""A limit of the GPU's memory is refused with numbers where it cannot hold."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from demon_patch.doctor import chosen_model
from demon_patch.doctor.findings import FAULT
from demon_patch.engine.executors.placement import VARIABLE
from demon_patch.engine.executors.vram import lacks, limit_vram, share_of
from demon_patch.engine.families import load_family
from demon_patch.errors import DemonError
from tests.support import tiny_acestep
from tests.support.command import QUICK, Run

TOTAL = 24_000_000_000


def test_a_limit_is_a_share_of_the_gpu() -> None:
    assert share_of(12.0, TOTAL, 7_000_000_000, "a model") == 0.5
    assert share_of(24.0, TOTAL, 7_000_000_000, "a model") == 1.0


@pytest.mark.parametrize(
    ("gigabytes", "said"),
    [
        (6.0, "a model needs about 7.0 GB on the GPU, and the limit is 6 GB"),
        (25.0, "a limit of 25 GB on a GPU with 24.0 GB"),
        (0.0, "a limit of 0 GB"),
        (-1.0, "a limit of -1 GB"),
        (math.nan, "a limit of nan GB"),
    ],
)
def test_what_cannot_hold_is_refused_with_numbers(gigabytes: float, said: str) -> None:
    with pytest.raises(DemonError) as raised:
        share_of(gigabytes, TOTAL, 7_000_000_000, "a model")
    assert said in raised.value.what
    assert raised.value.mend


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here, which is not to be limited")
def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DemonError, match="no NVIDIA GPU"):
        limit_vram(8.0, "nano", 10**7)
    run = Run(capsys, "render", QUICK, "--vram-limit", "8")
    assert run.code == 1
    assert "leave out --vram-limit" in run.err


def test_a_model_that_a_gpu_cannot_hold_is_refused_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_acestep.write(tmp_path)
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (600_000_000, TOTAL))
    with pytest.raises(DemonError, match=r"needs about 1\.0 GB on the GPU, and 0\.6 GB are free"):
        load_family(tiny_acestep.NAME, None, "torch")
    (finding,) = chosen_model.checks_of(tiny_acestep.NAME, "torch", True)[2].run()
    assert finding.level == FAULT
    assert "0.6 GB are free" in finding.what
    assert load_family(tiny_acestep.NAME).spec.name == tiny_acestep.NAME  # on the processor


def test_what_a_gpu_lacks_is_told_before_files_are_got(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert lacks("a model", 10 * TOTAL) == ""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=TOTAL))
    assert lacks("a model", TOTAL - 1_000_000_000) == ""
    assert lacks("a model", TOTAL) == "a model takes about 25.0 GB of GPU memory, and this one has 24.0 GB"
