"""docs/controls.md and the files that it is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demon_patch.bench.gaussian import SPEC
from demon_patch.bench.page import keep, load, page
from demon_patch.bench.propagation import COUNTED, SEEN
from demon_patch.bench.tables import keep_rows
from demon_patch.bench.trials import due
from demon_patch.engine.controls import TABLE
from demon_patch.engine.families import spec_of
from tests.support.paths import DOCS


def test_the_page_is_what_the_table_and_the_measurements_say() -> None:
    assert (DOCS / "controls.md").read_text(encoding="utf-8") == page(load(DOCS / "measured")), (
        "make it again: demon-patch bench page (of a new control: demon-patch bench control NAME)"
    )


def test_the_page_names_every_control() -> None:
    text = page(load(DOCS / "measured"))
    assert [row.name for row in TABLE if f"| `{row.name}` |" not in text] == []


def test_every_built_control_has_its_propagation_measured() -> None:
    measured = {row["control"] for row in load(DOCS / "measured")["propagation"]["rows"]}
    missing = [t.control for t in due(SPEC) if t.row.propagation in COUNTED and t.control not in measured]
    assert missing == [], "measure each: demon-patch bench control NAME"


def test_every_control_that_is_heard_has_its_figures() -> None:
    kept = {name: {row["control"] for row in report["rows"]} for name, report in load(DOCS / "measured").items()}
    heard = due(spec_of("nano"))
    missing = [t.control for t in heard if t.control not in kept["modulation"]]
    missing += [t.control for t in heard if t.row.propagation in SEEN and t.control not in kept["seen"]]
    assert missing == [], "measure each: demon-patch bench control NAME"


def test_kept_rows_stay_and_new_ones_take_the_place_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "measured" / "modulation.json"
    report = {"title": "t", "machine": "m"}
    keep({**report, "rows": [{"control": "shift", "change": 1.0}, {"control": "gone", "change": 9.0}]}, path)
    keep({**report, "rows": [{"control": "strength", "change": 0.123456}]}, path)
    keep({**report, "rows": [{"control": "shift", "change": 2.0}]}, path)
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert rows == [
        {"control": "strength", "change": 0.1235, "machine": "m"},
        {"control": "shift", "change": 2.0, "machine": "m"},
    ]


def test_each_row_keeps_its_machine_and_the_page_names_all(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    rows = [{"control": name, "steps": 8, "seen": 1, "t50": 1, "t90": 1} for name in ("solver", "guidance")]
    path.write_text(json.dumps({"title": "t", "machine": "old one", "rows": rows}), encoding="utf-8")
    assert "Measured on: old one." in page(load(tmp_path))
    keep({"title": "t", "machine": "new one", "rows": rows[:1]}, path)
    kept = {row["control"]: row["machine"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]}
    assert kept == {"solver": "new one", "guidance": "old one"}
    heard = {"descriptor": "departure", "change": 1.0, "ratio": 5.0, "lag_frames": None, "verdict": "audible"}
    keep({"title": "t", "machine": "third", "rows": [{"control": "solver", **heard}]}, tmp_path / "modulation.json")
    assert "Measured on: new one; old one; third." in page(load(tmp_path))


def test_rows_of_any_bench_are_kept_as_they_are_found(tmp_path: Path) -> None:
    path, by = tmp_path / "quality.json", ("about", "of")

    def rows(chroma: float) -> Iterator[dict[str, Any]]:
        yield {"about": "notes", "of": "codec", "chroma": chroma}
        yield {"about": "notes", "of": "cover", "chroma": chroma}
        assert json.loads(path.read_text(encoding="utf-8"))["rows"][1]["chroma"] == chroma
        yield {"about": "style", "covers": 96}

    for chroma in (0.5, 0.75):
        keep_rows("quality", rows(chroma), path, quiet=True, by=by)
    kept = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [(row["about"], row.get("of"), row.get("chroma")) for row in kept] == [
        ("notes", "codec", 0.75),
        ("notes", "cover", 0.75),
        ("style", None, None),
    ]
    with pytest.raises(ValueError, match="about"):
        keep_rows("quality", [{"chroma": 1.0}], path, quiet=True, by=by)
