"""Live values over a document that is edited while it plays."""

from __future__ import annotations

import pytest
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import Replace
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.live.document import LiveDocument
from tests.support.edited_performance import BARS, DOCUMENT, Stage, strength
from tests.support.virtual_stage import BAR


def test_a_live_value_sounds_until_the_edit_over_it_is_heard(stage: Stage) -> None:
    stage.host.turn("scheduler", "strength", 0.7)
    stage.until(110)
    stage.document.do(strength(0.3), at=BARS)
    stage.until(115)
    stage.document.undo()  # what was not heard leaves it alone, too
    stage.until(120)
    stage.document.redo()
    stage.until(110 + 5 * BAR)
    ((landing, value),) = stage.changes().items()
    assert (landing % BAR, value) == (0, 0.3)
    assert stage.host.live_values == {}


def saved(value: float) -> Patch:
    """The document as an editor may save it: another strength, and a key that this version does not know."""
    node = DOCUMENT.nodes["scheduler"]
    node = structs.replace(node, values={**node.values, "strength": value}, extra={"later": 1})
    return structs.replace(DOCUMENT, nodes={**DOCUMENT.nodes, "scheduler": node})


@pytest.mark.parametrize("at", [None, BARS])
def test_a_saved_number_is_heard_whatever_else_was_saved(at: Grid | None) -> None:
    document = LiveDocument(DOCUMENT)
    document.turn("scheduler", "strength", 0.7)
    document.turn("scheduler", "structure", 0.1)
    document.edit(saved(0.3), at=at)
    for stage in document.stages()[1:]:
        document.note_landing(stage.key)
    assert document.sounding.nodes["scheduler"].values["strength"] == 0.3
    assert document.live.values == {("scheduler", "structure"): 0.1}


def test_a_knob_that_is_turned_after_an_edit_that_waits_wins_over_it() -> None:
    document = LiveDocument(DOCUMENT)
    document.do(strength(0.3), at=BARS)
    document.turn("scheduler", "strength", 0.7)
    assert [stage.patch.nodes["scheduler"].values["strength"] for stage in document.stages()] == [0.7, 0.7]
    document.note_landing(document.stages()[1].key)
    assert document.sounding.nodes["scheduler"].values["strength"] == 0.7


def test_what_an_edit_that_waits_will_release_is_not_kept() -> None:
    document = LiveDocument(DOCUMENT)
    document.turn("scheduler", "strength", 0.7)
    document.turn("scheduler", "structure", 0.1)
    document.do(strength(0.3), at=BARS)
    assert document.keep().nodes["scheduler"].values["structure"] == 0.1
    assert document.patch.nodes["scheduler"].values["strength"] == 0.3
    assert document.live.values == {("scheduler", "strength"): 0.7}


def test_a_live_value_goes_with_its_port_and_stays_as_long_as_that_sounds(stage: Stage) -> None:
    stage.host.turn("lfo", "rate", 2.0)
    stage.until(50)
    stage.document.do(Replace("lfo", Node("knob")), at=BARS)
    assert [stage.patch.nodes["lfo"].values.get("rate") for stage in stage.document.stages()] == [2.0, None]
    stage.host.turn("lfo", "rate", 3.0)
    stage.until(50 + 5 * BAR)
    assert stage.document.live.values == {}
    stage.document.do(strength(0.3))
    stage.until(50 + 6 * BAR)
    assert stage.strengths()[-1] == 0.3
    assert stage.host.messages == ()


@pytest.mark.parametrize(
    ("port", "value", "what"),
    [("strength", 7.0, "7 is out of range"), ("strength", "x", "no number"), ("speed", 1.0, "has no such port")],
)
def test_a_live_value_that_no_port_takes_is_refused(port: str, value: float, what: str) -> None:
    document = LiveDocument(DOCUMENT)
    with pytest.raises(PatchError, match=f"node scheduler: port {port}: .*{what}"):
        document.turn("scheduler", port, value)
    assert not document.live
