"""Orders the nodes of a graph so that each runs after those that lead to it; the same ids always give the same order.
Loops are cut at as few cables as a heuristic finds."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import networkx as nx

Edge = tuple[str, str]

MOST_LOOKED_AT = 1_000_000
"""Most cables of one loop that are looked at to find cuts that are not needed. It takes a second at most."""


@dataclass(frozen=True, slots=True)
class Order:
    """A running order of nodes."""

    nodes: tuple[str, ...]
    """All nodes in running order; the members of a loop stand together."""
    loops: Mapping[str, int]
    """By node, the number of the loop that it is in, from 0. Nodes outside of loops are missing."""
    cut: frozenset[Edge]
    """The cut pairs (from, to). Their cables carry the number of the control frame before."""


@lru_cache(maxsize=8)
def arrange(nodes: tuple[str, ...], edges: tuple[Edge, ...]) -> Order:
    """Returns the running order of a graph. `edges` may repeat: one pair for each cable. Where several orders are
    possible, the ids decide."""
    pairs = Counter(edges)
    with suppress(nx.NetworkXUnfeasible):
        return Order(tuple(topological(nodes, pairs)), {}, frozenset())
    groups = [sorted(part) for part in nx.strongly_connected_components(_graph(nodes, pairs))]
    home = {member: group[0] for group in groups for member in group}
    between: set[Edge] = set()
    within: defaultdict[str, Counter[Edge]] = defaultdict(Counter)
    for (a, b), count in pairs.items():
        if home[a] == home[b]:
            within[home[a]][a, b] = count
        else:
            between.add((home[a], home[b]))
    members = {group[0]: group for group in groups}
    order: list[str] = []
    loops: dict[str, int] = {}
    cut: set[Edge] = set()
    number = 0
    for first in topological(members, between):
        group = members[first]
        if first not in within:
            order.extend(group)
            continue
        inside = within[first]
        cut |= (cuts := feedback_edges(group, inside))
        loops |= dict.fromkeys(group, number)
        number += 1
        order.extend(topological(group, inside.keys() - cuts))
    return Order(tuple(order), loops, frozenset(cut))


def _graph(nodes: Iterable[str], edges: Iterable[Edge]) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return graph


def topological(nodes: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Returns the nodes in an order in which each follows all that lead to it. Of the nodes that are ready, the
    smallest id comes first. `edges` may not repeat.

    Raises NetworkXUnfeasible for a loop.
    """
    leading = dict.fromkeys(nodes, 0)  # by node, how many edges into it come from nodes that are not in the order yet
    following: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in edges:
        following[a].append(b)
        leading[b] += 1
    ready = [node for node, count in leading.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        order.append(node := heapq.heappop(ready))
        for after in following.get(node, ()):
            leading[after] -= 1
            if not leading[after]:
                heapq.heappush(ready, after)
    if len(order) < len(leading):
        raise nx.NetworkXUnfeasible
    return order


def feedback_edges(nodes: Collection[str], edges: Mapping[Edge, int]) -> set[Edge]:
    """Returns edges whose removal leaves no loop. Each of them is needed, unless finding that out takes more than
    MOST_LOOKED_AT steps.

    edges: each with the number of its cables.
    Uses the heuristic of Eades, Lin and Smyth (1993, "A fast and effective heuristic for the feedback arc set
    problem"), weighed by the number of cables, ties by id. Then it takes back every cut that is not needed.
    """
    place = {node: at for at, node in enumerate(_elimination_order(nodes, edges))}
    cut = {e for e in edges if place[e[0]] >= place[e[1]]}
    return cut - _unneeded_cuts(place, edges, cut)


def _elimination_order(nodes: Collection[str], edges: Mapping[Edge, int]) -> list[str]:
    """Returns the nodes in an order in which few edges lead backwards."""
    following: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    leading: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    going, coming = Counter[str](), Counter[str]()
    for (a, b), count in edges.items():
        if a != b:
            following[a].append((b, count))
            leading[b].append((a, count))
            going[a] += count
            coming[b] += count
    left = set(nodes)
    ends = {node for node in left if not going[node]}
    starts = {node for node in left if not coming[node]}
    heap = [(coming[node] - going[node], node) for node in left]
    heapq.heapify(heap)
    head: list[str] = []
    tail: list[str] = []

    def remove(node: str) -> None:
        left.remove(node)
        for others, counts, freed in ((leading, going, ends), (following, coming, starts)):
            for other, count in others[node]:
                if other in left:
                    counts[other] -= count
                    heapq.heappush(heap, (coming[other] - going[other], other))
                    if not counts[other]:
                        freed.add(other)

    while left:
        for free, into in ((ends, tail), (starts, head)):
            if here := sorted(free & left):
                free.clear()
                into.extend(here)
                for node in here:
                    remove(node)
                break
        else:
            while True:
                balance, node = heapq.heappop(heap)
                if node in left and balance == coming[node] - going[node]:
                    break
            head.append(node)
            remove(node)
    return [*head, *reversed(tail)]


def _unneeded_cuts(place: dict[str, int], edges: Mapping[Edge, int], cut: set[Edge]) -> set[Edge]:
    """Returns the cuts that are not needed; edges with many cables are tried first.

    place: the place of each node in an order that follows all edges but the cuts. It is changed.
    To see whether an edge closes a loop, only the nodes between its ends are looked at (Pearce and Kelly 2006, "A
    dynamic topological sort algorithm for directed acyclic graphs").
    """
    following: defaultdict[str, list[str]] = defaultdict(list)
    leading: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in edges:
        if (a, b) not in cut:
            following[a].append(b)
            leading[b].append(a)
    unneeded: set[Edge] = set()
    effort = 0
    for a, b in sorted(cut, key=lambda e: (-edges[e], e)):
        if a == b or ((b, a) in edges and ((b, a) not in cut or (b, a) in unneeded)):
            continue  # a loop of one or two
        if effort > MOST_LOOKED_AT:
            break
        last, first = place[a], place[b]
        if last > first:
            ahead, steps = _reached(b, following, lambda node, last=last: place[node] <= last)
            effort += steps
            if a in ahead:
                continue
            behind, steps = _reached(a, leading, lambda node, first=first: place[node] >= first)
            effort += steps
            moved = [*sorted(behind, key=place.__getitem__), *sorted(ahead, key=place.__getitem__)]
            place.update(zip(moved, sorted(place[node] for node in moved), strict=True))
        unneeded.add((a, b))
        following[a].append(b)
        leading[b].append(a)
    return unneeded


def _reached(start: str, ways: Mapping[str, list[str]], inside: Callable[[str], bool]) -> tuple[set[str], int]:
    """Returns the nodes that can be reached from `start` through nodes for which `inside` is true, and how many nodes
    and edges were looked at."""
    found, waiting, steps = {start}, [start], 0
    while waiting:
        ahead = ways[waiting.pop()]
        steps += 1 + len(ahead)
        fresh = [node for node in ahead if node not in found and inside(node)]
        found.update(fresh)
        waiting.extend(fresh)
    return found, steps
