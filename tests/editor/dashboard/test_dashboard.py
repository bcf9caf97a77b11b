"""The dashboard: what its widgets show, what a drag does, and how they are laid out."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.editor.dashboard import edits, touch
from demon_patch.editor.dashboard.faces import GRID, LEAST, Face, bounds, faces
from demon_patch.editor.dashboard.hands import DashboardHands
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.layout.facts import Facts
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import apply
from demon_patch.patch.model.dashboard import Widget
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.remote.messages.edits import Begin, Do, End
from demon_patch.runtime.remote.messages.live import Release, Turn
from tests.support.editor_desk import SessionLink
from tests.support.noting_popups import FakePopups

FACTS = Facts()
NODES = {
    "lfo": Node("lfo", label="Wobble"), "on": Node("toggle"), "go": Node("button"), "pad": Node("xy_pad"),
    "words": Node("prompt"), "s": Node("scheduler"),
}  # fmt: skip
BOARD = {
    "a": Widget("lfo", "rate", at=(20.0, 20.0)), "b": Widget("on", "on", at=(120.0, 20.0)),
    "c": Widget("go", "pressed", at=(220.0, 20.0)), "d": Widget("lfo", "shape", at=(320.0, 20.0), size=(160.0, 60.0)),
    "e": Widget("pad", "x", at=(20.0, 140.0), size=(200.0, 220.0)),
    "f": Widget("s", "strength", at=(240.0, 140.0), size=(60.0, 180.0), kind="slider"),
    "g": Widget("words", "text", at=(320.0, 140.0), size=(240.0, 60.0), label="Words"),
    "h": Widget("lfo", "gone", at=(320.0, 240.0)),
}  # fmt: skip
PATCH = Patch(nodes=NODES, dashboard=BOARD)


class Board:
    """A dashboard with its hands."""

    def __init__(self, patch: Patch = PATCH) -> None:
        self.link, self.popups = SessionLink(patch), FakePopups()
        self.hands = DashboardHands(self.link, FACTS, self.popups)
        self.last = NOWHERE
        self.time = 0.0

    def look(self, x: float, y: float, **changes: Any) -> None:
        self.time += 0.05
        self.last = Pointer(x, y, time=self.time, **changes)
        self.hands.pointer(self.last)

    def drag(self, *way: tuple[float, float], drop: bool = True, **held: bool) -> None:
        self.time += 1.0
        self.look(*way[0])
        for x, y in way:
            self.look(x, y, left=True, **held)
        if drop:
            self.look(*way[-1], **held)

    def face(self, id: str) -> Face:
        return self.hands.faces[id]

    def middle(self, id: str) -> tuple[float, float]:
        left, top, right, low = self.face(id).rect
        return (left + right) / 2, (top + low) / 2


def test_each_port_gets_the_kind_that_suits_it() -> None:
    found = faces(PATCH, FACTS)
    kinds = {id: face.kind for id, face in found.items()}
    assert kinds == {
        "a": "knob", "b": "toggle", "c": "button", "d": "menu", "e": "pad", "f": "slider", "g": "text", "h": "text",
    }  # fmt: skip
    assert found["g"].title == "Words"
    assert [found[id].title for id in "aef"] == ["Wobble Rate", "XY Pad", "Strength"]
    assert found["d"].choice in found["d"].choices
    assert not found["h"].known


def test_a_live_value_is_shown_in_place_of_the_base() -> None:
    base, found = faces(PATCH, FACTS)["f"], faces(PATCH, FACTS, {("s", "strength"): 0.25})["f"]
    assert (base.live, found.live) == (False, True)
    assert found.position == pytest.approx(0.25)
    assert base.position != found.position


def test_a_kind_that_a_port_cannot_have_is_not_drawn() -> None:
    wrong = structs.replace(PATCH, dashboard={"a": structs.replace(BOARD["g"], kind="knob")})
    assert faces(wrong, FACTS)["a"].kind == "text"


def test_a_knob_turns_in_one_undo_step_and_esc_takes_it_back() -> None:
    board = Board()
    x, y = board.middle("a")
    before = board.face("a").position
    board.drag((x, y), (x, y - 20), (x, y - 45))
    after = board.face("a").position
    assert after == pytest.approx(before + 45 / touch.TRAVEL, abs=0.01)
    assert board.link.steps == ("Set value",)
    board.drag((x, y), (x, y - 60), drop=False)
    assert board.hands.cancel()
    assert board.face("a").position == pytest.approx(after)
    assert board.link.steps == ("Set value",)
    kinds = [type(request) for request in board.link.asked]
    assert kinds.count(Begin) == 2
    assert kinds.count(End) == 1


def test_a_click_changes_nothing_and_makes_no_step() -> None:
    board = Board()
    board.drag(board.middle("a"))
    assert board.link.asked == []


def test_shift_is_finer_and_a_fast_hand_sends_what_it_ends_on() -> None:
    board = Board()
    x, y = board.middle("a")
    before = board.face("a").position
    board.drag((x, y), (x, y - 45), shift=True)
    assert board.face("a").position == pytest.approx(before + 4.5 / touch.TRAVEL, abs=0.01)
    board.time += 1
    board.hands.pointer(Pointer(x, y, time=board.time))
    for n in range(10):
        board.hands.pointer(Pointer(x, y + 4 * n, left=True, time=board.time + n / 1000))
    board.hands.pointer(Pointer(x, y + 36, time=board.time + 0.011))
    sent = [request for request in board.link.asked if isinstance(request, Do)]
    assert len(sent) < 5
    assert board.face("a").position == pytest.approx(before + 4.5 / touch.TRAVEL - 36 / touch.TRAVEL, abs=0.01)


def test_a_slider_goes_where_it_is_pressed() -> None:
    board = Board()
    x, _ = board.middle("f")
    _, top, _, low = board.face("f").rect
    board.drag((x, low - 30))
    assert board.face("f").position == pytest.approx(0.0, abs=0.01)
    board.drag((x, top + touch.HEAD + 10))
    assert board.face("f").position == pytest.approx(1.0, abs=0.01)


def test_a_pad_sets_both_numbers_in_one_step() -> None:
    board = Board()
    left, top, right, low = board.face("e").rect
    board.drag(((left + right) / 2, low - 100), (right - 12, top + touch.HEAD + 8))
    values = board.link.patch.nodes["pad"].values
    assert (values["x"], values["y"]) == (1.0, 1.0)
    assert len(board.link.steps) == 1


def test_a_toggle_and_a_button() -> None:
    board = Board()
    board.drag(board.middle("b"))
    assert board.face("b").on
    board.drag(board.middle("b"))
    assert not board.face("b").on
    board.link.asked.clear()
    board.drag(board.middle("c"), drop=False)
    (turn,) = board.link.asked
    assert isinstance(turn, Turn)
    assert turn.values == (("go", "pressed", 1.0),)
    board.look(0, 0)
    assert isinstance(board.link.asked[-1], Release)
    assert "pressed" not in board.link.patch.nodes["go"].values


def test_a_menu_and_words() -> None:
    board = Board()
    board.drag(board.middle("d"))
    (menu,) = board.popups.menus
    item = next(item for item in menu if not item.marked)
    assert item.do is not None
    item.do()
    assert board.face("d").choice == item.title
    board.drag(board.middle("g"))
    commit = board.popups.fields[-1][2]
    assert commit("dub, 90 bpm") == ""
    assert board.link.patch.nodes["words"].values["text"] == "dub, 90 bpm"


def test_a_value_is_typed_after_a_double_click() -> None:
    board = Board()
    x, y = board.middle("f")
    for left in (True, False, True, False):
        board.look(x, y, left=left)
    commit = board.popups.fields[-1][2]
    assert commit("nonsense") != ""
    assert commit("40 %") == ""
    assert board.face("f").text == "40 %"


def test_unlocked_widgets_move_to_the_grid_and_are_not_played() -> None:
    board = Board()
    board.hands.toggle_lock()
    x, y = board.middle("a")
    board.drag((x, y), (x + 33, y + 47))
    widget = board.link.patch.dashboard["a"]
    assert widget.at == (60.0, 60.0)
    assert "rate" not in board.link.patch.nodes["lfo"].values
    assert board.link.steps == ("Move widget",)
    _, _, right, low = board.face("a").rect
    board.drag((right - 3, low - 3), (right + 40, low - 200))
    assert board.link.patch.dashboard["a"].size == (120.0, LEAST)


def test_the_menu_of_a_widget() -> None:
    board = Board()
    board.look(*board.middle("a"))
    board.look(*board.middle("a"), right=True)
    items = {item.title: item for item in board.popups.menus[-1]}
    kinds = {item.title: item for item in items["Looks like"].items}
    assert kinds["auto"].marked
    slider = kinds["slider"].do
    assert slider is not None
    slider()
    assert board.face("a").kind == "slider"
    gone = items["Take off the dashboard"].do
    assert gone is not None
    gone()
    assert "a" not in board.link.patch.dashboard


def test_a_port_is_added_once_where_there_is_room() -> None:
    board = Board()
    board.hands.add("lfo", "phase")
    (new,) = board.link.patch.dashboard.keys() - BOARD.keys()
    rect = edits.rect_of(board.link.patch.dashboard[new])
    assert not any(edits.overlap(rect, edits.rect_of(old)) for old in BOARD.values())
    board.hands.add("lfo", "phase")
    assert "already" in board.popups.said[-1]
    assert edits.of_port(board.link.patch, "lfo", "phase") == new


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["lfo", "on", "go", "pad", "words", "s"]), min_size=1, max_size=14), st.integers())
def test_added_widgets_never_overlap(nodes: list[str], seed: int) -> None:
    patch, rng = Patch(nodes=NODES), random.Random(seed)
    for node in nodes:
        ports = [port.name for port in CATALOGUE[NODES[node].type].ports]
        try:
            command = edits.added(patch, FACTS, node, rng.choice(ports), rng=rng)
        except PatchError:
            continue
        patch, back = apply(command, patch)
        assert apply(back, patch)[0].dashboard.keys() == patch.dashboard.keys() - {command.id}
    rects = [edits.rect_of(widget) for widget in patch.dashboard.values()]
    assert not any(edits.overlap(a, b) for a, b in combinations(rects, 2))
    assert all(value % GRID == 0 for rect in rects for value in rect)
    assert all(rect[2] <= bounds(patch)[2] for rect in rects)


@given(st.floats(0, 1), st.floats(-400, 400), st.booleans())
def test_a_turn_stays_within_the_range(position: float, way: float, fine: bool) -> None:
    assert 0.0 <= touch.turned(position, (0, 0), (0, way), fine) <= 1.0
