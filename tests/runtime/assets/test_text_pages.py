"""Pages, reports, schemas and copies of patches are written whole, over former ones of ours and over nothing else."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from demon_patch.bench.page import keep
from demon_patch.errors import DemonError, PatchError
from demon_patch.gallery.page import Entry, copies_in
from demon_patch.gallery.page import write as write_gallery
from demon_patch.patch.files import atomic_file
from demon_patch.patch.files.format import save
from demon_patch.runtime.assets.text_pages import MADE, write_page
from tests.support.command import FIRST_LIGHT, Run
from tests.support.virtual_stage import patch

PAGE = f"# Words\n\n{MADE}x`; do not edit.\n"
MINE = "# Words\n\nWritten in a long winter.\n"


def test_a_page_replaces_a_former_page_and_nothing_else(tmp_path: Path) -> None:
    page, mine, empty = tmp_path / "new" / "page.md", tmp_path / "mine.md", tmp_path / "empty.md"
    mine.write_text(MINE)
    empty.touch()
    for path in (page, page, empty):
        assert write_page(path, PAGE) == path
        assert path.read_text() == PAGE
    with pytest.raises(DemonError, match="there is such a file already, and it is no page of ours"):
        write_page(mine, PAGE)
    with pytest.raises(DemonError, match="this is a folder, not a file"):
        write_page(tmp_path, PAGE)
    for nowhere in (mine / "page.md", tmp_path / ("a" * 300), tmp_path / ("a" * 300) / "page.md"):
        with pytest.raises(DemonError, match="cannot be written"):
            write_page(nowhere, PAGE)
    assert mine.read_text() == MINE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("follow", [True, False])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, follow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # names of sockets are short
        listening.bind("socket")
        for path, what in ((pipe, "a pipe"), (tmp_path / "socket", "a socket"), (tmp_path, "a folder")):
            with pytest.raises(PatchError, match=f"this is {what}, not a file"):
                atomic_file.write(path, b"x", follow=follow)
            assert not path.is_file()
    link.symlink_to(pipe)
    if follow:
        with pytest.raises(PatchError, match="this is a pipe"):
            atomic_file.write(link, b"x")
    else:
        atomic_file.write(link, b"x", follow=False)
        assert link.read_bytes() == b"x"
    with pytest.raises(DemonError, match="this is a pipe"):
        write_page(pipe, PAGE)
    assert {each.name for each in tmp_path.iterdir()} == {"pipe", "socket", "link"}


def test_a_schema_is_not_written_over_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, link = tmp_path / "mine.json", tmp_path / "link.json"
    mine.write_text(MINE)
    link.symlink_to(tmp_path / "gone.json")
    for path in (mine, link):
        run = Run(capsys, "schema", "--out", path)
        assert run.code == 1
        assert "there is such a file already (--force writes over it)" in run.err
    assert mine.read_text() == MINE
    assert Run(capsys, "schema", "--out", mine, "--force").code == 0
    assert "properties" in json.loads(mine.read_text())


def test_explain_and_nodes_write_no_page_over_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.md"
    mine.write_text(MINE)
    for call in (("explain", FIRST_LIGHT, "lfo", "--page", mine), ("nodes", "--page", mine)):
        run = Run(capsys, *call)
        assert run.code == 1
        assert "it is no page of ours (name another file)" in run.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.md"]
    assert mine.read_text() == MINE


def test_names_that_no_disk_takes_are_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = tmp_path / ("a" * 300)
    for call in (
        ("extract", tmp_path / "a.wav", "--out", long),
        ("pack", FIRST_LIGHT, "--out", long),
        ("render", FIRST_LIGHT, "--out", long / "x.wav"),
        ("play", FIRST_LIGHT, "--record", long / "x.wav", "--plain"),
        ("gallery", "--to", long),
        ("gallery", long),
        ("check", long),
        ("clip", long),
        ("upgrade", long),
        ("new", long),
        ("schema", "--out", long),
    ):
        run = Run(capsys, *call)
        assert run.code == 1, call
        assert "Traceback" not in run.out + run.err


def test_a_report_is_kept_beside_former_rows_and_over_no_other_file(tmp_path: Path) -> None:
    path, report = tmp_path / "report.json", {"title": "t", "machine": "m", "rows": [{"clip": "a", "x": 1.0}]}
    keep(report, path)
    keep({**report, "rows": [{"clip": "b", "x": 2.0}]}, path)
    assert [row["clip"] for row in json.loads(path.read_text())["rows"]] == ["a", "b"]
    for text in (MINE, "[1, 2]", '{"nodes": {}}', '{"rows": 7}'):
        path.write_text(text)
        with pytest.raises(DemonError, match="report"):
            keep(report, path)
        assert path.read_text() == text


def test_a_gallery_knows_which_files_beside_it_are_copies(tmp_path: Path) -> None:
    entries = [Entry("a b", "a b#.dpatch.json", patch({}, []), copied=True), Entry("c", "c.dpatch.json", patch({}, []))]
    write_gallery(entries, "a machine", tmp_path)
    write_gallery(entries, "a machine", tmp_path)
    assert copies_in(tmp_path) == {"a b#.dpatch.json"}
    assert copies_in(tmp_path / "gone") == set()
    (tmp_path / "index.html").write_text("<title>My holidays</title>")
    for call in (lambda: copies_in(tmp_path), lambda: write_gallery(entries, "a machine", tmp_path)):
        with pytest.raises(DemonError, match="it is no page of ours"):
            call()


def test_a_gallery_replaces_neither_another_patch_nor_a_photograph(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    mine, to = tmp_path / "mine", tmp_path / "to"
    mine.mkdir()
    to.mkdir()
    for name in ("one", "two", "three"):
        save(patch({}, [], steps=2, depth=1), mine / f"{name}.dpatch.json")
    save(patch({}, [], steps=3), to / "one.dpatch.json")
    (to / "two.png").write_bytes(b"\x89PNG\r\n\x1a\n a photograph")
    before = {path: path.read_bytes() for path in to.iterdir()}
    run = Run(capsys, "gallery", mine, "--seconds", 1, "--to", to)
    assert run.code == 1
    assert "it is another patch (name another folder with --to)" in run.err
    assert "it is no picture of ours (name another folder with --to)" in run.err
    assert before == {path: path.read_bytes() for path in before}
    save(patch({}, [], steps=4, depth=1), mine / "three.dpatch.json")
    assert Run(capsys, "gallery", mine, "--only", "three", "--seconds", 1, "--to", to).code == 0
    assert (to / "three.dpatch.json").read_bytes() == (mine / "three.dpatch.json").read_bytes()
