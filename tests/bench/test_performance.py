"""docs/performance.md and the measurements that its tables are made of."""

from __future__ import annotations

import json
from pathlib import Path

from demon_patch.bench.page import keep
from demon_patch.bench.performance import filled
from demon_patch.bench.reliability import TABLES
from tests.support.paths import DOCS


def test_the_tables_are_what_was_measured() -> None:
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert text == filled(text, DOCS / "measured"), "make it again: demon-patch bench page"


def test_a_table_is_made_of_the_kept_rows_and_the_text_beside_it_stays(tmp_path: Path) -> None:
    rows = [{"clip": "one", "chroma": [1.0, 0.9, 0.7, 0.72]}, {"clip": "two", "chroma": [1.0, 1.0, 1.0, 1.0]}]
    keep({"title": "t", "machine": "m", "rows": rows}, tmp_path / "sound.json")
    page = "before\n<!-- table: chroma -->\nold\n<!-- end -->\nafter\n"
    made = filled(page, tmp_path)
    assert made.startswith("before\n<!-- table: chroma -->\n\n| knob | 0 | 0.1 |")
    assert "| one | 1.00 | 0.90 | 0.70 | 0.72 | 0.20 |" in made
    assert made.endswith("\n\n<!-- end -->\nafter\n")
    assert "old" not in made
    assert filled(made, tmp_path) == made


def test_rows_of_clips_are_kept_as_they_came(tmp_path: Path) -> None:
    path = tmp_path / "sound.json"
    keep({"title": "t", "machine": "m", "rows": [{"clip": "b", "swing": 1.0}, {"clip": "a", "swing": 2.0}]}, path)
    keep({"title": "t", "machine": "m", "rows": [{"clip": "b", "swing": 3.0}, {"clip": "c", "swing": 4.0}]}, path)
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [(row["clip"], row["swing"]) for row in rows] == [("b", 3.0), ("a", 2.0), ("c", 4.0)]


def test_the_tables_of_reliability_are_what_was_measured() -> None:
    text = (DOCS / "reliability.md").read_text(encoding="utf-8")
    assert text == filled(text, DOCS / "measured", TABLES), "make it again: demon-patch bench page"
