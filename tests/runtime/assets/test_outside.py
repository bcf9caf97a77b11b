"""Nothing outside the folder and the store is ever touched, whatever a pack or a patch names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError, PatchError, SourceError
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.asset_store import inside, located
from demon_patch.runtime.assets.assets import files_of, load_patch, pack, unpack
from demon_patch.runtime.performance.resources import Resources
from tests.support.packing import clip, line_of, sound, torn
from tests.support.toy_family import toy_family


def test_no_path_outside_the_folder_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "patches"
    folder.mkdir()
    sound(tmp_path / "secret.wav")
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "out").symlink_to(tmp_path)
    (folder / "round.wav").symlink_to(folder / "round.wav")
    sound(folder / "good.wav")
    (folder / "inner.wav").symlink_to(folder / "good.wav")
    resources = Resources(Session(toy_family()), folder)
    outside = ("../secret.wav", "link.wav", "out/secret.wav", str(tmp_path / "secret.wav"), "good.wav/../../secret.wav")
    for name in (*outside, "a\0b"):
        for lookup in (resources.file, resources.written, resources.lora, lambda n: inside(n, folder)):
            with pytest.raises(SourceError) as caught:
                lookup(name)
            mend = "name a file within " if lookup == resources.written else "copy the file beside the patch, into "
            assert f"lies outside the patch's folder ({mend}" in str(caught.value)
        with pytest.raises(SourceError, match="lies outside"):
            resources.source(("audio", name, 1.0, None, None))
    assert resources.file("inner.wav") == (folder / "good.wav").resolve()
    (folder / "lost.wav").symlink_to(folder / "gone.wav")
    (folder / "ring").symlink_to(folder / "ring")
    for name, told in (
        ("round.wav", "leads back to itself"),
        ("ring/x.wav", "leads back to itself"),
        ("lost.wav", "gone.wav, which"),
    ):
        for lookup in (resources.file, resources.lora):
            with pytest.raises(SourceError, match=f"{name} is a link .*{told}.*put the file itself in its place"):
                lookup(name)
        with pytest.raises(SourceError, match=told):
            resources.source(("audio", name, 1.0, None, None))
    with pytest.raises(SourceError, match=r"round\.wav is a link that leads back to itself"):
        resources.written("round.wav")


def test_what_is_no_ordinary_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(SourceError, match=r"pipe\.wav is no ordinary file"):
        located("pipe.wav", tmp_path)


HOSTILE = (
    "../x.wav", "/x.wav", "a/../../x.wav", "a\\..\\x.wav", "C:x.wav", "", "nul", "nul.wav", "link/x.wav", "x/",
    "a\0.wav", "-rf.wav", "~/x.wav", "x/-y.wav", "a\ufffe.wav",
    "song.dpatch.json", ".bashrc", ".ssh/authorized_keys", ".git/hooks/pre-commit", "conftest.py",
    "Makefile", "soxr.py", "x.lnk", "x.wav.lnk", "x.desktop", "a\u202evaw.wav", "a\u200b.wav", "CONIN$",
    "CONIN$.wav", "com\u00b9.wav", "x.wav.", "x.wav ", ".x.wav", "x.wav:y", "x" * 240 + ".wav",
    "d/" * 30 + "x.wav", "x.tempo.json", "x.safetensors.tempo.json", "tape.pt", "sha256:" + "0" * 64 + ".py",
    "one.wav/x.wav", "ONE.WAV",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("force", [False, True])
def test_a_hostile_pack_writes_nothing(tmp_path: Path, name: str, force: bool) -> None:
    into = tmp_path / "into"
    into.mkdir()
    (into / "link").symlink_to(tmp_path)
    pack_file = torn({"one.wav": b"1", "z.wav": b"2"}, {"z.wav": name}, tmp_path / "song.dpatch")
    before = sorted(tmp_path.rglob("*"))
    line_of(lambda: unpack(pack_file, into, force=force))
    assert sorted(tmp_path.rglob("*")) == before
    if not name.startswith("link"):
        with pytest.raises(DemonError), files_of(pack_file) as folder:  # nor is it played
            pytest.fail(f"{folder} was made")


@pytest.mark.parametrize("name", ["soxr.py", "other.wav", "one.wav.tempo.json.tempo.json", "other.wav.tempo.json"])
def test_what_the_patch_does_not_name_is_refused(tmp_path: Path, name: str) -> None:
    whole = packed(Patch(nodes={"n": clip("one.wav")}), {"one.wav": b"1", name: b"{}"})
    (tmp_path / "song.dpatch").write_bytes(whole)
    for call in (
        lambda: unpack(tmp_path / "song.dpatch", tmp_path / "into"),
        lambda: load_patch(tmp_path / "song.dpatch"),
    ):
        assert name in line_of(call)
    assert not (tmp_path / "into").exists()


def test_nothing_is_overwritten_unless_that_is_wanted(tmp_path: Path) -> None:
    path, into = torn({"a/b.wav": b"new"}, {}, tmp_path / "song.dpatch"), tmp_path / "into"
    (into / "a").mkdir(parents=True)
    (into / "a" / "b.wav").write_text("old")
    assert line_of(lambda: unpack(path, into)) == (
        f"{into / 'a' / 'b.wav'}: there is such a file already (--force writes over it)"
    )
    assert (into / "a" / "b.wav").read_text() == "old"
    assert not (into / "song.dpatch.json").exists()
    unpack(path, into, force=True)
    assert (into / "a" / "b.wav").read_text() == "new"
    with pytest.raises(PatchError, match="there is such a file already"):
        pack(into / "song.dpatch.json", path)
    assert pack(into / "song.dpatch.json", path, force=True) == ["a/b.wav"]


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    path, into = torn({"b.wav": b"new"}, {}, tmp_path / "song.dpatch"), tmp_path / "into"
    into.mkdir()
    (tmp_path / "precious").write_text("old")
    for name in ("b.wav", "song.dpatch.json"):
        (into / name).symlink_to(tmp_path / "precious")
    with pytest.raises(PatchError, match="there is such a file already"):
        unpack(path, into)
    unpack(path, into, force=True)
    assert (tmp_path / "precious").read_text() == "old"
    assert (into / "b.wav").read_text() == "new"
    assert not (into / "b.wav").is_symlink()


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    path, into = torn({"a/b.wav": b"new"}, {}, tmp_path / "song.dpatch"), tmp_path / "into"
    into.mkdir()
    (into / "a").write_text("a file")
    assert line_of(lambda: unpack(path, into)).startswith(f"{into / 'a'}: cannot be made: ")
    assert not (into / "song.dpatch.json").exists()
