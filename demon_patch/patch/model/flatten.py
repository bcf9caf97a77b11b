"""Makes the flat form of a patch, which is compiled: subpatches replaced by their contents, reroutes by cables.

The id of a node from a subpatch is a path, "instance/node", with one part for each level. Only flat patches have paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.graph import CABLES, REROUTE, REROUTE_IN, REROUTE_OUT, SUBPATCH, Cable, Graph, Node

SWITCHES = ("bypass", "muted")  # fields that an instance passes on to all nodes in it
STEPS = 10 * CABLES  # the most steps from port to port while cables are joined; more than any patch drawn by hand needs
End = tuple[str, str]  # path of a node, name of a port or output


class FlatCable(Cable, frozen=True, omit_defaults=True):
    """A cable of a flat patch: its ends are paths, and several may join the same two ports."""

    def __post_init__(self) -> None:
        """Checks nothing, because the parts come from checked cables."""


@dataclass(frozen=True)
class Flat:
    """A flat patch: nodes by path and the cables between them, sorted, without subpatches, reroutes and solos.

    Nodes and cables that are the same as in the patch are the same objects.
    """

    nodes: Mapping[str, Node]
    cables: tuple[Cable, ...]


def flat(patch: Graph, definitions: Mapping[str, Definition]) -> Flat:
    """Makes the flat form of a patch; raises PatchError if joining its cables takes more than STEPS steps.

    An instance's values and ranges replace those of the inputs to which its boundary ports lead. A bypassed instance
    bypasses all nodes in it, a muted one mutes them, and a muted reroute mutes the cables through it.

    Cables in a row, through boundary ports and reroutes, become one. Its mode, depth and offset are those of the cable
    that ends in a port of a node or in a boundary port of an instance; it is muted if one of them is.
    """
    if not any(node.type in (SUBPATCH, REROUTE) for node in patch.nodes.values()):
        return Flat(patch.nodes, _soloed(patch.cables))
    layout = _Layout(definitions)
    layout.spread(patch, "", {}, {})
    cables = sorted(layout.joined(), key=lambda cable: cable.key)
    return Flat(dict(sorted(layout.nodes.items())), _soloed(tuple(cables)))


@dataclass
class _Layout:
    definitions: Mapping[str, Definition]
    nodes: dict[str, Node] = field(default_factory=dict)
    reroutes: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)  # the reroutes that are muted
    cables: dict[str, list[Cable]] = field(default_factory=dict)  # by the prefix of their graph
    inner: dict[End, tuple[End, ...]] = field(default_factory=dict)  # by boundary port, the inputs it leads to
    origin: dict[End, End] = field(default_factory=dict)  # by boundary output, the output it comes from
    steps: int = 0

    def spread(
        self,
        graph: Graph,
        prefix: str,
        switched: Mapping[str, bool],
        above: Mapping[str, list[tuple[str, str, Node]]],
    ) -> None:
        """Adds the nodes and cables of a graph, and those of its subpatches.

        prefix: the path of the instance whose graph it is, and "/"; "" for the patch itself.
        switched: {"bypass": True} or {"muted": True} or both, where the instance around it has these on.
        above: by node, the ports with a boundary port, as (port, id of the boundary port, instance).
        """
        self.cables[prefix] = list(graph.cables)
        for id, kept in graph.nodes.items():
            path, node = prefix + id, _overlaid(kept, above.get(id, ()))
            if any(not getattr(node, name) for name in switched):
                node = structs.replace(node, **switched)
            if node.type == REROUTE:
                self.reroutes.add(path)
                self.silent |= {path} if node.muted else set()
            elif node.type == SUBPATCH:
                self._enter(path, node)
            else:
                self.nodes[path] = node

    def _enter(self, path: str, node: Node) -> None:
        definition = self.definitions[node.definition]
        promoted: dict[str, list[tuple[str, str, Node]]] = {}
        for name, inlet in sorted(definition.inputs.items()):
            self.inner[path, name] = tuple((f"{path}/{target.node}", target.port) for target in inlet.to)
            for target in inlet.to:
                promoted.setdefault(target.node, []).append((target.port, name, node))
        for name, outlet in definition.outputs.items():
            if outlet.node:
                self.origin[path, name] = (f"{path}/{outlet.node}", outlet.out)
        switched = {name: True for name in SWITCHES if getattr(node, name)}
        self.spread(definition, f"{path}/", switched, promoted)

    def joined(self) -> Iterator[Cable]:
        """Yields the joined cables, each from an output of a node to a port of a node."""
        feeds: dict[str, list[tuple[End, bool]]] = {}  # by reroute, the start of each cable into it and if it is muted
        ending: list[tuple[End, Cable, End]] = []
        for prefix, cables in self.cables.items():
            for cable in cables:
                start = (prefix + cable.src, cable.out)
                for end in self._inward((prefix + cable.dst, cable.port)):
                    if end[0] not in self.reroutes:
                        ending.append((start, cable, end))
                    elif end[1] == REROUTE_IN:
                        muted = cable.muted or end[0] in self.silent
                        feeds.setdefault(end[0], []).append((start, muted))
        found: dict[End, tuple[tuple[End, bool], ...]] = {}
        for start, cable, end in ending:
            if start not in found:
                found[start] = tuple(self._sources(start, feeds))
            for (src, out), muted in found[start]:
                self._step()
                if (src, out, *end) == cable.key and muted <= cable.muted:
                    yield cable
                else:
                    kind = FlatCable if "/" in src or "/" in end[0] else Cable
                    yield kind(
                        src, out, *end, cable.mode, cable.depth, cable.offset, cable.muted or muted, cable.solo,
                        cable.format, extra=cable.extra,
                    )  # fmt: skip

    def _step(self) -> None:
        self.steps += 1
        if self.steps > STEPS:
            raise PatchError("the subpatches have too many cables when they are laid out", mend="take some of them out")

    def _inward(self, end: End) -> Iterator[End]:
        """Yields the ports of nodes and reroutes that a port leads to: the port itself, or those behind a boundary
        port."""
        self._step()
        if end[0] in self.nodes or end[0] in self.reroutes:
            yield end
        for inner in self.inner.get(end, ()):
            yield from self._inward(inner)

    def _sources(self, start: End, feeds: Mapping[str, list[tuple[End, bool]]]) -> Iterator[tuple[End, bool]]:
        """Yields each output of a node that reaches an output through boundary ports and reroutes, and whether every
        way from it has a muted cable or reroute."""
        waiting, reached = [(start, False)], dict[End, bool]()
        while waiting:
            self._step()
            at, muted = waiting.pop()
            while at in self.origin:
                at = self.origin[at]
            if at in reached and reached[at] <= muted:
                continue
            reached[at] = muted
            if at[0] in self.reroutes and at[1] == REROUTE_OUT:
                waiting += ((before, muted or silent) for before, silent in feeds.get(at[0], ()))
        return ((end, muted) for end, muted in reached.items() if end[0] in self.nodes)


def _overlaid(node: Node, above: list[tuple[str, str, Node]] | tuple[()]) -> Node:
    """Returns a node with the values and ranges that the instance around it gives to those of its ports that have a
    boundary port. above: as in `_Layout.spread`."""
    values = {port: of.values[name] for port, name, of in above if name in of.values}
    ranges = {port: of.ranges[name] for port, name, of in above if name in of.ranges}
    if not values and not ranges:
        return node
    return structs.replace(node, values={**node.values, **values}, ranges={**node.ranges, **ranges})


def _soloed(cables: tuple[Cable, ...]) -> tuple[Cable, ...]:
    """Returns the cables without solos: where a port has an unmuted cable with solo, its cables without solo are
    muted."""
    chosen = {(cable.dst, cable.port) for cable in cables if cable.solo and not cable.muted}
    if not chosen:
        return cables
    return tuple(
        structs.replace(c, muted=c.muted or not c.solo, solo=False) if (c.dst, c.port) in chosen else c for c in cables
    )
