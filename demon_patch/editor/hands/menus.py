"""The menus of nodes, ports, cables, frames and the ground. Their lines come from the commands, with the keys of the
table."""

from __future__ import annotations

from collections.abc import Callable

from demon_patch.editor.hands import palette
from demon_patch.editor.hands.commands import Commands
from demon_patch.editor.hands.node_commands import COLOURS
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Hit, Pin, Point
from demon_patch.editor.panels.protocol import Item
from demon_patch.nodes.language.ports import SIGNALS, Port
from demon_patch.patch.edit.commands import ABSENT
from demon_patch.patch.model.graph import MODES, SUBPATCH, CableKey

SOURCES = ("lfo", "adsr", "smooth_noise", "step_sequencer", "euclid", "clock", "knob", "xy_pad", "follower")
"""What "modulate with" offers first."""
SECONDS = (1.0, 4.0, 16.0)
"""How long a morph takes, in the menu."""
LEFT = 300.0
"""How far to the left of a node its new source is put."""


class Menus:
    """Makes the menus; each line does one thing, in one undo step."""

    def __init__(self, tools: Tools, commands: Commands) -> None:
        self.tools, self.commands = tools, commands

    def of(self, hit: Hit) -> list[Item]:
        """Returns the menu for what was hit."""
        if hit.kind in ("wire", "depth") and hit.wire is not None:
            return self.cable(hit.wire)
        if hit.kind == "pin":
            return self.pin(hit.id, hit.port, hit.out)
        if hit.id in self.tools.view.boxes:
            return self._row(hit)
        if hit.id:
            return self.card(hit)
        return self.ground()

    # -- nodes and ports -----------------------------------------------------------------------------------------
    def node(self, id: str) -> list[Item]:
        """The menu of a node, or of all that are selected."""
        commands, graph = self.commands, self.tools.edits.graph
        node = graph.nodes.get(id)
        if node is None:
            return []
        items = [*commands.items(("bypass", "mute", "replace", "rename", "fold", "duplicate", "copy", "cut"))]
        items.append(Item("Colour", items=self._colours(node.colour)))
        items += commands.items(("frame", "subpatch"))
        if node.type == SUBPATCH:
            items += commands.items(("enter", "unpack"))
            items.append(Item("Give it a definition of its own", commands.unique))
            items.append(Item("Title of all its copies", lambda: commands.fields.definition(node.definition)))
        if len(self.tools.nodes) > 1:
            lines = ("align_left", "align_right", "align_top", "align_bottom", "distribute_across", "distribute_down")
            items.append(Item("Align", items=commands.items((*lines, "tidy"))))
            items += commands.items(("connect",))
        items.append(Item("Select", items=commands.items(("select_upstream", "select_downstream"))))
        items += commands.items(("delete", "delete_unhealed"))
        return items

    def _colours(self, now: str) -> tuple[Item, ...]:
        set_to = self.commands.colour

        def line(title: str, colour: str) -> Item:
            return Item(title, lambda: set_to(colour), marked=colour == now)

        return (line("That of its kind", ""), *(line(title, colour) for title, colour in COLOURS.items()))

    def _row(self, hit: Hit) -> list[Item]:
        """The menu of a port's row, with that of its node as one line; that of the node where there is no port."""
        port = self.tools.edits.ports.inputs(hit.id).get(hit.port) if hit.port else None
        node = self.node(hit.id)
        if port is None or not node:
            return node
        return [*self.port(hit.id, port), Item(self.tools.view.boxes[hit.id].title, items=tuple(node))]

    def pin(self, node: str, name: str, out: bool) -> list[Item]:
        """The menu of an output or port."""
        commands, edits = self.commands, self.tools.edits
        if node not in edits.graph.nodes:
            return []
        if out:
            cables = edits.graph.cables_from(node, name)
            items = [Item("Pin or unpin its display", lambda: commands.probe(node, name))]
            items.append(Item("Add a node after it", lambda: self._add_after(node, name)))
            items += self._unplug([cable.key for cable in cables])
            return [*items, *self._promote(node, name, out=True)]
        port = edits.ports.inputs(node).get(name)
        return [] if port is None else self.port(node, port)

    def port(self, node: str, port: Port) -> list[Item]:
        """The menu of a port: value, modulation, controller."""
        commands, edits = self.commands, self.tools.edits
        found, items = edits.graph.nodes[node], list[Item]()
        if port.type == "option":
            items += self.choices(node, port)
        if not port.live and (port.numeric or port.type in ("text", "path", "points")):
            typed = self._key("type_value")
            items.append(Item("Type the value", lambda: commands.fields.value(node, port.name), typed))
        if port.name in found.values:
            items.append(Item("Default value", lambda: self._reset(node, port.name), self._key("reset_value")))
        if port.numeric:
            items.append(Item("Playing range", lambda: commands.fields.range(node, port.name)))
        if port.wireable and port.type in SIGNALS:
            items.append(Item("Modulate with", items=self._sources(node, port)))
        elif port.wireable:
            items.append(Item("Add a node before it", lambda: self._add_before(node, port)))
        if port.numeric or port.type in ("option", "gate"):
            items.append(Item("Learn a controller", lambda: commands.learn(node, port.name)))
            mapped = any((m.node, m.port) == (node, port.name) for m in edits.patch.mappings.values())
            if mapped and edits.within is None:
                items.append(Item("Forget its controller", lambda: commands.forget_mappings(node, port.name)))
            if edits.within is None:
                items.append(Item("To the dashboard", lambda: commands.to_dashboard(node, port.name)))
            locked = port.name in found.locked
            items.append(Item("Snapshots leave it alone", lambda: commands.lock(node, port.name), marked=locked))
        items += self._unplug([cable.key for cable in edits.graph.cables_into(node, port.name)])
        items += self._promote(node, port.name, out=False)
        items.append(Item("Hide this port", lambda: commands.hide_port(node, port.name)))
        return items

    def choices(self, node: str, port: Port) -> list[Item]:
        """The choices of an option."""
        stored = self.tools.edits.graph.nodes[node].values.get(port.name)
        now = port.default if stored is None else stored
        fields = self.commands.fields

        def choose(choice: str) -> Callable[[], object]:
            return lambda: fields.set(node, port.name, choice)

        return [Item(choice, choose(choice), marked=choice == now) for choice in port.choices]

    def _key(self, command: str) -> str:
        return self.tools.keys.shown(command)

    def _reset(self, node: str, port: str) -> None:
        self.commands.fields.set(node, port, ABSENT)

    def _unplug(self, keys: list[CableKey]) -> list[Item]:
        if not keys:
            return []
        title = "Unplug its cable" if len(keys) == 1 else f"Unplug its {len(keys)} cables"
        return [Item(title, lambda: self.tools.edits.cut(keys, "Unplug"))]

    def _promote(self, node: str, port: str, out: bool) -> list[Item]:
        if self.tools.edits.within is None:
            return []
        return [Item("Show it on the subpatch", lambda: self.commands.promote(node, port, out))]

    # -- sources -------------------------------------------------------------------------------------------------
    def _sources(self, node: str, port: Port) -> tuple[Item, ...]:
        """What a port can be modulated with: a new node of a usual type, or any other."""
        catalogue, pin = self.tools.view.facts.catalogue, self._pin(node, port)
        usual = [catalogue[type] for type in SOURCES if type in catalogue]

        def add(type: str) -> Callable[[], object]:
            return lambda: self.modulate(node, port, type)

        lines = [Item(d.title, add(d.id)) for d in usual if palette.joined(d, pin) is not None]
        return (*lines, Item("Another node", lambda: self._add_before(node, port)))

    def _pin(self, node: str, port: Port) -> Pin:
        return Pin(node, port.name, port.type, False, 0.0, 0.0, port.title)

    def modulate(self, node: str, port: Port, type: str) -> None:
        """Adds a source to the left of a node and wires it to a port; the cables that are there stay."""
        tools = self.tools
        declaration, graph = tools.view.facts.catalogue[type], tools.edits.graph
        end = palette.joined(declaration, self._pin(node, port))
        if end is None or node not in graph.nodes:
            return
        x, y = graph.nodes[node].at
        at = (x - LEFT, y)
        while any(abs(other.at[0] - at[0]) < 150 and abs(other.at[1] - at[1]) < 120 for other in graph.nodes.values()):
            at = (at[0], at[1] + 160.0)
        id = tools.edits.fresh()
        with tools.edits.drafted(f"Modulate with {declaration.title}") as draft:
            tools.edits.add_source(draft, id, palette.new_node(type, tools.view.facts), at, end[0], node, port.name)
        tools.selection.want([id])

    def _add_before(self, node: str, port: Port) -> None:
        box = self.tools.view.boxes.get(node)
        if box is not None:
            pin = box.pin(port.name, False)
            self.commands.asking.add((box.x - 60.0, box.y + pin.y), pin)

    def _add_after(self, node: str, out: str) -> None:
        box = self.tools.view.boxes.get(node)
        if box is not None:
            pin = box.pin(out, True)
            self.commands.asking.add((box.x + box.w + 60.0, box.y + pin.y), pin)

    # -- cables --------------------------------------------------------------------------------------------------
    def cable(self, key: CableKey) -> list[Item]:
        """The menu of a cable."""
        commands, edits = self.commands, self.tools.edits
        cable = edits.graph.cables_by_key.get(key)
        if cable is None:
            return []
        at = self.tools.world
        carries_number = any(port.numeric for port in edits.ports.ahead(key.dst, key.port) or [])
        items = [Item("Put a node into it", lambda: commands.asking.insert(at, key))]
        items.append(Item("Put a reroute into it", lambda: edits.bend([(key, at)])))
        items.append(Item("Muted", lambda: self._mute(key), self._key("mute"), marked=cable.muted))
        items.append(Item("Solo", lambda: commands.solo(key), marked=cable.solo))
        if carries_number:
            items.append(Item("Depth", lambda: commands.fields.depth(key)))
            items.append(Item("Turn the depth round", lambda: self._invert(key)))
            items.append(Item("Offset", lambda: commands.fields.depth(key, "offset")))
            items.append(Item("Mode", items=tuple(self._mode(key, mode, cable.mode == mode) for mode in MODES)))
        items.append(Item("Other end", lambda: self._other_end(key), self._key("other_end")))
        items.append(Item("Unplug", lambda: edits.cut([key], "Unplug"), self._key("delete")))
        return items

    def _mute(self, key: CableKey) -> None:
        cable = self.tools.edits.graph.cables_by_key.get(key)
        if cable is not None:
            label = "Mute cable off" if cable.muted else "Mute cable"
            self.tools.edits.set_cable(key, label, muted=not cable.muted)

    def _invert(self, key: CableKey) -> None:
        wire = self.tools.view.wires.get(key)
        cable = self.tools.edits.graph.cables_by_key.get(key)
        if cable is not None:
            usual = wire.depth if wire is not None and wire.depth is not None else 0.5
            depth = usual if cable.depth is None else cable.depth
            self.tools.edits.set_cable(key, "Turn the depth round", depth=-depth)

    def _mode(self, key: CableKey, mode: str, marked: bool) -> Item:
        titles = {"auto": "As the units suggest", "add": "Adds to the knob", "set": "Replaces the knob"}
        return Item(titles[mode], lambda: self.commands.mode(key, mode), marked=marked)

    def _other_end(self, key: CableKey) -> None:
        self.tools.selection.set((), [key])
        self.commands.other_end()

    # -- ground and cards ----------------------------------------------------------------------------------------
    def card(self, hit: Hit) -> list[Item]:
        """The menu of a frame, note or probe."""
        commands, id, graph = self.commands, hit.id, self.tools.edits.graph
        items: list[Item] = []
        if id in graph.frames:
            items.append(Item("Title", lambda: commands.fields.name(id), self._key("rename")))
        if id in graph.notes:
            items.append(Item("Write", lambda: commands.fields.note(id)))
        items += commands.items(("copy", "duplicate")) if id not in graph.probes else ()
        items.append(Item("Delete", lambda: self.tools.edits.remove((), (), [id]), self._key("delete")))
        return items

    def ground(self) -> list[Item]:
        """The menu of the ground."""
        commands, at = self.commands, self.tools.world
        items = [commands.item("palette", lambda: commands.asking.add(at))]
        items += commands.items(("paste", "note", "select_all", "see_all", "tidy", "undo", "redo"))
        if self.tools.view.within is not None:
            items += commands.items(("leave",))
        items.append(Item("Snapshots", items=self.snapshots()))
        items += commands.items(("find", "all_commands", "cheat_sheet"))
        return items

    def snapshots(self) -> tuple[Item, ...]:
        """Storing, recalling and morphing."""
        commands, patch = self.commands, self.tools.edits.patch
        items = [commands.item("store")]
        order = sorted(patch.snapshots.items(), key=lambda kept: (kept[1].title, kept[0]))
        for id, snapshot in order:
            items.append(Item(snapshot.title or id, items=self._snapshot(id, [o for o in order if o[0] != id])))
        if self.tools.link.live_values:
            items.append(Item("Keep what sounds now", commands.keep_live))
            items.append(Item("Back to the patch's values", commands.release_live))
        return tuple(items)

    def _snapshot(self, id: str, others: list) -> tuple[Item, ...]:
        commands = self.commands

        def ramp(other: str, seconds: float) -> Callable[[], object]:
            return lambda: commands.ramp(id, other, seconds)

        ramps = [
            Item(f"{other.title or key} in {seconds:g} s", ramp(key, seconds))
            for key, other in others
            for seconds in SECONDS
        ]
        return (
            Item("Recall", lambda: commands.recall(id)),
            *([Item("Morph from it to", items=tuple(ramps))] if ramps else []),
            Item("Store in its place", lambda: commands.store(id)),
            Item("Delete", lambda: commands.forget_snapshot(id)),
        )

    def show(self, hit: Hit, at: Point) -> None:
        """Opens the menu for what was hit. What is not selected yet is, so that the lines are for it."""
        selection = self.tools.selection
        if hit.id in self.tools.view.boxes and hit.kind != "pin" and hit.id not in selection.nodes:
            selection.set([hit.id])
        elif hit.wire is not None and hit.wire not in selection.wires:
            selection.set((), [hit.wire])
        elif hit.id and hit.id not in self.tools.view.boxes and hit.id not in selection.others:
            selection.set((), (), [hit.id])
        items = self.of(hit)
        if items:
            self.tools.popups.menu(at, items)
