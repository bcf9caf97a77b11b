"""The kept report of the gallery."""

from __future__ import annotations

import json
from pathlib import Path

from demon_patch.gallery.commands import _keep


def test_each_row_keeps_the_machine_that_it_was_measured_on(tmp_path: Path) -> None:
    path = tmp_path / "gallery.json"
    old = [{"name": "b", "lag": 1.0}, {"name": "a", "lag": 2.0}]
    path.write_text(json.dumps({"title": "t", "machine": "old one", "rows": old}), encoding="utf-8")
    _keep(path, "new one", [{"name": "b", "lag": 3.0}])
    assert json.loads(path.read_text(encoding="utf-8"))["rows"] == [
        {"name": "a", "lag": 2.0, "machine": "old one"},
        {"name": "b", "lag": 3.0, "machine": "new one"},
    ]
