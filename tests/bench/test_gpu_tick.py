"""The script of benchmarks/gpu runs here at its tiny size, and its figures fit one another."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT


def script() -> Any:
    spec = importlib.util.spec_from_file_location("gpu_tick", ROOT / "benchmarks" / "gpu" / "tick.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_measures_at_its_tiny_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tick.json"
    found = script().main(["--tiny", "--executor", "torch", "--out", str(out)])
    assert json.loads(out.read_text()) == found
    rows = {row["what"]: row for row in found["rows"]}
    assert found["executor"] == "executor: torch (as asked)"
    assert found["song_frames"] == 200
    assert {"tick at D = 1", "tick at D = 2", "decode of a window", "decode of the song", "GPU memory"} <= rows.keys()
    one, two = rows["plain forward of 1 rows"], rows["plain forward of 2 rows"]
    assert two["gflop"] == pytest.approx(2 * one["gflop"], rel=0.05)
    assert one["gflop"] > 0.5
    assert all(0 <= rows[f"tick at D = {depth}"]["outside_forwards"] < 1 for depth in (1, 2))
    assert "tick at D = 2" in capsys.readouterr().out
