"""Edits of the document: requests to the host, each one undo step unless a gesture is open."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import structs

from demon_patch.editor.layout.box import Pin, Point
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Popups
from demon_patch.errors import PatchError
from demon_patch.nodes.editing import edits as document_edits
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.ports import SINGLE
from demon_patch.patch.edit import clipboard
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import (
    AddNode,
    Command,
    Connect,
    Disconnect,
    SetCable,
    SetFrame,
    SetNote,
    SetProbe,
    SetValue,
)
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, CableKey, Graph, Node
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request
from demon_patch.runtime.remote.messages.edits import Begin, Cancel, Do, End, Exchange, Plug

if TYPE_CHECKING:
    from demon_patch.editor.canvas.view import View

Then = Callable[[Any], object]


class Edits:
    """What the hands ask of the document. A mistake that is found before anything is sent is told at once.

    rng: the source of fresh ids; the system's randomness by default.

    open: the label of the gesture that is open, if one is.
    """

    def __init__(self, view: View, link: Link, popups: Popups, rng: random.Random | None = None) -> None:
        self.open = ""
        self._view, self._link, self._popups, self._rng = view, link, popups, rng

    # -- what is there -------------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        """The document."""
        return self._link.patch

    @property
    def within(self) -> str | None:
        """The definition that is shown; None for the patch itself, also where the definition has gone."""
        within = self._view.within
        return within if within in self.patch.definitions else None

    @property
    def graph(self) -> Graph:
        """The graph that is shown."""
        return self.patch.graph(self.within)

    @property
    def ports(self) -> VisiblePorts:
        """The ports of the graph's nodes."""
        return VisiblePorts(self.patch, self._view.facts.catalogue, self.within)

    def fresh(self) -> str:
        """Returns an id that nothing in the graph has."""
        graph = self.graph
        return self.draft().fresh({*graph.nodes, *graph.frames, *graph.notes, *graph.probes, *graph.bookmarks})

    # -- sending -------------------------------------------------------------------------------------------------
    def ask(
        self,
        request: Request,
        then: Callable[[Reply], object] | None = None,
        refused: Callable[[Fault], object] | None = None,
    ) -> None:
        """Sends a request."""
        self._link.ask(request, then, refused)

    def begin(self, label: str) -> None:
        """Opens a gesture; one that is open is closed first."""
        self.end()
        self.open = label
        self.ask(Begin(label=label))

    def end(self) -> None:
        """Closes the gesture that is open, if any."""
        if self.open:
            self.open = ""
            self.ask(End(), None, _never_mind)

    def cancel(self) -> None:
        """Takes the open gesture back, if any; no undo step is left."""
        if self.open:
            self.open = ""
            self.ask(Cancel(), None, _never_mind)

    def do(self, *commands: Command, label: str = "", then: Then | None = None) -> None:
        """Does commands on the graph that is shown, as one edit; none at all for no command."""
        if commands:
            with self.drafted(label, then) as draft:
                draft.do(*commands)

    def on_patch(self, *commands: Command, label: str = "") -> None:
        """Does commands on the patch itself, also where the inside of a subpatch is shown."""
        if commands:
            with self.drafted(label) as draft:
                for command in commands:
                    draft.do_on_patch(command)

    def draft(self) -> CommandBuilder:
        """Returns a draft of an edit of the graph that is shown."""
        return CommandBuilder(self.patch, self.within, self._rng)

    @contextmanager
    def drafted(self, label: str, then: Then | None = None) -> Iterator[CommandBuilder]:
        """Gives a draft, and sends it as one edit; a PatchError is told, and nothing is sent."""
        draft = self.draft()
        try:
            yield draft
        except PatchError as error:
            self._popups.tell(str(error), "fault")
            return
        if draft.patch is not self.patch and draft.patch != self.patch:
            self.ask(Do(command=draft.command, label=label), then)

    # -- cables --------------------------------------------------------------------------------------------------
    def plug(self, out: Pin, port: Pin, add: bool = False) -> None:
        """Plugs a cable. add: cables that are there stay; otherwise the new one takes their place."""
        cable = Cable(out.node, out.name, port.node, port.name)
        there = self.graph.cables_into(port.node, port.name)
        if cable.key in self.graph.cables_by_key:
            return
        if add or not there:
            self.ask(Plug(cable=cable, within=self.within))
            return
        with self.drafted("Connect") as draft:
            draft.do(*(Disconnect(*old.key) for old in there))
            self.join(draft, cable)

    def join(self, draft: CommandBuilder, cable: Cable) -> None:
        """Plugs a cable in a draft; PatchError if it does not fit."""
        catalogue = self._view.facts.catalogue
        draft.do_on_patch(document_edits.plug(draft.patch, catalogue, cable, draft.within))

    def add_source(self, draft: CommandBuilder, id: str, new: Node, at: Point, out: str, node: str, port: str) -> None:
        """Adds a node in a draft, and plugs its output into a port."""
        draft.do(AddNode(id, structs.replace(new, at=(round(at[0]), round(at[1])))))
        self.join(draft, Cable(id, out, node, port))

    def move_end(self, key: CableKey, to: Pin, add: bool = False) -> None:
        """Moves the end of a cable to another port, or its beginning to another output; its settings stay."""
        old = self.graph.cables_by_key.get(key)
        if old is None:
            return
        ends = {"src": to.node, "out": to.name} if to.out else {"dst": to.node, "port": to.name}
        cable = structs.replace(old, **ends)
        if cable.key == key:
            return
        with self.drafted("Re-route") as draft:
            draft.do(Disconnect(*key))
            if cable.key in draft.graph.cables_by_key:
                return
            if not to.out and not add:
                draft.do(*(Disconnect(*other.key) for other in draft.graph.cables_into(to.node, to.name)))
            self.join(draft, cable)

    def carry(self, src: str, out: str, to: Pin) -> None:
        """Carries all cables of an output to another output; those that do not fit there stay."""
        with self.drafted("Carry cables") as draft:
            for old in self.graph.cables_from(src, out):
                cable = structs.replace(old, src=to.node, out=to.name)
                if cable.key not in draft.graph.cables_by_key and self.ports.joins(*cable.key):
                    draft.do(Disconnect(*old.key), Connect(cable))

    def cut(self, keys: Iterable[CableKey], label: str = "Cut") -> None:
        """Unplugs cables."""
        there = self.graph.cables_by_key
        self.do(*(Disconnect(*key) for key in keys if key in there), label=label)

    def set_cable(self, key: CableKey, label: str, **fields: Any) -> None:
        """Changes how a cable works: mode, depth, offset, muted, solo."""
        if key in self.graph.cables_by_key:
            self.do(SetCable(*key, **fields), label=label)

    def bend(self, places: Iterable[tuple[CableKey, Point]]) -> None:
        """Puts a reroute into each of some cables."""
        with self.drafted("Reroute") as draft:
            for key, at in places:
                draft.do_on_patch(document_edits.bend(draft.patch, key, at, draft.within, self._rng))

    # -- nodes ---------------------------------------------------------------------------------------------------
    def remove(
        self, nodes: Collection[str], wires: Iterable[CableKey] = (), others: Iterable[str] = (), heal: bool = True
    ) -> None:
        """Removes nodes, cables, frames, notes and probes. heal: cables on both sides of a node become one."""
        graph = self.graph
        with self.drafted("Delete") as draft:
            draft.do(*(Disconnect(*key) for key in wires if key in graph.cables_by_key))
            there = [id for id in nodes if id in graph.nodes]
            if there:
                catalogue = self._view.facts.catalogue
                draft.do_on_patch(document_edits.removal(draft.patch, catalogue, there, heal, draft.within))
            for id in others:
                if id in graph.frames:
                    draft.do(SetFrame(id))
                elif id in graph.notes:
                    draft.do(SetNote(id))
                elif id in draft.graph.probes:
                    draft.do(SetProbe(id))

    def duplicate(self, ids: Collection[str], shift: Point) -> dict[str, Point]:
        """Copies nodes, frames and notes with the cables between them and those that come in; returns the places of the
        copies by id."""
        before = {id for id, _ in everything(self.graph)}
        made: dict[str, Point] = {}
        with self.drafted("Duplicate") as draft:
            draft.do_on_patch(clipboard.duplicate(draft.patch, ids, shift, draft.within, self._rng))
            made |= {id: record.at for id, record in everything(draft.graph) if id not in before}
        return made

    def leave_cables(self, id: str) -> None:
        """Unplugs all cables of a node; those on both sides become one where they fit."""
        graph, catalogue = self.graph, self._view.facts.catalogue
        with self.drafted("Shake off") as draft:
            healed = CommandBuilder(self.patch, self.within, self._rng)
            healed.do_on_patch(document_edits.removal(self.patch, catalogue, [id], True, self.within))
            draft.do(*(Disconnect(*cable.key) for cable in graph.cables_of(id)))
            draft.do(*(Connect(cable) for cable in healed.graph.cables if cable.key not in graph.cables_by_key))

    def exchange(self, id: str, new: Node, then: Then | None = None) -> None:
        """Puts another node in the place of one; what fits stays."""
        self.ask(Exchange(node=id, new=new, within=self.within), then)

    def switch(self, nodes: Iterable[str], command: Callable[[str, bool], Command], field: str, label: str) -> None:
        """Turns a switch of nodes (bypass, muted) on, or off where all have it on."""
        graph = self.graph
        there = [id for id in sorted(nodes) if id in graph.nodes]
        on = not all(getattr(graph.nodes[id], field) for id in there)
        self.do(*(command(id, on) for id in there), label=label if on else f"{label} off")

    # -- values --------------------------------------------------------------------------------------------------
    def set_value(self, node: str, port: str, value: Any, label: str = "", then: Then | None = None) -> None:
        """Sets what a node keeps for a port; ABSENT for the default."""
        if node in self.graph.nodes:
            self.do(SetValue(node, port, value), label=label, then=then)

    # -- ports ---------------------------------------------------------------------------------------------------
    def fitting(self, start: Pin, node: str) -> list[tuple[str, str]]:
        """Returns the ports, or outputs, of a node that a pin may join, as (name, title); free ones first."""
        ports = self.ports
        if start.out:
            found = [
                (name, port.title or name)
                for name, port in ports.inputs(node).items()
                if ports.joins(start.node, start.name, node, name)
            ]
            return sorted(found, key=lambda named: bool(self.graph.cables_into(node, named[0])))
        return [
            (name, name.replace("_", " ").capitalize())
            for name in ports.outputs(node)
            if ports.joins(node, name, start.node, start.name)
        ]

    def takes_one(self, node: str, port: str) -> bool:
        """Whether a port takes one cable only."""
        return any(found.type in SINGLE for found in self.ports.ahead(node, port) or [])


def everything(graph: Graph) -> Iterator[tuple[str, Node | CanvasFrame | CanvasNote | Probe]]:
    """Yields all that has a place on the canvas, by id."""
    yield from graph.nodes.items()
    yield from records(graph)


def records(graph: Graph) -> Iterator[tuple[str, CanvasFrame | CanvasNote | Probe]]:
    """Yields the frames, notes and probes of a graph, by id."""
    yield from graph.frames.items()
    yield from graph.notes.items()
    yield from graph.probes.items()


def put(id: str, record: CanvasFrame | CanvasNote | Probe) -> Command:
    """Returns the command that puts a frame, note or probe in the place of that with an id."""
    if isinstance(record, CanvasFrame):
        return SetFrame(id, record)
    return SetNote(id, record) if isinstance(record, CanvasNote) else SetProbe(id, record)


def _never_mind(fault: Fault) -> None:
    """The gesture was closed by the host already."""
