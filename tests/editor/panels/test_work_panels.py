"""The panels of work are made, drawn and used without an X server; what they hear reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dearpygui.dearpygui as dpg
import pytest
from msgspec import structs

from demon_patch.editor.canvas.scene_brush import Brush
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.look.theme import DARK, LIGHT
from demon_patch.editor.panels.notices import Notices
from demon_patch.editor.panels.popups import PopupWindows
from demon_patch.editor.panels.protocol import Item
from demon_patch.editor.panels.recent_files import RecentFiles
from demon_patch.editor.panels.registry import Registry
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.words_panel import FormulaAdvisor
from demon_patch.editor.panels.work_panels import NAMES, WorkPanels
from demon_patch.patch.files.format import save
from demon_patch.runtime.remote.messages.documents import FileChanged
from demon_patch.runtime.remote.messages.session import Clients
from tests.support.editor_desk import Desk, chained


@pytest.fixture(params=[DARK, LIGHT], ids=lambda theme: theme.name)
def paper(request: pytest.FixtureRequest) -> Iterator[Paper]:
    dpg.create_context()
    try:
        yield Paper(Brush(request.param, {}), dpg.add_window(), 1.5)
    finally:
        dpg.destroy_context()


def made(paper: Paper, tmp_path: Path) -> tuple[WorkPanels, Registry, Desk]:
    desk, registry = Desk(chained()), Registry()
    registry.resize((0.0, 46.0, 1280.0, 700.0))
    recent = RecentFiles(tmp_path / "recent.json")
    recent.add(tmp_path / "song.dpatch.json")
    work = WorkPanels(
        registry, paper, desk.link, desk.hands, lambda node: desk.hands.selection.set({node}), recent=recent
    )  # type: ignore[arg-type]
    return work, registry, desk


def test_each_panel_is_drawn_once_and_again_when_it_changes(paper: Paper, tmp_path: Path) -> None:
    work, registry, desk = made(paper, tmp_path)
    work.hear(Clients(clients=("ann", "editor")))
    desk.hands.selection.set({"sched"})
    for name in NAMES:
        registry.toggle(name)
        assert registry.name == name
        panel = registry.panel
        assert panel is not None
        panel.draw(0.0)
        panel.draw(0.01)
        assert not panel.draw(0.02)
        panel.pointer(Pointer(1200.0, 130.0))
        panel.pointer(Pointer(1200.0, 130.0, wheel=-2.0))
        assert panel.draw(0.1)
    desk.hands.selection.set((), [next(iter(desk.view.wires))])
    registry.toggle("inspector")
    assert registry.panel is not None
    assert registry.panel.draw(1.0)
    desk.hands.selection.set()
    assert registry.panel.draw(1.1)


def test_a_changed_file_opens_the_versions(paper: Paper, tmp_path: Path) -> None:
    work, registry, _ = made(paper, tmp_path)
    work.hear(FileChanged(file="song.dpatch.json"))
    assert registry.name == "versions"
    work.hear(FileChanged(file="song.dpatch.json", gone=True))
    assert registry.name == "versions"
    assert work.title("sched") == "Scheduler"


def test_what_a_changed_file_holds_is_read_and_named(paper: Paper, tmp_path: Path) -> None:
    work, _, desk = made(paper, tmp_path)
    file = tmp_path / "song.dpatch.json"
    work._file = lambda: file
    work.hear(FileChanged(file=file.name))
    assert work.lifelines.differs == ()
    node = structs.replace(desk.patch.nodes["sched"], values={"strength": 0.8})
    save(structs.replace(desk.patch, nodes={**desk.patch.nodes, "sched": node}), file)
    work.hear(FileChanged(file=file.name))
    assert work.lifelines.differs == ("Scheduler strength: 50 % → 80 %",)
    work.hear(FileChanged(file="other.dpatch.json"))
    assert work.lifelines.differs == ()


def test_a_field_with_advice_is_drawn_and_clicked(paper: Paper) -> None:
    popups = PopupWindows(paper, Notices(paper))
    popups.field((100.0, 100.0), "Formula", "a + co", lambda text: "", advisor=FormulaAdvisor())
    assert popups.draw(0.0)
    assert not popups.draw(0.01)
    left, _, _, bottom = popups._rect
    field = popups._open
    popups.pointer(Pointer(left + 60, bottom - 150 + 8))
    popups.pointer(Pointer(left + 60, bottom - 150 + 8, left=True))
    assert field.line.text == "a + cos("  # type: ignore[union-attr]
    assert popups.draw(0.1)


def test_a_menu_lies_over_a_panel_that_was_made_later(paper: Paper, tmp_path: Path) -> None:
    popups = PopupWindows(paper, Notices(paper))
    _, registry, _ = made(paper, tmp_path)
    registry.toggle("settings")
    popups.menu((1000.0, 300.0), [Item("One", lambda: None)])
    popups.draw(0.0)
    order = dpg.get_item_children(paper.parent, 1)
    assert order[-1] == popups._sheet._group  # type: ignore[index]
