"""Loops of nodes: which run in two halves, so that a loop needs no cut where what it reads is of an earlier frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, Protocol

from demon_patch.codegen.body import Body
from demon_patch.codegen.dependencies import early_and_late_outputs, inputs_of_outputs
from demon_patch.patch.model.document import Cable
from demon_patch.runtime.graph.order import Edge, Order, arrange

LATE = "<"  # ends the name of the second half of a node


class Looped(Protocol):
    """A node as far as it matters here: its body, and the names of its outputs."""

    @property
    def body(self) -> Body: ...
    @property
    def outs(self) -> tuple[str, ...]: ...


class ComputedCable(NamedTuple):
    """A cable between computed nodes or adapters: the output and the port that it joins."""

    src: str
    out: str
    dst: str
    port: str
    cable: Cable


@dataclass(frozen=True, eq=False)
class SplitNodes:
    """The nodes in two halves: for each its outputs that are `early`. The first half has the node's name and gives
    those; the second, named with LATE, gives the others and leads to the state."""

    nodes: Mapping[str, Looped] = field(default_factory=dict)
    early: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)

    def body(self, name: str) -> Body:
        """The body of a half."""
        id = name.removesuffix(LATE)
        return early_and_late_outputs(self.nodes[id].body, self.early[id])[name != id]

    def outs(self, name: str, slots: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
        """Of something for each output of a node, what is of a half."""
        id = name.removesuffix(LATE)
        return tuple(slot for slot, take in zip(slots, self.early[id], strict=True) if take == (name == id))

    def edges(self, join: ComputedCable) -> list[Edge]:
        """Which halves a join makes wait for which."""
        src, ends = join.src, [join.dst]
        if src in self.early and not self.early[src][self.nodes[src].outs.index(join.out)]:
            src += LATE
        if join.dst in self.early:
            reads = {name for out in inputs_of_outputs(self.body(join.dst)) for name in out}
            ends = [join.dst, join.dst + LATE] if join.port in reads else [join.dst + LATE]
        return [(src, end) for end in ends]

    def cut(self, join: ComputedCable, order: Order) -> bool:
        """Whether a join carries the value of the frame before."""
        return bool(order.cut) and not order.cut.isdisjoint(self.edges(join))


def running_order(nodes: Mapping[str, Looped], joins: Sequence[ComputedCable]) -> tuple[SplitNodes, Order]:
    """The running order of nodes, those in two halves under both names; the halves of a loop have its number."""
    order = arrange(tuple(nodes), tuple((join.src, join.dst) for join in joins))
    if not order.loops:
        return SplitNodes(nodes, {}), order
    inside: defaultdict[int, list[ComputedCable]] = defaultdict(list)  # of each loop
    into: defaultdict[str, list[ComputedCable]] = defaultdict(list)
    out_of: defaultdict[str, list[ComputedCable]] = defaultdict(list)
    for join in joins:
        loop = order.loops.get(join.src)
        if loop is not None and loop == order.loops.get(join.dst):
            inside[loop].append(join)
            into[join.dst].append(join)
            out_of[join.src].append(join)
    early = {id: found for id in order.loops if any(found := _early_outputs(nodes[id], into[id], out_of[id]))}
    halves = SplitNodes(nodes, early)
    if not early:
        return halves, order
    names: list[str] = []
    cut: set[Edge] = set()
    loops = dict(order.loops)
    for loop, members in groupby(order.nodes, key=order.loops.get):
        ids = list(members)
        if loop is None:
            names += ids
            continue
        parts = [part for id in ids for part in ((id, id + LATE) if id in early else (id,))]
        edges = [edge for join in inside[loop] for edge in halves.edges(join)]
        edges += [(id, id + LATE) for id in ids if id in early]
        inner = arrange(tuple(parts), tuple(edges))
        names += inner.nodes
        loops |= dict.fromkeys(parts, loop)
        cut |= inner.cut
    return halves, Order(tuple(names), loops, frozenset(cut))


def _early_outputs(node: Looped, into: Sequence[ComputedCable], out_of: Sequence[ComputedCable]) -> tuple[bool, ...]:
    """The outputs of a node of a loop that do not wait for ports which the loop leads to; none where none is spared.

    into, out_of: the joins by which the loop leads to it and on.
    """
    needs = dict(zip(node.outs, inputs_of_outputs(node.body), strict=True))
    used = {join.out for join in out_of}
    spared = {port for port in {join.port for join in into} if any(port not in needs[out] for out in used)}
    return tuple(bool(spared) and not needs[out] & spared for out in node.outs)
