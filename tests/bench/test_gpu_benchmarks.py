"""The measurements of benchmarks/gpu run here at their tiny size, and their figures fit one another."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("diffusers", reason="the extra acestep is not installed")

from benchmarks.gpu.__main__ import main
from benchmarks.gpu.subject import subject
from benchmarks.gpu.ticks import tflop_of
from tests.support.paths import ROOT

TINY = ("--size", "tiny", "--seconds", "22", "--depths", "1", "2", "--ticks", "2", "--long", "8", "--matmul", "128")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("gpu") / "tiny.json"
    made = main([*TINY, "--out", str(out)])
    assert json.loads(out.read_text()) == made
    return made


def test_every_figure_of_the_list_is_there(found: dict[str, Any]) -> None:
    rows = {row["what"]: row for row in found["rows"]}
    for depth in (1, 2):
        for seconds in (22, 20):
            tick = rows[f"tick, D = {depth}, {seconds} s of 22"]
            assert tick["completions_per_second"] > 0
            assert tick["percent_of_limit"] > 0
            assert 0 < tick["percent_outside_forwards"] < 100
            plain = rows[f"plain forward, {depth} rows, {seconds} s"]
            assert tick["times_faster_than_plain"] == pytest.approx(plain["ms"] / tick["ms"])
    assert rows["decode of the song"]["times_a_window"] > 1
    for name in ("request", "step", "late step"):
        ear = rows[f"knob to ear, {name}, D = 2"]
        assert 0 < ear["ms"] <= ear["worst_ms"]
        assert ear["ticks"] <= ear["worst_ticks"]
    assert rows["knob to ear, request, D = 2"]["ticks"] >= 8 > rows["knob to ear, step, D = 2"]["worst_ticks"]
    assert {f"tick, D = 2, LoRA of rank {rank}" for rank in (16, 64, 256)} <= rows.keys()
    assert {"tick, D = 2, steering", "memory after 8 ticks", "weights of the codec", "prompts in place"} <= rows.keys()


def test_it_names_the_machine_and_the_versions(found: dict[str, Any]) -> None:
    assert found["executor"] == "executor: torch (as asked)"
    assert {"torch", "diffusers", "transformers"} <= found["versions"].keys()
    assert found["model"] == "tiny, random weights"
    assert found["gpu"]
    assert found["machine"]


def test_the_arithmetic_grows_with_the_song() -> None:
    tiny = subject("tiny", "torch", 24.0)
    assert tflop_of(tiny, 600) == pytest.approx(2 * tflop_of(tiny, 300), rel=0.2)


def test_its_files_are_short() -> None:
    for path in (ROOT / "benchmarks").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 200, path
