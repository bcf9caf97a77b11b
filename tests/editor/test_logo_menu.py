"""The menu of the logo."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from demon_patch.editor.logo_menu import LogoMenu
from demon_patch.editor.look.theme import DARK
from demon_patch.editor.panels.settings_file import EditorSettings
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.documents import Save
from demon_patch.runtime.remote.messages.rendering import Render
from tests.support.editor_desk import Desk, chained


class Asked:
    """A link that notes what is asked, and refuses when it is told to."""

    connected = True

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.refuses = False

    def ask(self, request: Any, then: Any = None, refused: Any = None) -> None:
        self.requests.append(request)
        if self.refuses and refused is not None:
            refused(Fault(text="there is such a file", what="there is such a file"))


@pytest.fixture
def menu() -> LogoMenu:
    desk = Desk(chained())
    restyled: list[str] = []
    editor: Any = SimpleNamespace(
        popups=desk.popups, hands=desk.hands, link=Asked(), state=SimpleNamespace(file="a.dpatch.json"),
        scene=SimpleNamespace(theme=DARK, restyle=lambda theme: restyled.append(theme.name)), options=None,
        more=SimpleNamespace(exporting=SimpleNamespace(items=(), theme=DARK)), restyled=restyled,
        window=SimpleNamespace(ask_to_close=lambda: None, scale=1.0),
    )  # fmt: skip
    return LogoMenu(editor)


def test_save_as_adds_the_ending_and_asks_before_it_writes_over(menu: LogoMenu) -> None:
    editor: Any = menu.editor
    menu.show("menu")
    editor.popups.pick("Save as …")
    editor.link.refuses = True
    assert editor.popups.type("") != ""
    assert editor.popups.type("second") == ""
    assert editor.link.requests == [Save(file="second.dpatch.json")]


def test_a_file_that_is_there_is_written_over_only_when_told(menu: LogoMenu) -> None:
    editor: Any = menu.editor
    menu._refused(Fault(text="there is such a file", what="there is such a file"), "b.dpatch.json")
    assert editor.link.requests == []
    editor.popups.pick("Write over b.dpatch.json")
    assert editor.link.requests == [Save(file="b.dpatch.json", over=True)]


def test_a_rendering_takes_seconds_only(menu: LogoMenu) -> None:
    editor: Any = menu.editor
    menu.show("menu")
    editor.popups.pick("Share", "Sound (WAV) …")
    assert editor.popups.type("soon") != ""
    assert editor.popups.type("4000") != ""
    assert editor.popups.type("12,5 s") == ""
    assert editor.link.requests == [Render(seconds=12.5)]


def test_what_is_no_name_of_it_is_not_taken(menu: LogoMenu) -> None:
    assert not menu.show("browser")


def test_a_scale_waits_for_the_next_window(menu: LogoMenu) -> None:
    assert not menu.take_over(EditorSettings(scale=2.0))
    assert menu.take_over(EditorSettings())
    assert menu.editor.restyled == []  # type: ignore[attr-defined]
