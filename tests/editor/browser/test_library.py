"""The browser's list: search, tags, order, pictures and previews."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.browser import playing
from demon_patch.editor.browser.cards import laid_out
from demon_patch.editor.browser.library import (
    Entry,
    Library,
    groups,
    of_listing,
    of_program,
    rank,
    read,
)
from demon_patch.editor.browser.miniature import miniature
from demon_patch.editor.dashboard.edits import overlap
from demon_patch.editor.layout.facts import Facts
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Meta, Patch
from demon_patch.runtime.assets.previews import PREVIEW, preview_of, stem
from demon_patch.runtime.remote.messages.files import Entry as Listed

FACTS = Facts()


def made(name: str, title: str = "", tags: tuple[str, ...] = (), description: str = "", seconds: float = 0.0) -> Entry:
    meta = Meta(title=title, tags=tags, description=description, author="Ada")
    return Entry(name, "folder", f"{name}.dpatch.json", seconds=seconds, patch=Patch(nodes={}, meta=meta))


def library() -> Library:
    found = Library()
    found.take(
        [
            made("slow", "Slow Dawn", ("ambient", "lfo"), "A tide.", 50),
            made("beat", "Beat", ("euclid", "lfo"), "dawn", 9),
            made("x", "Under Dawning", ("ambient",), "", 99),
        ],
        "folder",
    )  # fmt: skip
    return found


def shown(found: Library) -> list[str]:
    return [entry.name for entry in found.shown]


def test_a_search_finds_titles_before_tags_before_words() -> None:
    found = library()
    found.text = "dawn"
    assert shown(found) == ["slow", "x", "beat"]
    found.text = "LFO dawn"
    assert shown(found) == ["slow", "beat"]
    found.text = "ada nothing"
    assert shown(found) == []


def test_tags_narrow_and_are_counted() -> None:
    found = library()
    assert found.counts()[:2] == [("ambient", 2), ("lfo", 2)]
    found.toggle("ambient")
    assert shown(found) == ["slow", "x"]
    assert dict(found.counts()) == {"ambient": 2, "lfo": 1}
    found.toggle("euclid")
    assert shown(found) == []
    assert {"ambient", "euclid"} <= dict(found.counts()).keys()
    found.toggle("ambient")
    found.toggle("euclid")
    assert len(shown(found)) == 3


def test_orders() -> None:
    found = library()
    found.order = "title"
    assert shown(found) == ["beat", "slow", "x"]
    found.order = "newest"
    assert shown(found) == ["beat", "slow", "x"]
    found.text = "dawn"
    assert shown(found) == ["slow", "x", "beat"]


def test_the_programs_patches_are_read_a_few_at_a_time() -> None:
    found = Library()
    found.take(of_program()[:5], "shipped")
    rounds = 0
    while found.read_some(2):
        rounds += 1
    assert rounds == 3
    first = next(iter(found.entries.values()))
    assert first.title == "First Light"
    assert first.tags
    assert not any(entry.fault or entry.waits for entry in found.entries.values())


def test_a_folder_is_taken_anew_and_what_is_the_same_stays_read(tmp_path: Path) -> None:
    (tmp_path / "a.dpatch.json").write_text(dumps(Patch(nodes={}, meta=Meta(title="A"))))
    (tmp_path / "b.dpatch.json").write_text("{")
    listed = [
        Listed(name="a.dpatch.json", kind="patch", seconds=10.0), Listed(name="b.dpatch.json", kind="patch"),
        Listed(name="beat.wav", kind="sound"), Listed(name="gone.dpatch", kind="pack"),
    ]  # fmt: skip
    found = Library()
    found.take(of_listing(listed, tmp_path), "folder")
    while found.read_some():
        pass
    entries = {entry.name: entry for entry in found.entries.values()}
    assert entries.keys() == {"a", "b", "gone"}
    assert entries["a"].title == "A"
    assert entries["b"].fault
    assert entries["gone"].path is None
    found.take(of_listing(listed, tmp_path), "folder")
    assert not any(entry.waits for entry in found.entries.values())
    newer = [Listed(name="a.dpatch.json", kind="patch", seconds=1.0)]
    found.take(of_listing(newer, tmp_path), "folder")
    assert [entry.waits for entry in found.entries.values()] == [True]
    assert read(entries["gone"]) is entries["gone"]


def test_a_host_elsewhere_gives_names() -> None:
    (entry,) = of_listing([Listed(name="songs/a.dpatch.json", kind="patch")], None)
    assert (entry.name, entry.path, entry.waits) == ("a", None, False)


def test_a_preview_lies_beside_its_patch(tmp_path: Path) -> None:
    path = tmp_path / "song.dpatch.json"
    assert preview_of(path) is None
    (tmp_path / f"song{PREVIEW}").write_bytes(b"fLaC")
    assert preview_of(path) == tmp_path / "song.preview.flac"
    assert preview_of(None) is None
    assert [stem(name) for name in ("a/b.dpatch.json", "b.dpatch", "b.html")] == ["b", "b", "b"]


def test_the_systems_player_is_asked() -> None:
    assert playing.command(Path("a.flac"), "linux") == ["xdg-open", "a.flac"]
    assert playing.command(Path("a.flac"), "darwin")[0] == "open"
    assert playing.command(Path("a.flac"), "win32") == []


def test_a_player_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "command", lambda path: ["/no/such/program", str(path)])
    assert "cannot be played" in playing.play(Path("a.flac"))


@given(st.integers(0, 30), st.integers(0, 10), st.floats(240, 2000))
def test_cards_never_overlap_and_stay_within(own: int, others: int, wide: float) -> None:
    entries = [made(f"o{n}") for n in range(own)] + [Entry(f"s{n}", "shipped") for n in range(others)]
    cards = laid_out(entries, wide)
    rects = [rect for _, rect in cards.cards]
    assert len(rects) == own + others
    assert not any(overlap(a, b) for a, b in combinations(rects, 2))
    for entry, (left, top, right, low) in cards.cards:
        assert left >= 0
        assert right <= wide
        assert low <= cards.tall
        assert cards.at((left + right) / 2, (top + low) / 2) is entry
    assert cards.at(-1, -1) is None


def test_own_patches_come_first() -> None:
    entries = [Entry("s", "shipped"), made("o")]
    assert [(title, [entry.name for entry in found]) for title, found in groups(entries)] == [
        ("In this folder", ["o"]),
        ("Come with demon_patch", ["s"]),
    ]


@pytest.mark.parametrize("entry", of_program()[:6], ids=lambda entry: entry.name)
def test_a_miniature_has_all_blocks_and_cables_within_its_size(entry: Entry) -> None:
    patch = read(entry).patch
    assert patch is not None
    picture = miniature(patch, FACTS, 230, 112)
    assert len(picture.blocks) == len(patch.nodes)
    assert len(picture.cables) == len(patch.cables)
    for (left, top, right, low), _, _, _ in picture.blocks:
        assert -0.01 <= left < right <= 230.01
        assert -0.01 <= top < low <= 112.01
    assert miniature(Patch(nodes={}), FACTS, 100, 100).blocks == ()


def test_every_word_must_be_found() -> None:
    entry = made("a", "Blue Note", ("jazz",), "horns")
    assert rank(entry, "") == 0
    assert rank(entry, "blue") == 0
    assert rank(entry, "note") == 1
    assert rank(entry, "jazz blue") == 2
    assert rank(entry, "horns") == 3
    assert rank(entry, "blue red") is None
