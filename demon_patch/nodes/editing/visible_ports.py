"""The ports and outputs that a node, subpatch or reroute shows, and which of them a cable may connect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from demon_patch.errors import PatchError
from demon_patch.nearest import of_these
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Out, Port, fits
from demon_patch.patch.model.document import Graph, Patch
from demon_patch.patch.model.graph import REROUTE, REROUTE_IN, REROUTE_OUT, SUBPATCH


@dataclass(frozen=True)
class VisiblePorts:
    """The ports of the nodes of one graph: of the patch, or inside the definition `within`."""

    patch: Patch
    catalogue: Mapping[str, Declaration]
    within: str | None = None

    @property
    def graph(self) -> Graph:
        """The graph whose nodes are meant."""
        return self.patch.graph(self.within)

    def inputs(self, id: str) -> dict[str, Port]:
        """Returns the ports of a node by name, in the order in which they are shown; {} for a node of unknown type.

        Ports of a subpatch are named by the ids of its boundary ports, and have their titles and the knobs set inside
        as defaults. The port of a reroute has the type of what its cables connect; {} without such cables.
        """
        node = self.graph.node(id)
        if node.type == SUBPATCH:
            shown: dict[str, Port] = {}
            inside = self._inside(node.definition)
            definition = self.patch.definitions[node.definition]
            for name, inlet in sorted(definition.inputs.items(), key=lambda kept: (kept[1].order, kept[1].title)):
                for target in inlet.to:
                    if (port := inside.inputs(target.node).get(target.port)) is not None:
                        knob = definition.nodes[target.node].values.get(target.port, port.default)
                        shown[name] = replace(port, name=name, title=inlet.title or port.title, default=knob)
                        break
            return shown
        if node.type == REROUTE:
            ahead = self.ahead(id, REROUTE_IN) or []
            like = [Port("", out.type) for out in self.behind(id, REROUTE_OUT) or []]
            shown_as = [*like, *ahead]
            return {REROUTE_IN: replace(shown_as[0], name=REROUTE_IN, title="In")} if shown_as else {}
        declaration = self.catalogue.get(node.type)
        return {} if declaration is None else dict(declaration.by_name)

    def outputs(self, id: str) -> dict[str, Out]:
        """Returns the outputs of a node by name, in the order in which they are shown; of subpatches and reroutes as in
        `inputs`."""
        node = self.graph.node(id)
        if node.type == SUBPATCH:
            shown: dict[str, Out] = {}
            inside = self._inside(node.definition)
            kept = self.patch.definitions[node.definition].outputs
            for name, outlet in sorted(kept.items(), key=lambda kept: (kept[1].order, kept[1].title)):
                if outlet.node and (out := inside.outputs(outlet.node).get(outlet.out)) is not None:
                    shown[name] = replace(out, name=name, like=None)
            return shown
        if node.type == REROUTE:
            carried = self.behind(id, REROUTE_OUT) or []
            return {REROUTE_OUT: replace(carried[0], name=REROUTE_OUT, like=None)} if carried else {}
        declaration = self.catalogue.get(node.type)
        return {} if declaration is None else dict(declaration.outs_by_name)

    def _inside(self, definition: str) -> VisiblePorts:
        return VisiblePorts(self.patch, self.catalogue, definition)

    def ahead(self, id: str, port: str, seen: frozenset[str] = frozenset()) -> list[Port] | None:
        """Returns the declared ports that a cable into a port would reach, through subpatches and reroutes. None if
        there is no such port; [] for a boundary port or reroute that leads nowhere yet.

        seen: reroutes passed already.
        """
        node = self.graph.node(id)
        if node.type == SUBPATCH:
            inlet = self.patch.definitions[node.definition].inputs.get(port)
            if inlet is None:
                return None
            inside = self._inside(node.definition)
            return [found for target in inlet.to for found in inside.ahead(target.node, target.port) or []]
        if node.type == REROUTE:
            if port != REROUTE_IN:
                return None
            cables = [] if id in seen else self.graph.cables_from(id, REROUTE_OUT)
            return [found for c in cables for found in self.ahead(c.dst, c.port, seen | {id}) or []]
        declaration = self.catalogue.get(node.type)
        found = None if declaration is None else declaration.by_name.get(port)
        return None if found is None else [found]

    def behind(self, id: str, out: str, seen: frozenset[str] = frozenset()) -> list[Out] | None:
        """Returns the declared outputs whose signals a cable from an output would carry, through subpatches and
        reroutes. None if there is no such output; [] for a boundary port or reroute that nothing leads to yet.

        seen: reroutes passed already.
        """
        node = self.graph.node(id)
        if node.type == SUBPATCH:
            outlet = self.patch.definitions[node.definition].outputs.get(out)
            if outlet is None:
                return None
            return self._inside(node.definition).behind(outlet.node, outlet.out) if outlet.node else []
        if node.type == REROUTE:
            if out != REROUTE_OUT:
                return None
            cables = [] if id in seen else self.graph.cables_into(id, REROUTE_IN)
            return [found for c in cables for found in self.behind(c.src, c.out, seen | {id}) or []]
        declaration = self.catalogue.get(node.type)
        found = None if declaration is None else declaration.outs_by_name.get(out)
        return None if found is None else [found]

    def joins(self, src: str, out: str, dst: str, port: str) -> bool:
        """Returns whether a cable may lead from output `out` of node `src` to port `port` of node `dst`. A boundary
        port or reroute that leads nowhere yet takes any cable."""
        behind, ahead = self.behind(src, out), self.ahead(dst, port)
        if behind is None or ahead is None or not all(end.wireable for end in ahead):
            return False
        return all(fits(start, end) for start in behind for end in ahead)

    def check_cable(self, src: str, out: str, dst: str, port: str) -> None:
        """Raises PatchError unless a cable may lead from output `out` of `src` to port `port` of `dst`."""
        if self.behind(src, out) is None:
            raise PatchError(f"has no output {out}", node=src, mend=of_these(out, self.outputs(src)))
        if self.ahead(dst, port) is None:
            raise PatchError("has no such input", node=dst, port=port, mend=of_these(port, self.inputs(dst)))
        if not self.joins(src, out, dst, port):
            raise PatchError(f"a cable from {src}.{out} does not fit", node=dst, port=port, mend="choose another port")
