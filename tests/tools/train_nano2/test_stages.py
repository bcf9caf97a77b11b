"""The one command that makes the weights: its stages fit each other's command lines."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tools.train_nano2.__main__ import Sizes, Stage, main, stages


def test_what_a_stage_reads_an_earlier_one_makes(tmp_path: Path) -> None:
    made: list[Path] = []
    for stage in stages(tmp_path, (), Sizes()):
        for option, value in zip(stage.arguments, stage.arguments[1:], strict=False):
            reads = option in ("--clips", "--held", "--codec", "--transcriber", "--weights", "--from")
            if reads and value.startswith(str(tmp_path)):
                path = Path(value)
                assert path in made or path.parent in made, f"{stage.module} reads {path}, which nothing made"
            if option in ("--out", "--tune", "--save"):
                made.append(Path(value))


def test_every_command_line_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stage in stages(tmp_path, ("--bf16", "--pause", "file"), Sizes()):
        name = f"tools.train_nano2.{stage.module}"
        module = importlib.import_module(name if hasattr(importlib.import_module(name), "main") else f"{name}.__main__")
        with pytest.raises(SystemExit) as stopped:  # every option is known, so that it comes to the help
            module.main((*stage.arguments, "--help"))
        assert stopped.value.code == 0
    assert "--clips" in capsys.readouterr().out


def test_a_run_goes_on_where_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def failing(stage: Stage) -> None:
        if stage.module == "codec.gate":
            raise subprocess.CalledProcessError(3, [sys.executable])
        done.append(stage.module)

    assert main(("--out", str(tmp_path)), failing) == 1
    assert done == ["data"] * 4 + ["codec"]
    assert "codec.gate failed (exit status 3)" in capsys.readouterr().out
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates" / "codec.json").write_text("{}")
    assert main(("--out", str(tmp_path)), failing) == 0
    assert done[-1] == "denoiser.gate"
