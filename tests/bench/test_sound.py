"""The patches that recordings are measured through."""

from __future__ import annotations

import pytest

from demon_patch.bench.sound import _patch
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.graph.check import problems


@pytest.mark.parametrize("lfo", [False, True])
@pytest.mark.parametrize("values", [{}, {"strength": 0.3, "dry": 0.0}, {"source_blend": 0.0}, {"mask": 0.0}])
def test_only_what_is_measured_stands_in_the_chain(values: dict[str, float], lfo: bool) -> None:
    made = _patch(values, lfo)
    assert not list(problems(made, CATALOGUE))
    types = [node.type for node in made.nodes.values()]
    assert ("source_blend" in types) == ("source_blend" in values)  # at 1 too it makes noise anew at every step
    set_here = {name: value for node in made.nodes.values() for name, value in node.values.items()}
    assert {name: set_here[name] for name in values} == values
