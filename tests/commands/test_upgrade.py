"""`demon-patch upgrade`: files are rewritten where they lie, or stay byte for byte as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.format1 import position_of
from demon_patch.patch.files import format, pack
from demon_patch.runtime.assets import upgrade
from demon_patch.runtime.assets.upgrade import upgraded_file
from tests.support.command import Run
from tests.support.paths import PATCHES

OLD = {
    "format": 1,
    "nodes": {"s": {"type": "scheduler", "values": {"strength": 0.5}}, "l": {"type": "lfo"}, "x": {"type": "future.x"}},
    "cables": [{"src": "l", "out": "out", "dst": "s", "port": "strength"}],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.dpatch.json"
    path.write_text(json.dumps(OLD), encoding="utf-8")
    return path


def test_a_file_is_upgraded_once_and_says_what_has_changed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "upgrade", str(file))
    assert run.code == 0
    assert run.out.splitlines()[0] == f"{file}: upgraded: format 1 to 2"
    position = position_of(0.5, CATALOGUE["scheduler"].by_name["strength"])
    assert f"    s.strength: the value: 0.5 -> {position}" in run.out.splitlines()
    assert "    s.strength: the cable from l.out: the default -> 0.25" in run.out.splitlines()
    written = file.read_bytes()
    assert json.loads(written)["format"] == 2
    assert json.loads(written)["nodes"]["x"] == {"type": "future.x", "format": 1}
    again = Run(capsys, "upgrade", str(file), "--check")
    assert (again.code, again.out) == (0, f"{file}: up to date\n")
    assert file.read_bytes() == written


def test_check_writes_nothing_and_tells_by_its_status(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    run = Run(capsys, "upgrade", "--check", str(file))
    assert (run.code, run.out.splitlines()[0]) == (1, f"{file}: to be upgraded: format 1 to 2")
    assert file.read_bytes() == before


def test_a_folder_is_searched_for_patches_and_packs_and_nothing_else_is_touched(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner, other = tmp_path / "songs" / "b.dpatch", tmp_path / "notes.json"
    inner.parent.mkdir()
    data = pack._Asset("a.wav", "", 0, b"")
    data.sha256 = pack.sha256(b"").hexdigest()
    whole = pack._Pack(pack.PACK, json.dumps(OLD), [data])
    inner.write_bytes(pack.msgspec.msgpack.encode(whole))
    other.write_text(json.dumps(OLD))
    broken = tmp_path / "broken.dpatch.json"
    broken.write_text('{"format": 1, "nodes": {"a": 3}}')
    newer = tmp_path / "newer.dpatch.json"
    newer.write_text('{"format": 3}')
    untouched = {path: path.read_bytes() for path in (other, broken, newer)}
    run = Run(capsys, "upgrade", str(tmp_path))
    assert run.code == 1
    assert {path: path.read_bytes() for path in untouched} == untouched
    assert run.err.count("broken.dpatch.json") == 1
    assert "the file has format 3, and this version reads formats up to 2" in run.err
    patch, files = pack.unpacked(inner.read_bytes())
    assert patch == format.load(file)
    assert dict(files) == {"a.wav": b""}
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_that_changes_meanwhile_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dumps = upgrade.dumps

    def late(patch: format.Patch) -> str:
        file.write_text('{"format": 2}')
        return dumps(patch)

    monkeypatch.setattr(upgrade, "dumps", late)
    with pytest.raises(format.PatchError, match="it has changed meanwhile"):
        upgraded_file(file)
    assert file.read_text() == '{"format": 2}'


def test_without_a_file_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no file is named" in Run(capsys, "upgrade").err


def test_every_patch_that_ships_is_up_to_date() -> None:
    found = sorted(PATCHES.glob("*.dpatch.json"))
    assert len(found) >= 20
    for path in found:
        assert upgraded_file(path, write=False) == [], path
