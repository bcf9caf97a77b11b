"""The plot in which the canvas is drawn: its limits are the camera. And the grid behind everything."""

from __future__ import annotations

import math

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene_brush import CLEAR, Item
from demon_patch.editor.layout.box import Rect
from demon_patch.editor.look.theme import GRID, GRID_MAJOR, Theme

LAYERS = ("grid", "frames", "wires", "boxes", "probes", "chips", "hand")
"""What is drawn, from the back to the front."""
MARGIN, THINNER = 0.25, 1.25
"""How far beyond what is seen the grid is drawn, as a share of it; and how far its lines may be from a pixel wide."""


class Ground:
    """A plot without anything of its own, with a layer for each of `LAYERS`."""

    def __init__(self, parent: Item, theme: Theme, camera: Camera) -> None:
        self.theme, self.camera = theme, camera
        self.plot = dpg.add_plot(
            parent=parent, width=int(camera.width), height=int(camera.height), no_title=True, no_menus=True,
            no_box_select=True, no_mouse_pos=True, no_frame=True, no_inputs=True,
        )  # fmt: skip
        axes = (dpg.mvXAxis, dpg.mvYAxis)
        self.axes = [
            dpg.add_plot_axis(
                axis, parent=self.plot, no_tick_labels=True, no_tick_marks=True, no_gridlines=True, no_highlight=True,
                invert=axis == dpg.mvYAxis,
            )
            for axis in axes
        ]  # fmt: skip
        self.layers = {name: dpg.add_draw_node(parent=self.plot) for name in LAYERS}
        self._bare = _bare_theme()
        dpg.bind_item_theme(self.plot, self._bare)
        self._lines: list[Item] = []
        self._shown = 0
        self._drawn: tuple[Rect, float, float] | None = None  # the grid: its area, step, and zoom
        self._size = (int(camera.width), int(camera.height))

    def look(self) -> None:
        """Follows the camera."""
        size = int(self.camera.width), int(self.camera.height)
        if size != self._size:
            self._size = size
            dpg.configure_item(self.plot, width=size[0], height=size[1])
        left, top, right, bottom = self.camera.rect
        dpg.set_axis_limits(self.axes[0], left, right)
        dpg.set_axis_limits(self.axes[1], top, bottom)
        self._grid(left, top, right, bottom)

    def _grid(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draws the grid of what is seen and of a margin around it. It stays until what is seen leaves that, or the
        zoom has changed so much that the lines would be too thin or too thick."""
        zoom = self.camera.zoom
        step = GRID if zoom >= 0.6 else 2 * GRID if zoom >= 0.38 else GRID_MAJOR
        if self._drawn is not None:
            drawn, at_step, at_zoom = self._drawn
            inside = drawn[0] <= left and drawn[1] <= top and right <= drawn[2] and bottom <= drawn[3]
            if inside and step == at_step and 1 / THINNER <= zoom / at_zoom <= THINNER:
                return
        dx, dy = MARGIN * (right - left), MARGIN * (bottom - top)
        i0, i1 = math.floor((left - dx) / step), math.ceil((right + dx) / step)
        j0, j1 = math.floor((top - dy) / step), math.ceil((bottom + dy) / step)
        area = i0 * step, j0 * step, i1 * step, j1 * step
        self._drawn = area, step, zoom
        lines = [((i * step, area[1]), (i * step, area[3]), i) for i in range(i0, i1 + 1)]
        lines += [((area[0], j * step), (area[2], j * step), j) for j in range(j0, j1 + 1)]
        while len(self._lines) < len(lines):
            self._lines.append(dpg.draw_line((0, 0), (0, 0), parent=self.layers["grid"]))
        every = max(1, round(GRID_MAJOR / step))
        for item, (p, q, i) in zip(self._lines, lines, strict=False):
            strong = i % (every if every > 1 else 4) == 0
            colour = self.theme.grid_major if strong else self.theme.grid
            dpg.configure_item(item, p1=p, p2=q, color=colour, thickness=1 / zoom, show=True)
        for item in self._lines[len(lines) : self._shown]:
            dpg.configure_item(item, show=False)
        self._shown = len(lines)

    def close(self) -> None:
        """Deletes it."""
        dpg.delete_item(self.plot)
        dpg.delete_item(self._bare)


def _bare_theme() -> Item:
    """Returns a theme that draws nothing of a plot itself."""
    bare = dpg.add_theme()
    every = dpg.add_theme_component(dpg.mvAll, parent=bare)
    plots = dpg.mvThemeCat_Plots
    dpg.add_theme_style(dpg.mvPlotStyleVar_PlotPadding, 0, 0, category=plots, parent=every)
    dpg.add_theme_style(dpg.mvPlotStyleVar_PlotBorderSize, 0, category=plots, parent=every)
    for colour in (dpg.mvPlotCol_PlotBg, dpg.mvPlotCol_FrameBg, dpg.mvPlotCol_PlotBorder):
        dpg.add_theme_color(colour, CLEAR, category=plots, parent=every)
    return bare
