"""The minimap shows all boxes and the part in view, and is drawn anew only when boxes change."""

from __future__ import annotations

from typing import Any

import dearpygui.dearpygui as dpg
import pytest

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.minimap import Minimap
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Space
from demon_patch.editor.look.theme import DARK, LIGHT
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Node


@pytest.fixture
def minimap(window: int) -> Minimap:
    space = Space()
    patch = Patch(nodes={"a": Node("lfo", at=(0, 0)), "b": Node("scheduler", at=(900, 300))})
    for box in boxes_of(patch, None, Facts())[0].values():
        space.put(box)
    made = Minimap(window, DARK, Camera(), space)
    made.refresh()
    return made


def test_each_box_is_drawn(minimap: Minimap) -> None:
    assert len(dpg.get_item_children(minimap._map, 2)) == 3  # type: ignore[arg-type]
    minimap.space.drop("a")
    minimap.refresh()
    assert len(dpg.get_item_children(minimap._map, 2)) == 2  # type: ignore[arg-type]


def test_it_is_drawn_anew_only_when_boxes_change(minimap: Minimap, monkeypatch: Any) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(minimap, "_draw", lambda: drawn.append(1))
    minimap.camera.pan(40, 20)
    minimap.refresh()
    assert not drawn
    box = minimap.space.boxes["a"]
    box.x += 10
    minimap.refresh()
    assert drawn == [1]


def test_its_points_are_points_of_the_canvas(minimap: Minimap) -> None:
    for box in minimap.space.boxes.values():
        x, y = minimap._at(box.x, box.y)
        assert 0 <= x <= minimap.width
        assert 0 <= y <= minimap.height
        assert minimap.world(x, y) == pytest.approx((box.x, box.y))


def test_the_view_follows_the_camera_and_the_theme_can_change(minimap: Minimap) -> None:
    before = dpg.get_item_configuration(minimap._view)
    minimap.camera.zoom_to(2.0)
    minimap.look()
    after = dpg.get_item_configuration(minimap._view)
    assert after["pmin"] != before["pmin"]
    minimap.restyle(LIGHT)
    assert dpg.get_item_configuration(minimap._view)["color"] != after["color"]
