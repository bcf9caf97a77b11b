"""The panels about host, document and selection, put into the registry at once, and what feeds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.cable_remarks import CableRemarks
from demon_patch.editor.panels.clients_panel import ClientsPanel, Company
from demon_patch.editor.panels.controller_ghosts import ControllerGhosts
from demon_patch.editor.panels.costs_panel import Costs, CostsPanel, titled
from demon_patch.editor.panels.inspector_panel import InspectorPanel
from demon_patch.editor.panels.recent_files import RecentFiles
from demon_patch.editor.panels.registry import Registry
from demon_patch.editor.panels.settings_file import EditorSettings
from demon_patch.editor.panels.settings_model import Settings
from demon_patch.editor.panels.settings_panel import SettingsPanel
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.versions_model import Lifelines
from demon_patch.editor.panels.versions_panel import VersionsPanel
from demon_patch.errors import DemonError
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Reply
from demon_patch.runtime.remote.messages.documents import FileChanged

if TYPE_CHECKING:
    from demon_patch.editor.hands.hands import Hands

NAMES = ("inspector", "settings", "versions", "clients", "costs")
"""The names of these panels, for `Popups.show`."""


class WorkPanels:
    """Makes the panels known. All methods: the window's thread.

    see: looks at a node. open: opens a patch of this machine. file: returns the path of the patch file, where it is on
    this machine. own: the editor's settings; apply: takes them over, and returns whether that was done at once.
    """

    def __init__(
        self, registry: Registry, paper: Paper, link: Link, hands: Hands, see: Callable[[str], object],
        open: Callable[[Path], object] = lambda path: None, file: Callable[[], Path | None] = lambda: None,
        own: EditorSettings | None = None, apply: Callable[[EditorSettings], bool] = lambda settings: False,
        recent: RecentFiles | None = None,
    ) -> None:  # fmt: skip
        popups, view = hands.tools.popups, hands.tools.view
        self._registry, self._file, self._link, self._facts = registry, file, link, view.facts
        self.costs, self.company = Costs(link), Company(link)
        self.settings = Settings(link, popups.tell, own, apply)
        self.lifelines = Lifelines(link, view.facts, popups.tell, self._read)
        self.remarks = CableRemarks(link, view)
        self.ghosts = ControllerGhosts(view, popups.tell, lambda: setattr(hands.commands, "learning", None))
        self.recent = recent or RecentFiles()

        registry.add("inspector", lambda: InspectorPanel(paper, hands, self.costs, lambda: self.remarks.by_cable, see))
        registry.add("settings", lambda: SettingsPanel(paper, self.settings, popups, lambda: link.patch, link.ask))
        registry.add("versions", lambda: VersionsPanel(paper, self.lifelines, self.recent, open))
        registry.add("clients", lambda: ClientsPanel(paper, self.company))
        registry.add("costs", lambda: CostsPanel(paper, link, self.costs, self._type_title, see))

    def _type_title(self, type: str) -> str:
        declaration = self._facts.declaration(type)
        return declaration.title if declaration is not None else type.capitalize()

    def title(self, path: str) -> str:
        """Returns the title of a node, inside a subpatch by the path of ids."""
        return titled(self._link.patch, path, self._type_title)[0]

    def _read(self, name: str) -> Patch | None:
        """Returns the document of the patch file, where it is on this machine and has that name."""
        file = self._file()
        if file is None or file.name != name:
            return None
        # It brings what reads sounds, which the window's first frame must not wait for.
        from demon_patch.runtime.assets.assets import load_patch

        try:
            return load_patch(file)
        except DemonError:
            return None

    def hear(self, event: object) -> None:
        """Takes an event of the host, `Connected` and `Lost`."""
        for part in (self.costs, self.company, self.settings, self.lifelines, self.ghosts):
            part.hear(event)
        if isinstance(event, FileChanged) and self._registry.name != "versions":
            self._registry.toggle("versions")

    def told(self, reply: Reply) -> None:
        """Takes any reply."""
        self.lifelines.told(reply)

    def updated(self) -> None:
        """The canvas shows another document, or another part of it."""
        self.ghosts.redraw()
        self.remarks.redraw()

    def opened(self, path: Path) -> None:
        """A patch of this machine plays."""
        self.recent.add(path)

    def look(self, now: float, connected: bool) -> bool:
        """Asks and moves what is due; returns whether anything moves. now: seconds."""
        self.lifelines.look(now)
        self.remarks.look(now, connected)
        return self.ghosts.look(now)
