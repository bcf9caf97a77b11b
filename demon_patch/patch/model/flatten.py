"""A patch as it runs: subpatches replaced by what they contain, bends taken out of cables.

The id of a node within a subpatch is a path, "instance/node", of as many parts as there are levels. Nothing else of a
patch holds paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.graph import CABLES, REROUTE, REROUTE_IN, REROUTE_OUT, SUBPATCH, Cable, Graph, Node

SWITCHES = ("bypass", "muted")  # what an instance switches in all nodes that are in it
STEPS = 10 * CABLES  # from port to port, while cables are joined; no patch that is drawn by hand comes near
End = tuple[str, str]  # a node by its path, and one of its ports


class FlatCable(Cable, frozen=True, omit_defaults=True):
    """A cable of a flat patch: its ends are paths, and several may join the same two ports."""

    def __post_init__(self) -> None:
        """Its parts were checked where they came from."""


@dataclass(frozen=True)
class Flat:
    """Nodes by path and cables between them, sorted, without subpatches, reroutes and solos. What needed no change is
    the same object as in the patch."""

    nodes: Mapping[str, Node]
    cables: tuple[Cable, ...]


def flat(patch: Graph, definitions: Mapping[str, Definition]) -> Flat:
    """The patch with every subpatch laid out; raises PatchError if it then has too many cables.

    An instance's values and ranges replace those of the inputs that its own lead to. A bypassed instance bypasses all
    that is in it, a muted one mutes all of it, and a muted reroute mutes the cables that go through it.

    Of cables in a row, through promoted ports and reroutes, the one that ends in a real input or in a promoted one
    settles mode, depth and offset; if one of them is muted, all are.
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
    silent: set[str] = field(default_factory=set)  # those reroutes that are muted
    cables: dict[str, list[Cable]] = field(default_factory=dict)  # by the prefix of their graph
    inner: dict[End, tuple[End, ...]] = field(default_factory=dict)  # where promoted inputs lead
    origin: dict[End, End] = field(default_factory=dict)  # where promoted outputs come from
    steps: int = 0

    def spread(
        self,
        graph: Graph,
        prefix: str,
        switched: Mapping[str, bool],
        above: Mapping[str, list[tuple[str, str, Node]]],
    ) -> None:
        """Lays a graph out.

        switched: the fields `bypass` and `muted` where an instance around it has them on.
        above: by node, the ports that an instance around it promotes, as (port, input, instance).
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
        """Every cable from a real output to a real input."""
        feeds: dict[str, list[tuple[End, bool]]] = {}  # what ends in each reroute, and whether it is muted
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
        """The inputs of nodes that an input leads to: itself, or what a promoted one stands for."""
        self._step()
        if end[0] in self.nodes or end[0] in self.reroutes:
            yield end
        for inner in self.inner.get(end, ()):
            yield from self._inward(inner)

    def _sources(self, start: End, feeds: Mapping[str, list[tuple[End, bool]]]) -> Iterator[tuple[End, bool]]:
        """The outputs of nodes that an output stands for, each once, and whether a cable on every way is muted."""
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
    """A node with the values and ranges that the instance around it gives to its promoted ports."""
    values = {port: of.values[name] for port, name, of in above if name in of.values}
    ranges = {port: of.ranges[name] for port, name, of in above if name in of.ranges}
    if not values and not ranges:
        return node
    return structs.replace(node, values={**node.values, **values}, ranges={**node.ranges, **ranges})


def _soloed(cables: tuple[Cable, ...]) -> tuple[Cable, ...]:
    """The same cables, with those muted that another one's solo silences."""
    chosen = {(cable.dst, cable.port) for cable in cables if cable.solo and not cable.muted}
    if not chosen:
        return cables
    return tuple(
        structs.replace(c, muted=c.muted or not c.solo, solo=False) if (c.dst, c.port) in chosen else c for c in cables
    )
