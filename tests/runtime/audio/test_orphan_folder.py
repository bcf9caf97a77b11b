"""Where an orphan leaves its note, on machines that offer no place for it, or one that belongs to somebody else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio import orphan
from demon_patch.runtime.audio.orphan import ProcessNote, folder, take_over
from tests.support.audio_process import started
from tests.support.shared_song import SharedSong

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders are private by themselves on Windows")
needs_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
STRANGER = 12345


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and a folder of temporary files of the test's own."""
    for name in ("home", "tmp", "run"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(orphan, "SESSIONS", tmp_path / "no sessions")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(8000, 1, 8000)
    yield made
    made.remove()


def private(path: Path) -> bool:
    facts = path.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o077


def test_the_runtime_folder_is_taken_where_it_can_be(tmp_path: Path) -> None:
    assert folder() == tmp_path / "run" / "demon_patch"
    assert private(folder())


OTHERS = ("/proc/no such folder/x", "a\tb", "")
ODD = ["relative", "/dev/null/x", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_runtime_folder_is_no_hindrance(odd: str, memory: SharedSong, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", odd)
    assert private(folder())
    assert folder().is_absolute()
    ProcessNote(memory.timeline)
    assert take_over() == 1


def test_a_folder_that_others_may_read_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "run" / "demon_patch").mkdir(mode=0o777)
    (tmp_path / "run" / "demon_patch").chmod(0o777)
    assert folder() == tmp_path / "run" / "demon_patch"
    assert private(folder())


@needs_root
def test_another_users_folder_is_passed_over_wherever_it_lies(
    tmp_path: Path, memory: SharedSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a session of its own a user's runtime folder would lie where everyone may make one of that name."""
    taken = tmp_path / "run" / "demon_patch"
    taken.mkdir(mode=0o777)
    os.chown(taken, STRANGER, STRANGER)
    assert folder() == tmp_path / "home" / ".local" / "state" / "demon_patch"
    ProcessNote(memory.timeline)
    assert take_over() == 1
    (tmp_path / "home" / ".local").rename(tmp_path / "home" / "moved")
    (tmp_path / "home" / ".local").write_text("no folder")
    assert folder() == tmp_path / "tmp" / f"demon_patch-{os.geteuid()}"
    os.chown(folder(), STRANGER, STRANGER)
    with pytest.raises(DeviceError, match="no folder for notes"):
        folder()
    assert take_over() == 0  # nothing to find, and nothing to stop a start


def test_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "demon_patch").symlink_to(tmp_path / "elsewhere")
    assert folder() != tmp_path / "run" / "demon_patch"
    assert private(folder())


def test_a_note_is_found_though_the_next_start_knows_another_folder(
    tmp_path: Path, memory: SharedSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "nowhere")
    ProcessNote(memory.timeline)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert take_over() == 1


@needs_root
def test_an_orphan_that_nobody_could_find_ends(
    tmp_path: Path, memory: SharedSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (orphan._runtime(), orphan._state(), orphan._temporary()):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("taken")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    process = started(memory.settings())
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    assert memory.gone


def test_no_home_is_no_hindrance(tmp_path: Path) -> None:
    code = "from demon_patch.runtime.audio.orphan import folder, take_over; take_over(); print(folder())"
    environment = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_RUNTIME_DIR")}
    environment |= {"TMPDIR": str(tmp_path / "tmp"), "XDG_STATE_HOME": "/dev/null"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert private(Path(done.stdout.strip()))
