"""What a patch costs to compile grows with its size, whatever its shape; in seconds of the processor, generously."""

from __future__ import annotations

import time

import numpy as np
import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.graph import INTO
from demon_patch.runtime.graph.order import arrange, topological
from tests.support.compiled import TRANSPORT, built, frames, sound


def cliques() -> dict[str, tuple[dict[str, Node], list[Cable]]]:
    """Patches of some ten thousand cables."""
    hundred = {f"e{i:03}": Node("expression", values={"formula": "a + b"}) for i in range(100)}
    every = [Cable(a, "out", b, "ab"[(i + j) % 2]) for i, a in enumerate(hundred) for j, b in enumerate(hundred)]
    adders = dict.fromkeys((f"e{i:03}" for i in range(100)), Node("add"))
    ring = dict.fromkeys((f"e{i:04}" for i in range(2500)), Node("add"))
    names = list(ring)
    pairs = dict.fromkeys((f"e{i:04}" for i in range(2000)), Node("add"))
    return {
        "every node to every node": (hundred, every),
        "adders, each to all others": (adders, [Cable(a, "out", b, "a") for a in adders for b in adders if a != b]),
        "one long loop": (ring, [Cable(a, "out", b, "a") for a, b in zip(names, [*names[1:], names[0]], strict=True)]),
        "many small loops": (
            pairs,
            [Cable(f"e{i:04}", "out", f"e{i ^ 1:04}", "a") for i in range(2000)],
        ),
    }


@pytest.mark.parametrize("name", cliques())
def test_many_cables_compile_in_little_time(name: str) -> None:
    nodes, cables = cliques()[name]
    began = time.process_time()
    built(nodes, *cables)
    assert time.process_time() - began < 4.0


def test_a_great_tangle_is_ordered_in_little_time() -> None:
    rng = np.random.default_rng(1)
    nodes = tuple(f"n{i}" for i in range(5000))
    edges = tuple((nodes[a], nodes[b]) for a, b in rng.integers(0, 5000, (40_000, 2)))
    began = time.process_time()
    order = arrange(nodes, edges)
    assert time.process_time() - began < 8.0
    assert len(topological(nodes, set(edges) - order.cut)) == len(nodes)


def test_hundreds_of_cables_into_one_port_come_to_their_sum() -> None:
    nodes = {"p": Node("probe"), **{f"s{i:03}": Node("lfo", values={"rate": 0.1 + 0.001 * i}) for i in range(400)}}
    cables = [Cable(f"s{i:03}", "out", "p", "x0") for i in range(400)]
    program = built(nodes, *cables)
    halves = [sound(built(nodes, *part), "p", "x0") for part in (cables[:150], cables[150:])]
    assert np.allclose(sound(program, "p", "x0"), sum(halves), atol=1e-9)
    assert np.allclose(program.scan(program.state(), 0, 80, TRANSPORT), frames(program, 80), atol=1e-9)


def test_hundreds_of_gates_into_one_port_are_joined() -> None:
    clocks = {f"c{i:03}": Node("clock", values={"beats": 0.25 + 0.01 * i}) for i in range(300)}
    program = built({"h": Node("sample_hold"), "l": Node("lfo"), "p": Node("probe"), **clocks},
                    *(Cable(id, "gate", "h", "take") for id in clocks), Cable("l", "out", "h", "x"),
                    Cable("h", "out", "p", "x0"))  # fmt: skip
    assert np.array_equal(program.scan(program.state(), 0, 80, TRANSPORT), frames(program, 80))


def test_too_many_cables_into_one_port_are_refused() -> None:
    nodes = {"p": Node("add"), **{f"s{i:04}": Node("lfo") for i in range(INTO + 1)}}
    with pytest.raises(PatchError) as caught:
        Patch(nodes=nodes, cables=tuple(Cable(f"s{i:04}", "out", "p", "a") for i in range(INTO + 1)))
    assert str(caught.value) == f"node p: port a: {INTO + 1} cables end in it (keep it within {INTO})"
