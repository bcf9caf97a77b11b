"""Finding a host, and reading how far one is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demon_patch.editor.link import starting
from demon_patch.editor.link.starting import chosen, progress
from demon_patch.errors import DemonError
from demon_patch.runtime.remote.access import Address
from demon_patch.runtime.remote.running_hosts import HostNote, RunningHost, running


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "TMPDIR"):
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr("tempfile.tempdir", None)


@contextmanager
def noted(address: Address, file: Path | None) -> Iterator[HostNote]:
    note = HostNote(address, file, Path("/songs"))
    yield note
    note.remove()


def test_a_host_leaves_a_note_while_it_runs(tmp_path: Path) -> None:
    file, other = tmp_path / "a.dpatch.json", tmp_path / "b.dpatch.json"
    with noted(Address("127.0.0.1", 4242), file) as kept:
        (found,) = running()
        assert (found.url, found.pid, found.file) == ("ws://127.0.0.1:4242", os.getpid(), str(file))
        note = next(tmp_path.rglob("host-*.json"))
        assert note.stat().st_mode & 0o077 == 0
        assert found.folder == str(Path("/songs").resolve())
        finder = starting.Finder(found.url, None)
        assert finder.home() is None  # it is not found yet
        assert finder.find() == found.url
        assert finder.home() == Path(found.folder)
        elsewhere = starting.Finder("ws://10.0.0.1:4242", None)
        elsewhere.find()
        assert elsewhere.home() is None
        kept.renew(other)  # another song was opened
        assert [host.file for host in running()] == [str(other)]
        assert running()[0].since == found.since
        kept.renew(None)
        assert [host.file for host in running()] == [""]
    assert running() == []


def test_notes_of_dead_hosts_and_other_files_are_passed_over(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    with noted(Address("127.0.0.1", 4242), None):
        folder = next(tmp_path.rglob("host-*.json")).parent
        (folder / "host-1-1.json").write_text(f'{{"url": "ws://127.0.0.1:1", "pid": {dead.pid}}}')
        (folder / "host-2-1.json").write_text("not json")
        (folder / "host-3-1.json").write_text(f'{{"url": "ws://10.0.0.1:1", "pid": {os.getpid()}}}')
        assert [host.url for host in running()] == ["ws://127.0.0.1:4242"]
        assert not (folder / "host-1-1.json").exists()


def test_a_host_for_other_machines_leaves_no_note() -> None:
    with noted(Address("0.0.0.0", 4242), None):
        assert running() == []


def test_the_host_of_the_file_is_joined_and_without_a_file_the_latest(tmp_path: Path) -> None:
    mine = tmp_path / "mine.dpatch.json"
    hosts = [RunningHost("ws://127.0.0.1:2", 2, "/other"), RunningHost("ws://127.0.0.1:1", 1, str(mine.resolve()))]
    assert chosen(hosts, mine) is hosts[1]
    assert chosen(hosts, None) is hosts[0]
    assert chosen(hosts[:1], mine) is None
    assert chosen([], None) is None


def test_progress_is_the_last_line_until_it_listens() -> None:
    assert progress("", False) == starting.Progress()
    assert progress("\x1b[33mloading a.dpatch.json\x1b[0m\n\n", False).line == "loading a.dpatch.json"
    assert progress("loading\nlistening on ws://127.0.0.1:4242\nplaying\n", False).url == "ws://127.0.0.1:4242"
    failed = progress("listening on ws://127.0.0.1:4242\nno memory\n", True)
    assert (failed.url, failed.failed, failed.line) == ("", True, "no memory")


def test_a_host_that_does_not_start_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PROGRAM", (sys.executable, "-c", "print('no card'); raise SystemExit(1)"))
    finder = starting.Finder("", None)
    with pytest.raises(DemonError, match="does not start: no card"):
        _looked_for(finder)
    assert finder.restarts == 3


def _looked_for(finder: starting.Finder) -> None:
    for _ in range(200):
        finder.find()
        assert finder.started is not None
        assert finder.started._process is not None
        finder.started._process.wait(20)
