"""A patch and its files in one: what is packed is what plays, and nothing outside folder and store is ever touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
import soundfile

from demon_patch.engine.clips import edit, tempo_of
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError, PatchError, SourceError, hidden
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.form.declare import Declaration
from demon_patch.nodes.form.ports import Port
from demon_patch.patch import names
from demon_patch.patch.commands import SetMeta, apply
from demon_patch.patch.document import Meta, Node, Patch
from demon_patch.patch.format import load, save
from demon_patch.patch.pack import packed
from demon_patch.runtime.assets import assets_of, files_of, loaded, pack, saved, unpack
from demon_patch.runtime.files import look
from demon_patch.runtime.resources import Resources
from demon_patch.runtime.store import FOLDER, inside, located, put, store
from tests.engine.toy import toy_family

RATE = 16_000


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An asset store of its own for each test."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "store"))
    return (tmp_path / "store").resolve()


def sound(path: Path, subtype: str = "PCM_24", seed: int = 1) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = 0.02 * np.random.default_rng(seed).standard_normal((RATE, 2))
    soundfile.write(path, 0.5 * np.sin(np.arange(RATE) * 0.05)[:, None] + noise, RATE, subtype)
    return path.read_bytes()


def clip(file: str) -> Node:
    return Node("audio_source", values={"file": file})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a patch with two clips, one twice, a LoRA of the model's own and one that is a file."""
    folder = tmp_path / "home"
    sound(folder / "samples" / "break.wav")
    sound(folder / "float.wav", "FLOAT", 2)
    (folder / "mine.safetensors").write_bytes(bytes(range(200)))
    (folder / "private.txt").write_text("not named in the patch")
    nodes = {
        "a": clip("samples/break.wav"),
        "b": clip("./samples/../float.wav"),
        "c": clip("samples/break.wav"),
        "d": Node("lora", values={"file": "tape"}),
        "e": Node("lora", values={"file": "mine.safetensors"}),
        "f": Node("recorder", values={"file": "take.wav"}),
        "g": Node("future.sampler", values={"file": "float.wav"}),
        "h": clip(""),
        "i": Node("prompt", values={"text": "float.wav"}),
    }
    save(Patch(meta=Meta(title="Home"), nodes=nodes), folder / "song.dpatch.json")
    return folder


def test_the_files_of_a_patch_are_the_values_of_its_path_ports(home: Path) -> None:
    found = assets_of(load(home / "song.dpatch.json"))
    assert [tuple(asset) for asset in found] == [
        ("float.wav", "b", "file"),
        ("mine.safetensors", "e", "file"),
        ("samples/break.wav", "a", "file"),
    ]


def test_a_new_node_with_a_file_is_found_by_its_declaration() -> None:
    sampler = Declaration(
        "sampler", "Sampler", "Plays.", "resource", "test", (), (Port("sample", "path", "", doc="A file."),), ()
    )
    patch = Patch(nodes={"s": Node("sampler", values={"sample": "x.wav"})})
    assert [asset.name for asset in assets_of(patch, {"sampler": sampler})] == ["x.wav"]
    assert assets_of(patch) == []


def test_a_lora_of_another_family_is_a_file() -> None:
    nodes = {"l": Node("lora", values={"file": "tape"})}
    assert assets_of(Patch(nodes=nodes)) == []
    assert [a.name for a in assets_of(Patch(meta=Meta(model="some-other"), nodes=nodes))] == ["tape"]


def test_what_is_packed_comes_out_beside_the_patch(home: Path, tmp_path: Path) -> None:
    told = pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    assert told == ["float.wav", "mine.safetensors", "samples/break.wav"]
    there = tmp_path / "there"
    assert unpack(tmp_path / "song.dpatch", there) == there / "song.dpatch.json"
    assert load(there / "song.dpatch.json") == load(home / "song.dpatch.json")
    for name in told:
        assert (there / name).read_bytes() == (home / name).read_bytes()
    assert {path.name for path in there.rglob("*") if path.is_file()} == {
        "song.dpatch.json",
        *map(os.path.basename, told),
    }
    for name in ("float.wav", "samples/break.wav"):
        np.testing.assert_array_equal(soundfile.read(there / name)[0], soundfile.read(home / name)[0])
    assert (tmp_path / "song.dpatch").stat().st_size < 0.95 * sum((home / name).stat().st_size for name in told)


def test_an_edited_tempo_goes_with_its_clip(home: Path, tmp_path: Path) -> None:
    edit(home / "float.wav", bpm=101.0, downbeat=0.25)
    assert "float.wav.tempo.json" in pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    unpack(tmp_path / "song.dpatch", tmp_path / "there")
    assert tempo_of(tmp_path / "there" / "float.wav") == tempo_of(home / "float.wav")
    patch = load(unpack(tmp_path / "song.dpatch", tmp_path / "two", to_store=True))
    assert tempo_of(located(str(patch.nodes["b"].values["file"]), tmp_path)) == tempo_of(home / "float.wav")


def test_in_the_store_files_are_found_by_what_they_hold(home: Path, tmp_path: Path, assets: Path) -> None:
    pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    path = unpack(tmp_path / "song.dpatch", tmp_path / "there", to_store=True)
    assert [file.name for file in (tmp_path / "there").iterdir()] == ["song.dpatch.json"]
    assert len(list(assets.iterdir())) == 3
    before, after = load(home / "song.dpatch.json"), load(path)
    expected = names.by_hash((home / "samples" / "break.wav").read_bytes(), ".wav")
    assert after.nodes["a"].values["file"] == after.nodes["c"].values["file"] == expected
    for id in ("d", "f", "g", "h", "i"):
        assert after.nodes[id] == before.nodes[id]
    resources = Resources(Session(toy_family()), tmp_path / "there")
    assert resources.file(expected).read_bytes() == (home / "samples" / "break.wav").read_bytes()
    assert resources.file(expected.removesuffix(".wav")) == resources.file(expected)
    # packed again from the store, they stay named by what they hold
    assert pack(path, tmp_path / "again.dpatch") == sorted(str(after.nodes[id].values["file"]) for id in "abe")
    for file in assets.iterdir():
        file.unlink()
    assert load(unpack(tmp_path / "again.dpatch", tmp_path / "more")) == after
    assert resources.file(expected).read_bytes() == (home / "samples" / "break.wav").read_bytes()


def test_a_clip_from_the_store_plays(tmp_path: Path) -> None:
    name = put(sound(tmp_path / "x.wav"), ".wav")
    resources = Resources(Session(toy_family()), tmp_path / "nowhere")
    assert resources.source(("audio", name, 1.0, 120.0, 0.0)).frames > 0


def test_what_is_missing_from_the_store_or_has_changed_there_is_named(tmp_path: Path, assets: Path) -> None:
    name = names.by_hash(b"abc", ".wav")
    file = name.removeprefix("sha256:")
    with pytest.raises(SourceError) as caught:
        located(name, tmp_path)
    assert str(caught.value) == (
        f"{name} is not in the asset store (unpack it with --store, or put the file into {assets} as {file})"
    )
    assert put(b"abc", ".wav") == name
    assert located(name, tmp_path) == assets / file
    (assets / file).write_bytes(b"abd")
    with pytest.raises(SourceError, match="has changed in the asset store"):
        located(name, tmp_path)
    assert put(b"abc", ".wav") == name
    assert located(name, tmp_path).read_bytes() == b"abc"
    for bad in ("sha256:", "sha256:12", "sha256:../../etc/passwd", f"sha256:{'0' * 64}/../x"):
        with pytest.raises(SourceError, match="is no hash"):
            located(bad, tmp_path)


def test_the_store_lies_in_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(FOLDER)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store().is_relative_to(tmp_path)
    assert store().name == "assets"


# -- nothing outside --------------------------------------------------------------------------------------------
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
            assert "lies outside the patch's folder (copy the file beside the patch, into " in str(caught.value)
        with pytest.raises(SourceError, match="lies outside"):
            resources.source(("audio", name, 1.0, None, None))
    assert resources.file("inner.wav") == (folder / "good.wav").resolve()
    with pytest.raises(DemonError):
        resources.source(("audio", "round.wav", 1.0, None, None))


def test_the_store_is_no_way_out_either(tmp_path: Path, assets: Path) -> None:
    content = sound(tmp_path / "secret.wav")
    name = names.by_hash(content, ".wav")
    assets.mkdir()
    (assets / name.removeprefix("sha256:")).symlink_to(tmp_path / "secret.wav")
    with pytest.raises(SourceError, match="is not in the asset store"):
        located(name, tmp_path)
    assert put(content, ".wav") == name
    assert not (assets / name.removeprefix("sha256:")).is_symlink()
    assert located(name, tmp_path).read_bytes() == content


def test_what_is_no_ordinary_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(SourceError, match=r"pipe\.wav is no ordinary file"):
        located("pipe.wav", tmp_path)


def test_a_recording_is_never_written_into_the_store(tmp_path: Path) -> None:
    name = put(b"abc", ".wav")
    assert Resources(Session(toy_family()), tmp_path).written(name) == tmp_path.resolve() / name


def line_of(call: Any) -> str:
    with pytest.raises(DemonError) as caught:
        call()
    assert caught.value.mend
    return str(caught.value)


def test_a_file_that_cannot_be_packed_is_named_with_its_node(home: Path, tmp_path: Path) -> None:
    path, out = home / "song.dpatch.json", tmp_path / "x.dpatch"
    unfit = (
        "does not work on every system, or leads out of its folder (use folder/file, in letters, digits, spaces . _ -)"
    )
    here = f"lies outside the patch's folder (copy the file beside the patch, into {home})"
    cases = {
        "gone.wav": "there is no such file: gone.wav (check its name, or copy the file into the patch's folder)",
        "flaot.wav": "there is no such file: flaot.wav (is float.wav meant?)",
        "Samples/Break.wav": "Samples/Break.wav is called samples/break.wav here; other machines tell them apart"
        " (write samples/break.wav)",
        "samples": "samples: this is a folder, not an audio file (name a file in it)",
        "../x.wav": f"../x.wav {here}",
        "samples\\break.wav": "samples\\break.wav has a backslash, which parts folders on Windows alone"
        " (write samples/break.wav)",
        "C:\\Users\\me\\x.wav": f"C:\\Users\\me\\x.wav {here}",
        str(home / "float.wav"): f"{home / 'float.wav'} is a place on this machine alone (write float.wav)",
        "what?.wav": f'the name "what?.wav" {unfit}',
        "sha256:7": '"sha256:7" is no hash (write sha256: and 64 of 0-9 a-f, then the suffix)',
    }
    for name, what in cases.items():
        save(Patch(nodes={"a": clip(name)}), path)
        expected = f"node a: port file: {what}"
        assert line_of(lambda: pack(path, out)) == f"{path}: {expected}"
        assert not out.exists()
        with pytest.raises(DemonError) as caught:
            Resources(Session(toy_family()), home).source(("audio", name, 1.0, None, None))
        assert str(caught.value) == expected.removeprefix("node a: ")
        (found,) = look(load(path), home, CATALOGUE).mistakes
        assert str(found) == expected


def torn(files: Mapping[str, bytes], rename: Mapping[str, str], path: Path) -> Path:
    """A pack some of whose files were given other names by hand; its patch names those that it can."""
    named = [rename.get(name, name) for name in files]
    nodes = {f"n{number}": clip(name) for number, name in enumerate(named) if hidden(name) is None}
    whole = msgpack.unpackb(packed(Patch(nodes=nodes), files))
    for asset in whole["assets"]:
        asset["name"] = rename.get(asset["name"], asset["name"])
    path.write_bytes(msgpack.packb(whole))
    return path


HOSTILE = (
    "../x.wav", "/x.wav", "a/../../x.wav", "a\\..\\x.wav", "C:x.wav", "", "nul", "nul.wav", "link/x.wav", "x/",
    "a\0.wav", "song.dpatch.json", ".bashrc", ".ssh/authorized_keys", ".git/hooks/pre-commit", "conftest.py",
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
    for call in (lambda: unpack(tmp_path / "song.dpatch", tmp_path / "into"), lambda: loaded(tmp_path / "song.dpatch")):
        assert name in line_of(call)
    assert not (tmp_path / "into").exists()


def test_a_tempo_is_small(tmp_path: Path) -> None:
    with pytest.raises(PatchError, match="takes 5000 bytes"):
        packed(Patch(), {"one.wav": b"1", "one.wav.tempo.json": bytes(5000)})


def test_every_file_that_is_written_is_told(home: Path, tmp_path: Path, assets: Path) -> None:
    edit(home / "float.wav", bpm=101.0, downbeat=0.25)
    pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    for to_store, folder in ((False, tmp_path / "there"), (True, assets)):
        told: list[Path] = []
        unpack(tmp_path / "song.dpatch", tmp_path / "there", to_store=to_store, force=True, wrote=told.append)
        written = {path for path in folder.rglob("*") if path.is_file()} | {tmp_path / "there" / "song.dpatch.json"}
        assert set(told) == written
        assert len(told) == len(written)


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


def test_a_pack_that_was_edited_is_packed_anew(home: Path, tmp_path: Path) -> None:
    shared = tmp_path / "song.dpatch"
    pack(home / "song.dpatch.json", shared)
    patch = loaded(shared)
    assert patch == loaded(home / "song.dpatch.json")
    edited = apply(SetMeta(title="Other"), patch)[0]
    with files_of(shared) as folder:
        saved(edited, shared, folder)
    assert not folder.exists()
    assert loaded(shared) == edited
    unpack(shared, tmp_path / "into")
    assert (tmp_path / "into" / "float.wav").read_bytes() == (home / "float.wav").read_bytes()
    with files_of(home / "song.dpatch.json") as folder:
        assert folder == home
