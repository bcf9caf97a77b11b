"""The page of all nodes: whole, drawn, and as it is committed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demon_patch.gallery.library import FRAMES, draw, outputs, page, pictures_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from tests.support.paths import DOCS

SILENT = [d for d in CATALOGUE.values() if not d.has_body and d.table is None]


@pytest.mark.parametrize("declaration", CATALOGUE.values(), ids=lambda d: d.id)
def test_every_node_with_signals_shows_them_moving(declaration: Declaration) -> None:
    curves = outputs(declaration, CATALOGUE)
    if declaration in SILENT:
        assert curves == {}
        return
    assert {len(curve) for curve in curves.values()} == {FRAMES}
    assert all(np.isfinite(curve).all() for curve in curves.values())
    assert any(np.ptp(curve) > 0 for curve in curves.values()) or declaration.id == "button"


def test_the_committed_page_is_the_one_that_is_made() -> None:
    drawn = {d.id for d in CATALOGUE.values()} - {d.id for d in SILENT}
    assert {path.stem for path in (DOCS / "nodes").glob("*.png")} == drawn
    made = page(CATALOGUE, pictures_of(drawn, DOCS / "nodes"))
    committed = (DOCS / "nodes.md").read_text(encoding="utf-8")
    assert made == committed, "run: demon-patch nodes --page docs/nodes.md"


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    draw({"a": np.sin(np.arange(FRAMES) / 9), "b": np.zeros(FRAMES)}, tmp_path / "deep" / "x.png")
    assert (tmp_path / "deep" / "x.png").stat().st_size > 1000
