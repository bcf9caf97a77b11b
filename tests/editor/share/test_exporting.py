"""The song that plays is shared from the window: a page with what the host renders, and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from msgspec import structs

from demon_patch import shipped
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.panels.protocol import Item
from demon_patch.editor.share.exporting import Exporting
from demon_patch.nodes.editing.update import load
from demon_patch.patch.model.document import Node
from demon_patch.runtime.assets.assets import files_of, load_patch
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.rendering import Render, Rendering, RenderProgress
from tests.support.noting_popups import FakePopups
from tests.support.storing_link import StoringLink

FIRST = load(shipped.shipped()["first-light"])


def made(home: Path | None) -> tuple[Exporting, StoringLink, FakePopups]:
    link, popups = StoringLink(FIRST), FakePopups()
    link.replies[Render] = Rendering(file="r.flac")
    return Exporting(link, Facts(), popups, lambda: home), link, popups


def page_of(exporting: Exporting) -> Item:
    return next(item for item in exporting.items if "HTML" in item.title)


def done(state: str = "done", fault: Fault | None = None) -> RenderProgress:
    return RenderProgress(file="r.flac", seconds=30, whole=30, state=state, fault=fault)  # type: ignore[arg-type]


def test_a_page_is_written_once_its_sound_is_rendered(tmp_path: Path) -> None:
    exporting, link, popups = made(tmp_path)
    exporting.page()
    assert isinstance(link.asked[0], Render)
    assert not page_of(exporting).enabled
    soundfile.write(tmp_path / "r.flac", 0.3 * np.ones((4800, 2)), 48_000)
    exporting.hear(done("runs"))
    assert not (tmp_path / "first-light.html").exists()
    exporting.hear(RenderProgress(file="other.flac", seconds=1, whole=1, state="done"))
    assert not (tmp_path / "first-light.html").exists()
    exporting.hear(done())
    assert load_patch(tmp_path / "first-light.html") == FIRST
    assert "audio/flac" in (tmp_path / "first-light.html").read_text()
    assert popups.said[-1].startswith("wrote ")
    exporting.hear(done())
    assert [path.name for path in tmp_path.glob("*.html")] == ["first-light.html"]


def test_one_file_has_the_patch_and_its_clips(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "beat.wav", 0.3 * np.ones((4800, 2)), 48_000)
    exporting, link, popups = made(tmp_path)
    clip = Node("audio_source", values={"file": "beat.wav"})
    link = StoringLink(structs.replace(FIRST, nodes={**FIRST.nodes, "beat": clip}))
    exporting._link = link
    exporting.pack()
    exporting.pack()
    assert {path.name for path in tmp_path.glob("*.dpatch")} == {"first-light.dpatch", "first-light-2.dpatch"}
    assert popups.said[-1] == f"wrote {tmp_path / 'first-light-2.dpatch'}"
    with files_of(tmp_path / "first-light.dpatch") as folder:
        assert load_patch(tmp_path / "first-light.dpatch").nodes["beat"].type == "audio_source"
        assert [path.read_bytes() for path in folder.rglob("*.wav")] == [(tmp_path / "beat.wav").read_bytes()]
    (tmp_path / "beat.wav").unlink()
    exporting.pack()
    assert "beat.wav" in popups.said[-1]
    assert len(list(tmp_path.glob("*.dpatch"))) == 2
    nowhere, _, popups = made(None)
    nowhere.pack()
    assert "not on this machine" in popups.said[-1]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    exporting, _, _ = made(tmp_path)
    exporting.picture()
    exporting.picture()
    assert {path.name for path in tmp_path.iterdir()} == {"first-light.svg", "first-light-2.svg"}


def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    exporting, link, popups = made(tmp_path)
    exporting.page()
    exporting.hear(done("failed", Fault(text="the disk is full")))
    assert "the disk is full" in popups.said[-1]
    assert page_of(exporting).enabled
    exporting.page()
    exporting.hear(done())  # but there is no such file
    assert "r.flac" in popups.said[-1]
    nowhere, link, popups = made(None)
    nowhere.page()
    assert link.asked == []
    assert "not on this machine" in popups.said[-1]


def test_the_name_is_fit_for_files(tmp_path: Path) -> None:
    exporting, _, _ = made(tmp_path)
    for title, name in (("../Ä b: c?", "ä-b-c"), ("", "untitled"), ("...", "untitled")):
        patch = structs.replace(FIRST, meta=structs.replace(FIRST.meta, title=title))
        exporting._link = StoringLink(patch)
        exporting.picture()
        assert (tmp_path / f"{name}.svg").exists()
