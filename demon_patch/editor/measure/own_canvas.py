"""The editor's own canvas with a patch, and what it does in a frame, without a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene import Scene
from demon_patch.editor.canvas.view import View
from demon_patch.editor.chrome import TOP, Chrome
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Space
from demon_patch.editor.link.telemetry import Telemetry
from demon_patch.editor.look.theme import DARK
from demon_patch.editor.measure.camera_moves import camera, panned, zoomed
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.window import Window
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Request
from demon_patch.runtime.remote.messages.session import Model, Nodes
from demon_patch.runtime.remote.messages.telemetry import Signals, StatusChange

RATE = 25.0  # control frames a second
SEED = 7
PLAYING = {"playing": True, "bpm": 120.0, "song": 0.0, "song_length": 16.0, "frame": 0}


class NoHost:
    """A link whose host never answers."""

    def __init__(self, patch: Patch) -> None:
        self.patch, self.revision = patch, Revision(0, 0)
        self.status: Mapping[str, Any] = PLAYING
        self.live_values: Mapping[tuple[str, str], Any] = {}

    def ask(
        self,
        request: Request,
        then: Callable[[Any], object] | None = None,
        refused: Callable[[Fault], object] | None = None,
    ) -> None:
        """Forgets the request."""


class OwnCanvas:
    """Shows a patch in a window. One step a frame: `pan`, `zoom` or `telemetry`, then `render`.

    close_up: at 100 %, where a part of the patch is seen; else all of it.
    """

    def __init__(self, window: Window, patch: Patch, close_up: bool) -> None:
        self._window, self._patch = window, patch
        link = NoHost(patch)
        space, self._camera = Space(), Camera()
        group = dpg.add_group(parent=window.surface, pos=(0, int(TOP)))
        self._scene = Scene(group, window.fonts, DARK, self._camera, space)
        self._view = View(self._scene, Facts(CATALOGUE), space)
        self._telemetry = Telemetry(link, self._scene, CATALOGUE, self._view.show_now)
        paper = Paper(self._scene.brush, window.surface, window.scale)
        self._chrome = Chrome(paper, link, self._camera, space, self._telemetry)
        self._space = space
        model = Model(name="none", title="none", sample_rate=48_000, channels=2, frame_rate=25, song_frames=400)
        self._telemetry.begin(model, Nodes(nodes=[], fits={}))
        self._telemetry.take(StatusChange(frame=0, fields=dict(PLAYING)), 0.0)
        self._view.update(patch)
        self._chrome.resize(window.size)
        whole = camera(self._view.boxes.values(), window.size, close_up)
        self._camera.resize(whole.width, whole.height)
        self._camera.look_at(*whole.centre, whole.zoom)
        self._middle = self._camera.centre, self._camera.zoom
        self._random = np.random.default_rng(SEED)
        self._frame = 0
        self._chrome.minimap.refresh()
        self.look()

    def look(self) -> None:
        """Follows the camera."""
        self._scene.look()
        self._chrome.minimap.look()
        rect, view = self._camera.rect, self._view
        seen, zoom = self._space.seen(rect), self._camera.zoom
        if not self._telemetry.moved(seen, zoom, rect):
            self._telemetry.follow(view.boxes, view.wires, seen, zoom, rect)

    def pan(self, step: int) -> None:
        """Moves what is seen by some pixels."""
        panned(self._camera, step)
        self.look()

    def zoom(self, step: int) -> None:
        """Zooms by a notch, in or out."""
        zoomed(self._camera, self._middle, step)
        self.look()

    def telemetry(self, step: int) -> None:
        """Takes a message of signals, and draws what moves."""
        telemetry = self._telemetry
        points = telemetry.subscriptions.points
        values = self._random.random((len(points), 1), np.float32)
        now = step / RATE
        telemetry.take(Signals(frame=step, first=step, count=1, values=values.astype("<f4").tobytes()), now)
        telemetry.show(now, self._patch)
        self._chrome.draw(now, telemetry.place(now))

    @property
    def seen(self) -> tuple[int, int]:
        """How many nodes and cables are seen."""
        rect = self._camera.rect
        return len(self._space.within(rect)), len(self._space.wires_within(rect))
