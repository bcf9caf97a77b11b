"""What all that draws on the canvas shares: the theme, the fonts, the textures, and texts in the right font."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import dearpygui.dearpygui as dpg

from demon_patch.editor.look import skin, text
from demon_patch.editor.look.theme import Theme

Item = int | str
Colour = tuple[int, int, int, int]
CLEAR: Colour = (0, 0, 0, 0)
HOLLOW: Colour = (0, 0, 0, -255)
"""The fill of a shape that has none."""


@dataclass(slots=True)
class Eye:
    """How well the canvas is seen. least: the least change of a place that shows, in canvas units."""

    least: float = 0.3

    def zoomed(self, zoom: float) -> None:
        """Follows the zoom: a third of a pixel shows."""
        self.least = 0.3 / max(zoom, 0.1)


class Brush:
    """Draws texts and makes textures.

    fonts: Dear PyGui's fonts by name: `plain`, `bold`, and `other` for scripts that these lack. Those that are missing
        are replaced by the default font.
    """

    def __init__(self, theme: Theme, fonts: Mapping[str, Item]) -> None:
        self.theme = theme
        self.fonts = fonts
        self.eye = Eye()
        self._registry = dpg.add_texture_registry()
        self._textures: dict[tuple[object, ...], Item] = {}
        self.cap = self.texture(("cap",), skin.cap)
        self.glow = self.texture(("glow",), skin.glow)

    def with_theme(self, theme: Theme) -> Brush:
        """Returns a brush of another theme that shares the textures."""
        other = copy(self)
        other.theme = theme
        return other

    def texture(self, key: tuple[object, ...], make: Callable[..., skin.Pixels], *args: float) -> Item:
        """Returns the texture of a key; makes it at its first use."""
        if key not in self._textures:
            data = make(*args)
            height, width = data.shape[:2]
            self._textures[key] = dpg.add_static_texture(width, height, data.ravel(), parent=self._registry)  # type: ignore[arg-type]
        return self._textures[key]

    def changing(self, width: int, height: int) -> Item:
        """Returns a new texture that may change; `forget` deletes it."""
        return dpg.add_dynamic_texture(width, height, [0.0] * (4 * width * height), parent=self._registry)

    def once(self, pixels: skin.Pixels) -> Item:
        """Returns a new texture with a picture; `forget` deletes it."""
        height, width = pixels.shape[:2]
        return dpg.add_static_texture(width, height, pixels.ravel(), parent=self._registry)  # type: ignore[arg-type]

    def forget(self, texture: Item) -> None:
        """Deletes a texture of `changing` or `once`."""
        if dpg.does_item_exist(texture):
            dpg.delete_item(texture)

    def close(self) -> None:
        """Deletes all textures."""
        dpg.delete_item(self._registry)

    def text(
        self,
        at: tuple[float, float],
        said: str,
        size: float,
        colour: Colour,
        parent: Item,
        bold: bool = False,
        **more: Any,
    ) -> Item:
        """Draws a line of text with its upper left corner at a point."""
        item = dpg.draw_text(at, said, size=size, color=colour, parent=parent, **more)
        font = "bold" if bold else "plain"
        if "other" in self.fonts and not text.covered(said):
            font = "other"
        if font in self.fonts and font != "plain":
            dpg.bind_item_font(item, self.fonts[font])
        return item
