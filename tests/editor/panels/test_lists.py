"""The palette's list, the notices, the history, the problems, the registry."""

from __future__ import annotations

from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.panels.cheat_sheet import rows as key_rows
from demon_patch.editor.panels.history import ago
from demon_patch.editor.panels.history import rows as step_rows
from demon_patch.editor.panels.notices import MOST, NoticeList
from demon_patch.editor.panels.offer_list import ROWS, OfferList
from demon_patch.editor.panels.problems import rows as problem_rows
from demon_patch.editor.panels.registry import Registry
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.documents import Problems
from demon_patch.runtime.remote.messages.edits import Step, Steps
from tests.support.noting_popups import Offered


def test_the_lit_offer_is_always_on_screen() -> None:
    found = OfferList(lambda text: [Offered(f"{text}{n}") for n in range(20)])
    assert found.look("a")
    assert not found.look("a")
    for rows in (1, 7, 5, 30, -3, -60, ROWS):
        found.step(rows)
        assert found.chosen in found.shown
        found.scroll(2)
        assert found.chosen in found.shown
    found.look("b")
    assert found.chosen == Offered("b0")
    nothing = OfferList(lambda text: [])
    nothing.look("")
    nothing.step(1)
    nothing.scroll(1)
    assert nothing.chosen is None
    assert list(nothing.shown) == []


def test_notices_go_by_themselves_and_count() -> None:
    notices = NoticeList()
    notices.tell("a  fault\nhere", "fault")
    notices.tell("a fault here", "fault")
    notices.tell("plain")
    notices.look(10.0)
    assert [(said.text, said.times) for said in notices.shown] == [("a fault here", 2), ("plain", 1)]
    notices.look(15.0)
    assert [said.text for said in notices.shown] == ["a fault here"]
    notices.look(30.0)
    assert notices.shown == []
    for number in range(10):
        notices.tell(str(number))
    assert [said.text for said in notices.shown] == [str(n) for n in range(10 - MOST, 10)]
    assert len(notices.log) == 12


def test_a_line_of_the_history_is_so_many_steps() -> None:
    steps = Steps(done=(Step(label="Connect", seconds=70), Step(label="Turn")), undone=(Step(label="Delete"),))
    made = step_rows(steps)
    assert [row.title for row in made] == ["As opened", "Connect", "Turn", "Delete"]
    assert [row.marked for row in made] == [False, False, True, False]
    assert made[3].tone == "faint"
    assert [ago(s) for s in (5, 70, 7200)] == ["5 s", "1 min", "2 h"]


def test_problems_jump_and_say_that_nothing_is_wrong() -> None:
    gone: list[str] = []
    found = Problems(problems=(Fault(text="x", what="no such port", node="lfo", port="y", mend="remove it"),))
    made = list(problem_rows(found, gone.append, NoticeList()))
    assert [row.title for row in made] == ["Does not play", "lfo y: no such port", "remove it"]
    assert made[1].do is not None
    made[1].do()
    assert gone == ["lfo"]
    assert [row.tone for row in problem_rows(Problems(), gone.append, NoticeList())] == ["good"]


def test_the_cheat_sheet_has_every_key() -> None:
    keys = Keys()
    said = " ".join(row.right for row in key_rows(keys.sheet()))
    assert all(keys.shown(row.command) in said for row in keys.table if row.keys)


def test_one_panel_is_open_at_a_time() -> None:
    log: list[str] = []

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getattr__(self, verb: str) -> object:
            return lambda *given: log.append(f"{self.name} {verb}")

    registry = Registry(unknown=lambda name: log.append(f"no {name}"))
    registry.add("a", lambda: Fake("a"))  # type: ignore[arg-type,return-value]
    registry.add("b", lambda: Fake("b"))  # type: ignore[arg-type,return-value]
    registry.toggle("a")
    registry.toggle("b")
    registry.toggle("b")
    registry.toggle("c")
    assert log == ["a place", "a opened", "a closed", "b place", "b opened", "b closed", "no c"]
    assert registry.panel is None
    assert not registry.close()
