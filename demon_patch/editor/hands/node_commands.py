"""Commands on nodes, ports and cables."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from demon_patch.editor.hands.arranging import free_shift
from demon_patch.editor.hands.base_commands import BaseCommands
from demon_patch.editor.hands.edits import records
from demon_patch.editor.hands.places import area, around
from demon_patch.editor.layout import folding
from demon_patch.editor.layout.box import Knob
from demon_patch.nodes.editing import subpatches
from demon_patch.patch.edit.commands import ABSENT, Move, SetBypass, SetCable, SetColour, SetLocked, SetMuted
from demon_patch.patch.model.graph import SUBPATCH, Cable, CableKey
from demon_patch.runtime.remote.messages.edits import OfSubpatch, Promote

COLOURS = {
    "Red": "#e0605a", "Orange": "#e08e4f", "Yellow": "#d9c25a", "Green": "#7cc47f",
    "Teal": "#4fb8b0", "Blue": "#5f95e0", "Violet": "#9b7de0", "Pink": "#dd7fb4", "Grey": "#8a8f9c",
}  # fmt: skip


class NodeCommands(BaseCommands):
    """Adds, removes, switches, wires."""

    # -- adding and removing -------------------------------------------------------------------------------------
    def palette(self) -> None:
        """Opens the palette at the pointer."""
        self.asking.add(self.tools.world)

    def all_commands(self) -> None:
        """Opens the list of commands."""
        self.asking.command()

    def duplicate(self) -> None:
        """Copies nodes, frames and notes, with the cables that come in, to free space."""
        tools = self.tools
        graph, boxes = tools.edits.graph, tools.view.boxes
        ids = {*tools.nodes, *(tools.selection.others - graph.probes.keys())}
        there = dict(records(graph))
        rects = [boxes[id].rect for id in ids if id in boxes]
        rects += [area(there[id].at, there[id].size) for id in ids if id in there]
        if rects:
            made = tools.edits.duplicate(
                ids, free_shift(rects, [box.rect for box in boxes.values()], tools.camera.rect)
            )
            tools.selection.want(made.keys())

    def delete(self, heal: bool = True) -> None:
        """Deletes what is selected, else what is under the pointer; cables heal."""
        tools = self.tools
        selection = tools.selection
        nodes, wires, others = selection.nodes, selection.wires, selection.others
        if not selection:
            nodes, wires = tools.nodes, tools.wires
        tools.edits.remove(nodes, wires, others, heal)

    def delete_unhealed(self) -> None:
        """Deletes without healing."""
        self.delete(heal=False)

    def replace(self) -> None:
        """Asks for a node in the place of one."""
        for id in sorted(self.tools.nodes)[:1]:
            self.asking.replace(id)

    def connect(self) -> None:
        """Wires each selected node to the next, from left to right: the first output and free port that fit."""
        edits, boxes = self.tools.edits, self.tools.view.boxes
        order = sorted((id for id in self.tools.nodes if id in boxes), key=lambda id: (boxes[id].x, boxes[id].y))
        with edits.drafted("Wire") as draft:
            ports = edits.ports
            for src, dst in pairwise(order):
                ends = [
                    (out, port)
                    for out in ports.outputs(src)
                    for port in ports.inputs(dst)
                    if ports.joins(src, out, dst, port) and not draft.graph.cables_into(dst, port)
                ]
                exact = [
                    (out, port) for out, port in ends if ports.outputs(src)[out].type == ports.inputs(dst)[port].type
                ]
                for out, port in (exact or ends)[:1]:
                    edits.join(draft, Cable(src, out, dst, port))

    # -- switches ------------------------------------------------------------------------------------------------
    def bypass(self) -> None:
        """Lets nodes pass on what comes in, or work again."""
        self.tools.edits.switch(self.tools.nodes, SetBypass, "bypass", "Bypass")

    def mute(self) -> None:
        """Mutes nodes, or cables where no node is meant; or lets them sound again."""
        tools = self.tools
        if tools.nodes and tools.hover.wire is None:
            tools.edits.switch(tools.nodes, SetMuted, "muted", "Mute")
            return
        there = tools.edits.graph.cables_by_key
        keys = [key for key in sorted(tools.wires) if key in there]
        on = not all(there[key].muted for key in keys)
        tools.edits.do(*(SetCable(*key, muted=on) for key in keys), label="Mute cable" if on else "Mute cable off")

    def solo(self, key: CableKey) -> None:
        """Lets only this cable into its port sound, or all of them again."""
        cable = self.tools.edits.graph.cables_by_key.get(key)
        if cable is not None:
            self.tools.edits.set_cable(key, "Solo cable", solo=not cable.solo)

    def mode(self, key: CableKey, mode: Any) -> None:
        """Makes a cable add to its port, or set it."""
        self.tools.edits.set_cable(key, f"Cable mode {mode}", mode=mode)

    def colour(self, colour: str) -> None:
        """Gives nodes a colour; empty for that of their category."""
        there = self.tools.edits.graph.nodes
        nodes = [id for id in sorted(self.tools.nodes) if id in there]
        self.tools.edits.do(*(SetColour(id, colour) for id in nodes), label="Colour")

    def rename(self) -> None:
        """Asks for the name of a node, or the title of a frame."""
        for id in sorted(self.tools.nodes or self.tools.selection.others)[:1]:
            self.fields.name(id)

    def fold(self) -> None:
        """Shows the hidden ports of nodes, or hides them again."""
        graph, boxes = self.tools.edits.graph, self.tools.view.boxes
        there = [id for id in sorted(self.tools.nodes) if id in boxes and id in graph.nodes]
        commands = [command for id in there for command in folding.toggled(boxes[id], graph.nodes[id])]
        self.tools.edits.do(*commands, label="Ports")

    def hide_port(self, node: str, port: str) -> None:
        """Hides a port."""
        graph, boxes = self.tools.edits.graph, self.tools.view.boxes
        if node in graph.nodes and node in boxes:
            self.tools.edits.do(*folding.hidden_too(boxes[node], graph.nodes[node], port), label="Hide port")

    def lock(self, node: str, port: str) -> None:
        """Keeps snapshots away from a port, or lets them turn it again."""
        found = self.tools.edits.graph.nodes.get(node)
        if found is not None:
            self.tools.edits.do(SetLocked(node, port, port not in found.locked), label="Lock")

    # -- values --------------------------------------------------------------------------------------------------
    def reset_value(self) -> None:
        """Gives the port under the pointer its default."""
        hover = self.tools.hover
        if hover.port:
            self.fields.set(hover.id, hover.port, ABSENT)

    def type_value(self) -> None:
        """Asks for the number of the port under the pointer."""
        hover = self.tools.hover
        if hover.port:
            self.fields.value(hover.id, hover.port)

    def hovered_knob(self) -> Knob | None:
        """The knob under the pointer."""
        hover = self.tools.hover
        return self.tools.view.knob(hover.id, hover.port) if hover.kind in ("knob", "number") else None

    # -- subpatches ----------------------------------------------------------------------------------------------
    def subpatch(self) -> None:
        """Puts nodes into a subpatch, and selects it."""
        tools = self.tools
        nodes = [id for id in sorted(tools.nodes) if id in tools.edits.graph.nodes]
        before = frozenset(tools.edits.graph.nodes)
        with tools.edits.drafted("Subpatch") as draft:
            catalogue = tools.view.facts.catalogue
            draft.do_on_patch(subpatches.subpatch(draft.patch, catalogue, nodes, "", draft.within))
            made = frozenset(draft.graph.nodes) - before
            if len(made) == 1:
                boxes = [tools.view.boxes[id] for id in nodes if id in tools.view.boxes]
                left, top, right, bottom = around(box.rect for box in boxes) or (0.0, 0.0, 0.0, 0.0)
                draft.do(Move(dict.fromkeys(made, (round((left + right) / 2 - 94), round((top + bottom) / 2 - 60)))))
            tools.selection.want(made)

    def unpack(self) -> None:
        """Puts the contents of subpatches in their places, with the values that they have."""
        self._of_subpatch("expand")

    def unique(self) -> None:
        """Gives a subpatch a definition of its own."""
        self._of_subpatch("unique")

    def _of_subpatch(self, what: Any) -> None:
        edits = self.tools.edits
        graph = edits.graph
        chosen = [id for id in sorted(self.tools.nodes) if id in graph.nodes and graph.nodes[id].type == SUBPATCH]
        if len(chosen) > 1:
            edits.begin("Unpack" if what == "expand" else "Make unique")
        for id in chosen:
            edits.ask(OfSubpatch(what=what, node=id, within=edits.within))
        edits.end()

    def promote(self, node: str, port: str, out: bool) -> None:
        """Shows an inner port on the subpatch."""
        edits = self.tools.edits
        if edits.within is not None:
            edits.ask(Promote(within=edits.within, node=node, port=port, side="out" if out else "in"))
