"""Commands on places: frames, notes, alignment, tidying."""

from __future__ import annotations

from msgspec import structs

from demon_patch.editor.hands.arranging import aligned, beside, distributed, frame_around, moves
from demon_patch.editor.hands.base_commands import BaseCommands
from demon_patch.editor.hands.edits import records
from demon_patch.editor.hands.places import area, others
from demon_patch.editor.layout import tidy
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.patch.edit.commands import SetFrame, SetProbe
from demon_patch.patch.model.canvas import Probe

NUDGE = 8.0


class ArrangingCommands(BaseCommands):
    """Moves what is selected; each command is one undo step."""

    def frame(self) -> None:
        """Puts a frame around what is selected."""
        tools = self.tools
        graph = tools.edits.graph
        there = dict(records(graph))
        rects = [box.rect for box in self._boxes()]
        rects += [area(there[id].at, there[id].size) for id in tools.selection.others if id in there]
        made = frame_around(rects)
        if made is not None:
            id = tools.edits.fresh()
            tools.edits.do(SetFrame(id, made), label="Frame")
            tools.selection.want([id])

    def note(self) -> None:
        """Asks for a note at the pointer."""
        self.fields.note()

    def probe(self, node: str, out: str) -> None:
        """Pins a display of an output beside its node, or takes the one that is there away."""
        edits, box = self.tools.edits, self.tools.view.boxes.get(node)
        old = next((id for id, p in edits.graph.probes.items() if (p.node, p.out) == (node, out)), None)
        if old is not None:
            edits.do(SetProbe(old), label="Probe off")
        elif box is not None:
            made = Probe(node, out, (0.0, 0.0))
            rects = [*(other.rect for other in self.tools.view.boxes.values()), *(r for _, r in others(edits.graph))]
            at = beside(rects, box, box.pin(out, True), made.size)
            edits.do(SetProbe(edits.fresh(), structs.replace(made, at=at)), label="Probe")

    def align_left(self) -> None:
        """Brings left edges in line."""
        self._place(aligned(self._rects(), "left"), "Align")

    def align_right(self) -> None:
        """Brings right edges in line."""
        self._place(aligned(self._rects(), "right"), "Align")

    def align_top(self) -> None:
        """Brings tops in line."""
        self._place(aligned(self._rects(), "top"), "Align")

    def align_bottom(self) -> None:
        """Brings bottoms in line."""
        self._place(aligned(self._rects(), "bottom"), "Align")

    def distribute_across(self) -> None:
        """Makes the gaps across equal."""
        self._place(distributed(self._rects(), down=False), "Distribute")

    def distribute_down(self) -> None:
        """Makes the gaps down equal."""
        self._place(distributed(self._rects(), down=True), "Distribute")

    def tidy(self) -> None:
        """Lays nodes out by their cables: those that are selected, else all."""
        view, edits = self.tools.view, self.tools.edits
        graph = edits.graph
        chosen = self.tools.selection.nodes
        places = tidy.tidy(view.boxes, view.wires, chosen or None, graph.frames)
        frames = {} if chosen else tidy.reframed(graph.frames, view.boxes, places)
        grown = [SetFrame(id, frame) for id, frame in frames.items() if graph.frames.get(id) != frame]
        self.glide.begin(places)
        edits.do(*moves(graph, places, {}), *grown, label="Tidy")

    def nudge_left(self) -> None:
        """Moves by a step of the grid."""
        self._nudge(-NUDGE, 0.0)

    def nudge_right(self) -> None:
        """Moves by a step of the grid."""
        self._nudge(NUDGE, 0.0)

    def nudge_up(self) -> None:
        """Moves by a step of the grid."""
        self._nudge(0.0, -NUDGE)

    def nudge_down(self) -> None:
        """Moves by a step of the grid."""
        self._nudge(0.0, NUDGE)

    def _nudge(self, dx: float, dy: float) -> None:
        graph = self.tools.edits.graph
        places = {id: graph.nodes[id].at for id in self.tools.nodes if id in graph.nodes}
        there = dict(records(graph))
        rest = {id: there[id].at for id in self.tools.selection.others if id in there}
        moved = {id: (x + dx, y + dy) for id, (x, y) in places.items()}
        self.tools.edits.do(*moves(graph, moved, {id: (x + dx, y + dy) for id, (x, y) in rest.items()}), label="Move")

    def _boxes(self) -> list:
        boxes = self.tools.view.boxes
        return [boxes[id] for id in sorted(self.tools.nodes) if id in boxes]

    def _rects(self) -> dict[str, Rect]:
        return {box.id: box.rect for box in self._boxes()}

    def _place(self, places: dict[str, Point], label: str) -> None:
        self.glide.begin(places)
        self.tools.edits.do(*moves(self.tools.edits.graph, places, {}), label=label)
