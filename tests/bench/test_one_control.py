"""`bench control` measures a control in every way that its class has, keeps the figures and makes the pages."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from demon_patch.bench import one_control
from demon_patch.bench.gaussian import gaussian
from demon_patch.engine.session import Session
from tests.support.command import Run
from tests.support.paths import DOCS

SESSION = Session(gaussian())
ALL = ["propagation", "seen", "modulation"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("velocity_scale", ALL), ("seed", ["propagation", "modulation"]), ("gain", ["modulation"]), ("window", [])],
)
def test_a_control_has_the_reports_of_its_class(
    name: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_control.modulation, "measure", lambda *given: iter([{"control": given[1][0]}]))
    found = dict(one_control.measured(name, SESSION, SESSION, seconds=1.0))
    assert list(found) == expected
    assert {row["control"] for rows in found.values() for row in rows} <= {name}


def call(capsys: pytest.CaptureFixture[str], folder: Path, name: str) -> Run:
    (folder / "performance.md").write_text("nothing to fill\n", encoding="utf-8")
    places = {"measured": folder / "measured", "page": folder / "controls.md", "nodes": folder / "nodes.md"}
    options = [part for key, path in places.items() for part in (f"--{key}", path)]
    return Run(capsys, "bench", "control", name, *options, "--performance", folder / "performance.md")


def test_the_command_keeps_the_figures_and_makes_the_pages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(one_control.modulation, "measure", lambda *_: iter([]))  # 20 s, tested by itself
    monkeypatch.setattr(import_module("demon_patch.commands.control"), "find_spec", lambda _: None)
    said = call(capsys, tmp_path, "solver")
    assert said.code == 0, said.err
    for name in ("propagation", "seen"):
        rows = json.loads((tmp_path / "measured" / f"{name}.json").read_text(encoding="utf-8"))["rows"]
        assert [(row["control"], row["steps"]) for row in rows] == [("solver", 4), ("solver", 8)]
        assert all(row["machine"] for row in rows)
    (line,) = (
        line
        for line in (tmp_path / "controls.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `solver` |") and "/" in line
    )
    kept = (DOCS / "controls.md").read_text(encoding="utf-8")
    assert line.split("|")[2:6] == next(
        row.split("|")[2:6] for row in kept.splitlines() if row.startswith("| `solver` |") and "/" in row
    )
    assert f"this remains: demon-patch nodes --page {tmp_path / 'nodes.md'}" in said.err


def test_a_control_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = call(capsys, tmp_path, "strenght")
    assert said.code != 0
    assert "there is no control 'strenght'" in said.err
    assert "did you mean strength" in said.err
    assert not (tmp_path / "measured").exists()
