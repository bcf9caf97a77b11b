"""The gallery of any folder: patches without effects, packs, names of all kinds, and broken ones beside good ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.patch.files.format import save
from demon_patch.runtime.assets.assets import pack
from tests.support.command import Run
from tests.support.virtual_stage import patch


def test_a_folder_without_effects_is_shown_and_a_broken_patch_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, to = tmp_path / "mine", tmp_path / "page"
    folder.mkdir()
    save(patch({}, [], steps=2, depth=1), folder / "my song #1.dpatch.json")
    pack(folder / "my song #1.dpatch.json", folder / "shared.dpatch")
    (folder / "broken.dpatch.json").write_text('{"format": 1, "nodes": {"a": {"type": "lfoo"}}}')
    run = Run(capsys, "gallery", folder, "--seconds", 1, "--to", to)
    assert run.code == 1
    assert "broken.dpatch.json: node a: unknown node 'lfoo'" in run.err
    assert {path.name for path in to.iterdir()} == {
        "index.html",
        *("my song #1" + end for end in (".flac", ".png", ".dpatch.json")),
        *("shared" + end for end in (".flac", ".png", ".dpatch")),
    }
    page = (to / "index.html").read_text(encoding="utf-8")
    assert 'src="my%20song%20%231.flac"' in page
    assert "did you mean lfo?" in page
    assert "correlation" not in page
    assert Run(capsys, "gallery", folder, "--only", "shared", "--seconds", 1, "--to", folder).code == 0
    assert (folder / "index.html").exists()


def test_what_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no patch in it" in Run(capsys, "gallery", tmp_path).err
    assert "there is no such folder" in Run(capsys, "gallery", tmp_path / "gone").err
    run = Run(capsys, "gallery", "--only", "first-ligt", "--to", tmp_path / "out")
    assert "there is no patch named 'first-ligt' (did you mean first-light?)" in run.err
    assert not (tmp_path / "out").exists()
