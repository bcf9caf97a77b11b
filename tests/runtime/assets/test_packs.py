"""A patch and its files in one: what is packed is what plays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch import shipped
from demon_patch.engine.session import Session
from demon_patch.engine.sound.clips import set_tempo, tempo_of
from demon_patch.errors import DemonError, PatchError, SourceError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands import SetMeta, apply
from demon_patch.patch.files.format import load, save
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Meta, Node, Patch
from demon_patch.runtime.assets.asset_store import located
from demon_patch.runtime.assets.assets import assets_of, files_of, load_patch, pack, save_patch, unpack
from demon_patch.runtime.assets.named_files import inspect_files
from demon_patch.runtime.performance.resources import Resources
from tests.support.packing import clip, line_of, sound
from tests.support.sounds import hash_name
from tests.support.toy_family import toy_family


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
    set_tempo(home / "float.wav", bpm=101.0, downbeat=0.25)
    assert "float.wav.tempo.json" in pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    unpack(tmp_path / "song.dpatch", tmp_path / "there")
    assert tempo_of(tmp_path / "there" / "float.wav") == tempo_of(home / "float.wav")
    patch = load(unpack(tmp_path / "song.dpatch", tmp_path / "two", to_store=True))
    assert tempo_of(located(str(patch.nodes["b"].values["file"]), tmp_path)) == tempo_of(home / "float.wav")


def test_a_file_that_cannot_be_packed_is_named_with_its_node(home: Path, tmp_path: Path) -> None:
    path, out = home / "song.dpatch.json", tmp_path / "x.dpatch"
    unfit = (
        "does not work on every system, or leads out of its folder (use folder/file, in letters, digits, spaces . _ -)"
    )
    here = f"lies outside the patch's folder (copy the file beside the patch, into {home})"
    cases = {
        "gone.wav": "there is no such file: gone.wav (check its name, or copy the file into the patch's folder)",
        "flaot.wav": "there is no such file: flaot.wav (is float.wav meant?)",
        "Samples/Break.wav": "Samples/Break.wav is called samples/break.wav here; other machines distinguish"
        " capital letters (write samples/break.wav)",
        "samples": "samples: this is a folder, not an audio file (name a file in it)",
        "../x.wav": f"../x.wav {here}",
        "samples\\break.wav": "samples\\break.wav has a backslash, which separates folders only on Windows"
        " (write samples/break.wav)",
        "C:\\Users\\me\\x.wav": f"C:\\Users\\me\\x.wav {here}",
        str(home / "float.wav"): f"{home / 'float.wav'} is a path that only this machine has (write float.wav)",
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
        (found,) = inspect_files(load(path), home, CATALOGUE).mistakes
        assert str(found) == expected


def test_a_tempo_is_small(tmp_path: Path) -> None:
    with pytest.raises(PatchError, match="takes 5000 bytes"):
        packed(Patch(), {"one.wav": b"1", "one.wav.tempo.json": bytes(5000)})


def test_every_file_that_is_written_is_told(home: Path, tmp_path: Path, assets: Path) -> None:
    set_tempo(home / "float.wav", bpm=101.0, downbeat=0.25)
    pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    for to_store, folder in ((False, tmp_path / "there"), (True, assets)):
        told: list[Path] = []
        unpack(tmp_path / "song.dpatch", tmp_path / "there", to_store=to_store, force=True, wrote=told.append)
        written = {path for path in folder.rglob("*") if path.is_file()} | {tmp_path / "there" / "song.dpatch.json"}
        assert set(told) == written
        assert len(told) == len(written)


def test_a_pack_that_was_edited_is_packed_anew(home: Path, tmp_path: Path) -> None:
    shared = tmp_path / "song.dpatch"
    pack(home / "song.dpatch.json", shared)
    patch = load_patch(shared)
    assert patch == load_patch(home / "song.dpatch.json")
    edited = apply(SetMeta(title="Other"), patch)[0]
    with files_of(shared) as folder:
        save_patch(edited, shared, folder)
    assert not folder.exists()
    assert load_patch(shared) == edited
    unpack(shared, tmp_path / "into")
    assert (tmp_path / "into" / "float.wav").read_bytes() == (home / "float.wav").read_bytes()
    with files_of(home / "song.dpatch.json") as folder:
        assert folder == home


def test_a_pack_that_is_played_leaves_nothing_in_the_store(tmp_path: Path, assets: Path) -> None:
    content = sound(tmp_path / "x.wav")
    name = hash_name(content, ".wav")
    patch = Patch(nodes={"a": clip(name)})
    (tmp_path / "song.dpatch").write_bytes(packed(patch, {name: content}))
    with files_of(tmp_path / "song.dpatch") as folder:
        path = located(name, folder)
        assert path.is_relative_to(folder)
        assert path.read_bytes() == content
        save_patch(patch, tmp_path / "again.dpatch", folder)
    assert (tmp_path / "again.dpatch").read_bytes() == (tmp_path / "song.dpatch").read_bytes()
    assert not assets.exists()
    with pytest.raises(SourceError, match="is not in the asset store"):
        located(name, folder)
    shipped.write_new(tmp_path / "new" / "mine.dpatch.json", tmp_path / "song.dpatch")  # which shall play later too
    assert located(name, tmp_path / "new").is_relative_to(assets)
