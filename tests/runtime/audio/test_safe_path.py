"""No process of ours runs a module that lies in the player's working folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.runtime.audio.program import command
from tests.support import jack_server
from tests.support.paths import PATCHES
from tests.support.shared_song import SharedSong

FIRST_LIGHT = PATCHES / "first-light.dpatch.json"
LOADED = """
import sys, demon_patch.cli, demon_patch.runtime.live.host, demon_patch.runtime.audio.process, demon_patch.terminal.view
try:
    import sounddevice
except OSError:
    pass
print(*sorted({name.split(".")[0] for name in sys.modules} - {"demon_patch", "__main__"}))
"""


@pytest.fixture(scope="module")
def names() -> list[str]:
    """All top-level modules that the host and the audio process load, and those that Python looks for by itself."""
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    assert {"json", "numpy", "soxr", "torch"} <= set(said.split())
    return [*(name for name in said.split() if name.isidentifier()), "sitecustomize", "usercustomize"]


@pytest.fixture
def trap(tmp_path: Path, names: list[str]) -> Path:
    """A folder full of modules that tell when they are run."""
    folder = tmp_path / "trap"
    folder.mkdir()
    caught = tmp_path / "PWNED"
    for name in names:
        (folder / f"{name}.py").write_text(f"open({str(caught)!r}, 'a').write({name!r} + ' ')\n")
    return folder


@pytest.fixture
def memory() -> Iterator[SharedSong]:
    made = SharedSong(8000, 1, 8000)
    made.timeline.playing = True
    yield made
    made.remove()


def caught(trap: Path) -> str:
    path = trap.with_name("PWNED")
    return path.read_text() if path.exists() else ""


def lives(arguments: list[str], trap: Path, memory: SharedSong, first: bytes = b"") -> None:
    """Runs an audio process in the trap until its timeline runs, and lets it end."""
    process = subprocess.Popen(arguments, cwd=trap, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.write(first)
    process.stdin.flush()
    try:
        assert jack_server.until(lambda: memory.timeline.clock()[0] > 3 or process.poll() is not None)
        process.stdin.write(b'{"do": "quit"}\n')
        process.stdin.flush()
        assert process.wait(20) == 0
        assert memory.timeline.clock()[0] > 3
    finally:
        process.kill()
        process.wait()


def test_the_trap_catches_what_searches_the_working_folder(trap: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "demon_patch.runtime.audio"], cwd=trap, input=b"", capture_output=True, check=False
    )
    assert caught(trap)


def test_the_audio_process_runs_nothing_of_the_working_folder(trap: Path, memory: SharedSong) -> None:
    lives(command(), trap, memory, memory.settings_text().encode() + b"\n")
    assert not caught(trap)


def test_nor_does_the_program_that_takes_its_place_when_the_device_is_lost(trap: Path, memory: SharedSong) -> None:
    code = "import sys, json; from demon_patch.runtime.audio.process import *;"
    code += "AudioProcess(Settings(**json.loads(sys.argv[1])))._lose(None)"
    lives([sys.executable, "-P", "-c", code, memory.settings_text()], trap, memory)
    assert not caught(trap)


def test_it_is_the_very_package_that_starts_it(
    trap: Path, memory: SharedSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not another one of that name that Python would find first."""
    stranger = tmp_path / "elsewhere" / "demon_patch"
    stranger.mkdir(parents=True)
    (stranger / "__init__.py").write_text("raise SystemExit(7)\n")
    monkeypatch.setenv("PYTHONPATH", str(stranger.parent))
    assert subprocess.run([sys.executable, "-c", "import demon_patch"], cwd=trap.parent, check=False).returncode == 7
    lives(command(), trap, memory, memory.settings_text().encode() + b"\n")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["check", "render --seconds 1 --out out.wav"])
def test_the_command_runs_nothing_of_the_working_folder(trap: Path, arguments: str) -> None:
    program = Path(sys.executable).with_name("demon-patch")
    if not program.exists():
        pytest.skip("the command is not installed")
    command = [program, *arguments.split(), str(FIRST_LIGHT)]
    done = subprocess.run(command, cwd=trap, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not caught(trap)
