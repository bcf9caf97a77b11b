"""Only the host holds the model that a command has loaded: its memory is free once another song has taken over."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from demon_patch.engine.session import Session
from demon_patch.patch.files.format import save
from demon_patch.patch.model.document import Node
from demon_patch.runtime.live.host import Host
from tests.support.command import Run
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch


@pytest.mark.parametrize(
    ("command", "runs"), [("host", "demon_patch.commands.host._serve"), ("play", "demon_patch.terminal.play.perform")]
)
def test_the_model_goes_with_the_host(
    command: str, runs: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models, gone = list[weakref.ref[Session]](), list[bool]()

    def load(name: str) -> Session:
        session = Session(toy_family())
        models.append(weakref.ref(session))
        return session

    def run(make: Callable[[], Host], *others: Any, **options: Any) -> None:
        host = make()
        assert models[0]() is host.performer.session
        host.close()
        del host
        gc.collect()
        gone.append(models[0]() is None)

    module, _, name = runs.rpartition(".")
    monkeypatch.setattr(import_module(module), name, run)
    monkeypatch.setattr(import_module(f"demon_patch.commands.{command}"), "session_loader", lambda *options: load)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    save(patch({"lfo": Node("lfo")}, [], strength=0.5, depth=2), tmp_path / "a.dpatch.json")
    assert Run(capsys, command, tmp_path / "a.dpatch.json", "--device", "none").code == 0
    assert gone == [True]
