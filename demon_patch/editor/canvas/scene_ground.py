"""The plot in which the canvas is drawn: its limits are the camera. And the grid behind everything."""

from __future__ import annotations

import math

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene_brush import CLEAR, Item
from demon_patch.editor.look.theme import GRID, GRID_MAJOR, Theme

LAYERS = ("grid", "frames", "wires", "boxes", "probes", "chips", "hand")
"""What is drawn, from the back to the front."""


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
        self._key: tuple[float, ...] = ()
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
        zoom = self.camera.zoom
        step = GRID if zoom >= 0.6 else 2 * GRID if zoom >= 0.38 else GRID_MAJOR
        spans = [math.floor(left / step), math.ceil(right / step), math.floor(top / step), math.ceil(bottom / step)]
        key = (*spans, step, zoom)
        if key == self._key:
            return
        self._key = key
        a, b = (spans[0] * step, spans[2] * step), (spans[1] * step, spans[3] * step)
        lines = [((i * step, a[1]), (i * step, b[1]), i) for i in range(spans[0], spans[1] + 1)]
        lines += [((a[0], j * step), (b[0], j * step), j) for j in range(spans[2], spans[3] + 1)]
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
