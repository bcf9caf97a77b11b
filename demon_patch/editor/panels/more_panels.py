"""The panels of sharing and playing: patches, files, snapshots and the dashboard, put into the registry at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from demon_patch.editor.layout.box import Point
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.assets_panel import AssetsPanel
from demon_patch.editor.panels.dashboard_panel import DashboardPanel, Now
from demon_patch.editor.panels.protocol import Popups
from demon_patch.editor.panels.registry import Panel, Registry
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.snapshots_panel import SnapshotsPanel
from demon_patch.editor.share.doing import Doing
from demon_patch.editor.share.exporting import Exporting
from demon_patch.editor.share.missing import lacks
from demon_patch.editor.share.opening import look_at
from demon_patch.runtime.remote.messages.base import Reply
from demon_patch.runtime.remote.messages.files import Assets, Resolve

NAMES = ("browser", "assets", "snapshots", "dashboard")
"""The names of these panels, for `Popups.show`."""


@dataclass(frozen=True)
class Around:
    """What the panels need to know of the editor.

    selected: the nodes that are selected. now: where modulation has a port, 0 to 1. at: a place on the canvas for what
    is added. within: the definition that is shown. middle: of the window, in pixels. model: the name of the model that
    plays. home: the host's folder, where it is on this machine.
    """

    selected: Callable[[], Collection[str]] = lambda: ()
    now: Now = lambda node, port: None
    at: Callable[[], Point] = lambda: (0.0, 0.0)
    within: Callable[[], str | None] = lambda: None
    middle: Callable[[], Point] = lambda: (400.0, 300.0)
    model: Callable[[], str] = lambda: ""
    home: Callable[[], Path | None] = lambda: None


class MorePanels:
    """Makes the panels known, and does what other parts of the editor ask of them. All methods: the window's thread."""

    def __init__(
        self, registry: Registry, paper: Paper, link: Link, facts: Facts, popups: Popups, around: Around | None = None
    ) -> None:
        self.around = around = around or Around()
        self.doing = Doing(link, popups, middle=around.middle)
        self.exporting = Exporting(link, facts, popups, around.home)
        self._link, self._popups, self._registry = link, popups, registry

        def browser() -> Panel:
            from demon_patch.editor.panels.browser_panel import BrowserPanel  # noqa: PLC0415 (it reads clips)

            return BrowserPanel(paper, link, facts, popups, self.doing, self.exporting, around.home, around.at)

        registry.add("browser", browser)
        registry.add("assets", lambda: AssetsPanel(paper, link, popups, around.model))
        registry.add("snapshots", lambda: SnapshotsPanel(paper, link, popups, around.selected))
        registry.add("dashboard", lambda: DashboardPanel(paper, link, facts, popups, around.now))

    def dropped(self, path: str, pixel: Point) -> None:
        """Offers what can be done with a file that was dropped on a pixel of the window."""
        self.doing.offer(look_at(Path(path)), pixel, self.around.at(), self.around.within())

    def hear(self, event: object) -> None:
        """Takes what the host tells."""
        self.exporting.hear(event)

    def opened(self) -> None:
        """A song was opened: asks what it lacks, and shows that where it lacks anything."""
        self._link.ask(Resolve(), self._resolved, lambda fault: None)

    def _resolved(self, reply: Reply) -> None:
        count = len(lacks(reply, self._link.patch)) if isinstance(reply, Assets) else 0
        if not count:
            return
        said = "A file that the patch names is missing" if count == 1 else f"{count} files of the patch are missing"
        self._popups.tell(f"{said}. It plays without.", "warning")
        if not self._registry.name:
            self._registry.toggle("assets")
