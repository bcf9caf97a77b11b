"""What files are, and what is done with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch import shipped
from demon_patch.editor.share.doing import Doing, renamed, ring_cable, source_of
from demon_patch.editor.share.html_page import html_page
from demon_patch.editor.share.opening import Found, Offer, look_at, offers
from demon_patch.editor.share.sending import Sending
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import load
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.assets.assets import assets_of
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.opening import Begun, Open
from tests.support.noting_popups import FakePopups
from tests.support.storing_link import StoringLink

FIRST = load(shipped.shipped()["first-light"])
SOURCE = source_of(FIRST) or ""
WITH_CLIP = structs.replace(FIRST, nodes={**FIRST.nodes, SOURCE: Node("audio_source", values={"file": "a/beat.wav"})})


def wav(path: Path, seconds: float = 0.1) -> bytes:
    soundfile.write(path, 0.2 * np.sin(np.arange(int(48_000 * seconds)) / 15), 48_000, subtype="PCM_16")
    return path.read_bytes()


def take(path: Path) -> Path:
    with Recorder(path, 48_000, 2, patch=dumps(FIRST)) as file:
        file.write(np.zeros((480, 2), np.float32), 0.0)
    return path


def test_each_kind_is_known(tmp_path: Path) -> None:
    wav(tmp_path / "beat.wav")
    content = packed(WITH_CLIP, {"a/beat.wav": (tmp_path / "beat.wav").read_bytes()})
    (tmp_path / "song.dpatch").write_bytes(content)
    (tmp_path / "song.html").write_text(html_page(WITH_CLIP, content))
    (tmp_path / "song.dpatch.json").write_text(dumps(FIRST))
    (tmp_path / "w.safetensors").write_bytes(b"x")
    kinds = {
        "beat.wav": "sound", "song.dpatch": "pack", "song.html": "page", "song.dpatch.json": "patch",
        "w.safetensors": "lora", take(tmp_path / "take.wav").name: "take",
    }  # fmt: skip
    for name, kind in kinds.items():
        found = look_at(tmp_path / name)
        assert (found.kind, found.fault) == (kind, ""), name
        assert offers(found)
        assert name in found.words
    assert look_at(tmp_path / "song.dpatch").patch == WITH_CLIP
    assert look_at(tmp_path / "song.html").patch == WITH_CLIP
    assert [o.do for o in offers(look_at(tmp_path / "take.wav"))] == ["open", "merge", "source", "clip"]
    assert "First Light" in look_at(tmp_path / "take.wav").words


@pytest.mark.parametrize("name", ["gone.wav", "folder", "a.exe", "broken.dpatch.json", "broken.dpatch", "broken.html"])
def test_what_cannot_be_used_is_said_with_its_mend(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    for broken in ("a.exe", "broken.dpatch.json", "broken.dpatch", "broken.html"):
        (tmp_path / broken).write_bytes(b"\x00{junk")
    found = look_at(tmp_path / name)
    assert found.kind == "unknown"
    assert name in found.fault
    assert offers(found) == ()
    popups = FakePopups()
    Doing(StoringLink(FIRST), popups).offer(found, (0, 0), (0, 0))
    assert popups.said == [found.fault]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([".wav", ".flac", ".dpatch", ".dpatch.json", ".html", ".mp3", ".x"]))
def test_no_content_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("any") / f"f{suffix}"
    path.write_bytes(content)
    assert isinstance(look_at(path), Found)


def test_a_damaged_patch_leaves_the_sound(tmp_path: Path) -> None:
    path = take(tmp_path / "take.wav")
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"format": ', b'"farmot": '))
    assert look_at(path).kind in ("sound", "take")
    path.write_bytes(content.replace(b'"nodes"', b'"\xff\xffdes"'))
    assert look_at(path).kind == "sound"


def test_a_sound_takes_the_place_of_the_source(tmp_path: Path) -> None:
    content = wav(tmp_path / "beat.wav", 15.0)
    assert len(content) > 2**20  # several pieces
    link, popups = StoringLink(FIRST), FakePopups()
    found = look_at(tmp_path / "beat.wav")
    Doing(link, popups).offer(found, (5, 5), (100, 100))
    (menu,) = popups.menus
    assert [item.title for item in menu[1:]] == ["Play over this sound", "Add it as a clip"]
    do = menu[1].do
    assert do is not None
    do()
    (name,) = link.stored
    assert link.stored[name] == content
    node = link.patch.nodes[source_of(link.patch) or ""]
    assert (node.type, node.values["file"]) == ("audio_source", name)
    assert len(link.steps) == 1


def test_again_only_the_file_changes(tmp_path: Path) -> None:
    wav(tmp_path / "beat.wav")
    link = StoringLink(WITH_CLIP)
    Doing(link, FakePopups()).do(Offer("source", ""), look_at(tmp_path / "beat.wav"), (0, 0))
    assert link.patch.nodes[SOURCE].values["file"] in link.stored
    assert link.patch.cables == WITH_CLIP.cables


def test_a_clip_lands_where_it_was_dropped(tmp_path: Path) -> None:
    wav(tmp_path / "beat.wav")
    link = StoringLink(FIRST)
    Doing(link, FakePopups()).do(Offer("clip", ""), look_at(tmp_path / "beat.wav"), (640, 480))
    (new,) = link.patch.nodes.keys() - FIRST.nodes.keys()
    assert (link.patch.nodes[new].at, link.patch.nodes[new].label) == ((640, 480), "beat")


def test_a_lora_goes_into_the_chain(tmp_path: Path) -> None:
    (tmp_path / "warm.safetensors").write_bytes(b"weights")
    link = StoringLink(FIRST)
    Doing(link, FakePopups()).offer(look_at(tmp_path / "warm.safetensors"), (0, 0), (300, 0))
    (new,) = link.patch.nodes.keys() - FIRST.nodes.keys()
    node = link.patch.nodes[new]
    assert (node.type, node.values["file"]) == ("lora", next(iter(link.stored)))
    assert link.patch.cables_into(new, "ring")
    assert link.patch.cables_from(new, "ring")
    assert ring_cable(FIRST) is not None


def test_nodes_are_added_with_their_clips(tmp_path: Path) -> None:
    content = wav(tmp_path / "beat.wav")
    (tmp_path / "song.dpatch").write_bytes(packed(WITH_CLIP, {"a/beat.wav": content}))
    link = StoringLink(Patch(nodes={}))
    Doing(link, FakePopups()).do(Offer("merge", ""), look_at(tmp_path / "song.dpatch"), (0, 0))
    assert len(link.patch.nodes) == len(FIRST.nodes)
    (asset,) = assets_of(link.patch)
    assert link.stored[asset.name] == content
    assert len(link.steps) == 1


def test_a_patch_is_opened(tmp_path: Path) -> None:
    (tmp_path / "song.dpatch.json").write_text(dumps(FIRST))
    link, popups = StoringLink(Patch(nodes={})), FakePopups()
    link.replies[Open] = Begun(number=1)
    Doing(link, popups).do(Offer("open", ""), look_at(tmp_path / "song.dpatch.json"), (0, 0))
    (asked,) = [each for each in link.asked if isinstance(each, Open)]
    assert (loads(asked.patch), asked.title, asked.discard) == (FIRST, "song.dpatch.json", False)
    assert "song.dpatch.json is prepared; it takes over on a bar." in popups.said


def test_what_the_host_refuses_is_said(tmp_path: Path) -> None:
    wav(tmp_path / "beat.wav")
    link, popups = StoringLink(FIRST), FakePopups()
    link.refuse = "the disk is full"
    Doing(link, popups).do(Offer("clip", ""), look_at(tmp_path / "beat.wav"), (0, 0))
    assert "the disk is full" in popups.said
    assert link.patch == FIRST


@given(st.integers(1, 3 * 2**20 + 7))
@settings(max_examples=12, deadline=None)
def test_a_file_of_any_size_arrives_whole(size: int) -> None:
    link, names = StoringLink(FIRST), list[str]()
    content = (b"0123456789" * (size // 10 + 1))[:size]
    sent = Sending(link, content, ".wav", names.append)
    assert link.stored == {names[0]: content}
    assert sent.share == 1.0
    again = Sending(link, content, ".wav", names.append)
    assert names[0] == names[1]
    assert again.over


def test_a_refused_file_is_over() -> None:
    link, said = StoringLink(FIRST), list[Fault]()
    link.refuse = "no"
    assert Sending(link, b"x", ".wav", lambda name: None, said.append).over
    assert said[0].text == "no"


def test_files_are_renamed_where_they_are_read() -> None:
    new = renamed(WITH_CLIP, {"a/beat.wav": "sha256:00"}, CATALOGUE)
    assert new.nodes[SOURCE].values["file"] == "sha256:00"
    assert renamed(WITH_CLIP, {"b.wav": "x"}) is WITH_CLIP
