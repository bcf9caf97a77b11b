"""Snapshots: the list, keys, and what is asked of the host."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from demon_patch.editor.dashboard.snapshots import GRIDS, TIMES, Snapshots, new_title, pads
from demon_patch.editor.panels.snapshots_panel import rows
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.edits import Edited
from demon_patch.runtime.remote.messages.live import CancelRamp, Ramp, Recall, Recalled, Store
from tests.support.storing_link import StoringLink

NODES = {"l": Node("lfo"), "s": Node("scheduler")}
KEPT = {
    "a": Snapshot("Verse 10", values={"l": {"rate": 0.5}}),
    "b": Snapshot("verse 2", scope=("l",), values={"l": {"rate": 0.5, "phase": 0.1}}),
    "c": Snapshot(""),
}
PATCH = Patch(nodes=NODES, snapshots=KEPT)


def shots(patch: Patch = PATCH, **status: Any) -> tuple[Snapshots, StoringLink, list[str]]:
    link, said = StoringLink(patch), list[str]()
    link.status.update(status)
    link.replies = {Store: Edited(revision=Revision(0, 1), created="b"), Recall: Recalled()}
    return Snapshots(link, lambda text, tone: said.append(text)), link, said


def test_they_are_sorted_as_people_count_and_have_keys() -> None:
    listed = pads(PATCH)
    assert [pad.title for pad in listed] == ["Snapshot 1", "verse 2", "Verse 10"]
    assert [pad.number for pad in listed] == [1, 2, 3]
    assert [(pad.count, pad.scoped) for pad in listed] == [(0, False), (2, True), (1, False)]
    many = structs.replace(PATCH, snapshots={f"n{n:02}": Snapshot(str(n)) for n in range(12)})
    assert [pad.number for pad in pads(many)] == [*range(1, 9), 0, 0, 0, 0]
    assert [pad.title for pad in pads(many)] == [str(n) for n in range(12)]


def test_a_new_one_has_a_title_of_its_own() -> None:
    assert new_title(PATCH) == "1"
    assert new_title(structs.replace(PATCH, snapshots={"a": Snapshot("1"), "b": Snapshot("3")})) == "2"


def test_a_recall_is_on_the_grid() -> None:
    made, link, _ = shots()
    assert made.pad(2)
    (recall,) = link.asked
    assert isinstance(recall, Recall)
    assert (recall.snapshot, recall.at) == ("b", Grid("bar"))
    assert made.last == "b"
    assert not made.pad(7)
    for _ in range(len(GRIDS) - 2):
        made.step_grid()
    made.go("a")
    assert isinstance(link.asked[-1], Recall)
    assert link.asked[-1].at is None


def test_the_way_takes_bars_and_begins_where_it_stands() -> None:
    made, link, said = shots(bpm=120.0)
    made.go("a")
    made.time = [title for title, _ in TIMES].index("4 bars")
    made.go("a")
    assert said
    made.go("c")
    ramp = link.asked[-1]
    assert isinstance(ramp, Ramp)
    assert (ramp.one, ramp.other, ramp.seconds) == ("a", "c", 8.0)
    assert made.last == "c"


def test_without_a_beginning_what_sounds_now_is_kept_first() -> None:
    made, link, _ = shots()
    made.step_time()
    made.go("a")
    store, ramp = link.asked
    assert isinstance(store, Store)
    assert isinstance(ramp, Ramp)
    assert (ramp.one, ramp.other) == ("b", "a")


def test_they_are_stored_renamed_and_deleted() -> None:
    made, link, _ = shots()
    made.store(["s", "l"])
    made.store_over("b")
    first, second = link.asked
    assert isinstance(first, Store)
    assert isinstance(second, Store)
    assert (first.title, first.scope) == ("1", ("l", "s"))
    assert (second.title, second.scope, second.snapshot) == ("verse 2", ("l",), "b")
    assert made.rename("a", " Chorus ") == ""
    assert link.patch.snapshots["a"].title == "Chorus"
    assert made.rename("gone", "x") == "it is gone"
    made.delete("a")
    assert "a" not in link.patch.snapshots
    made.go("a")
    assert len(link.steps) == 2


def test_what_could_not_be_set_is_said() -> None:
    made, link, said = shots()
    link.replies[Recall] = Recalled(skipped=(Fault(text="l.rate is locked"), Fault(text="x")))
    made.go("a")
    assert said == ["Not all of it could be set: l.rate is locked (and 1 more)"]


def test_the_rows() -> None:
    made, link, _ = shots(ramp={"one": "a", "other": "b", "amount": 0.25, "waits": 0.0, "remains": 3.04})
    listed, ids = rows(made, {"l"})
    titles = [row.title for row in listed]
    assert "Store only what is selected (1)" in titles
    assert "Verse 10 → verse 2: 25 %" in titles
    stop = listed[titles.index("Stop here")].do
    assert stop is not None
    stop()
    assert isinstance(link.asked[-1], CancelRamp)
    assert ids[-3:] == ["c", "b", "a"]
    step = listed[titles.index("Way there")].do
    assert step is not None
    step()
    assert made.time == 1
    assert rows(shots(Patch(nodes=NODES))[0], ())[0][-1].title == "None is kept yet"


def test_a_way_that_a_node_of_the_patch_began_comes_from_what_sounded() -> None:
    made, _, _ = shots(ramp={"one": "", "other": "b", "amount": 0.5, "waits": 0.0, "remains": 1.0})
    assert "What sounded → verse 2: 50 %" in [row.title for row in rows(made, ())[0]]
