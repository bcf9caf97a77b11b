"""A line that is typed, against a plain model of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.panels.line_editor import LineEditor

KEYS = ["left", "right", "home", "end", "up", "down", "backspace", "delete"]
acts = st.lists(st.one_of(st.sampled_from(KEYS), st.text("ab \n", min_size=1, max_size=3)), max_size=40)


@given(acts, st.booleans(), st.lists(st.booleans(), min_size=40, max_size=40))
def test_the_caret_stays_in_the_text(given_acts: list[str], lines: bool, shifts: list[bool]) -> None:
    line = LineEditor.over("one two", lines=lines)
    for act, shift in zip(given_acts, shifts, strict=False):
        before = len(line.text) - len(line.selected)
        if act in KEYS:
            line.key(act, shift=shift)
        else:
            line.put(act)
            assert len(line.text) == before + len(act)
        assert 0 <= line.caret <= len(line.text)
        assert 0 <= line.anchor <= len(line.text)
        assert lines or "\n" not in line.text


def test_typing_replaces_what_is_selected() -> None:
    line = LineEditor.over("0.5")
    line.put("-6 dB")
    assert (line.text, line.caret) == ("-6 dB", 5)
    line.key("a", ctrl=True)
    assert line.selected == "-6 dB"
    line.key("backspace")
    assert line.text == ""


def test_words_and_lines() -> None:
    line = LineEditor.over("lfo > strength", chosen=False)
    line.key("left", ctrl=True)
    assert line.caret == 6
    line.key("backspace", ctrl=True)
    assert line.text == "lfo strength"
    many = LineEditor.over("one\nlonger", chosen=False, lines=True)
    many.key("up")
    assert many.caret == 3
    many.key("down")
    assert many.caret == 7
    assert not LineEditor.over("one").key("up")


def test_a_first_letter_is_not_replaced_by_the_second() -> None:
    line = LineEditor.over("l", chosen=False)
    line.put("f")
    line.put("o")
    assert line.text == "lfo"
