"""What a cable does at its end, as the runtime takes it: whether it adds or sets, how deep, whether it is silent."""

from __future__ import annotations

from demon_patch.editor.layout.box import Wire
from demon_patch.editor.layout.facts import ANY, Facts
from demon_patch.nodes.editing import format1
from demon_patch.nodes.language.ports import NUMBERS, Port
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, REROUTE_IN, SUBPATCH, Cable
from demon_patch.runtime.graph.wiring import USUAL_DEPTH

At = tuple[str | None, str, str]


class Units:
    """The units that signals have in a patch, by which a cable in the mode `auto` sets or adds."""

    def __init__(self, patch: Patch, facts: Facts) -> None:
        self.patch, self.facts = patch, facts
        self._known: dict[At, str] = {}
        self._visiting: set[At] = set()

    def unit(self, within: str | None, node: str, out: str) -> str:
        """Returns the unit of an output's signal; empty if none is named, or if its parts have different ones."""
        at = (within, node, out)
        if at not in self._known:
            if at in self._visiting:
                return ""
            self._visiting.add(at)
            self._known[at] = self._found(within, node, out)
            self._visiting.discard(at)
        return self._known[at]

    def _found(self, within: str | None, id: str, name: str) -> str:
        graph = self.patch.graph(within)
        node = graph.nodes[id]
        if node.type == SUBPATCH:
            outlet = self.patch.definitions[node.definition].outputs.get(name)
            return self.unit(node.definition, outlet.node, outlet.out) if outlet is not None and outlet.node else ""
        if node.type == REROUTE:
            return self._shared(within, id, REROUTE_IN)
        declaration = self.facts.declaration(node.type)
        out = None if declaration is None else declaration.outs_by_name.get(name)
        if declaration is None or out is None or out.type == "gate":
            return ""
        like = out.passes if node.bypass else out.like
        if like is None:
            return out.unit
        port = declaration.by_name[like]
        if port.bounded or not graph.cables_into(id, like):
            return port.unit
        return self._shared(within, id, like)

    def _shared(self, within: str | None, id: str, port: str) -> str:
        graph = self.patch.graph(within)
        sounding = [cable for cable in graph.cables_into(id, port) if not (cable.muted or graph.nodes[cable.src].muted)]
        units = {self.unit(within, cable.src, cable.out) for cable in sounding}
        return units.pop() if len(units) == 1 else ""

    def end(self, within: str | None, cable: Cable) -> Port | None:
        """Returns the declared port that a cable reaches in the end; None for none or an unknown one."""
        return next(iter(self.facts.visible(self.patch, within).ahead(cable.dst, cable.port) or ()), None)

    def type(self, within: str | None, cable: Cable) -> str:
        """Returns the type of what a cable carries."""
        carried = self.facts.visible(self.patch, within).behind(cable.src, cable.out)
        return carried[0].type if carried else ANY

    def sets(self, within: str | None, cable: Cable, port: Port) -> bool:
        """Returns whether a cable replaces the knob of the port that it reaches."""
        if cable.mode != "auto":
            return cable.mode == "set"
        unit = self.unit(within, cable.src, cable.out)
        return unit != "" and unit == port.unit


def wire_of(cable: Cable, within: str | None, units: Units) -> Wire:
    """Returns the wire of a cable."""
    graph = units.patch.graph(within)
    port, type = units.end(within, cable), units.type(within, cable)
    beside = graph.cables_into(cable.dst, cable.port)
    silent = cable.muted or (not cable.solo and any(other.solo for other in beside))
    if port is None or port.type not in NUMBERS or graph.nodes[cable.dst].type == REROUTE:
        adapter = port is not None and Facts.adapts(type, port.type)
        return Wire(cable.key, type, "add", None, silent, cable.solo, adapter)
    adapter = Facts.adapts(type, port.type)
    if units.sets(within, cable, port):
        return Wire(cable.key, type, "set", None, silent, cable.solo, adapter)
    return Wire(cable.key, type, "add", depth_of(cable, port), silent, cable.solo, adapter)


def depth_of(cable: Cable, port: Port) -> float:
    """Returns the depth of a cable that adds, with the usual one where it has none."""
    if cable.depth is not None:
        return cable.depth
    usual = format1.DEPTH if cable.format == 1 else USUAL_DEPTH
    return usual if port.bounded else 1.0
