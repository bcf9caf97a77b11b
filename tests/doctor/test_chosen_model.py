"""The doctor looks at a chosen model: files, memory with numbers, a rendering; and refuses what does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from demon_patch.doctor import chosen_model, chosen_playing
from demon_patch.doctor.findings import FAULT, FINE
from demon_patch.engine.executors import FASTEST_FIRST, engines
from demon_patch.engine.session import Session
from demon_patch.runtime.live import memory
from tests.support import tiny_acestep as tiny
from tests.support.findings import worst


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny.write(tmp_path)
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(tmp_path))
    return tmp_path


def test_a_whole_model_passes_every_check(models: Path) -> None:
    checks = chosen_model.checks_of(tiny.NAME, "torch", False)
    found = {check.name: check.run() for check in checks}
    assert len(found) == 5
    assert all(each.level != FAULT for part in found.values() for each in part), found
    runs_on, files, _, _, played = found.values()
    assert runs_on[0].what == f"torch: PyTorch {torch.__version__} on the processor"
    assert "a forward by torch is" in played[0].what
    assert played[0].what.endswith("which is rounding")
    assert "a tick of" in played[1].what
    assert "class request" in played[1].what
    assert "layout: official" in files[0].what
    assert sum("/model.safetensors" in line for line in files[0].details) == 2
    said = " ".join(each.what for part in found.values() for each in part)
    assert "GB are free" in said
    assert "8 steps of a song of 8 s" in said


def test_a_dry_run_loads_nothing(models: Path) -> None:
    checks = chosen_model.checks_of(tiny.NAME, "torch", True)
    assert [check.name.split()[1] for check in checks] == ["executor", "files", "memory", "rest"]
    (left_out,) = checks[-1].run()
    assert "a rendering of 8 steps" in left_out.what
    assert "--dry-run" in left_out.mend


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_what_an_executor_lacks_is_told_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "library", lambda: SimpleNamespace(__name__="tensorrt_rtx", __version__="1.7"))
    (finding,) = chosen_model.checks_of(tiny.NAME, "tensorrt", True)[0].run()
    assert (finding.level, finding.what) == (FAULT, "there is no NVIDIA GPU that PyTorch can reach")
    assert finding.mend
    machine = engines.Machine("sm89", "NVIDIA GeForce RTX 4090", "12080")
    monkeypatch.setattr(engines, "this_machine", lambda: machine)
    (finding,) = chosen_model.checks_of(tiny.NAME, "tensorrt", True)[0].run()
    assert finding.what == "tensorrt: tensorrt_rtx 1.7 on NVIDIA GeForce RTX 4090 (sm89), driver 12080"
    monkeypatch.setattr(engines, "this_machine", lambda: replace(machine, capability="sm90"))
    found = chosen_model.checks_of(tiny.NAME, "auto", True)[0].run()
    assert [each.level for each in found] == [FINE] * len(FASTEST_FIRST)
    assert found[0].what.startswith("not tensorrt: tensorrt_rtx builds no engines for NVIDIA GeForce RTX 4090 (sm90)")
    assert found[-1].what.startswith("torch: PyTorch")


def test_the_length_that_is_built_is_tried(models: Path) -> None:
    session = Session.load(tiny.NAME)
    assert chosen_playing.tried_seconds(session) == chosen_playing.SECONDS
    for built, seconds in (((), 8.0), ((400, 1500), 16.0), ((150, 400), 6.0)):
        session.executor.lengths = lambda built=built: built  # type: ignore[attr-defined]
        assert chosen_playing.tried_seconds(session) == seconds


def test_checks_are_found_by_their_names_in_another_process() -> None:
    for check in (*chosen_model.checks_of(tiny.NAME, "torch", False), *chosen_model.checks_of(tiny.NAME, "auto", True)):
        assert [each.name for each in chosen_model.named(check.name)].count(check.name) == 1


def test_a_model_that_is_missing_or_broken_is_a_fault_with_its_mend(models: Path) -> None:
    (models / tiny.NAME / "model.safetensors").write_bytes(b"")
    for name in (tiny.NAME, tiny.XL):
        (finding,) = chosen_model.checks_of(name, "torch", True)[1].run()
        assert finding.level == FAULT
        assert f"demon-patch model pull {name}" in finding.mend


def test_too_little_memory_is_refused_with_numbers(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free", lambda: 5_000_000)
    files, needs, rendering = (check.run() for check in chosen_model.checks_of(tiny.NAME, "torch", False)[1:4])
    assert worst(files) == FINE
    assert worst(needs) == worst(rendering) == FAULT
    assert "GB of memory" in needs[0].what
    assert "0.01 GB are free" in needs[0].what
    assert len(rendering) == 1


def test_an_executor_that_is_far_from_float32_is_a_fault(models: Path) -> None:
    session = Session.load(tiny.NAME)
    source, forward = session.compose("house", seconds=8.0, seed=1), session.executor.forward
    assert chosen_playing._parity(session, source).level == FINE
    session.executor.forward = lambda *given: 1.1 * forward(*given)  # type: ignore[method-assign]
    finding = chosen_playing._parity(session, source)
    assert finding.level == FAULT
    assert "is 0.1 away from float32" in finding.what
