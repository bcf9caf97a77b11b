"""Fields in which something is typed: numbers, texts, names, depths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Point
from demon_patch.editor.look import numbers
from demon_patch.editor.panels.words_panel import advisor_of
from demon_patch.nodes.language.ports import Port, misfit
from demon_patch.patch.edit.commands import ABSENT, Rename, RenameDefinition, SetFrame, SetNote, SetRange
from demon_patch.patch.model.canvas import CanvasNote
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.edits import Do, Edited
from demon_patch.runtime.remote.messages.live import Release

LONGEST = 200
LINES = 6

Told = Callable[[str, str, Edited], object]


class Fields:
    """Opens the fields. Each makes one undo step when it is closed with Enter, and none with Esc.

    told: called with node, port, and what the host says of an edit of a value.
    """

    def __init__(self, tools: Tools, told: Told) -> None:
        self.tools, self._told = tools, told

    # -- ports ---------------------------------------------------------------------------------------------------
    def value(self, node: str, port: str, at: Point | None = None) -> None:
        """A port's number, text or choice."""
        tools = self.tools
        found = self._port(node, port)
        if found is None:
            return
        if found.type == "option":
            tools.popups.tell("Choose from the menu")
            return
        held = self._held(node, found)
        if found.numeric:
            text = numbers.exact(float(held), found.taper) if isinstance(held, int | float) else ""
            title = f"{found.title}, {self._said(found)}"
            tools.popups.field(at or tools.on_screen, title, text, lambda typed: self._number(node, found, typed))
        elif found.type in ("text", "path"):
            type = node_type(tools, node)
            lines = LINES if len(str(held)) > 60 or type == "prompt" else 1
            tools.popups.field(
                at or tools.on_screen, found.title, str(held or ""), lambda typed: self._text(node, found, typed),
                lines, advisor_of(tools.link, type, found),
            )  # fmt: skip
        elif found.type == "points":
            text = "; ".join(" ".join(f"{x:g}" for x in point) for point in held or [])
            tools.popups.field(
                at or tools.on_screen,
                f"{found.title}: where value; ...",
                text,
                lambda typed: self._points(node, found, typed),
            )

    def _port(self, node: str, port: str) -> Port | None:
        edits = self.tools.edits
        return edits.ports.inputs(node).get(port) if node in edits.graph.nodes else None

    def _held(self, node: str, port: Port) -> Any:
        tools = self.tools
        live = tools.link.live_values.get((node, port.name)) if tools.edits.within is None else None
        if live is not None:
            return live
        default = tools.view.facts.default(node_type(tools, node), port.name)
        return tools.edits.graph.nodes[node].values.get(port.name, port.default if default is None else default)

    def _said(self, port: Port) -> str:
        if not port.bounded:
            return port.unit or "a number"
        lo, hi = (numbers.said(end, port.unit, port.taper) for end in (port.lo, port.hi))
        return f"{lo} to {hi}"

    def _number(self, node: str, port: Port, typed: str) -> str:
        found = numbers.parsed(typed, port, self.tools.bpm)
        if isinstance(found, str):
            return found
        self.set(node, port.name, int(found) if port.taper == "int" else found)
        return ""

    def _text(self, node: str, port: Port, typed: str) -> str:
        if wrong := misfit(port, typed):
            return wrong
        self.set(node, port.name, typed)
        return ""

    def _points(self, node: str, port: Port, typed: str) -> str:
        try:
            points = [[float(x) for x in part.split()] for part in typed.split(";") if part.strip()]
        except ValueError:
            return "type pairs of numbers with ; between them"
        if len(points) < 2 or any(len(point) < 2 for point in points):
            return "type two points or more"
        self.set(node, port.name, points)
        return ""

    def set(self, node: str, port: str, value: Any) -> None:
        """Sets what a port holds, and lets go of a live value over it. value: ABSENT for the default."""
        edits = self.tools.edits
        if node not in edits.graph.nodes or edits.graph.nodes[node].values.get(port, ABSENT) == value:
            return
        label = "Default value" if value is ABSENT else "Set value"
        edits.set_value(node, port, value, label, lambda reply: self._told(node, port, reply))
        if (node, port) in self.tools.link.live_values and edits.within is None:
            edits.ask(Release(ports=((node, port),)))

    def range(self, node: str, port: str, at: Point | None = None) -> None:
        """A port's playing range: two numbers; none for the declared one."""
        found = self._port(node, port)
        if found is None or not found.numeric:
            return
        ends = self.tools.edits.graph.nodes[node].ranges.get(port)
        text = "" if ends is None else " to ".join(numbers.exact(end, found.taper) for end in ends)

        def commit(typed: str) -> str:
            if not typed.strip():
                self.tools.edits.do(SetRange(node, port), label="Playing range")
                return ""
            parts = typed.replace("…", " to ").split(" to ")
            if len(parts) != 2:
                return "type the lowest and the highest, as: 0.2 to 0.8"
            low, high = (numbers.parsed(part, found, self.tools.bpm) for part in parts)
            if isinstance(low, str) or isinstance(high, str):
                return low if isinstance(low, str) else str(high)
            self.tools.edits.do(SetRange(node, port, min(low, high), max(low, high)), label="Playing range")
            return ""

        self.tools.popups.field(at or self.tools.on_screen, f"Playing range, {self._said(found)}", text, commit)

    # -- cables --------------------------------------------------------------------------------------------------
    def depth(self, key: CableKey, field: str = "depth", at: Point | None = None) -> None:
        """A cable's depth or offset; an empty depth is the usual one."""
        cable = self.tools.edits.graph.cables_by_key.get(key)
        if cable is None:
            return
        held = getattr(cable, field)

        def commit(typed: str) -> str:
            if field == "depth" and not typed.strip():
                self.tools.edits.set_cable(key, "Set depth", depth=None)
                return ""
            found = plain_number(typed)
            if found is None:
                return "type a number, such as 0.3, −0.5 or 40 %"
            self.tools.edits.set_cable(key, f"Set {field}", **{field: found})
            return ""

        text = "" if held is None else f"{held:g}"
        self.tools.popups.field(at or self.tools.on_screen, field.capitalize(), text, commit)

    # -- names and notes -----------------------------------------------------------------------------------------
    def name(self, id: str, at: Point | None = None) -> None:
        """The label of a node, or the title of a frame."""
        tools, graph = self.tools, self.tools.edits.graph
        if id in graph.frames:
            frame = graph.frames[id]

            def entitle(typed: str) -> str:
                return self._named(
                    typed, lambda: tools.edits.do(SetFrame(id, structs.replace(frame, title=typed)), label="Rename")
                )

            tools.popups.field(tools.on_screen, "Title of the frame", frame.title, entitle)
        elif id in graph.nodes:
            node = graph.nodes[id]

            def rename(typed: str) -> str:
                return self._named(typed, lambda: tools.edits.do(Rename(id, typed), label="Rename"))

            title = tools.view.boxes[id].title if id in tools.view.boxes else node.label
            tools.popups.field(at or tools.on_screen, "Name", node.label or title, rename)

    def definition(self, id: str) -> None:
        """The title of a definition, in all its subpatches."""
        definition = self.tools.edits.patch.definitions.get(id)
        if definition is None:
            return

        def rename(typed: str) -> str:
            command = RenameDefinition(id, typed)
            return self._named(typed, lambda: self.tools.edits.ask(Do(command=command, label="Rename")))

        self.tools.popups.field(self.tools.on_screen, "Title of the subpatch", definition.title, rename)

    def _named(self, typed: str, do: Callable[[], object]) -> str:
        if len(typed) > LONGEST:
            return f"keep it within {LONGEST} characters"
        do()
        return ""

    def note(self, id: str = "") -> None:
        """The text of a note; of a new one at the pointer without an id."""
        tools, edits = self.tools, self.tools.edits
        old, at = edits.graph.notes.get(id), tools.world

        def commit(typed: str) -> str:
            if not typed.strip():
                if old is not None:
                    edits.do(SetNote(id), label="Delete note")
                return ""
            if old is None:
                new = edits.fresh()
                edits.do(SetNote(new, CanvasNote(typed, at)), label="Note")
                tools.selection.want([new])
            elif id in edits.graph.notes:
                edits.do(SetNote(id, structs.replace(old, text=typed)), label="Note")
            return ""

        tools.popups.field(tools.on_screen, "Note", old.text if old else "", commit, LINES)


def node_type(tools: Tools, node: str) -> str:
    """Returns the type of a node; empty for none."""
    found = tools.edits.graph.nodes.get(node)
    return found.type if found is not None else ""


def plain_number(typed: str) -> float | None:
    """Returns a number, or a percentage as a number; None for anything else."""
    text = typed.strip().replace("−", "-").replace(",", ".")
    try:
        return float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        return None
