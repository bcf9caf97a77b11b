"""Keys with their characters, and looks at the pointer."""

from __future__ import annotations

from dataclasses import replace

from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.inputs import Keyboard, looks
from demon_patch.editor.native import ButtonEvent, CharEvent, KeyEvent
from demon_patch.editor.us_keys import char_of


def key(name: str, down: bool = True, *, ctrl: bool = False, shift: bool = False, repeated: bool = False) -> KeyEvent:
    return KeyEvent(name, down, repeated, ctrl, shift, False)


def test_a_character_belongs_to_the_key_before_it() -> None:
    board = Keyboard()
    found = list(
        board.taken([key("shift", shift=True), key("/", shift=True), CharEvent("?"), key("f"), CharEvent("f")])
    )
    assert [(press.name, press.char, press.shift) for press in found] == [("/", "?", True), ("f", "f", False)]
    assert board.down == {"/", "f"}


def test_ctrl_keys_have_the_letter_of_the_layout_and_no_event_for_the_modifier() -> None:
    found = list(Keyboard().taken([key("ctrl", ctrl=True), key("z", ctrl=True), key("z", False, ctrl=True)]))
    assert [(press.name, press.char, press.ctrl, press.down) for press in found] == [
        ("z", "z", True, True),
        ("z", "z", True, False),
    ]


def test_letters_do_not_repeat_and_arrows_do() -> None:
    events = [key("b"), key("b", repeated=True), key("left"), key("left", repeated=True)]
    assert [press.name for press in Keyboard().taken(events)] == ["b", "left", "left"]


def test_a_repeated_letter_is_typed_again() -> None:
    """The character of a repeated key comes alone, so that it is typed where a text is typed."""
    events = [key("a"), CharEvent("a"), key("a", repeated=True), CharEvent("a")]
    assert [press.char for press in Keyboard().taken(events)] == ["a", "a"]


def test_a_click_within_one_frame_is_two_looks_and_the_present() -> None:
    last = Pointer(30.0, 30.0, wheel=1.0, time=5.0)
    clicks = [ButtonEvent("left", down, 10.0, 10.0, False, True, False) for down in (True, False)]
    found = list(looks(clicks, NOWHERE, last))
    assert [(look.x, look.left, look.wheel, look.shift) for look in found] == [
        (10.0, True, 0.0, True),
        (10.0, False, 0.0, True),
        (30.0, False, 1.0, False),
    ]


def test_a_button_stays_down_until_it_is_released() -> None:
    held = replace(NOWHERE, middle=True)
    (look,) = looks([], held, Pointer(1.0, 2.0))
    assert look.middle
    assert look.at == (1.0, 2.0)


def test_american_characters() -> None:
    found = [char_of(name, shift) for name, shift in (("a", True), ("/", True), ("1", True), ("f1", False))]
    assert found == ["A", "?", "!", ""]
    assert char_of("space", False) == " "
