"""A window with nothing but the dashboard, for a second screen: a client of the same host as the editor."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from demon_patch.editor.canvas.scene_brush import Brush
from demon_patch.editor.canvas.view import View
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Seen
from demon_patch.editor.link import starting
from demon_patch.editor.link.host_link import Connected, HostLink, Lost
from demon_patch.editor.link.telemetry import Telemetry
from demon_patch.editor.options import Options
from demon_patch.editor.pacing import Pacing
from demon_patch.editor.panels.dashboard_panel import DashboardPanel
from demon_patch.editor.panels.notices import Notices
from demon_patch.editor.panels.popups import PopupWindows
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.window import Window
from demon_patch.nodes.catalogue import CATALOGUE

SHOW_SECONDS = 1 / 30
NAME = "dashboard"


class NoCanvas:
    """A canvas that draws nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class DashboardWindow:
    """The window. All methods: the window's thread."""

    def __init__(self, options: Options) -> None:
        self.link = HostLink(starting.Finder(options.connect, options.file, options.host), name=NAME, wake=self._wake)
        self.window = Window("demon_patch: dashboard", options.size, options.theme, options.scale)
        self.link.start()
        self.facts = Facts(CATALOGUE)
        paper = Paper(Brush(options.theme, self.window.fonts), self.window.surface, self.window.scale)
        canvas: Any = NoCanvas()
        self.view = View(canvas, self.facts)
        self.telemetry = Telemetry(self.link, canvas, CATALOGUE, lambda node, port, now: None)
        self.notices = Notices(paper)
        self.popups = PopupWindows(paper, self.notices)
        self.popups.clipboard = self.window.clipboard
        self.panel = DashboardPanel(paper, self.link, self.facts, self.popups, self.telemetry.drawn, whole=True)
        self.pacing = Pacing()
        self._seen: tuple[object, ...] = ()
        self._looked_at = self._drawn_at = self._shown_at = 0.0
        self._done = False
        self.link.hear = self._hear
        self.link.tell = lambda fault: self.popups.tell(fault.text or fault.what, "fault")
        self.link.told = lambda request, reply: self.telemetry.told(request, reply, time.perf_counter())

    def _wake(self) -> None:
        with suppress(AttributeError):  # before there is a window
            self.window.door.wake()

    def _hear(self, event: object) -> None:
        if isinstance(event, Connected):
            self.facts.learn(event.nodes)
            self.telemetry.begin(event.welcome.model, event.nodes)
            self.panel.hands.locked = bool(self.link.patch.dashboard)
            self._seen = ()
        elif isinstance(event, Lost):
            self.popups.tell(f"{event.reason}. The connection is tried again.", "warning")
        else:
            self.telemetry.take(event, time.perf_counter())

    def step(self) -> None:
        """One round: waits, takes in, draws."""
        now, window = time.perf_counter(), self.window
        moving, focused = self.telemetry.moving and self.link.connected, window.door.focused
        busy = self.panel.hands.busy
        window.door.wait(self.pacing.wait(now, self._looked_at, moving=moving, focused=focused, gesture=busy))
        began = self._looked_at = time.perf_counter()
        cost = time.process_time()
        changed = self._take_input(began)
        if window.resized():
            w, h = window.size
            self.panel.place((0.0, 0.0, w, h))
            self.popups.size = (w, h)
            changed = True
        self.link.drain()
        self._follow()
        self.panel.words = "" if self.link.connected else self.link.words
        if began - self._shown_at >= SHOW_SECONDS:
            self._shown_at = began
            self.telemetry.show(began, self.link.patch)
        changed |= self.panel.draw(began)
        changed |= self.popups.draw(began)
        changed |= self.notices.draw(began, window.size[0], window.size[1] - 20)
        if changed or began - self._drawn_at >= (1.0 if focused else 4.0):
            window.render()
            self._drawn_at = time.perf_counter()
            self.pacing.drawn(self._drawn_at, time.process_time() - cost)
        self._done |= window.asked_to_close()

    def _follow(self) -> None:
        """Watches what moves the knobs on the dashboard."""
        patch = self.link.patch
        seen = (patch, self.link.status.get("live_values"))
        if len(self._seen) == 2 and all(a is b or a == b for a, b in zip(seen, self._seen, strict=True)):
            return
        self._seen = seen
        self.view.update(patch, self.link.live_values)
        nodes = {widget.node for widget in patch.dashboard.values()} & self.view.boxes.keys()
        self.telemetry.follow(self.view.boxes, self.view.wires, Seen(tuple(nodes)), 1.0)

    def _take_input(self, now: float) -> bool:
        looks, presses, _, happened = self.window.read(lambda x, y: not self.popups.open)
        if happened:
            self.pacing.touched(now)
        for look in looks:
            if self.panel.hands.busy or not self.popups.open or not self.popups.pointer(look):
                self.panel.pointer(look)
        for press in presses:
            if not self.popups.key(press):
                self.panel.key(press)
        return happened

    def run(self) -> None:
        """Runs until the window is closed; the music goes on."""
        w, h = self.window.size
        self.panel.place((0.0, 0.0, w, h))
        self.popups.size = (w, h)
        self.panel.opened()
        try:
            while self.window.running and not self._done:
                self.step()
        finally:
            self.link.close()
            self.window.close()


def dashboard_view(options: Options) -> None:
    """Opens the dashboard in a window of its own, and returns when it is closed."""
    DashboardWindow(options).run()
