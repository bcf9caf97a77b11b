"""Files of shared memory: held while they are used, gone when nobody uses them, whatever becomes of those who did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from demon_patch.errors import DemonError
from demon_patch.runtime.audio import orphan, shared
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.timeline_memory import TimelineMemory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is in use")

HOLDER = """
import sys
from demon_patch.runtime.audio.timeline_memory import TimelineMemory
memory = TimelineMemory.create(8000, 1)
print(memory.path, flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for shared memory of the test's own."""
    made = tmp_path / "shm"
    made.mkdir()
    monkeypatch.setattr(shared, "folders", lambda: [made])
    return made


def holder(more: str) -> tuple[subprocess.Popen[str], Path]:
    """A program that makes memory in the test's folder and goes on."""
    inside = "from pathlib import Path; from demon_patch.runtime.audio import shared;"
    inside += "shared.folders = lambda: [Path(sys.argv[1])]\n"
    code = HOLDER.replace("import sys\n", "import sys\n" + inside) + more
    command = [sys.executable, "-c", code, str(shared.folders()[0])]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_memory_of_a_killed_process_is_collected_and_that_of_a_living_one_is_not(folder: Path) -> None:
    living, used = holder("sys.stdin.read()")
    dead, left = holder("sys.stdin.read()")
    dead.kill()
    dead.communicate()
    assert used.exists()
    assert left.exists()
    own = SongMemory.create(8000, 1, 8000)
    assert shared.collect() == 1
    assert used.exists()
    assert own.path.exists()
    assert not left.exists()
    living.kill()
    living.communicate()
    own.remove()
    assert shared.collect() == 1
    assert not list(folder.iterdir())


def test_the_next_start_collects_it(folder: Path) -> None:
    dead, left = holder("sys.stdin.read()")
    dead.kill()
    dead.communicate()
    link = AudioLink(8000, 1, 8000)
    assert not left.exists()
    assert link._memory.path.exists()
    link.close()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("end", ["", "raise RuntimeError", "raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_a_process_that_ends_by_itself_leaves_nothing(folder: Path, end: str) -> None:
    process, path = holder(end)
    process.communicate()
    assert path.name.startswith(shared.PREFIX)
    assert not list(folder.iterdir())


def test_an_interrupt_while_it_is_made_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shared, "_lock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SongMemory.create(8000, 1, 8000)
    assert not list(folder.iterdir())


def test_other_files_are_left_alone(folder: Path) -> None:
    kept = [folder / "something", folder / f"{shared.PREFIX}of another version", folder / f"{shared.NAME}folder"]
    for path in kept[:2]:
        path.write_text("kept")
    kept[2].mkdir()
    (folder / f"{shared.NAME}link").symlink_to(kept[0])
    os.mkfifo(folder / f"{shared.NAME}fifo")
    assert shared.collect() == 0
    assert kept[0].read_text() == "kept"
    assert all(path.exists() for path in kept)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
def test_another_users_memory_is_left_alone(folder: Path) -> None:
    path = folder / f"{shared.NAME}1-0"
    path.write_bytes(b"")
    os.chown(path, 12345, 12345)
    assert shared.collect() == 0
    assert path.exists()


def test_no_room_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shared, "folders", lambda: [tmp_path / "missing"])
    with pytest.raises(DemonError, match=r"no memory for the song, which takes 0.0 MiB"):
        SongMemory.create(8000, 1, 8000)


def test_an_orphan_that_was_killed_is_found_dead_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead, left = holder(
        "from demon_patch.runtime.audio.orphan import ProcessNote;"
        "ProcessNote(memory); print('noted', flush=True);sys.stdin.read()"
    )
    assert dead.stdout is not None
    assert dead.stdout.readline() == "noted\n"
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    monkeypatch.setattr(orphan, "WAIT_SECONDS", 1e9)
    assert orphan.take_over() == 1
    assert not left.exists()


def test_the_history_is_one_timeline() -> None:
    """What was missed is silence, what is there already stays; no more is cleared than the ring holds."""
    memory = TimelineMemory.create(100, 1)
    memory.append_history(np.ones((50, 1), np.float32), 0)
    memory.append_history(np.full((50, 1), 2, np.float32), 70)
    memory.append_history(np.full((50, 1), 3, np.float32), 100)
    memory.hush(140)
    memory.hush(200)
    expected = [1.0] * 50 + [0.0] * 20 + [2.0] * 50 + [3.0] * 30 + [0.0] * 50
    np.testing.assert_array_equal(memory.history_since(0)[0][:, 0], expected)
    assert memory.history_end == 200
    assert memory.hushed == 20 + 50
    memory.hush(10**9)
    assert memory.history_end == 10**9
    assert not memory.history(1e9).any()
    memory.remove()
