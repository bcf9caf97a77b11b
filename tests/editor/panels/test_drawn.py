"""Bar, strip, popups and panels draw without an X server, and only where something has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dearpygui.dearpygui as dpg
import numpy as np
import pytest

from demon_patch.editor.canvas.scene_brush import Brush
from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.link.song_facts import SongFacts
from demon_patch.editor.look.theme import DARK, LIGHT
from demon_patch.editor.panels.bar import Bar
from demon_patch.editor.panels.cheat_sheet import CheatSheet
from demon_patch.editor.panels.history import HistoryPanel
from demon_patch.editor.panels.notices import Notices
from demon_patch.editor.panels.popups import PopupWindows
from demon_patch.editor.panels.protocol import Item
from demon_patch.editor.panels.sheet import Paper, Sheet
from demon_patch.editor.panels.song_strip import SongStrip
from demon_patch.runtime.remote.messages.edits import Step, Steps, UndoTo
from demon_patch.runtime.remote.messages.telemetry import Strip
from tests.support.noting_link import FakeLink
from tests.support.noting_popups import Offered

STATUS: dict[str, Any] = {
    "playing": True, "begun": True, "beat": 9.5, "bpm": 120.0, "song": 4.0, "song_length": 16.0, "device": "Card",
    "levels": ((-6.0, -12.0), (-60.0, -70.0)), "tick_ms": 80.0, "late": 2, "volume_db": -3.0, "recording": "a.wav",
    "loop": (2.0, 6.0), "making": (14.0, 4.0), "waiting": ({"label": "Turn", "seconds": 1.2},),
}  # fmt: skip


@pytest.fixture(params=[DARK, LIGHT], ids=lambda theme: theme.name)
def paper(request: pytest.FixtureRequest) -> Iterator[Paper]:
    dpg.create_context()
    try:
        yield Paper(Brush(request.param, {}), dpg.add_window(), 1.5)
    finally:
        dpg.destroy_context()


def items(sheet: Sheet) -> int:
    """How many things are drawn on a sheet."""
    return sum(len(found) for found in dpg.get_item_children(sheet.item).values())  # type: ignore[union-attr]


def press(name: str, char: str = "", *, ctrl: bool = False, shift: bool = False) -> KeyPress:
    return KeyPress(name, char, ctrl, shift, False, True)


def test_the_bar_is_drawn_only_when_it_shows_something_else(paper: Paper) -> None:
    link = FakeLink(status={})
    bar = Bar(paper, link, PopupWindows(paper, Notices(paper)))
    bar.title, bar.model, bar.words = "First Light", "nano", "loading"
    bar.resize(1280.0)
    assert bar.draw(0.0, 0.0)
    few = items(bar.sheet)
    assert not bar.draw(0.01, 0.0)
    link.status, bar.words, bar.dirty, bar.clients = STATUS, "", True, 2
    assert bar.draw(0.1, 0.25)
    assert items(bar.sheet) > few
    bar.resize(640.0)
    assert bar.draw(0.2, 0.25)


def test_the_strip_draws_song_lanes_loop_and_what_waits(paper: Paper) -> None:
    link, facts = FakeLink(status=STATUS), SongFacts()
    facts.status = STATUS
    strip = SongStrip(paper, link, facts)
    strip.place(704.0, 1280.0)
    assert strip.draw(0.0, 0.25)
    song = np.linspace(0, 1, 512).astype("<f4").tobytes()
    facts.take_strip(Strip(columns=512, song=song, source=song, dry=song, lanes={"ode_noise": song, "mine": song}))
    assert strip.draw(0.1, 0.25)
    drawn = [dpg.get_item_type(item) for item in dpg.get_item_children(strip.sheet.item, 2)]
    assert len([type for type in drawn if type.endswith("Image")]) == 2  # the waves, and the recording's share
    assert len([type for type in drawn if type.endswith("Polyline")]) == 2  # the lanes
    facts.take_strip(Strip(columns=512, song=song, dry=song, lanes={"ode_noise": song, "mine": song}))
    assert not strip.draw(0.2, 0.25)
    assert items(strip.top) > 8


def test_the_palette_takes_every_letter_and_gives_the_chosen_offer(paper: Paper) -> None:
    popups = PopupWindows(paper, Notices(paper))
    asked: list[str] = []
    chosen: list[Any] = []
    popups.chosen = chosen.append

    def offers(text: str, pin: Any) -> list[Offered]:
        asked.append(text)
        return [Offered(f"{text}{n}", "A sentence", "modulation") for n in range(20)]

    popups.offers = offers
    popups.palette((100.0, 100.0), None, "l")
    assert popups.draw(0.0)
    for char in "fo":
        assert popups.key(press(char, char))
    popups.key(press("down"))
    assert popups.draw(0.1)
    assert asked == ["l", "lf", "lfo"]
    assert popups.key(press("enter"))
    assert [offer.title for offer in chosen] == ["lfo1"]
    assert not popups.open


def test_a_field_stays_open_while_what_is_typed_is_wrong(paper: Paper) -> None:
    popups = PopupWindows(paper, Notices(paper))
    typed: list[str] = []
    popups.field((10.0, 60.0), "Rate", "0.5", lambda text: typed.append(text) or ("" if text == "2" else "no"))
    popups.key(press("x", "x"))
    popups.key(press("enter"))
    assert popups.typing
    popups.draw(0.0)
    popups.key(press("backspace"))
    popups.key(press("2", "2"))
    popups.key(press("enter"))
    assert typed == ["x", "2"]
    assert not popups.open
    popups.field((10.0, 60.0), "Note", "one", lambda text: typed.append(text) or "", lines=4)
    popups.key(press("enter", shift=True))
    popups.key(press("x", "x"))
    popups.draw(0.0)
    popups.pointer(Pointer(1000.0, 700.0, left=True))  # a click beside it keeps what was written
    assert typed[-1] == "one\nx"
    popups.field((10.0, 60.0), "Note", "two", lambda text: typed.append(text) or "", lines=4)
    popups.key(press("enter"))
    assert typed[-1] == "two"
    assert not popups.open


def test_the_clipboard_is_used_in_fields(paper: Paper) -> None:
    popups = PopupWindows(paper, Notices(paper))
    held = ["1/8"]
    popups.clipboard = lambda text: held.append(text) or text if text is not None else held[-1]
    typed: list[str] = []
    popups.field((10.0, 60.0), "Rate", "0.5", lambda text: typed.append(text) or "")
    popups.key(press("c", "c", ctrl=True))
    popups.key(press("end"))
    popups.key(press("v", "v", ctrl=True))
    popups.key(press("enter"))
    assert typed == ["0.50.5"]


def test_a_menu_does_and_closes_and_escape_does_nothing(paper: Paper) -> None:
    popups = PopupWindows(paper, Notices(paper))
    done: list[str] = []
    popups.menu((100.0, 100.0), [Item("One", lambda: done.append("one"), key="B", marked=True), Item("")])
    assert popups.draw(0.0)
    popups.pointer(Pointer(120.0, 115.0))
    popups.pointer(Pointer(120.0, 115.0, left=True))
    assert done == ["one"]
    assert not popups.open
    popups.menu((100.0, 100.0), [Item("One", lambda: done.append("two"))])
    assert popups.key(press("escape"))
    assert done == ["one"]


def test_side_panels_scroll_and_notices_are_drawn(paper: Paper) -> None:
    panel = CheatSheet(paper, Keys())
    panel.place((0.0, 46.0, 1280.0, 700.0))
    panel.opened()
    assert panel.draw(0.0)
    assert not panel.draw(0.1)
    panel.pointer(Pointer(1200.0, 300.0, wheel=-3.0))
    assert panel.scroll > 0
    assert panel.draw(0.2)
    panel.pointer(Pointer(1200.0, 300.0, wheel=300.0))
    assert panel.scroll == 0.0
    notices = Notices(paper)
    notices.tell("a long sentence " * 12, "fault")
    assert notices.draw(1.0, 1280.0, 660.0)
    assert not notices.draw(1.1, 1280.0, 660.0)
    assert notices.draw(60.0, 1280.0, 660.0)


def test_the_history_is_scrubbed_by_a_drag(paper: Paper) -> None:
    link = FakeLink()
    panel = HistoryPanel(paper, link)
    panel.place((0.0, 46.0, 1280.0, 700.0))
    panel.opened()
    panel.draw(0.0)
    answer = link.then[-1]
    assert answer is not None
    answer(Steps(done=tuple(Step(label=f"step {number}") for number in range(5))))
    panel.draw(0.1)
    assert len(link.asked) == 1
    tops = [46.0 + (top + low) / 2 for top, low in panel._tops]
    for left, line in ((False, 5), (True, 5), (True, 3), (True, 3), (True, 1), (False, 1), (False, 4)):
        panel.pointer(Pointer(1100.0, tops[line], left=left))
    assert link.asked[1:] == [UndoTo(steps=3), UndoTo(steps=1)]
