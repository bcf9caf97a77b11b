"""show, set, add, connect, remove and undo, on a patch file and on a running host."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.patch.files.format import load
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.versions import FOLDER
from tests.support.command import FIRST_LIGHT, Run
from tests.support.wired_host import WiredHost, wired_host


@pytest.fixture(autouse=True)
def _own_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "versions"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.dpatch.json"
    shutil.copy(FIRST_LIGHT, path)
    return path


@pytest.fixture
def wired() -> Iterator[WiredHost]:
    with wired_host() as made:
        yield made


class Calls:
    """Calls the commands on a file or on a host alike."""

    def __init__(self, capsys: pytest.CaptureFixture[str], file: Path | None, wired: WiredHost | None) -> None:
        self._capsys, self._file, self._wired = capsys, file, wired

    def __call__(self, name: str, *words: str) -> Run:
        where = ["--connect", self._wired.url] if self._wired else []
        named = [str(self._file)] if self._file else []
        return Run(self._capsys, name, *named, *words, *where)

    @property
    def patch(self) -> Patch:
        if self._file is not None:
            return load(self._file)
        assert self._wired is not None
        return self._wired.host.patch


def use(call: Calls) -> None:
    """A round of all commands, with what each does."""
    before = call.patch
    shown = call("show")
    assert shown.code == 0
    assert "scheduler" in shown.out
    assert call("show", "scheduler").out.startswith("scheduler  scheduler")
    done = call("set", "scheduler.strength", "0.25")
    assert (done.code, call.patch.nodes["scheduler"].values["strength"]) == (0, 0.25), done.err
    assert call("set", "decoder.gain", "-6").code == 0
    assert call.patch.nodes["decoder"].values["gain"] == -6
    added = call("add", "lfo", "wobble")
    assert (added.out.strip(), call.patch.nodes["wobble"].type) == ("wobble", "lfo")
    assert call("connect", "wobble.out", "scheduler.source_blend").code == 1
    assert call("connect", "wobble.out", "scheduler.shift", "--depth", "0.25").code == 0
    (cable,) = call.patch.cables_from("wobble")
    assert (cable.dst, cable.port, cable.depth) == ("scheduler", "shift", 0.25)
    assert "wobble.out -> scheduler.shift  depth 0.25" in call("show").out
    assert call("remove", "wobble.out", "scheduler.shift").code == 0
    assert call.patch.cables_from("wobble") == ()
    assert call("remove", "wobble").code == 0
    assert "wobble" not in call.patch.nodes
    for _ in range(6):
        undone = call("undo")
        assert undone.code == 0, undone.err
    assert call.patch == before
    assert "nothing to undo" in call("undo").err


def test_on_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    use(Calls(capsys, file, None))


def test_on_a_running_host(wired: WiredHost, capsys: pytest.CaptureFixture[str]) -> None:
    call = Calls(capsys, None, wired)
    use(call)
    assert "heard in" in call("set", "scheduler.strength", "0.5").err


MISTAKES = {
    ("set",): "no patch is named",
    ("set", "FILE"): "0 words stand where 2 belong",
    ("set", "FILE", "scheduler.strength"): "1 words stand where 2 belong",
    ("set", "FILE", "strength", "1"): "'strength' names no port",
    ("set", "FILE", "scheduler.strength", "7"): "strength",
    ("set", "FILE", "scheduler.strenght", "0.5"): "strenght",
    ("set", "FILE", "nobody.rate", "1"): "nobody",
    ("add", "FILE", "lfoo"): "there is no node type 'lfoo'",
    ("add", "FILE", "lfo", "scheduler"): "is in the patch already",
    ("remove", "FILE", "nobody"): "nobody",
    ("show", "FILE", "nobody"): "nobody",
    ("show", "no-such.dpatch.json"): "No such file",
    ("set", "a.b", "1", "--connect", "127.0.0.1:1"): "there is no host at 127.0.0.1:1",
    ("set", "a.b", "1", "--connect", "ftp://x"): "is no address of a host",
}


@pytest.mark.parametrize("call", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_line_and_changes_nothing(
    call: tuple[str, ...], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_bytes()
    done = Run(capsys, *(str(file) if word == "FILE" else word for word in call))
    assert done.code == 1
    assert MISTAKES[call] in done.err
    assert file.read_bytes() == before
