"""Running order: stable, loops cut on few cables, deterministic."""

from __future__ import annotations

import random

import networkx
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.runtime.graph.order import arrange, feedback_edges

EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)


def named(edges: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [(f"n{a:02d}", f"n{b:02d}") for a, b in edges]


NODES = [f"n{i:02d}" for i in range(12)]


@given(EDGES, st.randoms())
def test_every_edge_that_is_not_cut_points_forward(edges: list[tuple[int, int]], shuffle: random.Random) -> None:
    pairs = named(edges)
    order = arrange(tuple(NODES), tuple(pairs))
    place = {id: i for i, id in enumerate(order.nodes)}
    assert sorted(order.nodes) == NODES
    for a, b in pairs:
        assert (place[a] < place[b]) == ((a, b) not in order.cut)
    nodes = NODES[:]
    shuffle.shuffle(nodes)
    shuffle.shuffle(pairs)
    assert arrange(tuple(nodes), tuple(pairs)) == order


@given(EDGES)
def test_no_cut_can_be_spared_and_loops_stand_together(edges: list[tuple[int, int]]) -> None:
    pairs = named(edges)
    order = arrange(tuple(NODES), tuple(pairs))
    for spared in order.cut:
        graph = networkx.DiGraph([e for e in pairs if e not in order.cut or e == spared])
        assert not networkx.is_directed_acyclic_graph(graph)
    graph = networkx.DiGraph(pairs)
    parts = [p for p in networkx.strongly_connected_components(graph) if len(p) > 1 or graph.has_edge(*(*p, *p))]
    assert {frozenset(p) for p in parts} == {
        frozenset(n for n in order.loops if order.loops[n] == loop) for loop in set(order.loops.values())
    }
    for part in parts:
        places = sorted(order.nodes.index(n) for n in part)
        assert places == list(range(places[0], places[0] + len(part)))


def test_without_loops_the_smallest_id_comes_first() -> None:
    assert arrange(("d", "c", "b", "a"), (("d", "a"),)).nodes == ("b", "c", "d", "a")


def test_one_cut_opens_a_ring_and_a_cut_avoids_the_thick_edge() -> None:
    ring = {("a", "b"): 3, ("b", "c"): 3, ("c", "a"): 1}
    assert feedback_edges(["a", "b", "c"], ring) == {("c", "a")}
    assert feedback_edges(["a", "b"], {("a", "b"): 1, ("b", "a"): 2}) == {("a", "b")}
    assert feedback_edges(["a"], {("a", "a"): 1}) == {("a", "a")}
