"""Commands on the selection and on where the window looks."""

from __future__ import annotations

from demon_patch.editor.hands.asking import Asking
from demon_patch.editor.hands.base_commands import BaseCommands
from demon_patch.editor.hands.edits import records
from demon_patch.editor.hands.fields import Fields
from demon_patch.editor.hands.places import area, around, downstream
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Rect
from demon_patch.editor.panels.protocol import Item
from demon_patch.patch.edit.commands import SetBookmark
from demon_patch.patch.model.canvas import CanvasBookmark
from demon_patch.patch.model.graph import SUBPATCH
from demon_patch.runtime.remote.messages.edits import OfSubpatch


class ViewCommands(BaseCommands):
    """Selects, looks, dives."""

    def __init__(self, tools: Tools, asking: Asking, fields: Fields) -> None:
        super().__init__(tools, asking, fields)
        self._asked: set[str] = set()

    # -- selection -----------------------------------------------------------------------------------------------
    def select_all(self) -> None:
        """Selects all nodes, frames, notes and probes."""
        graph = self.tools.edits.graph
        self.tools.selection.set(self.tools.view.boxes, (), dict(records(graph)))

    def select_upstream(self) -> None:
        """Selects the nodes that lead to these, too."""
        self.tools.selection.add(downstream(self.tools.edits.graph, self.tools.nodes, back=True))

    def select_downstream(self) -> None:
        """Selects the nodes that these lead to, too."""
        self.tools.selection.add(downstream(self.tools.edits.graph, self.tools.nodes))

    def next_item(self, step: int = 1) -> None:
        """Selects the next node, in reading order; or the next cable, where a cable is selected."""
        tools = self.tools
        boxes, selection = tools.view.boxes, tools.selection
        if selection.wires and not selection.nodes:
            wires = sorted(tools.view.wires, key=lambda key: (boxes[key.dst].y, boxes[key.dst].x, key))
            now = max((wires.index(key) for key in selection.wires if key in wires), default=-step)
            if wires:
                selection.set((), [wires[(now + step) % len(wires)]])
            return
        order = sorted(boxes, key=lambda id: (boxes[id].x, boxes[id].y, id))
        now = max((order.index(id) for id in selection.nodes if id in order), default=-step)
        if order:
            id = order[(now + step) % len(order)]
            selection.set([id])
            self._into_sight(boxes[id].rect)

    def previous_item(self) -> None:
        """Selects the node or cable before."""
        self.next_item(-1)

    def find(self) -> None:
        """Asks for a node of the patch, by its name, type, values or texts."""
        self.asking.find()

    def next_problem(self) -> None:
        """Goes to the next node with a problem, and says what it is."""
        boxes, selection = self.tools.view.boxes, self.tools.selection
        faulty = sorted((id for id, box in boxes.items() if box.problem), key=lambda id: (boxes[id].x, boxes[id].y))
        if not faulty:
            self.tools.popups.tell("No node has a problem", "good")
            return
        now = next((faulty.index(id) for id in selection.nodes if id in faulty), -1)
        self.go_to(faulty[(now + 1) % len(faulty)])
        self.tools.popups.tell(boxes[faulty[(now + 1) % len(faulty)]].problem, "fault")

    def go_to(self, id: str) -> None:
        """Selects a node and brings it into sight."""
        box = self.tools.view.boxes.get(id)
        if box is not None:
            self.tools.selection.set([id])
            self._into_sight(box.rect)

    def other_end(self) -> None:
        """Looks at that end of the cable that is further away."""
        tools = self.tools
        for key in sorted(tools.wires)[:1]:
            ends = [tools.view.boxes[id] for id in (key.src, key.dst) if id in tools.view.boxes]
            x, y = tools.camera.centre
            if ends:
                far = max(ends, key=lambda box: abs(box.x + box.w / 2 - x) + abs(box.y + box.h / 2 - y))
                tools.views.leave(tools.camera)
                tools.camera.look_at(far.x + far.w / 2, far.y + far.h / 2)
                tools.looked()

    def _into_sight(self, rect: Rect) -> None:
        """Moves the view to a rectangle, if it is not wholly in sight."""
        left, top, right, bottom = self.tools.camera.rect
        if not (left <= rect[0] and rect[2] <= right and top <= rect[1] and rect[3] <= bottom):
            self.tools.views.leave(self.tools.camera)
            self.tools.camera.look_at((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2)
            self.tools.looked()

    # -- view ----------------------------------------------------------------------------------------------------
    def see_selection(self) -> None:
        """Looks at what is selected, or at the node under the pointer."""
        tools = self.tools
        there = dict(records(tools.edits.graph))
        rects = [tools.view.boxes[id].rect for id in tools.nodes if id in tools.view.boxes]
        rects += [area(there[id].at, there[id].size) for id in tools.selection.others if id in there]
        for key in tools.selection.wires:
            rects += [tools.view.boxes[id].rect for id in (key.src, key.dst) if id in tools.view.boxes]
        tools.look_at(around(rects), most=1.5)

    def see_all(self) -> None:
        """Looks at everything."""
        self.tools.look_at(self.tools.bounds())

    def full_size(self) -> None:
        """Sets the zoom to 100 %."""
        self.tools.views.leave(self.tools.camera)
        self.tools.camera.zoom_to(1.0)
        self.tools.looked()

    def back(self) -> None:
        """Looks where it looked before the last jump."""
        if self.tools.views.back(self.tools.camera):
            self.tools.looked()

    def forward(self) -> None:
        """Looks where it was before it went back."""
        if self.tools.views.forward(self.tools.camera):
            self.tools.looked()

    def go(self, number: int) -> None:
        """Goes to a bookmark."""
        tools = self.tools
        mark = tools.edits.graph.bookmarks.get(str(number))
        if mark is None:
            key = tools.keys.shown(f"keep_{number}")
            tools.popups.tell(f"There is no bookmark {number}; {key} sets it")
            return
        tools.views.leave(tools.camera)
        tools.camera.look_at(*mark.at, mark.zoom)
        tools.looked()

    def keep(self, number: int) -> None:
        """Keeps the view as a bookmark."""
        tools = self.tools
        mark = CanvasBookmark(tools.camera.centre, tools.camera.zoom)
        tools.edits.do(SetBookmark(str(number), mark), label=f"Bookmark {number}")
        tools.popups.tell(f"Bookmark {number} is set", "good")

    # -- subpatches ----------------------------------------------------------------------------------------------
    def enter(self, id: str = "") -> None:
        """Shows the inside of a subpatch."""
        tools = self.tools
        for node in [id] if id else sorted(tools.nodes)[:1]:
            found = tools.edits.graph.nodes.get(node)
            if found is not None and found.type == SUBPATCH:
                copies = self._copies(found.definition)
                if copies > 1 and found.definition not in self._asked:
                    self._ask_which(node, found.definition, copies)
                else:
                    self._into(found.definition)

    def _copies(self, definition: str) -> int:
        """How many subpatches have a definition."""
        patch = self.tools.edits.patch
        graphs = (patch, *patch.definitions.values())
        return sum(node.definition == definition for graph in graphs for node in graph.nodes.values())

    def _ask_which(self, node: str, definition: str, copies: int) -> None:
        """Asks, once for each definition, whether edits are for all copies or for this one."""
        edits = self.tools.edits

        def all_copies() -> None:
            self._asked.add(definition)
            self._into(definition)

        def only_this() -> None:
            edits.ask(OfSubpatch(what="unique", node=node, within=edits.within), lambda reply: own())

        def own() -> None:
            found = edits.graph.nodes.get(node)
            if found is not None and found.definition in edits.patch.definitions:
                self.tools.view.update(edits.patch, self.tools.view.live, self.tools.view.problems)
                self._into(found.definition)

        items = [
            Item(f"Edit all {copies} copies", all_copies),
            Item("Only this one, with a definition of its own", only_this),
        ]
        self.tools.popups.menu(self.tools.on_screen, items)

    def _into(self, definition: str) -> None:
        camera = self.tools.camera
        self.way.append((self.tools.view.within, (camera.x, camera.y, camera.zoom)))
        self._dive(definition)
        self.see_all()

    def leave(self) -> None:
        """Shows what is around the subpatch, as it was looked at."""
        tools = self.tools
        if tools.view.within is None:
            return
        within, view = self.way.pop() if self.way else (None, None)
        if within is not None and within not in tools.edits.patch.definitions:
            within, view = None, None
        self._dive(within)
        if view is not None:
            tools.camera.x, tools.camera.y, tools.camera.zoom = view
            tools.looked()
        else:
            self.see_all()

    def _dive(self, definition: str | None) -> None:
        tools = self.tools
        tools.selection.set()
        tools.views.before.clear()
        tools.views.after.clear()
        tools.view.dive(definition)

    def path(self) -> list[tuple[str | None, str]]:
        """Returns the way into the subpatch that is shown, as (definition, title), from the patch on."""
        patch, now = self.tools.edits.patch, self.tools.view.within
        shown = [definition for definition, _ in self.way if definition is not None]
        order: dict[str, None] = dict.fromkeys([*shown, *([now] if now is not None else [])])
        way = [id for id in order if id in patch.definitions]
        title = patch.meta.title or "Patch"
        return [(None, title), *((id, patch.definitions[id].title or "Subpatch") for id in way)]

    def leave_to(self, definition: str | None) -> None:
        """Goes out to a place of the way."""
        for _ in range(len(self.way) + 1):
            if self.tools.view.within in (definition, None):
                return
            self.leave()

    # -- panels --------------------------------------------------------------------------------------------------
    def inspector(self) -> None:
        """Shows all that is known of what is selected, else of what is under the pointer."""
        tools = self.tools
        if not (tools.selection.nodes or tools.selection.wires):
            tools.selection.set(tools.nodes, () if tools.nodes else tools.wires)
        tools.popups.show("inspector")

    def settings(self) -> None:
        """Shows the settings of host and window."""
        self.tools.popups.show("settings")

    def theme(self) -> None:
        """Changes between dark and light."""
        self.tools.popups.show("theme")

    def problems(self) -> None:
        """Lists what is wrong, and what was said."""
        self.tools.popups.show("problems")

    def versions(self) -> None:
        """Lists the versions that are kept by themselves, and the recent files."""
        self.tools.popups.show("versions")

    def costs(self) -> None:
        """Lists what each node costs."""
        self.tools.popups.show("costs")

    def clients(self) -> None:
        """Lists who is on the host."""
        self.tools.popups.show("clients")

    def cheat_sheet(self) -> None:
        """Shows the keys."""
        self.tools.popups.show("keys")
