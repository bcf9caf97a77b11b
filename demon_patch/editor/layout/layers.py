"""Sorts nodes into columns, so that signals flow from left to right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple


class Arc(NamedTuple):
    """A way of a signal from one node to another."""

    src: str
    dst: str


def forward_arcs(ids: Sequence[str], arcs: Iterable[Arc], chain: Collection[str] = ()) -> frozenset[Arc]:
    """Returns the arcs without those that lead back in a loop.

    chain: nodes that come after everything that leads to them: what goes out of one and comes back leads back where it
    goes out.
    """
    kept = sorted({arc for arc in arcs if arc.src != arc.dst})
    leading = _ancestors(chain, [arc for arc in kept if arc.src not in chain])
    kept = [arc for arc in kept if not (arc.src in chain and arc.dst not in chain and arc.dst in leading)]
    following: defaultdict[str, list[str]] = defaultdict(list)
    entered = set()
    for arc in kept:
        following[arc.src].append(arc.dst)
        entered.add(arc.dst)
    back = _leading_back(sorted(ids, key=lambda id: (id in entered, id)), following)
    return frozenset(kept) - back


def _ancestors(of: Collection[str], arcs: Sequence[Arc]) -> set[str]:
    before: defaultdict[str, list[str]] = defaultdict(list)
    for arc in arcs:
        before[arc.dst].append(arc.src)
    found: set[str] = set()
    waiting = list(of)
    while waiting:
        for id in before[waiting.pop()]:
            if id not in found:
                found.add(id)
                waiting.append(id)
    return found


def _leading_back(ids: Sequence[str], following: Mapping[str, list[str]]) -> frozenset[Arc]:
    """Finds, by going as deep as possible, the arcs that lead back to where the way came from."""
    done: set[str] = set()
    back = set()
    for start in ids:
        if start in done:
            continue
        way, on_way = [(start, iter(following.get(start, ())))], {start}
        while way:
            id, rest = way[-1]
            to = next(rest, None)
            if to is None:
                way.pop()
                on_way.discard(id)
                done.add(id)
            elif to in on_way:
                back.add(Arc(id, to))
            elif to not in done:
                on_way.add(to)
                way.append((to, iter(following.get(to, ()))))
    return frozenset(back)


def layered(
    heights: Mapping[str, float], arcs: Collection[Arc], chain: Collection[str] = (), most: float = 800.0
) -> list[list[str]]:
    """Returns the columns of nodes, from left to right; each arc leads to a column further right.

    A node stands as near as possible to what it leads to. heights: of the nodes. arcs: without loops. chain: nodes
    that leave their columns to no one. most: how high a column is at most, where nodes can go further left.
    """
    after: defaultdict[str, list[str]] = defaultdict(list)
    before: defaultdict[str, list[str]] = defaultdict(list)
    for arc in arcs:
        after[arc.src].append(arc.dst)
        before[arc.dst].append(arc.src)
    order = _sorted(heights, after, before)
    place: dict[str, int] = {}
    for id in order:
        place[id] = max((place[other] + 1 for other in before[id]), default=0)
    for id in reversed(order):
        if after[id]:
            place[id] = min(place[other] for other in after[id]) - 1
    _keep_low(place, heights, before, chain, most)
    used = sorted(set(place.values()))
    return [sorted(id for id in heights if place[id] == column) for column in used]


def _sorted(ids: Iterable[str], after: Mapping[str, list[str]], before: Mapping[str, list[str]]) -> list[str]:
    """Returns the nodes so that each comes after those that lead to it."""
    missing = {id: len(before.get(id, ())) for id in ids}
    ready = sorted((id for id, count in missing.items() if count == 0), reverse=True)
    order = []
    while ready:
        id = ready.pop()
        order.append(id)
        for other in after.get(id, ()):
            missing[other] -= 1
            if missing[other] == 0:
                ready.append(other)
    return order


def _keep_low(
    place: dict[str, int],
    heights: Mapping[str, float],
    before: Mapping[str, list[str]],
    chain: Collection[str],
    most: float,
) -> None:
    """Moves nodes of columns that are too high further left, with all that leads to them."""
    column = max(place.values(), default=0)
    least = min(place.values(), default=0) - len(place)
    while column >= least:
        here = sorted((id for id in place if place[id] == column), key=lambda id: (id in chain, len(before[id]), id))
        high = sum(heights[id] for id in here)
        movable = [id for id in here if id not in chain]
        while high > most and movable and len(here) > 1:
            id = movable.pop(0)
            here.remove(id)
            high -= heights[id]
            waiting = [(id, column - 1)]
            while waiting:
                at, to = waiting.pop()
                if place[at] > to:
                    place[at] = to
                    waiting += [(other, to - 1) for other in before[at]]
        column -= 1
