"""Definitions of subpatches: the graph that all instances contain, and its boundary ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.graph import CABLES, NODES, SUBPATCH, Graph, Node
from demon_patch.patch.model.record import Record, by_id, listed

NESTING = 16  # levels of subpatches within subpatches


class Target(Record, frozen=True, omit_defaults=True):
    """An input of a node within a subpatch."""

    node: str
    port: str

    def __post_init__(self) -> None:
        ids.valid_id(self.node)
        json_values.name(self.port, "name of an input")
        self._settle()


class Inlet(Record, frozen=True, omit_defaults=True):
    """A promoted input of a subpatch: what arrives at it goes to inputs within, and so does its knob.

    to: those inputs, each once; with none, it leads nowhere. order: inputs are shown by rising order, then by title.
    """

    title: str = ""
    to: tuple[Target, ...] = ()
    order: float = 0.0

    def __post_init__(self) -> None:
        json_values.text(self.title, "title")
        to = listed(self.to, Target, "to")
        if len({(target.node, target.port) for target in to}) < len(to):
            raise PatchError("to names an input twice", mend="name it once")
        self._settle(to=to, order=json_values.number(self.order, "order"))

    def without(self, gone: Set[str]) -> Inlet:
        """Returns the inlet without its targets at the nodes in `gone`."""
        return structs.replace(self, to=tuple(target for target in self.to if target.node not in gone))


class Outlet(Record, frozen=True, omit_defaults=True):
    """A promoted output of a subpatch: output `out` of node `node` within, or neither, and then it is silent."""

    title: str = ""
    node: str = ""
    out: str = ""
    order: float = 0.0

    def __post_init__(self) -> None:
        json_values.text(self.title, "title")
        if (self.node, self.out) != ("", ""):
            ids.valid_id(self.node)
            json_values.name(self.out, "name of an output")
        self._settle(order=json_values.number(self.order, "order"))

    def without(self, gone: Set[str]) -> Outlet:
        """Returns the outlet, taken off its inner output, and so silent, if the node of that output is in `gone`."""
        return structs.replace(self, node="", out="") if self.node in gone else self


class Definition(Graph, frozen=True, omit_defaults=True, kw_only=True):
    """What all instances of a subpatch contain; editing it changes all of them.

    inputs, outputs: its boundary ports by id; an instance's cables, values and ranges name them by these ids.
    """

    nodes: Mapping[str, Node]  # pyright: ignore[reportGeneralTypeIssues]
    title: str = ""
    inputs: Mapping[str, Inlet] = {}
    outputs: Mapping[str, Outlet] = {}

    naming = (*Graph.naming, "inputs", "outputs")

    def __post_init__(self) -> None:
        super().__post_init__()
        json_values.text(self.title, "title")
        inputs, outputs = by_id(self.inputs, Inlet, "inputs"), by_id(self.outputs, Outlet, "outputs")
        for id, inlet in inputs.items():
            for target in inlet.to:
                self._inside(f"input {id}", target.node)
        for id, outlet in outputs.items():
            if outlet.node:
                self._inside(f"output {id}", outlet.node)
        self._settle(inputs=inputs, outputs=outputs)

    def _inside(self, what: str, node: str) -> None:
        if node not in self.nodes:
            raise PatchError(
                f"its {what} names the node {node}, which is not in it", mend=f"add {node}, or take the name out"
            )


def instances(graph: Graph) -> Iterator[tuple[str, Node]]:
    """Yields (id, node) for each subpatch in a graph, sorted by id; not those in inner graphs."""
    return iter(sorted((id, node) for id, node in graph.nodes.items() if node.type == SUBPATCH))


class _Size(NamedTuple):
    """The nodes and cables of a graph with its subpatches laid out, and how many levels of them it has."""

    nodes: int
    cables: int
    depth: int


def check_nesting(graph: Graph, definitions: Mapping[str, Definition]) -> None:
    """Raises PatchError if a subpatch has no definition or contains itself, if subpatches are nested more than NESTING
    levels deep, or if graph and subpatches together have more than NODES nodes or CABLES cables."""
    known: dict[str, _Size] = {}
    _measure(graph, (), definitions, known)
    for id, definition in sorted(definitions.items()):
        if id not in known:
            known[id] = _measure(definition, (id,), definitions, known)


def _measure(
    graph: Graph, way: tuple[str, ...], definitions: Mapping[str, Definition], known: dict[str, _Size]
) -> _Size:
    """Returns the size of a graph with its subpatches, and adds those of their definitions to `known`. way: the
    definitions that it is in."""
    nodes, cables, depth = len(graph.nodes), len(graph.cables), 0
    for id, node in instances(graph):
        inner = node.definition
        if inner in way:
            round_trip = " -> ".join([*way[way.index(inner) :], inner])
            raise PatchError(f"the subpatch {inner} contains itself: {round_trip}", node=id, mend="take it out")
        if inner not in definitions:
            raise PatchError(
                f"its definition {inner} is not in the patch", node=id, mend="add the definition, or take it out"
            )
        if inner not in known and len(way) <= NESTING:
            known[inner] = _measure(definitions[inner], (*way, inner), definitions, known)
        more = known.get(inner, _Size(0, 0, NESTING))
        nodes, cables, depth = nodes + more.nodes, cables + more.cables, max(depth, more.depth + 1)
    if depth > NESTING:
        raise PatchError("the subpatches are nested too deeply", mend=f"keep them within {NESTING} levels")
    if nodes > NODES or cables > CABLES:
        raise PatchError(
            f"with all subpatches laid out there are {nodes} nodes and {cables} cables",
            mend=f"keep it within {NODES} and {CABLES}",
        )
    return _Size(nodes, cables, depth)
