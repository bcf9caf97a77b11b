"""A model's own number of steps may lie beyond the knob, which ends where it did."""

from __future__ import annotations

from typing import Any

import pytest

from demon_patch.engine.contracts import PLAIN
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families import spec_of
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

SLOW = {"defaults": {**PLAIN, "steps": 50, "shift": 1.0}}


def steps_of(performer: Performer) -> int:
    performer.begin(performer.now)
    (slot,) = performer.ring.slots
    return slot.request.count


def test_the_guided_models_have_their_published_steps() -> None:
    for name in ("acestep-v15-base", "acestep-v15-sft", "acestep-v15-xl-base", "acestep-v15-xl-sft"):
        assert spec_of(name).steps == 50
    assert (CONTROLS["steps"].hi, CONTROLS["steps"].top) == (16, 100)
    assert all(row.top == row.hi for row in CONTROLS.values() if row.name != "steps")


def test_a_port_that_is_left_alone_has_them() -> None:
    session = Session(toy_family(**SLOW))
    assert steps_of(perform(patch({}, [], depth=1), session)) == 50
    assert steps_of(perform(patch({}, [], depth=1, steps=12), session)) == 12
    assert steps_of(perform(patch({}, [], depth=1), Session(toy_family()))) == 8


@pytest.mark.parametrize(("depth", "steps"), [(-0.4, 44), (0.4, 50)])
def test_the_depth_of_a_cable_is_what_it_was(depth: float, steps: int) -> None:
    wired: Any = {"one": Node("knob", values={"position": 1.0})}
    cable = Cable("one", "out", "scheduler", "steps", mode="add", depth=depth)
    assert steps_of(perform(patch(wired, [cable], depth=1), Session(toy_family(**SLOW)))) == steps


def test_what_is_beyond_is_refused() -> None:
    (error,) = problems(patch({}, [], steps=17), CATALOGUE)
    assert error.port == "steps"
    session = Session(toy_family())
    source = session.compose("toy", seconds=1.0)
    assert session.request(session.prompt("warm"), source, steps=100).count == 100
    with pytest.raises(DemonError, match="from 1 to 100"):
        session.request(session.prompt("warm"), source, steps=101)
