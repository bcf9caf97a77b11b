"""The panels of sharing and playing are known by name, and what a song lacks is shown when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.panels.more_panels import NAMES, MorePanels
from demon_patch.editor.panels.registry import Registry
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.files import Asset, Assets, Resolve
from tests.support.noting_popups import FakePopups
from tests.support.storing_link import StoringLink


class NoPanel:
    """A panel that does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: None


def no_panel() -> Any:
    """A panel that does nothing."""
    return NoPanel()


def made(*assets: Asset) -> tuple[MorePanels, Registry, FakePopups, StoringLink]:
    link, popups, registry = StoringLink(Patch(nodes={})), FakePopups(), Registry()
    link.replies[Resolve] = Assets(assets=assets)
    paper: Any = None
    panels = MorePanels(registry, paper, link, Facts(), popups)
    for name in registry.makers:
        registry.makers[name] = no_panel
    return panels, registry, popups, link


def test_they_are_known_by_name() -> None:
    assert set(made()[1].makers) == set(NAMES)


def test_what_a_song_lacks_is_shown_when_it_is_opened() -> None:
    gone = Asset(name="a.wav", node="x", port="file", fault=Fault(text="gone"))
    panels, registry, popups, _ = made(gone, Asset(name="b.wav", node="x", port="file"))
    panels.opened()
    assert registry.name == "assets"
    assert popups.said == ["A file that the patch names is missing. It plays without."]


def test_nothing_is_shown_where_all_is_there_and_no_panel_is_pushed_aside() -> None:
    panels, registry, popups, _ = made(Asset(name="b.wav", node="x", port="file"))
    panels.opened()
    assert (registry.name, popups.said) == ("", [])
    gone = [Asset(name=name, node="x", port="file", fault=Fault(text="gone")) for name in ("a", "b")]
    panels, registry, popups, _ = made(*gone)
    registry.toggle("browser")
    panels.opened()
    assert registry.name == "browser"
    assert popups.said[0].startswith("2 files")


def test_a_dropped_file_is_looked_at(tmp_path: Path) -> None:
    panels, _, popups, _ = made()
    panels.dropped(str(tmp_path / "gone.wav"), (3.0, 4.0))
    assert "gone.wav" in popups.said[0]
    (tmp_path / "b.wav").write_bytes(b"x")
    panels.dropped(str(tmp_path / "b.wav"), (3.0, 4.0))
    assert [item.title for item in popups.menus[0]][1:] == ["Play over this sound", "Add it as a clip"]
