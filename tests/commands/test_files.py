"""The commands on files as a person uses them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec import structs

from demon_patch.patch.files.format import dumps, load, loads, save
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.assets.asset_store import FOLDER
from demon_patch.runtime.assets.recorder import Recorder
from tests.support.command import FIRST_LIGHT, QUICK, Run


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A patch file with a clip beside it."""
    (tmp_path / "home").mkdir()
    soundfile.write(tmp_path / "home" / "x.wav", np.sin(np.arange(8000) * 0.1), 8000, "PCM_16")
    path = tmp_path / "home" / "song.dpatch.json"
    save(Patch(nodes={"a": Node("audio_source", values={"file": "x.wav"})}), path)
    return path


def test_a_patch_is_packed_and_unpacked(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed, into = tmp_path / "song.dpatch", tmp_path / "into"
    assert (run := Run(capsys, "pack", song, "--out", packed)).code == 0
    assert "packed x.wav" in run.err
    assert (run := Run(capsys, "pack", song, "--out", packed)).code == 1
    assert "there is such a file already (--force writes over it)" in run.err
    assert Run(capsys, "pack", song, "--out", packed, "--force").code == 0
    assert Run(capsys, "unpack", packed, "--into", into).code == 0
    assert load(into / "song.dpatch.json") == load(song)
    assert (into / "x.wav").read_bytes() == (song.parent / "x.wav").read_bytes()
    assert Run(capsys, "unpack", packed, "--into", into).code == 1
    assert Run(capsys, "unpack", packed, "--into", into, "--force").code == 0


def test_the_store_takes_the_files(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "store"))
    packed = tmp_path / "song.dpatch"
    Run(capsys, "pack", song, "--out", packed)
    assert Run(capsys, "unpack", packed, "--into", tmp_path / "into", "--store").code == 0
    (kept,) = (tmp_path / "store").iterdir()
    assert load(tmp_path / "into" / "song.dpatch.json").nodes["a"].values["file"] == f"sha256:{kept.name}"


def test_a_pack_plays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, packed = tmp_path / "home", tmp_path / "there" / "song.dpatch"
    home.mkdir()
    packed.parent.mkdir()
    soundfile.write(home / "x.wav", 0.5 * np.sin(np.arange(16_000 * 8) * 0.1), 16_000, "PCM_16")
    patch = load(QUICK)
    nodes = {id: node for id, node in patch.nodes.items() if node.type != "composed_source"}
    (source,) = patch.nodes.keys() - nodes.keys()
    nodes |= {source: Node("audio_source", values={"file": "x.wav"}), "tape": Node("recorder")}
    (decoder,) = (id for id, node in nodes.items() if node.type == "decoder")
    cables = (*patch.cables, Cable(decoder, "audio", "tape", "audio"))
    save(structs.replace(patch, nodes=nodes, cables=cables), home / "song.dpatch.json")
    assert Run(capsys, "pack", home / "song.dpatch.json", "--out", packed).code == 0
    assert f"{packed}: good" in Run(capsys, "check", packed).out
    whole, shared = tmp_path / "whole.wav", tmp_path / "shared.wav"
    for file, out in ((home / "song.dpatch.json", whole), (packed, shared)):
        assert Run(capsys, "render", file, "--seconds", "1", "--out", out).code == 0
    assert np.array_equal(soundfile.read(whole)[0], soundfile.read(shared)[0])
    assert {file.name for file in packed.parent.iterdir()} == {"song.dpatch", "take.wav"}


def test_a_pack_is_not_watched_and_a_broken_one_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "song.dpatch"
    broken.write_bytes(b"nothing")
    for args in (("check", broken), ("render", broken), ("play", broken)):
        run = Run(capsys, *args)
        assert run.code == 1
        assert "song.dpatch: this is no pack" in (run.out if args[0] == "check" else run.err)
    assert "unpack it, and watch its patch file" in Run(capsys, "play", broken, "--watch").err


def test_mistakes_of_packs_are_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for args in (("unpack", FIRST_LIGHT), ("unpack", tmp_path / "gone"), ("pack", tmp_path / "gone", "--out", "x")):
        run = Run(capsys, *args)
        assert run.code == 1
        assert run.err.count("(") == 1
    assert not Path("x").exists()


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_the_patch_of_a_sound_is_given_back(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patch, out = load(FIRST_LIGHT), tmp_path / "back.dpatch.json"
    with Recorder(tmp_path / name, 8000, 1, 8000, patch=dumps(patch)) as recorder:
        recorder.write(np.zeros((800, 1), np.float32))
    assert loads(Run(capsys, "extract", tmp_path / name).out) == patch
    assert Run(capsys, "extract", tmp_path / name, "--out", out).code == 0
    assert load(out) == patch
    assert out.read_text(encoding="utf-8") == FIRST_LIGHT.read_text(encoding="utf-8")
    assert "--force" in Run(capsys, "extract", tmp_path / name, "--out", out).err
    assert Run(capsys, "extract", tmp_path / name, "--out", out, "--force").code == 0
    assert Run(capsys, "extract", FIRST_LIGHT).err.endswith(
        "this is no WAV or FLAC file (name one that demon-patch has written)"
    )


def test_the_schema_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = Run(capsys, "schema").out
    assert json.loads(printed)["properties"]["format"] == {"const": 2}
    assert Run(capsys, "schema", "--out", tmp_path / "s.json").code == 0
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == printed
    assert "add_node" in json.loads(Run(capsys, "schema", "--commands").out)["discriminator"]["mapping"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_what_is_no_file_is_not_written_to(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    for command in (("render", song, "--out", pipe), ("play", song, "--record", pipe)):
        run = Run(capsys, *command)
        assert run.code == 1
        assert f"{pipe}: this is a pipe, not a file (name another file)" in run.err
    pipe.rename(pipe.with_suffix(".png"))
    run = Run(capsys, "render", song, "--out", tmp_path / "out.wav", "--picture", pipe.with_suffix(".png"))
    assert f"{pipe.with_suffix('.png')}: this is a pipe, not a file (name another file)" in run.err
