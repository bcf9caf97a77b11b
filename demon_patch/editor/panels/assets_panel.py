"""The panel of missing things: each clip, LoRA and model that the patch names and the host lacks, with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from demon_patch.editor.layout.box import Point
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Popups
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.editor.share import sending
from demon_patch.editor.share.missing import Lack, Mend, lacking_model, lacks, renaming, without
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import Command, SetMeta
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.edits import Do, Exchange
from demon_patch.runtime.remote.messages.files import Assets, Entry, Folder, Listing, Resolve

COMPOSED = "composed_source"


class Missing:
    """What is missing, as the host says it, and the doing of what is chosen. All methods: the window's thread.

    model: returns the name of the model that plays. changed: called when the list is another one.
    """

    def __init__(self, link: Link, popups: Popups, model: Callable[[], str] = lambda: "") -> None:
        self._link, self._popups, self._model = link, popups, model
        self._assets = Assets()
        self._here: list[Entry] = []
        self._asked: object = None
        self.changes = 0
        self.sending: sending.Sending | None = None

    @property
    def list(self) -> list[Lack]:
        """What is missing."""
        found = lacks(self._assets, self._link.patch, self._here)
        model = lacking_model(self._link.patch, self._model())
        return found if model is None else [*found, model]

    def look(self) -> None:
        """Asks the host, if the document is another one since."""
        if self._asked != self._link.revision:
            self._asked = self._link.revision
            self._link.ask(Resolve(), self._take, lambda fault: None)
            self._link.ask(Folder(), self._take, lambda fault: None)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Assets):
            self._assets = reply
        elif isinstance(reply, Listing):
            self._here = [entry for entry in self._here if "/" in entry.name] + list(reply.entries)
            for entry in reply.entries:
                if entry.kind == "folder" and "/" not in entry.name:
                    self._link.ask(Folder(folder=entry.name), self._deeper, lambda fault: None)
        self.changes += 1

    def _deeper(self, reply: Reply) -> None:
        if isinstance(reply, Listing):
            new = {entry.name: entry for entry in (*self._here, *reply.entries)}
            self._here = list(new.values())
            self.changes += 1

    def mend(self, lack: Lack, mend: Mend, at: Point) -> None:
        """Does one of the things that can be done. at: where a field is opened, in pixels."""
        match mend.kind:
            case "use":
                self._do(partial(renaming, self._link.patch, lack, mend.name), "Use another file")
            case "send":
                title = f"A file of this machine in place of {lack.short}"
                self._popups.field(at, title, "", partial(self._send, lack))
            case "name":
                self._popups.field(
                    at, f"A file beside the patch in place of {lack.short}", "", partial(self._name, lack)
                )
            case "bypass":
                self._do(partial(without, self._link.patch, lack), "Play without it")
            case "composed":
                self._compose(lack)
            case "model":
                self._do(lambda: SetMeta(model=mend.name), "Model")
        self._asked = None

    def _compose(self, lack: Lack) -> None:
        for within, id, _ in lack.nodes:
            graph = self._link.patch.graph(within)
            if id in graph.nodes:
                old = graph.nodes[id]
                request = Exchange(node=id, new=Node(COMPOSED, at=old.at, label=old.label), within=within)
                self._link.ask(request, None, self._refused)

    def _name(self, lack: Lack, text: str) -> str:
        if not text.strip():
            return "type a name"
        return self._do(partial(renaming, self._link.patch, lack, text.strip()), "Use another file")

    def _send(self, lack: Lack, text: str) -> str:
        try:
            content, suffix = sending.read(Path(text.strip().strip("'\"").removeprefix("file://")).expanduser())
        except DemonError as error:
            return str(error)
        self._popups.tell(f"{Path(text).name} goes to the host.")
        self.sending = sending.Sending(self._link, content, suffix, partial(self._sent, lack), self._refused)
        return ""

    def _sent(self, lack: Lack, name: str) -> None:
        self._do(partial(renaming, self._link.patch, lack, name), "Use sent file")
        self._asked = None

    def _do(self, make: Callable[[], Command], label: str) -> str:
        try:
            command = make()
        except DemonError as error:
            self._popups.tell(str(error), "fault")
            return str(error)
        self._link.ask(Do(command=command, label=label), None, self._refused)
        return ""

    def _refused(self, fault: Fault) -> None:
        self._popups.tell(fault.text or fault.what, "fault")


class AssetsPanel(SidePanel):
    """Lists what is missing."""

    title, hint = "Files", "what the patch needs"

    def __init__(self, paper: Paper, link: Link, popups: Popups, model: Callable[[], str] = lambda: "") -> None:
        super().__init__(paper)
        self.missing = Missing(link, popups, model)

    def rows(self) -> Sequence[Row]:
        """Returns what is missing, with what can be done."""
        at = (self.sheet.x - 200.0, self.sheet.y + 80.0)
        return list(rows(self.missing.list, lambda lack, mend: self.missing.mend(lack, mend, at)))

    def face(self) -> object:
        """Returns what the rows come from; asks for it where the document is another one."""
        self.missing.look()
        return self.missing.changes


def rows(found: Sequence[Lack], mend: Callable[[Lack, Mend], object]) -> Iterator[Row]:
    """Yields the lines of the panel."""
    if not found:
        yield Row("All files of the patch are there.", tone="good")
    for lack in found:
        yield Row(lack.short, heading=True)
        yield Row(lack.what, lack.kind, "warning")
        if lack.titles:
            yield Row("for " + ", ".join(dict.fromkeys(lack.titles)), tone="label")
        for each in lack.mends:
            yield Row(each.title, tone="accent", do=partial(mend, lack, each))
