"""The inspector: all that is known of what is selected, with what can be typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from demon_patch.editor.document_state import path_of
from demon_patch.editor.layout.box import Point
from demon_patch.editor.panels.costs_panel import Costs
from demon_patch.editor.panels.inspector import CablePart, Seen, cable_rows, node_rows, several_rows
from demon_patch.editor.panels.protocol import Item
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.nodes.language.ports import SETTINGS
from demon_patch.patch.model.graph import CableKey

if TYPE_CHECKING:
    from demon_patch.editor.hands.hands import Hands


class HandsActs:
    """Does what the inspector's lines are for, with the commands and menus of the hands.

    see: looks at a node.
    """

    def __init__(self, hands: Hands, see: Callable[[str], object]) -> None:
        self._hands, self._see = hands, see

    def rename(self, node: str, at: Point) -> None:
        """Asks for a node's name."""
        self._hands.commands.fields.name(node, at)

    def colour(self, node: str, at: Point) -> None:
        """Offers the colours."""
        self._hands.selection.set({node})
        lines = next((item.items for item in self._hands.menus.node(node) if item.title == "Colour"), ())
        self._hands.tools.popups.menu(at, lines)

    def value(self, node: str, port: str, at: Point) -> None:
        """Asks for a port's value; offers what can be done where it has none."""
        tools = self._hands.tools
        found = tools.edits.ports.inputs(node).get(port) if node in tools.edits.graph.nodes else None
        if found is None:
            return
        if found.type == "option":
            tools.popups.menu(at, self._hands.menus.choices(node, found))
        elif found.numeric or found.type in SETTINGS:
            self._hands.commands.fields.value(node, port, at)
        else:
            self.menu(node, port, at)

    def range(self, node: str, port: str, at: Point) -> None:
        """Asks for a port's playing range."""
        self._hands.commands.fields.range(node, port, at)

    def menu(self, node: str, port: str, at: Point) -> None:
        """Offers what can be done with a port, or with the node where no port is named."""
        hands = self._hands
        found = hands.tools.edits.ports.inputs(node).get(port) if port else None
        if not port:
            items = hands.menus.node(node)
        elif found is None:
            return
        else:
            items = self._at(hands.menus.port(node, found), node, port, at)
        if items:
            hands.tools.popups.menu(at, items)

    def _at(self, items: list[Item], node: str, port: str, at: Point) -> list[Item]:
        """The lines that open a field open it here, and not in the middle of the canvas."""
        fields = self._hands.commands.fields
        here: dict[str, Callable[[], object]] = {
            "Type the value": lambda: fields.value(node, port, at),
            "Playing range": lambda: fields.range(node, port, at),
        }
        return [Item(i.title, here[i.title], i.key) if i.title in here else i for i in items]

    def cable(self, key: CableKey, part: CablePart, at: Point) -> None:
        """Changes a part of a cable, or asks for it."""
        hands = self._hands
        cable = hands.tools.edits.graph.cables_by_key.get(key)
        if cable is None:
            return
        match part:
            case "mode":
                lines = next((item.items for item in hands.menus.cable(key) if item.title == "Mode"), ())
                hands.tools.popups.menu(at, lines)
            case "depth" | "offset":
                hands.commands.fields.depth(key, part, at)
            case "muted":
                label = "Mute cable off" if cable.muted else "Mute cable"
                hands.tools.edits.set_cable(key, label, muted=not cable.muted)
            case "solo":
                hands.commands.solo(key)
            case "unplug":
                hands.tools.edits.cut([key], "Unplug")

    def see(self, node: str) -> None:
        """Looks at a node."""
        self._see(node)

    def see_cable(self, key: CableKey) -> None:
        """Selects a cable, and looks at both of its ends."""
        hands = self._hands
        hands.selection.set((), [key])
        rect = hands.tools.view.rect_of([key.src, key.dst])
        hands.tools.look_at(rect)


class InspectorPanel(SidePanel):
    """Shows what is selected.

    hands: of the canvas. costs: microseconds. remarks: on cables that move a control too fast. see: looks at a node.
    """

    title, hint = "Inspector", "click: type · right click: more"

    def __init__(
        self, paper: Paper, hands: Hands, costs: Costs, remarks: Callable[[], Mapping[CableKey, str]],
        see: Callable[[str], object],
    ) -> None:  # fmt: skip
        super().__init__(paper)
        self._hands, self._costs, self._remarks = hands, costs, remarks
        self._acts = HandsActs(hands, see)

    def opened(self) -> None:
        """It is shown now."""
        super().opened()
        self._costs.want("inspector", True)

    def closed(self) -> None:
        """It is hidden now."""
        super().closed()
        self._costs.want("inspector", False)

    @property
    def _chosen(self) -> tuple[frozenset[str], frozenset[CableKey]]:
        view, selection = self._hands.tools.view, self._hands.selection
        return selection.nodes & view.boxes.keys(), selection.wires & view.wires.keys()

    def rows(self) -> Sequence[Row]:
        """Returns what is said of the selection."""
        nodes, wires = self._chosen
        view = self._hands.tools.view
        if view.patch is None or not (nodes or wires):
            return [
                Row("Nothing is selected.", tone="label"),
                Row("Click a node or a cable: all its numbers are shown here.", tone="faint"),
            ]
        path = self._path
        seen = Seen(
            view.patch, view.within, view.facts, view.live, lambda node: self._costs.of(path + node), view.wires,
            self._remarks(), view.problems,
        )  # fmt: skip
        if len(nodes) + len(wires) > 1:
            return several_rows(seen, nodes, wires, self._acts)
        if nodes:
            return node_rows(seen, next(iter(nodes)), self._acts)
        return cable_rows(seen, next(iter(wires)), self._acts)

    @property
    def _path(self) -> str:
        view = self._hands.tools.view
        return "" if view.patch is None else path_of(view.patch, view.within)

    def face(self) -> object:
        """Returns what the rows come from."""
        view = self._hands.tools.view
        nodes, wires = self._chosen
        live = tuple((key, value) for key, value in sorted(view.live.items()) if key[0] in nodes)
        problems = tuple(view.problems.get(id, "") for id in sorted(nodes))
        # each edit makes another patch, which is not compared in full
        return (
            nodes,
            wires,
            id(view.patch),
            view.within,
            live,
            problems,
            self._costs.changes,
            self._lit,
            self._remarks(),
        )
