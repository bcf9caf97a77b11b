"""Messages carry the place that they are about; whoever looks is called before each tick."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import AddNode
from demon_patch.patch.model.document import Node
from demon_patch.runtime.live.messages import Messages
from tests.support.edited_performance import Stage


def test_a_message_has_the_place_and_the_mend_of_its_error() -> None:
    messages = Messages()
    messages.add("plain")
    messages.add("told; stays", PatchError("wrong", node="lfo", port="rate", mend="mend it"), "edit")
    plain, told = messages.notices
    assert (plain.number, plain.text, plain.what, plain.node) == (1, "plain", "plain", "")
    assert (told.number, told.text, told.what) == (2, "told; stays", "wrong")
    assert (told.node, told.port, told.mend, told.stage) == ("lfo", "rate", "mend it", "edit")
    assert messages.numbered == ((1, "plain"), (2, "told; stays"))


def test_mistakes_of_edits_and_knobs_are_notices_with_their_places(stage: Stage) -> None:
    stage.until(1)
    stage.host.turn("scheduler", "strength", 9.0)
    stage.document.do(AddNode("odd", Node("expression", values={"formula": "1 +"})))
    stage.settle()
    found = [(notice.node, notice.port, notice.stage) for notice in stage.host.notices]
    assert ("scheduler", "strength", "edit") in found
    assert ("odd", "formula", "edit") in found
    assert all(notice.text for notice in stage.host.notices)


def test_whoever_looks_is_called_before_each_tick_until_it_ends(stage: Stage) -> None:
    seen: list[int] = []
    stop = stage.host.look(lambda: seen.append(stage.host.status.frame))
    stage.until(20)
    assert seen == sorted(seen)
    assert len(seen) > 2
    stop()
    before = len(seen)
    stage.until(40)
    assert len(seen) == before


def test_landings_are_told_in_order(stage: Stage) -> None:
    from demon_patch.patch.edit.grid import Grid
    from tests.support.edited_performance import strength

    heard: list[object] = []
    stop = stage.document.follow_landings(heard.append)
    stage.until(1)
    deltas = [stage.document.do(strength(number), at=Grid("bar")) for number in (0.3, 0.4)]
    stage.until(300)
    assert heard == [delta.revision for delta in deltas]
    stop()
