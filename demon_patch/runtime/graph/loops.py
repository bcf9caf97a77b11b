"""Orders the nodes of a patch, loops of cables included.

A node with early outputs (outputs that read only earlier frames) runs as two codes: one for the early outputs, and one
for the late outputs and the states. A loop through an early output then needs no cut.
"""

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

LATE = "<"
"""End of the name of a node's second code, which gives the late outputs and the states."""


class Looped(Protocol):
    """What `running_order` needs of a node: its body, and the names of its outputs."""

    @property
    def body(self) -> Body: ...
    @property
    def outs(self) -> tuple[str, ...]: ...


class ComputedCable(NamedTuple):
    """A cable between two computed nodes or adapters."""

    src: str
    out: str
    dst: str
    port: str
    cable: Cable


@dataclass(frozen=True, eq=False)
class SplitNodes:
    """The nodes that run as two codes. The first code has the node's name and gives the early outputs; the second has
    LATE behind the name and gives the late outputs and the states."""

    nodes: Mapping[str, Looped] = field(default_factory=dict)
    """All nodes by id."""
    early: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)
    """By node that runs as two codes, whether each of its outputs is early."""

    def body(self, name: str) -> Body:
        """Returns the body of one of a split node's two codes. Raises KeyError for a node that is not split.

        name: the node's own for the early outputs, with LATE behind it for the late outputs and the states.
        """
        id = name.removesuffix(LATE)
        return early_and_late_outputs(self.nodes[id].body, self.early[id])[name != id]

    def slots_written(self, name: str, slots: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
        """Returns the bus slots that one of a split node's two codes writes, one tuple for each output that it gives:
        the early outputs for the node's own name, the late ones for the name with LATE. Raises KeyError for a node that
        is not split.

        slots: one tuple of bus slots for each output of the node, in order.
        """
        id = name.removesuffix(LATE)
        return tuple(slot for slot, take in zip(slots, self.early[id], strict=True) if take == (name == id))

    def edges(self, join: ComputedCable) -> list[Edge]:
        """Returns the pairs (first, second) of codes that must run in this order because of a cable."""
        src, ends = join.src, [join.dst]
        if src in self.early and not self.early[src][self.nodes[src].outs.index(join.out)]:
            src += LATE
        if join.dst in self.early:
            reads = {name for out in inputs_of_outputs(self.body(join.dst)) for name in out}
            ends = [join.dst, join.dst + LATE] if join.port in reads else [join.dst + LATE]
        return [(src, end) for end in ends]

    def cut(self, join: ComputedCable, order: Order) -> bool:
        """Returns whether a cable carries the number of the control frame before."""
        return bool(order.cut) and not order.cut.isdisjoint(self.edges(join))


def running_order(nodes: Mapping[str, Looped], joins: Sequence[ComputedCable]) -> tuple[SplitNodes, Order]:
    """Returns the nodes that run as two codes, and the running order. A node that is split is in the order under both
    names."""
    order = arrange(tuple(nodes), tuple((join.src, join.dst) for join in joins))
    if not order.loops:
        return SplitNodes(nodes, {}), order
    inside: defaultdict[int, list[ComputedCable]] = defaultdict(list)  # by loop
    into: defaultdict[str, list[ComputedCable]] = defaultdict(list)
    out_of: defaultdict[str, list[ComputedCable]] = defaultdict(list)
    for join in joins:
        loop = order.loops.get(join.src)
        if loop is not None and loop == order.loops.get(join.dst):
            inside[loop].append(join)
            into[join.dst].append(join)
            out_of[join.src].append(join)
    early = {id: found for id in order.loops if any(found := _early_outputs(nodes[id], into[id], out_of[id]))}
    while early:
        split = SplitNodes(nodes, early)
        ordered = _order_of_halves(order, inside, split)
        if not (torn := _torn(ordered, into, split)):
            return split, ordered
        early = {id: found for id, found in early.items() if id not in torn}
    return SplitNodes(nodes, early), order


def _order_of_halves(order: Order, inside: Mapping[int, Sequence[ComputedCable]], split: SplitNodes) -> Order:
    """Returns an order with the split nodes of each loop under both names. inside: the cables of each loop."""
    early = split.early
    names: list[str] = []
    cut: set[Edge] = set()
    loops = dict(order.loops)
    for loop, members in groupby(order.nodes, key=order.loops.get):
        ids = list(members)
        if loop is None:
            names += ids
            continue
        parts = [part for id in ids for part in ((id, id + LATE) if id in early else (id,))]
        edges = [edge for join in inside[loop] for edge in split.edges(join)]
        edges += [(id, id + LATE) for id in ids if id in early]
        inner = arrange(tuple(parts), tuple(edges))
        names += inner.nodes
        loops |= dict.fromkeys(parts, loop)
        cut |= inner.cut
    return Order(tuple(names), loops, frozenset(cut))


def _torn(order: Order, into: Mapping[str, Sequence[ComputedCable]], split: SplitNodes) -> set[str]:
    """Returns the split nodes whose two codes would read one cable in different frames: the first code the number of
    the frame before, the second the number of this one. Outputs and states would not belong together."""
    place = {name: number for number, name in enumerate(order.nodes)}
    return {
        id
        for id in split.early
        for join in into[id]
        for src, end in split.edges(join)
        if end == id and (src, end) in order.cut and place[src] < place[id + LATE]
    }


def _early_outputs(node: Looped, into: Sequence[ComputedCable], out_of: Sequence[ComputedCable]) -> tuple[bool, ...]:
    """Returns for each output of a node in a loop whether it is early: it does not read the ports through which the
    loop enters the node. No output is early where that would remove no dependency.

    into, out_of: the cables by which the loop enters and leaves the node.
    """
    needs = dict(zip(node.outs, inputs_of_outputs(node.body), strict=True))
    used = {join.out for join in out_of}
    independent = {port for port in {join.port for join in into} if any(port not in needs[out] for out in used)}
    return tuple(bool(independent) and not needs[out] & independent for out in node.outs)
