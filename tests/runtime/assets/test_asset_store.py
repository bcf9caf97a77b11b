"""Files by what they hold: the store gives nothing else, and only what is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.engine.session import Session
from demon_patch.errors import PatchError, SourceError
from demon_patch.patch.files import asset_names
from demon_patch.patch.files.format import load
from demon_patch.runtime.assets.asset_store import FOLDER, OWN, located, put, store
from demon_patch.runtime.assets.assets import pack, unpack
from demon_patch.runtime.performance.resources import Resources
from tests.support.packing import sound
from tests.support.sounds import hash_name
from tests.support.toy_family import toy_family


def test_in_the_store_files_are_found_by_what_they_hold(home: Path, tmp_path: Path, assets: Path) -> None:
    pack(home / "song.dpatch.json", tmp_path / "song.dpatch")
    path = unpack(tmp_path / "song.dpatch", tmp_path / "there", to_store=True)
    assert [file.name for file in (tmp_path / "there").iterdir()] == ["song.dpatch.json"]
    assert len(list(assets.iterdir())) == 3
    before, after = load(home / "song.dpatch.json"), load(path)
    expected = hash_name((home / "samples" / "break.wav").read_bytes(), ".wav")
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
    name = hash_name(b"abc", ".wav")
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


def test_the_store_is_no_way_out_either(tmp_path: Path, assets: Path) -> None:
    content = sound(tmp_path / "secret.wav")
    name = hash_name(content, ".wav")
    assets.mkdir()
    (assets / name.removeprefix("sha256:")).symlink_to(tmp_path / "secret.wav")
    with pytest.raises(SourceError, match="is not in the asset store"):
        located(name, tmp_path)
    assert put(content, ".wav") == name
    assert not (assets / name.removeprefix("sha256:")).is_symlink()
    assert located(name, tmp_path).read_bytes() == content


def test_a_recording_is_never_written_into_the_store(tmp_path: Path) -> None:
    name = put(b"abc", ".wav")
    assert Resources(Session(toy_family()), tmp_path).written(name) == tmp_path.resolve() / name


def test_a_folder_has_no_store_of_its_own_unless_it_holds_what_its_names_say(tmp_path: Path, assets: Path) -> None:
    """A planted one gives nothing that is not asked for by what it holds."""
    name = hash_name(b"abc", ".wav")
    (tmp_path / OWN).mkdir()
    (tmp_path / OWN / name.removeprefix("sha256:")).write_bytes(b"abd")
    with pytest.raises(SourceError, match="has changed"):
        located(name, tmp_path)
    with pytest.raises(PatchError):
        asset_names.safe_name(f"{OWN}/x.wav")
