"""The order in which nodes run: sources first, stable by id, loops cut on as few cables as the heuristic finds."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """`nodes` in running order; members of a loop stand together. `loops`: number of its loop for each member.
    `cut`: pairs (from, to) whose cables carry the value of the frame before."""

    nodes: tuple[str, ...]
    loops: Mapping[str, int]
    cut: frozenset[Edge]


@lru_cache(maxsize=8)
def arrange(nodes: tuple[str, ...], edges: tuple[Edge, ...]) -> Order:
    """The running order of a graph whose `edges` may repeat; deterministic in the ids alone."""
    pairs = Counter(edges)
    straight = topological(nodes, pairs)
    if len(straight) == len(nodes):
        return Order(tuple(straight), {}, frozenset())
    groups = _groups(nodes, pairs)
    home = {member: group[0] for group in groups for member in group}
    between = {(home[a], home[b]) for a, b in pairs if home[a] != home[b]}
    members = {group[0]: group for group in groups}
    order: list[str] = []
    loops: dict[str, int] = {}
    cut: set[Edge] = set()
    for first in topological(members, between):
        group = members[first]
        inside = Counter({e: n for e, n in pairs.items() if home[e[0]] == first == home[e[1]]})
        if not inside:
            order.extend(group)
            continue
        cut |= (cuts := feedback(group, inside))
        loops |= dict.fromkeys(group, len(set(loops.values())))
        order.extend(topological(group, inside.keys() - cuts))
    return Order(tuple(order), loops, frozenset(cut))


def topological(nodes: Collection[str], edges: Iterable[Edge]) -> list[str]:
    """Every node after all that lead to it, the smallest id first among those ready; nodes on a loop are left out."""
    following: defaultdict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(nodes, 0)
    for a, b in set(edges):
        following[a].append(b)
        waiting[b] += 1
    ready = [n for n, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        order.append(a := heapq.heappop(ready))
        for b in following[a]:
            waiting[b] -= 1
            if waiting[b] == 0:
                heapq.heappush(ready, b)
    return order


def _groups(nodes: Collection[str], edges: Iterable[Edge]) -> list[list[str]]:
    """Strongly connected parts, each sorted: the nodes that a node leads to and that lead to it.

    By two walks in depth (Kosaraju; Sharir 1981, "A strong-connectivity algorithm and its applications in data flow
    analysis"): forwards for the order in which nodes are left, then backwards from the last one left.
    """
    following: defaultdict[str, list[str]] = defaultdict(list)
    leading: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in sorted(set(edges)):
        following[a].append(b)
        leading[b].append(a)
    left: list[str] = []
    seen: set[str] = set()
    for start in sorted(nodes):
        left += _walk(start, following, seen)
    seen.clear()
    return [sorted(part) for start in reversed(left) if (part := _walk(start, leading, seen))]


def _walk(start: str, following: Mapping[str, list[str]], seen: set[str]) -> list[str]:
    """The nodes that are reached from one and were not seen before, in the order in which they are left."""
    if start in seen:
        return []
    seen.add(start)
    left: list[str] = []
    path = [(start, iter(following.get(start, ())))]
    while path:
        node, ahead = path[-1]
        fresh = next((other for other in ahead if other not in seen), None)
        if fresh is None:
            left.append(node)
            path.pop()
        else:
            seen.add(fresh)
            path.append((fresh, iter(following.get(fresh, ()))))
    return left


def feedback(nodes: Collection[str], edges: Mapping[Edge, int]) -> set[Edge]:
    """Edges whose removal leaves no loop; no edge of the set can be spared.

    The order of Eades, Lin and Smyth (1993, "A fast and effective heuristic for the feedback arc set problem"), ties
    by id, weighed by how many cables run along an edge; then every cut that is not needed is taken back.
    """
    left = set(nodes)
    head: list[str] = []
    tail: list[str] = []
    while left:
        within = {e: n for e, n in edges.items() if e[0] in left and e[1] in left and e[0] != e[1]}
        going, coming = Counter[str](), Counter[str]()
        for (a, b), n in within.items():
            going[a] += n
            coming[b] += n
        if ends := sorted(n for n in left if not going[n]):
            tail.extend(ends)
            left -= set(ends)
        elif starts := sorted(n for n in left if not coming[n]):
            head.extend(starts)
            left -= set(starts)
        else:
            best = min(left, key=lambda n: (coming[n] - going[n], n))
            head.append(best)
            left.remove(best)
    place = {n: i for i, n in enumerate([*head, *reversed(tail)])}
    cut = {e for e in edges if place[e[0]] >= place[e[1]]}
    for edge in sorted(cut, key=lambda e: (-edges[e], e)):
        if len(topological(nodes, edges.keys() - (cut - {edge}))) == len(nodes):
            cut.remove(edge)
    return cut
