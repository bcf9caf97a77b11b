"""A Dear PyGui context without a window, in which items can be made."""

from __future__ import annotations

from collections.abc import Iterator

import dearpygui.dearpygui as dpg
import pytest

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene import Scene
from demon_patch.editor.layout.space import Space
from demon_patch.editor.look.theme import DARK


@pytest.fixture
def window() -> Iterator[int]:
    """The parent of what a test draws."""
    dpg.create_context()
    try:
        yield dpg.add_window()  # type: ignore[misc]
    finally:
        dpg.destroy_context()


@pytest.fixture
def scene(window: int) -> Scene:
    """An empty scene."""
    return Scene(window, {}, DARK, Camera(), Space())
