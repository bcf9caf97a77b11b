"""Executors by name: another one is registered, plays, and leaves every bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import demon_patch
from demon_patch.engine import Session, executors
from demon_patch.engine.contracts import Denoiser
from demon_patch.engine.executors import EXECUTORS, choose, executor_named
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.session import PLACES
from demon_patch.errors import DemonError
from tests.support.command import QUICK, Run
from tests.support.toy_family import toy_family


class Counting(TorchExecutor):
    """Counts the forwards of all lanes."""

    rows = 0
    _counting = Lock()

    def forward(self, *inputs: Any) -> Tensor:
        with Counting._counting:
            Counting.rows += len(inputs[0])
        return super().forward(*inputs)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS, "counting", f"{__name__}:Counting")
    monkeypatch.setattr(Counting, "rows", 0)


def latent(session: Session) -> Tensor:
    source = session.compose("house in a minor, 124 bpm", seconds=8, seed=3)
    return session.generate(session.prompt("acid"), source, strength=1.0, steps=4, seed=7)


@pytest.mark.usefixtures("counting")
def test_a_registered_executor_plays_a_session_bit_for_bit() -> None:
    session = Session.load("nano", executor="counting", threads=2)
    assert isinstance(session.executor, Counting)
    assert session.executor.lanes.count == 2
    assert torch.equal(latent(session), latent(Session.load("nano", threads=1)))
    assert Counting.rows == 4  # one row a step


@pytest.mark.usefixtures("counting")
def test_a_registered_executor_renders_a_patch_bit_for_bit() -> None:
    counted = demon_patch.render(QUICK, seconds=1.0, executor="counting", threads=1)
    assert Counting.rows > 0
    np.testing.assert_array_equal(counted.sound, demon_patch.render(QUICK, seconds=1.0, threads=1).sound)


def test_an_unknown_executor_is_told_with_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    for call in (
        lambda: executor_named("toch"),
        lambda: Session.load("nano", executor="toch"),
        lambda: demon_patch.render(QUICK, seconds=1.0, executor="toch"),
    ):
        with pytest.raises(DemonError) as error:
            call()
        assert str(error.value) == "there is no executor named 'toch' (did you mean torch?)"
    for command in ("render", "play"):
        run = Run(capsys, command, str(QUICK), "--executor", "toch", "--seconds", "1")
        assert run.code == 1
        assert "there is no executor named 'toch' (did you mean torch?)" in run.err


def test_the_registry_loads_no_torch() -> None:
    code = "import sys, demon_patch.engine.executors; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_executor_with_too_few_places_is_refused() -> None:
    family = toy_family()
    with pytest.raises(DemonError, match=f"an executor with {PLACES - 1} prompt places .* at least {PLACES}"):
        Session(family, TorchExecutor(family.denoiser, capacity=PLACES - 1))
    assert Session(family).executor.capacity >= PLACES


class Absent(TorchExecutor):
    """An executor that runs nowhere."""

    @staticmethod
    def why_not(denoiser: Denoiser) -> DemonError | None:
        return DemonError("there is no abacus here", mend="buy one")


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS, "absent", f"{__name__}:Absent")
    monkeypatch.setattr(executors, "FASTEST_FIRST", ("absent", "torch"))


@pytest.mark.usefixtures("absent")
def test_a_named_executor_is_taken_or_refused() -> None:
    denoiser = toy_family().denoiser
    assert choose("torch", denoiser, live=True).name == "torch"
    with pytest.raises(DemonError, match=r"there is no abacus here \(buy one\)"):
        choose("absent", denoiser, live=True)
    with pytest.raises(DemonError, match="no abacus"):
        Session.load("nano", executor="absent", threads=1)


@pytest.mark.usefixtures("absent")
def test_auto_says_what_it_takes_and_why() -> None:
    denoiser = toy_family().denoiser
    assert str(choose("auto", denoiser, live=True)) == "executor: torch (not absent: there is no abacus here)"
    assert choose("auto", denoiser, live=False).why.startswith("a rendering has the same samples")


@pytest.mark.usefixtures("counting")
def test_auto_takes_the_fastest_for_playing_and_pytorch_for_a_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "FASTEST_FIRST", ("counting", "torch"))
    played = Session.load("nano", executor="auto", threads=1, live=True)
    rendered = Session.load("nano", executor="auto", threads=1)
    assert isinstance(played.executor, Counting)
    assert not isinstance(rendered.executor, Counting)
    assert played.choice is not None
    assert played.choice.name == "counting"


def test_the_command_line_says_what_auto_takes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = Run(capsys, "render", QUICK, "--executor", "auto", "--seconds", "1", "--out", tmp_path / "a.wav")
    assert run.code == 0
    assert "executor: torch (a rendering has the same samples" in run.err


def test_auto_is_no_executor_itself() -> None:
    with pytest.raises(DemonError, match="auto"):
        executor_named("auto")
