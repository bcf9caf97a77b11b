"""The page to share: a browser shows it without loading anything, and the patch in it is the same patch."""

from __future__ import annotations

import base64
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch import shipped
from demon_patch.commands.share import share
from demon_patch.editor.look.theme import LIGHT
from demon_patch.editor.share.html_page import Sound, html_page
from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.files import page_pack
from demon_patch.patch.files.pack import unpacked
from demon_patch.patch.model.document import Node
from demon_patch.runtime.assets.assets import files_of, load_patch, pack_of, save_patch, unpack

FIRST = shipped.shipped()["first-light"]
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)></h1><a id="demon-patch-pack" href="data:,">'


class Read(HTMLParser):
    """Keeps the tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.given: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.given += [(name, value or "") for name, value in attrs]


def a_page(**meta: object) -> str:
    patch = load_patch(FIRST)
    patch = structs.replace(patch, meta=structs.replace(patch.meta, **meta))
    with files_of(FIRST) as folder:
        return html_page(patch, pack_of(patch, folder), Sound(b"RIFF", "audio/wav", 83.0, [0.1, 0.9, 0.4]))


def test_the_patch_comes_back_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "song.html"
    page.write_text(a_page(title="Söng", description="two\nparts"), encoding="utf-8")
    back = load_patch(page)
    assert back.meta.title == "Söng"
    assert structs.replace(back, meta=load_patch(FIRST).meta) == load_patch(FIRST)
    target = unpack(page, tmp_path / "into")
    assert target.name == "song.dpatch.json"
    assert load_patch(target) == back


def test_clips_come_along(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, 0.1 * np.sin(np.arange(48_000) / 20), 48_000, subtype="PCM_16")
    patch = load_patch(FIRST)
    source = next(id for id, node in patch.nodes.items() if node.type == "composed_source")
    patch = structs.replace(patch, nodes={**patch.nodes, source: Node("audio_source", values={"file": "clip.wav"})})
    page = tmp_path / "other" / "song.html"
    page.parent.mkdir()
    page.write_text(html_page(patch, pack_of(patch, tmp_path)), encoding="utf-8")
    assert load_patch(page) == patch
    with files_of(page) as folder:
        assert (folder / "clip.wav").read_bytes() == clip.read_bytes()


def test_it_loads_nothing_and_runs_nothing() -> None:
    read = Read(a_page(title=EVIL, author=EVIL, licence=EVIL[:190], tags=(EVIL,), description=EVIL))
    assert not {"script", "iframe", "img", "link", "object", "embed", "base", "form"} & set(read.tags)
    assert read.tags.count("a") == 1
    for name, value in read.given:
        assert not name.startswith("on")
        if name in ("href", "src", "xlink:href", "data", "action"):
            assert value.startswith(("data:audio/", "data:application/octet-stream;base64,"))
    assert any(value.startswith("default-src 'none'; ") and "script" not in value for _, value in read.given)


def test_what_is_told_of_the_patch_is_there() -> None:
    page = a_page(title="A <b>", author="Ann & Bo", licence="CC0", tags=("x<y",), description="First.\n\nSecond.")
    for words in ("A &lt;b&gt;", "by Ann &amp; Bo · CC0", "<li>x&lt;y</li>", "<p>First.</p>", "<p>Second.</p>", "1:23"):
        assert words in page
    assert "<audio controls" in page


def test_a_page_without_sound_and_a_light_one() -> None:
    patch = load_patch(FIRST)
    page = html_page(patch, b"pack", None, LIGHT)
    assert "<audio" not in page
    assert "color-scheme:light" in page


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["front", "back", "within"]))
def test_hostile_pages_end_in_a_patch_or_one_error(junk: bytes, where: str) -> None:
    carried = page_pack.link(junk if where == "within" else b"\x81", "a.dpatch", "Save").encode()
    page = {"front": junk + carried, "back": carried + junk, "within": carried}[where]
    with suppress(DemonError):
        unpacked(page_pack.pack_in(page))


def test_what_is_no_page_is_refused(tmp_path: Path) -> None:
    for content, words in (
        (b"<html></html>", "holds no patch"),
        (page_pack.link(b"abc", "a", "b").encode().replace(b"YWJj", b"YW%c"), "damaged"),
        (page_pack.link(b"abc", "a", "b").encode(), "no pack"),
    ):
        page = tmp_path / "a.html"
        page.write_bytes(content)
        with pytest.raises(PatchError, match=words):
            load_patch(page)


def test_a_page_that_is_too_large_is_refused_in_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_pack, "SIZE", 20_000)
    with pytest.raises(PatchError, match="too large"):
        html_page(load_patch(FIRST), b"x" * 20_000)
    with pytest.raises(PatchError, match="larger than"):
        page_pack.pack_in(b"x" * 20_001)


@given(st.binary(max_size=2000))
def test_bytes_in_a_link_come_back(content: bytes) -> None:
    assert page_pack.pack_in(page_pack.link(content, 'a"<', "w<").encode()) == content


def test_a_patch_is_not_saved_over_a_page(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text(a_page(), encoding="utf-8")
    before = page.read_bytes()
    with pytest.raises(PatchError, match="not written over"):
        save_patch(load_patch(page), page, tmp_path)
    assert page.read_bytes() == before


def test_the_command_writes_a_page_with_a_given_sound_and_a_picture(tmp_path: Path) -> None:
    sound = tmp_path / "take.flac"
    soundfile.write(sound, 0.5 * np.sin(np.arange(24_000) / 9), 24_000)
    page, picture = tmp_path / "out.html", tmp_path / "out.svg"
    share(FIRST, out=page, sound=sound)
    text = page.read_text(encoding="utf-8")
    assert base64.b64encode(sound.read_bytes()).decode() in text
    assert "audio/flac" in text
    assert load_patch(page) == load_patch(FIRST)
    share(page, out=picture)
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    with pytest.raises(PatchError, match="such a file already"):
        share(FIRST, out=picture)
    share(FIRST, out=picture, force=True, light=True)
    with pytest.raises(PatchError, match="no name of a page"):
        share(FIRST, out=tmp_path / "a.png")


def test_a_patch_without_title_is_untitled() -> None:
    assert "<title>Untitled</title>" in a_page(title="")
