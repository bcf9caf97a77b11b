"""What the canvas costs is measured beside the node editor of Dear PyGui, each in a window of its own."""

from __future__ import annotations

import pytest

from demon_patch.editor.measure.big_patch import CABLES, NODES, big_patch
from demon_patch.editor.measure.compare import AIMS, figures
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.ports import fits
from tests.support.driven_editor import require_display, x_server


def test_the_patch_is_as_large_as_is_said() -> None:
    patch = big_patch()
    assert (len(patch.nodes), len(patch.cables)) == (NODES, CABLES) == (200, 300)
    for cable in patch.cables:
        port = CATALOGUE[patch.nodes[cable.dst].type].by_name[cable.port]
        assert fits(CATALOGUE[patch.nodes[cable.src].type].outs_by_name[cable.out], port)


@pytest.mark.slow
@pytest.mark.parametrize("view", ["all", "close"])
def test_both_canvases_show_the_same_nodes_and_are_timed(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_display()
    with x_server() as display:
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.setenv("LIBGL_ALWAYS_SOFTWARE", "1")
        own, other = figures("own", view), figures("imnodes", view)
    assert own["nodes"] == other["nodes"]
    assert own["nodes"] == NODES if view == "all" else 5 < own["nodes"] < NODES // 2
    assert all(row[name] > 0.0 for row in (own, other) for name in AIMS)
    assert own["zoom"] < other["zoom"], "all is drawn anew there, and only the camera moves here"
