"""The key table: what each key does and where, the letters that open the palette, the user's own keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.hands.commands import Commands
from demon_patch.editor.hands.keys import NAMED, TABLE, Keys, combination, read, said, valid
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.transport import Play
from tests.support.editor_desk import Desk, signals

SLEW_SCALE = CableKey("slew", "out", "scale", "x")
GROUND = (20.0, 20.0)


def test_every_command_of_the_table_is_there() -> None:
    held = {"cancel", *(row.command for row in TABLE if row.held)}  # `Hands` has them
    for row in TABLE:
        name, _, number = row.command.rpartition("_")
        method = name if number.isdigit() else row.command
        assert row.command in held or callable(getattr(Commands, method, None)), row.command
        assert all(map(valid, row.keys)), row


def test_no_key_has_two_commands_in_one_place() -> None:
    taken = [(key, row.where) for row in TABLE for key in row.keys]
    assert len(taken) == len(set(taken))


def test_the_cheat_sheet_has_every_command() -> None:
    sheet = Keys().sheet()
    assert sum(map(len, sheet.values())) == len(TABLE)
    assert ("Ctrl+Shift+Z or Ctrl+Y", "Redo") in sheet["Edit"]


@pytest.mark.parametrize(
    ("name", "char", "held", "key"),
    [
        ("z", "z", {"ctrl"}, "ctrl+z"),
        ("z", "Z", {"ctrl", "shift"}, "ctrl+shift+z"),
        ("/", "?", {"shift"}, "?"),
        ("z", "y", {"ctrl"}, "ctrl+y"),  # another layout: the character counts
        ("left", "", {"shift"}, "shift+left"),
        ("1", "1", {"ctrl"}, "ctrl+1"),
        ("space", " ", set(), "space"),
        ("f", "F", {"shift"}, "shift+f"),
    ],
)
def test_keys_are_meant_by_character(name: str, char: str, held: set[str], key: str) -> None:
    assert combination(name, char, "ctrl" in held, "shift" in held, "alt" in held) == key


@given(
    st.lists(st.sampled_from(["ctrl", "alt", "shift"]), unique=True, max_size=3),
    st.sampled_from([*sorted(NAMED), "a", "z", "1", "+", "?"]),
)
def test_a_key_in_order_is_valid_and_is_said(held: list[str], base: str) -> None:
    key = "+".join([*(m for m in ("ctrl", "alt", "shift") if m in held), base])
    assert valid(key)
    assert said(key).lower().startswith("ctrl") == ("ctrl" in held)


@pytest.mark.parametrize("wrong", ["", "Ctrl+z", "shift+ctrl+z", "ctrl+", "ctrl+nothing", 3, None, "a b"])
def test_other_texts_are_no_keys(wrong: object) -> None:
    assert not valid(wrong) or wrong == "ctrl+"


def test_the_users_keys_count_and_mistakes_are_told(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"undo": ["f9"], "bypas": ["q"], "mute": "m", "redo": ["ctrl+s"]}))
    keys, problems = Keys.loaded(file)
    assert keys.find("f9", {"anywhere"}).command == "undo"  # type: ignore[union-attr]
    assert keys.find("ctrl+z", {"anywhere"}) is None
    assert keys.shown("undo") == "F9"
    assert len(problems) == 3
    assert "did you mean bypass?" in problems[0]
    assert Keys.loaded(tmp_path / "none.json")[1] == []
    assert read("[")[1]
    assert read("[]")[1]


def test_a_letter_on_empty_ground_opens_the_palette_with_it() -> None:
    desk = Desk(signals())
    desk.look(GROUND)
    desk.down("l")
    assert desk.popups.last is not None
    assert desk.popups.last[0] == "palette"
    assert desk.popups.last[1][2] == "l"
    assert desk.popups.last[1][0] == desk.camera.world(*GROUND)


def test_the_same_letter_is_a_command_over_a_node_or_with_a_selection() -> None:
    desk = Desk(signals())
    desk.press("b", desk.head("slew"))
    assert desk.graph.nodes["slew"].bypass
    assert desk.steps == ("Bypass",)
    desk.click(desk.head("scale"))
    desk.press("m", GROUND)
    assert desk.graph.nodes["scale"].muted
    desk.press("m")
    assert not desk.graph.nodes["scale"].muted
    assert desk.popups.last is None


def test_keys_are_silent_while_typing() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.press("f2")
    assert desk.popups.typing
    desk.press("delete")
    desk.press("b")
    desk.press("ctrl+z")
    assert desk.patch == signals()
    assert desk.popups.type("My slew") == ""
    assert desk.graph.nodes["slew"].label == "My slew"


def test_tab_opens_the_palette_and_with_a_selection_goes_through_the_nodes() -> None:
    desk = Desk(signals())
    desk.press("tab", GROUND)
    assert desk.popups.last is not None
    desk.popups.close()
    desk.click(desk.head("lfo"))
    desk.press("tab")
    assert desk.hands.selection.nodes == {"other"}
    desk.press("shift+tab")
    assert desk.hands.selection.nodes == {"lfo"}


def test_space_tapped_plays_and_held_pans() -> None:
    desk = Desk(signals())
    desk.press("space", GROUND)
    assert desk.link.asked[-1] == Play(on=False)
    x = desk.camera.x
    desk.look(desk.head("lfo"))
    desk.down("space")
    desk.drag(desk.head("lfo"), (desk.head("lfo")[0] + 50, desk.head("lfo")[1]))
    desk.up("space")
    assert desk.camera.x == x - 50
    assert desk.steps == ()
    assert [asked for asked in desk.link.asked if isinstance(asked, Play)] == [Play(on=False)]


def test_space_held_for_long_does_not_play() -> None:
    desk = Desk(signals())
    desk.look(GROUND)
    desk.down("space")
    desk.now += 1.0
    desk.up("space")
    assert not desk.link.asked


def test_delete_heals_and_ctrl_delete_does_not() -> None:
    for key, healed in (("delete", True), ("ctrl+delete", False)):
        desk = Desk(signals())
        desk.click(desk.head("slew"))
        desk.press(key)
        assert "slew" not in desk.graph.nodes
        assert (CableKey("lfo", "out", "scale", "x") in desk.graph.cables_by_key) == healed
        assert desk.steps == ("Delete",)
        desk.press("ctrl+z")
        assert desk.patch == signals()
        assert desk.hands.selection.nodes == {"slew"}  # what comes back is selected


def test_undo_and_redo() -> None:
    desk = Desk(signals())
    desk.click(desk.head("slew"))
    desk.press("delete")
    after = desk.patch
    desk.press("ctrl+z")
    desk.press("ctrl+shift+z")
    assert desk.patch == after
    desk.press("ctrl+z")
    desk.press("ctrl+y")
    assert desk.patch == after
    desk.press("ctrl+y")
    assert desk.popups.told[-1] == "there is nothing to do again"


def test_copy_paste_cut_and_duplicate() -> None:
    desk = Desk(signals())
    desk.click(desk.head("lfo"))
    desk.click(desk.head("slew"), shift=True)
    desk.press("ctrl+c")
    assert '"nodes"' in desk.board
    desk.press("ctrl+v", desk.pixel(100, -250))
    new = desk.graph.nodes.keys() - signals().nodes.keys()
    assert len(new) == 2
    assert desk.hands.selection.nodes == new
    assert min(desk.graph.nodes[id].at for id in new) == (100.0, -250.0)
    desk.press("ctrl+x")
    assert desk.graph.nodes.keys() == signals().nodes.keys()
    assert desk.steps == ("Paste", "Delete")
    desk.click(desk.head("slew"))
    desk.press("ctrl+d")
    (copy,) = desk.graph.nodes.keys() - signals().nodes.keys()
    assert CableKey("lfo", "out", copy, "x") in desk.graph.cables_by_key
    a, b = desk.view.boxes[copy], desk.view.boxes["slew"]
    assert a.y >= b.y + b.h or a.x >= b.x + b.w


def test_paste_of_no_patch_is_told() -> None:
    desk = Desk(signals())
    desk.press("ctrl+v", GROUND)
    assert desk.popups.told == ["The clipboard is empty"]
    desk.board = "hello"
    desk.press("ctrl+v", GROUND)
    assert desk.link.faults
    assert desk.steps == ()
