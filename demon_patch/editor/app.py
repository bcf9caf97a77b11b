"""The editor: composes window, canvas, hands, link and panels, and runs their loop."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import dearpygui.dearpygui as dpg

from demon_patch.editor.answers import Answers
from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene import Scene
from demon_patch.editor.canvas.view import View
from demon_patch.editor.chrome import TOP, Chrome
from demon_patch.editor.document_state import DocumentState, path_of
from demon_patch.editor.drive import Drive
from demon_patch.editor.first_patch import first_patch
from demon_patch.editor.hands.hands import Hands
from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.hints import BAR, hint_of
from demon_patch.editor.kept_edits import KeptEdits
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Space
from demon_patch.editor.link import starting
from demon_patch.editor.link.host_link import Connected, HostLink, Lost
from demon_patch.editor.link.telemetry import Telemetry
from demon_patch.editor.logo_menu import LogoMenu
from demon_patch.editor.options import Options
from demon_patch.editor.pacing import Pacing
from demon_patch.editor.panels.cheat_sheet import CheatSheet
from demon_patch.editor.panels.history import HistoryPanel
from demon_patch.editor.panels.more_panels import Around, MorePanels
from demon_patch.editor.panels.probe_words import probed
from demon_patch.editor.panels.problems import ProblemsPanel
from demon_patch.editor.panels.protocol import Item
from demon_patch.editor.panels.settings_file import load as load_settings
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.work_panels import WorkPanels
from demon_patch.editor.song_changes import SongChanges
from demon_patch.editor.window import Window
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request
from demon_patch.runtime.remote.messages.documents import FileChanged
from demon_patch.runtime.remote.messages.opening import Opening
from demon_patch.runtime.remote.messages.session import Clients, Model, Notice

SHOW_SECONDS, RESTING_SECONDS = 1 / 30, 1.0  # between two pictures of telemetry, while it moves and else
NAME = "editor"


class Editor:
    """A window on a host. All methods: the window's thread."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.finder = starting.Finder(options.connect, options.file, options.host)
        self.link = HostLink(self.finder, name=NAME, wake=self._wake)
        self.window = Window("demon_patch", options.size, options.theme, options.scale)
        self.link.start()  # the host loads while the window is made
        self.facts, self.space, self.camera = Facts(CATALOGUE), Space(), Camera()
        self._canvas = dpg.add_group(parent=self.window.surface, pos=(0, int(TOP * self.window.scale)))
        self.scene = Scene(self._canvas, self.window.fonts, options.theme, self.camera, self.space)
        self.view = View(self.scene, self.facts, self.space)
        self.telemetry = Telemetry(self.link, self.scene, CATALOGUE, self.view.show_now)
        paper = Paper(self.scene.brush, self.window.surface, self.window.scale)
        self.chrome = Chrome(paper, self.link, self.camera, self.space, self.telemetry)
        self.popups = self.chrome.popups
        self.state = DocumentState(self.link)
        keys, wrong = Keys.loaded()
        self.hands = Hands(
            self.view, self.camera, self.scene, self.link, self.popups, time.perf_counter, keys=keys,
            clipboard=self.window.clipboard, origin=(0.0, TOP),
        )  # fmt: skip
        for problem in wrong:
            self.popups.tell(problem, "warning")
        self.pacing = Pacing()
        self.drive = None if options.drive is None else Drive(options.drive, self._wake)
        self.answers = Answers(self)
        self.frames = 0
        self._model = ""
        self.menu, self.songs = LogoMenu(self), SongChanges(self)
        self.kept = KeptEdits(self.link)
        self._connect_parts(paper)
        self._shown: tuple[object, ...] = ()
        self._looked: tuple[object, ...] = ()
        self._fitted = False
        self._path = ""
        self._drawn_at = self._told_at = self._looked_at = 0.0
        self._done = False
        self._asked_once = self._focused = False

    def _connect_parts(self, paper: Paper) -> None:
        link, popups, registry = self.link, self.popups, self.chrome.registry
        link.hear, link.told = self._hear, self._told
        link.tell = lambda fault: popups.tell(_said(fault), "fault")
        popups.place = self._pixel
        popups.panel = registry.toggle
        popups.clipboard = self.window.clipboard
        popups.chosen = self.hands.chosen
        popups.offers = self.hands.offers
        registry.unknown = self._show_unknown
        registry.add("keys", lambda: CheatSheet(paper, self.hands.tools.keys))
        registry.add("history", lambda: HistoryPanel(paper, link))

        def problems() -> ProblemsPanel:
            found, jump, said = lambda: self.state.problems, self.jump, self.chrome.notices
            return ProblemsPanel(paper, found, jump, said, lambda: registry.toggle("costs"), self.work.title)

        registry.add("problems", problems)
        self.more = MorePanels(registry, paper, link, self.facts, popups, self._around())
        settings, wrong = load_settings()
        for problem in wrong:
            popups.tell(problem, "warning")
        self.work = WorkPanels(
            registry, paper, link, self.hands, self.jump, lambda path: self.more.dropped(str(path), (400.0, 200.0)),
            self._own_file, settings, self.menu.take_over,
        )  # fmt: skip

    def _own_file(self) -> Path | None:
        """The path of the patch file, where the host that was started here plays it."""
        return None if self.options.file is None or self.options.connect else self.options.file.resolve()

    def _around(self) -> Around:
        """What the panels of sharing and playing need to know of this window."""

        def middle() -> tuple[float, float]:
            w, h = self.chrome.size
            return w / 2 - 150, h / 2 - 60

        return Around(
            selected=lambda: self.hands.selection.nodes, now=self.telemetry.drawn, at=lambda: self.hands.tools.world,
            within=lambda: self.view.within, middle=middle, model=lambda: self._model, home=self.finder.home,
        )  # fmt: skip

    def _show_unknown(self, name: str) -> None:
        if not self.menu.show(name):
            self.popups.tell(f"There is no panel {name}.", "warning")

    def _wake(self) -> None:
        with suppress(AttributeError):  # before there is a window
            self.window.door.wake()

    # -- what comes from the host --------------------------------------------------------------------------------
    def _hear(self, event: object) -> None:
        now = time.perf_counter()
        self.more.hear(event)
        self.work.hear(event)
        if isinstance(event, Connected):
            self.facts.learn(event.nodes)
            self.view.learn()
            self.telemetry.begin(event.welcome.model, event.nodes)
            self.state.connected(event.welcome.file)
            self.more.opened()
            if (file := self._own_file()) is not None and file.name == event.welcome.file:
                self.work.opened(file)
            self.show_model(event.welcome.model)
            self.songs.epoch = event.welcome.revision.epoch
            self.chrome.bar.clients = len(event.welcome.clients)
            self._looked = ()
            if event.again:
                self.popups.tell("Connected again.", "good")
                self.kept.returned(event.welcome.revision)
        elif isinstance(event, Lost):
            self.kept.keep()
            self.popups.tell(f"{event.reason}. Your patch is kept, and the connection is tried again.", "warning")
        elif isinstance(event, Opening):
            self.songs.hear(event)
        elif isinstance(event, Notice):
            self.popups.tell(_said(event.fault), "warning" if event.fault.mend else "plain")
        elif isinstance(event, Clients):
            self.chrome.bar.clients = len(event.clients)
        elif isinstance(event, FileChanged):
            what = "was deleted" if event.gone else "was changed by another program; saving asks before it replaces it"
            self.popups.tell(f"{event.file} {what}.", "warning")
        else:
            self.telemetry.take(event, now)

    def show_model(self, model: Model) -> None:
        """Shows which model plays."""
        self.chrome.bar.model, self._model = model.title, model.name

    def _told(self, request: Request, reply: Reply) -> None:
        self.telemetry.told(request, reply, time.perf_counter())
        self.state.told(reply)
        self.work.told(reply)

    # -- places --------------------------------------------------------------------------------------------------
    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        sx, sy = self.camera.screen(x, y)
        return sx, sy + TOP

    def jump(self, node: str) -> None:
        """Looks at a node."""
        rect = self.view.rect_of([node])
        if rect is not None:
            self.camera.look_at((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2, max(self.camera.zoom, 0.8))
            self.hands.selection.set({node})

    def _resize(self) -> None:
        size = self.window.size
        self.chrome.resize(size)
        self.camera.resize(size[0], self.chrome.bottom - TOP)
        self._looked = ()

    def again(self) -> None:
        """Follows the camera anew, as after all of the canvas was drawn anew."""
        self._looked = ()

    def fit_next(self) -> None:
        """Looks at the whole of the patch that is shown next."""
        self._fitted, self._shown = False, ()

    def fit(self) -> None:
        """Looks at the whole patch."""
        if (rect := self.view.rect_of()) is not None:
            self.camera.fit(rect)

    # -- the loop ------------------------------------------------------------------------------------------------
    def open_file(self) -> None:
        """Shows the patch of the file while the host loads, where it is not playing already."""
        if self.options.connect or self.finder.joins:
            return
        patch = first_patch(self.options.file)
        if patch is not None and self.link.revision.epoch < 0:
            self._update(patch)
            self.chrome.bar.title = patch.meta.title

    def _update(self, patch: Patch) -> bool:
        status = self.link.status
        faults = self.state.by_node(status.get("faults", {}))
        shown = (patch, status.get("live_values"), tuple(sorted(faults.items())), self.view.within)
        if len(self._shown) == 4 and all(a is b or a == b for a, b in zip(shown, self._shown, strict=True)):
            return False
        self._shown = shown
        self.view.update(patch, self.link.live_values, faults)
        self.hands.follow()
        self.work.updated()
        if not self._fitted and self.view.boxes:
            self._fitted = True
            self.fit()
        self._looked = ()
        self.chrome.minimap.refresh()
        return True

    def _look(self) -> bool:
        """Follows the camera, and what is seen."""
        camera = self.camera
        looked = (
            camera.x,
            camera.y,
            camera.zoom,
            camera.width,
            camera.height,
            len(self.view.boxes),
            len(self.view.wires),
        )
        if looked == self._looked:
            return False
        only_moved, self._looked = looked[5:] == self._looked[5:], looked
        self.scene.look()
        self.chrome.minimap.look()
        k = self.window.scale
        if k != 1.0:
            dpg.configure_item(self.scene.plot, width=int(camera.width * k), height=int(camera.height * k))
        rect = camera.rect
        view, space = self.view, self.space
        self._path = "" if view.patch is None else path_of(view.patch, view.within)
        seen = space.seen(rect)
        if not (only_moved and self.telemetry.moved(seen, camera.zoom, rect)):
            self.telemetry.follow(view.boxes, view.wires, seen, camera.zoom, rect, space.probes, self._path)
        return True

    def step(self) -> None:
        """One round: waits, takes in, draws."""
        now = time.perf_counter()
        moving = self.telemetry.moving and self.link.connected
        focused = self.window.door.focused
        gesture = self.chrome.held or self.hands.busy
        waiting = self.drive is not None and bool(self.drive.look(self.answers.answer))
        seconds = self.pacing.wait(now, self._looked_at, moving=moving, focused=focused, gesture=gesture)
        self.window.door.wait(min(seconds, 0.02) if waiting else seconds)
        began = self._looked_at = time.perf_counter()
        cost = time.process_time()
        changed = self._take_input(began)
        if self.window.resized():
            self._resize()
            changed = True
        if self.link.drain() and self.link.connected and (said := self.kept.bring_back()):
            self.popups.tell(said, "good")
        if self.link.revision.epoch >= 0:
            changed |= self._update(self.link.patch)
        self.state.look(began, self.link.connected)
        changed |= self.work.look(began, self.link.connected)
        bar = self.chrome.bar
        bar.words = "" if self.link.connected else self.link.words
        if self.link.revision.epoch >= 0:
            bar.title, bar.dirty = self.state.title, self.state.dirty
        changed |= self._look()
        if began - self._told_at >= (SHOW_SECONDS if moving or gesture else RESTING_SECONDS):
            self._told_at = began
            changed |= self.telemetry.show(began, self.link.patch)
        changed |= self.chrome.draw(began, self.telemetry.place(began))
        due = began - self._drawn_at >= (1.0 if focused else 4.0)  # another window may have lain over it
        if (changed or due or waiting) and not (self.window.door.hidden and not waiting):
            self.window.render()
            self.window.door.show_cursor(getattr(self.hands, "cursor", "arrow"))
            self.frames += 1
            self._drawn_at = time.perf_counter()
            self.pacing.drawn(self._drawn_at, time.process_time() - cost)
        if self.window.asked_to_close():
            self._ask_to_close()

    def _take_input(self, now: float) -> bool:
        looks, presses, drops, happened = self.window.read(lambda x, y: self.chrome.under(x, y) == "canvas")
        if happened:
            self.pacing.touched(now)
        under = ""
        for look in looks:
            under = self.chrome.pointer(look, self.hands)
        for press in presses:
            self.chrome.key(press, self.hands)
        last = looks[-1]
        still = under == "canvas" and not self.chrome.held and not self.popups.open
        hit = self.hands.hover if still else None
        if happened:
            bar = self.chrome.bar.hands.hot or ""
            self.chrome.hint = hint_of(hit, self.view, self.facts) if hit is not None else BAR.get(bar, "")
            if hit is not None and hit.wire is not None:
                self.chrome.hint = self.work.remarks.by_cable.get(hit.wire, self.chrome.hint)
        patch, within = self.view.patch, self.view.within
        seen = None if hit is None or patch is None else probed(hit, self.facts, patch, within, self._path)
        self.chrome.probe.hover(seen, last.at, self.chrome.size, now)
        for path in drops:
            self.more.dropped(path, last.at)
        if self._focused and not self.window.door.focused:
            self.hands.lost()
        self._focused = self.window.door.focused
        return happened or self.chrome.probe.waits

    # -- the end -------------------------------------------------------------------------------------------------
    def _ask_to_close(self) -> None:
        """Asks, once, whether the music goes on. Where it is not ours to end, the window just closes."""
        others = self.chrome.bar.clients > 1
        if self._asked_once or not self.link.connected or not self.finder.pid or others:
            self._done = True
            return
        self._asked_once = True
        w, h = self.chrome.size
        items = (
            Item("Close the window; the music goes on", lambda: self.end(stop=False)),
            Item("Close, and end the music", lambda: self.end(stop=True)),
            Item(""),
            Item("Stay", lambda: setattr(self, "_asked_once", False)),
        )
        self.popups.menu((w / 2 - 150, h / 2 - 60), items)

    def end(self, *, stop: bool) -> None:
        """Closes the window. stop: also the music."""
        self._done = True
        if stop and self.finder.pid:
            starting.stop(self.finder.pid)

    def run(self) -> None:
        """Runs until the window is closed."""
        self._resize()
        try:
            self.step()
            self.open_file()
            while self.window.running and not self._done:
                self.step()
        finally:
            if self.drive is not None:
                self.drive.close()
            self.link.close()
            self.window.close()
            if self.finder.started is not None:
                self.finder.started.forget()


def _said(fault: Fault) -> str:
    """A fault as a sentence."""
    return fault.text or fault.what


def run(options: Options) -> None:
    """Opens the editor, and returns when it is closed."""
    Editor(options).run()
