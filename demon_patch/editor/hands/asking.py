"""What the palette was opened for, and what is done with the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from demon_patch.editor.hands import finding, palette
from demon_patch.editor.hands.palette import Offer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Pin, Point
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.edits import Insert

Why = Literal["add", "insert", "replace", "commands", "find"]


@dataclass(slots=True)
class Asking:
    """The palette that is open, or was last.

    why: adds a node, puts one into a cable, replaces one, calls a command, or finds a node that is there.
    at: the place of the canvas. pin: from which a cable leads. wire: the cable. node: the node to replace.
    """

    tools: Tools
    why: Why = "add"
    at: Point = (0.0, 0.0)
    pin: Pin | None = None
    wire: CableKey | None = None
    node: str = ""

    def add(self, at: Point, pin: Pin | None = None, text: str = "") -> None:
        """Asks for a node for a place of the canvas, and for the cable in the hand."""
        self._ask("add", at, pin, text=text)

    def insert(self, at: Point, wire: CableKey) -> None:
        """Asks for a node to put into a cable."""
        box = self.tools.view.boxes.get(wire.src)
        if box is not None:
            self._ask("insert", at, box.pin(wire.out, True), wire=wire)

    def replace(self, node: str) -> None:
        """Asks for a node in the place of one."""
        box = self.tools.view.boxes.get(node)
        if box is not None:
            self._ask("replace", (box.x, box.y), None, node=node)

    def command(self) -> None:
        """Asks for a command."""
        self._ask("commands", self.tools.world, None)

    def find(self) -> None:
        """Asks for a node that is there."""
        self._ask("find", self.tools.world, None)

    def _ask(
        self, why: Why, at: Point, pin: Pin | None, text: str = "", wire: CableKey | None = None, node: str = ""
    ) -> None:
        self.why, self.at, self.pin, self.wire, self.node = why, at, pin, wire, node
        self.tools.popups.palette(at, pin, text)

    def offers(self, text: str) -> list[Offer]:
        """Returns what the palette lists for a text."""
        tools = self.tools
        if self.why == "find":
            return finding.found(text, tools.edits.graph, tools.view.boxes)
        found = palette.offers(
            text,
            self.pin,
            tools.view.facts,
            tools.edits.patch,
            tools.edits.within,
            bpm=tools.bpm,
            keys=tools.keys if self.why in ("add", "commands") else None,
            prefer=tools.selection.nodes,
            commands=self.why == "commands",
        )
        return (
            [offer for offer in found if offer.kind in ("node", "line")] if self.why in ("insert", "replace") else found
        )

    def chosen(self, offer: Offer) -> None:
        """Does what was chosen, in one undo step."""
        if not offer.ready:
            self.tools.popups.tell(offer.line, "warning")
        elif self.why == "insert" and self.wire is not None and offer.typed is None:
            self._insert(offer, self.wire)
        elif self.why == "replace":
            self._replace(offer)
        else:
            self._add(offer)

    def _add(self, offer: Offer) -> None:
        tools = self.tools
        ids: list[str] = []
        taken = [box.rect for box in tools.view.boxes.values()]
        with tools.edits.drafted(f"Add {offer.title}"[:200]) as draft:
            ids = palette.make(draft, offer, self.at, self.pin, tools.view.facts, taken)
        tools.selection.want(ids)

    def _insert(self, offer: Offer, wire: CableKey) -> None:
        edits, at = self.tools.edits, (round(self.at[0] - palette.NARROW / 2), round(self.at[1] - palette.HEAD))
        id = edits.fresh()
        edits.ask(Insert(cable=wire, type=offer.id, node=id, at=at, within=edits.within))
        self.tools.selection.want([id])

    def _replace(self, offer: Offer) -> None:
        tools, id = self.tools, self.node
        edits = tools.edits
        if id not in edits.graph.nodes:
            return
        new = palette.nodes_of(offer, tools.view.facts)[0]
        old, cables = edits.graph.nodes[id], len(edits.graph.cables_of(id))

        def told(reply: object) -> None:
            graph = edits.graph
            if id not in graph.nodes:
                return
            values = sum(name not in graph.nodes[id].values for name in old.values)
            gone = cables - len(graph.cables_of(id))
            lost = [_counted(gone, "cable"), _counted(values, "value")]
            if words := " and ".join(filter(None, lost)):
                tools.popups.tell(f"{words} did not fit {offer.title}; the rest is kept")

        edits.exchange(id, new, told)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}" if number > 0 else ""
