"""A document that is edited while it plays: a real host on the toy family, whose ticks the test makes by hand, against
a loudspeaker made of arithmetic."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import AddNode, Batch, RemoveNode, SetSnapshot, SetValue, apply
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Node
from demon_patch.runtime.live.document import LiveDocument
from tests.support.edited_performance import BARS, DOCUMENT, Stage, strength
from tests.support.virtual_live import VirtualLive
from tests.support.virtual_stage import BAR, patch


def test_an_edit_is_heard_and_undone_and_phases_go_on(stage: Stage) -> None:
    untouched = VirtualLive(DOCUMENT, 0.02)
    stage.until(100)
    stage.document.do(strength(0.3))
    stage.until(200)
    assert list(stage.changes().values()) == [0.3]
    stage.document.undo()
    stage.until(300)
    assert list(stage.changes().values()) == [0.3, 0.9]
    untouched.until(300)
    curves = [performer.curve("structure", 290) for performer in (stage.host.performer, untouched.performer)]
    np.testing.assert_allclose(*curves, atol=1e-12)


def test_an_edit_on_the_bar_lands_there_and_says_so(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(strength(0.3), at=BARS)
    assert stage.document.patch.nodes["scheduler"].values["strength"] == 0.3
    stage.until(120)
    with stage.document.session() as session:
        assert len(session.pending) == 1
    stage.until(110 + 5 * BAR)
    ((landing, value),) = stage.changes().items()
    assert (landing % BAR, value) == (0, 0.3)
    with stage.document.session() as session:
        assert session.pending == ()


def test_a_knob_may_be_turned_while_an_edit_waits_and_does_not_put_it_off(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(strength(0.3), at=BARS)
    stage.until(115)
    assert stage.host.performer.soundings.next is not None
    landing = stage.host.performer.soundings.next[0]
    for number in range(6):  # also when there would be no time left to begin anew
        stage.host.turn("scheduler", "structure", 0.1 + number / 10)
        stage.until(115 + (number + 1) * (landing - 120) // 6)
    stage.until(landing + 50)
    assert stage.changes() == {landing: 0.3}


def test_undo_before_landing_cancels(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(strength(0.3), at=BARS)
    stage.until(115)
    stage.document.undo()
    stage.until(110 + 5 * BAR)
    assert stage.changes() == {}
    stage.document.redo()
    stage.until(110 + 10 * BAR)
    ((landing, value),) = stage.changes().items()
    assert (landing % BAR, value) == (0, 0.3)


def test_edits_that_wait_land_in_order_each_on_its_grid(stage: Stage) -> None:
    stage.until(210)
    stage.document.do(strength(0.3), "ann", at=Grid("beat"))
    stage.document.do(strength(0.5), "bob", at=Grid("bar", 2))
    stage.document.do(strength(0.7), "cy", at=Grid("bar", 4))
    stage.document.do(SetValue("scheduler", "structure", 0.2))
    stage.until(210 + 12 * BAR)
    (first, a), (second, b), (third, c) = stage.changes().items()
    assert (a, b, c) == (0.3, 0.5, 0.7)
    beats = stage.host.performer.transport.frame(first)
    assert beats.beat % 1 < beats.dbeat
    assert (second % (2 * BAR), third % (4 * BAR)) == (0, 0)


def test_one_of_several_that_wait_is_cancelled_and_the_others_land(stage: Stage) -> None:
    stage.until(210)
    stage.document.do(strength(0.3), "ann", at=Grid("beat"))
    stage.document.do(SetValue("scheduler", "seed", 5), "bob", at=BARS)
    stage.document.do(strength(0.7), "cy", at=Grid("bar", 2))
    stage.until(215)
    stage.document.undo("cy")
    stage.until(210 + 8 * BAR)
    assert list(stage.changes().values()) == [0.3]
    assert stage.host.performer.controls.control_value("seed", 0) == 5


def test_another_tempo_moves_what_waits_to_its_bar(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(strength(0.3), at=Grid("bar", 4))
    stage.until(112)
    stage.host.tempo(100.0)
    stage.until(110 + 10 * BAR)
    ((landing, _),) = stage.changes().items()
    assert stage.host.performer.transport.frame(landing).beat % 16 == pytest.approx(0, abs=0.1)


def test_a_mistake_is_told_once_and_the_music_plays_on(stage: Stage) -> None:
    stage.until(50)
    stage.host.turn("scheduler", "strength", 7.0)
    stage.settle()
    stage.host.turn("scheduler", "structure", 0.7)
    stage.until(100)
    assert sum("strength" in message for message in stage.host.messages) == 1
    assert stage.changes() == {}
    stage.host.release()
    stage.host.turn("nobody", "strength", 0.2)
    assert "node nobody: is not in the patch" in stage.host.messages[-1]


def test_a_turned_base_is_heard_over_a_live_value(stage: Stage) -> None:
    stage.host.turn("scheduler", "strength", 0.5)
    stage.until(50)
    stage.document.do(SetValue("scheduler", "seed", 5))
    assert stage.host.live_values == {("scheduler", "strength"): 0.5}
    stage.document.do(strength(0.9))  # where it stands already
    assert stage.host.live_values == {}
    stage.until(100)
    assert stage.strengths()[-1] == 0.9


def test_keep_is_one_step(stage: Stage) -> None:
    before = stage.document.patch
    stage.host.turn("scheduler", "strength", 0.5)
    stage.host.turn("lfo", "shape", "saw")
    kept = stage.host.keep()
    assert (kept.nodes["scheduler"].values["strength"], kept.nodes["lfo"].values["shape"]) == (0.5, "saw")
    assert not stage.document.live
    stage.document.undo()
    assert stage.document.patch == before


def test_a_recall_on_the_bar_lands_on_the_bar(stage: Stage) -> None:
    wild = stage.document.store("wild")
    stage.document.do(strength(0.4))
    stage.until(110)
    assert stage.document.recall(wild, at=BARS) == ()
    assert not stage.document.live
    stage.until(110 + 5 * BAR)
    ((landing, value),) = stage.changes().items()
    assert (landing % BAR, value) == (0, 0.9)
    assert stage.host.live_values == {("scheduler", "strength"): 0.9}
    stage.document.release()
    stage.until(110 + 6 * BAR)
    assert stage.strengths()[-1] == 0.4


def test_release_calls_off_a_recall_that_waits(stage: Stage) -> None:
    wild = stage.document.store("wild")
    stage.document.do(strength(0.4))
    stage.until(110)
    stage.document.recall(wild, at=BARS)
    stage.until(115)
    stage.document.release()
    stage.until(110 + 5 * BAR)
    assert stage.changes() == {}


def test_morph_moves_between_two_snapshots(stage: Stage) -> None:
    calm = stage.document.store("calm")
    stage.host.turn("scheduler", "strength", 0.1)
    stage.host.turn("lfo", "shape", "saw")
    wild = stage.document.store("wild")
    stage.document.release()
    for amount, shape in ((0.0, None), (0.25, None), (0.75, "saw"), (1.0, "saw")):
        assert stage.document.morph(calm, wild, amount) == ()
        live = stage.host.live_values
        assert live.get(("lfo", "shape")) == shape
        assert (("scheduler", "strength") in live) == (amount > 0)
    assert stage.host.live_values["scheduler", "strength"] == 0.1
    stage.until(100)
    assert stage.strengths()[-1] == pytest.approx(0.1)


def test_what_is_stored_is_what_sounds_and_storing_is_undone(stage: Stage) -> None:
    stage.host.turn("scheduler", "strength", 0.2)
    before = stage.document.patch
    id = stage.document.store("here", scope=["scheduler"])
    assert stage.document.patch.snapshots[id].values["scheduler"]["strength"] == 0.2
    assert stage.document.store("again", scope=["scheduler"], id=id) == id
    assert stage.document.patch.snapshots[id].title == "again"
    stage.document.undo()
    stage.document.undo()
    assert stage.document.patch == before
    with pytest.raises(PatchError, match="no snapshot"):
        stage.document.recall(id)
    with pytest.raises(PatchError, match="not in the patch"):
        stage.document.store(scope=["nobody"])


def test_a_file_that_was_edited_comes_in_as_one_step(stage: Stage) -> None:
    before = stage.document.patch
    stage.document.do(SetValue("lfo", "shape", "saw"), "ann")
    edited = apply(Batch((AddNode("more", Node("lfo")), strength(0.2))), stage.document.patch)[0]
    stage.host.edit(edited).result(60)
    assert stage.document.patch == edited
    assert stage.document.edit(edited) is None
    stage.document.undo("ann")
    stage.document.undo()
    assert stage.document.patch == before


def test_live_values_of_a_node_that_is_gone_go_with_it() -> None:
    document = LiveDocument(DOCUMENT)
    document.turn("lfo", "rate", 2.0)
    document.do(RemoveNode("lfo"))
    assert not document.live


def test_what_sounds_is_stored_without_what_is_on_its_way_out() -> None:
    document = LiveDocument(DOCUMENT)
    document.do(Batch((RemoveNode("lfo"), strength(0.2))), at=BARS)
    id = document.store("now")
    values = document.patch.snapshots[id].values
    assert "lfo" not in values
    assert values["scheduler"]["strength"] == 0.9
    document.undo()
    document.undo()
    assert document.patch == DOCUMENT


def test_another_document_takes_nothing_of_the_old_one_over() -> None:
    document = LiveDocument(DOCUMENT)
    document.turn("lfo", "rate", 2.0)
    document.do(SetSnapshot("one", Snapshot("one")))
    document.recall("one", at=BARS)
    document.do(strength(0.2), at=BARS)
    assert [stage.key for stage in document.stages()] == [None, 1, (0, 2)]
    with document.session() as session:
        session.load(patch({}, []), "player")
    assert not document.live
    assert len(document.stages()) == 1


def test_an_edit_and_recalls_wait_in_the_order_they_were_made() -> None:
    document = LiveDocument(DOCUMENT)
    calm = document.store("calm")
    document.do(strength(0.2), at=BARS)
    document.recall(calm, at=BARS)
    document.do(strength(0.6), at=BARS)
    heard = [stage.patch.nodes["scheduler"].values["strength"] for stage in document.stages()]
    assert heard == [0.9, 0.2, 0.9, 0.6]
    for stage, value in zip(document.stages()[1:], heard[1:], strict=True):
        document.note_landing(stage.key)
        assert document.sounding.nodes["scheduler"].values["strength"] == value


def run(*work: Callable[[], None]) -> None:
    """Does things at the same time, and raises what one of them raises."""
    faults: list[BaseException] = []

    def guarded(each: Callable[[], None]) -> None:
        try:
            each()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def test_threads_edit_turn_and_read_at_once_and_nothing_is_lost() -> None:
    document = LiveDocument(DOCUMENT)
    copy = [document.patch]
    with document.session() as session:
        session.subscribe(lambda delta: copy.append(apply(delta.command, copy[-1])[0]))

    def edits(client: str) -> Callable[[], None]:
        def work() -> None:
            for number in range(40):
                document.do(AddNode(f"{client}-{number}", Node("lfo")), client, at=BARS if number % 4 == 0 else None)
            for _ in range(20):
                document.undo(client)

        return work

    def turns() -> None:
        for number in range(100):
            document.turn("scheduler", "strength", number / 100)
            assert document.stages()[-1].patch.nodes.keys() >= DOCUMENT.nodes.keys()

    run(edits("ann"), edits("bob"), turns)
    names = {id for id in document.patch.nodes if id not in DOCUMENT.nodes}
    assert names == {f"{client}-{number}" for client in ("ann", "bob") for number in range(20)}
    assert copy[-1] == document.patch
