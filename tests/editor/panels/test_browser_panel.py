"""The panel of patches: those that lie on the host's machine get their pictures from it, one at a time, those in view
first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dearpygui.dearpygui as dpg
import pytest

from demon_patch.editor.canvas.scene_brush import Brush
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look.theme import DARK
from demon_patch.editor.panels.browser_panel import BrowserPanel
from demon_patch.editor.panels.sheet import Paper
from demon_patch.patch.files.format import dumps
from demon_patch.patch.files.sketch import sketch
from demon_patch.patch.model.document import Meta, Node, Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request
from demon_patch.runtime.remote.messages.files import Entry, Folder, Listing, Sketch, Sketched
from tests.support.noting_popups import FakePopups

SONG = Patch(nodes={"a": Node("lfo"), "b": Node("scale", at=(300.0, 0.0))}, meta=Meta(title="Far", tags=("sea",)))


class SlowLink:
    """A host elsewhere that answers when the test says so."""

    def __init__(self, *names: str) -> None:
        self.patch, self.status = Patch(nodes={}), dict[str, Any]()
        self.waiting: list[tuple[Request, Callable[[Reply], object], Callable[[Fault], object]]] = []
        self.names = names

    def ask(self, request: Request, then: Any = None, refused: Any = None) -> None:
        if isinstance(request, Folder):
            then(Listing(entries=tuple(Entry(name=name, kind="patch") for name in self.names)))
        else:
            self.waiting.append((request, then, refused))

    def asked(self) -> list[str]:
        return [request.file for request, _, _ in self.waiting if isinstance(request, Sketch)]

    def answer(self, reply: Reply | Fault) -> None:
        _, then, refused = self.waiting.pop(0)
        (refused if isinstance(reply, Fault) else then)(reply)


@pytest.fixture
def paper() -> Iterator[Paper]:
    dpg.create_context()
    try:
        yield Paper(Brush(DARK, {}), dpg.add_window(), 1.5)
    finally:
        dpg.destroy_context()


def opened(paper: Paper, *names: str, home: Path | None = None) -> tuple[BrowserPanel, SlowLink]:
    link, none = SlowLink(*names), object()
    panel = BrowserPanel(paper, link, Facts(), FakePopups(), none, none, lambda: home)  # type: ignore[arg-type]
    panel.place((0.0, 0.0, 1280.0, 420.0))
    panel.opened()
    return panel, link


def settle(panel: BrowserPanel, now: float = 0.0) -> None:
    """Draws until nothing changes any more."""
    while panel.draw(now):
        pass


def entry(panel: BrowserPanel, name: str) -> Any:
    return panel.library.entries["folder", name]


def test_pictures_of_another_machine_are_asked_for_one_at_a_time_and_drawn(paper: Paper) -> None:
    names = [f"{n}.dpatch.json" for n in range(2)]
    panel, link = opened(paper, *names)
    settle(panel)
    assert link.asked() == names[:1]
    link.answer(Sketched(patch=sketch(SONG)))
    assert panel.draw(1.0)
    settle(panel)
    assert (entry(panel, names[0]).title, entry(panel, names[0]).tags) == ("Far", ("sea",))
    (picture,) = [kept[2] for key, kept in panel._pictures.items() if key[0] == "folder"]
    assert len(picture.blocks) == 2
    assert link.asked() == names[1:]
    link.answer(Sketched(patch=sketch(SONG)))
    settle(panel)
    assert link.asked() == []


def test_only_those_in_view_are_asked_for(paper: Paper) -> None:
    names = [f"{n:02}.dpatch.json" for n in range(60)]
    panel, link = opened(paper, *names)
    seen = list[str]()
    for _ in names:
        settle(panel)
        if not link.waiting:
            break
        seen += link.asked()
        link.answer(Sketched(patch=sketch(SONG)))
    assert seen == names[: len(seen)]
    assert 2 <= len(seen) < 12
    panel.pointer(Pointer(1000.0, 300.0))
    panel.pointer(Pointer(1000.0, 300.0, wheel=-20.0))
    settle(panel)
    assert link.asked()[0] not in names[: len(seen)]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Fault(text="a: too large (x)", what="too large"), "too large"),
        (Fault(text="The connection is lost"), "The connection is lost"),
        (Sketched(patch="{"), "no JSON"),
        (Sketched(patch='{"format": 99}'), "99"),
        (Reply(), "no JSON"),
    ],
)
def test_a_sketch_that_does_not_come_is_said_on_its_card_and_not_asked_for_again(
    paper: Paper, reply: Reply | Fault, said: str
) -> None:
    panel, link = opened(paper, "a.dpatch.json", "b.dpatch.json")
    settle(panel)
    link.answer(reply)
    settle(panel)
    assert said in entry(panel, "a.dpatch.json").description
    assert not entry(panel, "a.dpatch.json").fault  # it can be opened all the same
    assert link.asked() == ["b.dpatch.json"]
    panel.closed()
    panel.opened()  # once more, and it is asked anew
    settle(panel)
    assert link.asked()[-1] == "a.dpatch.json"


def test_a_host_on_this_machine_is_not_asked(paper: Paper, tmp_path: Path) -> None:
    (tmp_path / "a.dpatch.json").write_text(dumps(SONG))
    panel, link = opened(paper, "a.dpatch.json", home=tmp_path)
    settle(panel)
    assert link.asked() == []
    assert entry(panel, "a.dpatch.json").title == "Far"


def test_a_sketch_of_a_patch_that_is_gone_meanwhile_is_dropped(paper: Paper) -> None:
    panel, link = opened(paper, "a.dpatch.json")
    settle(panel)
    panel.library.take([], "folder")
    link.answer(Sketched(patch=sketch(SONG)))
    settle(panel)
    assert ("folder", "a.dpatch.json") not in panel.library.entries
