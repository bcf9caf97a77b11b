"""Signals at any moment of a performance: nothing is left running or lying about, and no recording is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.session import Session
from demon_patch.runtime.audio.shared import NAME, folders
from demon_patch.runtime.live.host import Host
from demon_patch.terminal.ending import Ending
from demon_patch.terminal.play import perform
from tests.support import jack_server
from tests.support.paths import PATCHES
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

FIRST_LIGHT = PATCHES / "first-light.dpatch.json"
PROGRAM = "from demon_patch.cli import main; main()"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(scope="module")
def card() -> Iterator[None]:
    jack_server.require_jack()
    with jack_server.server():
        yield


class Performance:
    """`demon-patch play` in a session of its own, as a terminal would start it."""

    def __init__(self, folder: Path) -> None:
        self.recording = folder / "take.flac"
        self.said = folder / "said"
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "TERM": "xterm"}
        self.start([sys.executable, "-c", PROGRAM, "play", str(FIRST_LIGHT), "--record", str(self.recording)])

    def start(self, command: list[str]) -> None:
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [*command, "--plain"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self.environment,
                start_new_session=True,
            )

    def says(self, text: str) -> bool:
        assert self.process.poll() is None, self.said.read_text()
        return text in self.said.read_text()

    def plays(self, seconds: float) -> bool:
        """Whether it has played so long."""
        assert self.process.poll() is None, self.said.read_text()
        lines = [line.split(" s  ")[0] for line in self.said.read_text().splitlines() if " s  playing  " in line]
        return bool(lines) and float(lines[-1]) >= seconds

    @property
    def others(self) -> list[int]:
        """The living processes of its session but for itself."""
        found = subprocess.run(
            ["ps", "-o", "pid=,stat=", "-s", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        rows = [line.split() for line in found.stdout.splitlines()]
        return [int(pid) for pid, state in rows if int(pid) != self.process.pid and not state.startswith("Z")]

    @property
    def memory(self) -> list[Path]:
        """Its files of shared memory."""
        return [path for folder in folders() for path in folder.glob(f"{NAME}{self.process.pid}-*")]

    def signal(self, name: str, pauses: tuple[float, ...], group: bool) -> None:
        """Sends signals, to it or as a terminal does to all of its session, with pauses before each but the first."""
        for pause in (0.0, *pauses):
            time.sleep(pause)
            if self.process.poll() is None:
                (os.killpg if group else os.kill)(self.process.pid, getattr(signal, name))

    def ends(self) -> int:
        """Its exit status, once nothing is left of it."""
        status = self.process.wait(60)
        assert jack_server.until(lambda: not self.others, 5.0), "a process is left"
        assert not self.memory, "shared memory is left"
        assert "Traceback" not in self.said.read_text(), self.said.read_text()
        return status

    def kept(self) -> float:
        """The seconds of sound in its recording, which must be whole."""
        sound, rate = soundfile.read(self.recording)
        assert np.isfinite(sound).all()
        return len(sound) / rate


class AtTerminal(Performance):
    """The same at a terminal that shows the view."""

    def start(self, command: list[str]) -> None:
        self.said.touch()
        self.terminal, its = os.openpty()
        os.set_blocking(self.terminal, False)
        code = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", code, *command]
        self.process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=self.environment)
        os.close(its)

    def plays(self, seconds: float) -> bool:
        """Whether its recording has begun to be written; reads the screen, which would else be full."""
        with contextlib.suppress(OSError):
            while os.read(self.terminal, 65536):
                pass
        return self.recording.exists() and self.recording.stat().st_size > 30_000 * (1 + seconds)

    def close(self) -> None:
        """The window is closed."""
        os.close(self.terminal)
        self.terminal = -1

    def ends(self) -> int:
        if self.terminal >= 0:
            jack_server.until(lambda: self.plays(0) and self.process.poll() is not None, 60)
            self.close()
        return super().ends()


def cleared(performance: Performance) -> None:
    """Ends what a failed test leaves."""
    for pid in performance.others:
        os.kill(pid, signal.SIGKILL)
    performance.process.kill()
    performance.process.wait()


@pytest.fixture
def begun(card: None, tmp_path: Path) -> Iterator[Performance]:
    performance = Performance(tmp_path)
    yield performance
    cleared(performance)


@pytest.fixture
def viewed(card: None, tmp_path: Path) -> Iterator[AtTerminal]:
    performance = AtTerminal(tmp_path)
    yield performance
    cleared(performance)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pauses", "group"),
    [
        ("SIGINT", (), True),
        ("SIGINT", (0.03,), False),
        ("SIGTERM", (0.03,), False),
        ("SIGHUP", (0.4,), True),
        ("SIGINT", (0.0, 0.01, 0.1, 0.5, 1.0, 1.5), True),
    ],
)
def test_while_it_plays(begun: Performance, name: str, pauses: tuple[float, ...], group: bool) -> None:
    assert jack_server.until(lambda: begun.plays(1.0), 120)
    begun.signal(name, pauses, group)
    assert begun.ends() == 0
    said = begun.said.read_text()
    assert said.count("closing…") == 1
    assert f"recorded {begun.recording}" in said.replace("\n", "")
    assert begun.kept() > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "key", "closed"])
def test_at_the_view(viewed: AtTerminal, name: str) -> None:
    """Signals twice, Ctrl+C or q by key, and a terminal that is closed under it."""
    assert jack_server.until(lambda: viewed.plays(1.0), 120)
    if name == "key":
        os.write(viewed.terminal, b"q")
    elif name == "closed":
        viewed.close()
    else:
        viewed.signal(name, (0.05, 0.5), True)
    assert viewed.ends() == 0
    assert viewed.kept() > 0.5


@pytest.mark.slow
def test_an_error_of_the_start_leaves_nothing(card: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that nobody has thought of."""
    made: list[Host] = []

    def make() -> Host:
        made.append(Host(patch({}, [], depth=2), Session(toy_family(640)), folder=tmp_path))
        return made[0]

    def broken() -> None:
        raise PermissionError("nobody thought of this")

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("demon_patch.runtime.live.host.quiet_gc", broken)
    with pytest.raises(PermissionError), Ending() as ending:
        perform(make, tmp_path / "it.dpatch.json", ending, plain=True, say=lambda _: None)
    assert made[0].link.pid == 0
    assert not made[0].link._memory.path.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "after", "pauses", "group"),
    [
        ("SIGINT", 0.0, (), False),
        ("SIGTERM", 0.0, (0.2,), True),
        ("SIGHUP", 0.3, (0.05, 0.3), True),
        ("SIGINT", 1.0, (0.03, 0.4, 1.5), True),
    ],
)
def test_when_the_audio_process_has_just_begun(
    begun: Performance, name: str, after: float, pauses: tuple[float, ...], group: bool
) -> None:
    """It is there before the host hears of it."""
    assert jack_server.until(lambda: begun.others or begun.process.poll() is not None, 120)
    time.sleep(after)
    begun.signal(name, pauses, group)
    assert begun.ends() in (0, 128 + getattr(signal, name))
    if begun.recording.exists():
        begun.kept()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "pauses"), [("SIGINT", ()), ("SIGTERM", (0.1, 1.0)), ("SIGHUP", (0.5,))])
def test_while_it_loads(begun: Performance, name: str, pauses: tuple[float, ...]) -> None:
    assert jack_server.until(lambda: begun.says("loading"), 60)
    begun.signal(name, pauses, True)
    assert begun.ends() in (128 + getattr(signal, name), -getattr(signal, name))
    assert not begun.recording.exists()


def send(name: str) -> None:
    os.kill(os.getpid(), getattr(signal, name))


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Each test leaves the signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("last", [False, True])
def test_the_first_signal_interrupts_and_later_ones_do_not(last: bool) -> None:
    steps: list[str] = []
    before = signal.getsignal(signal.SIGTERM)

    def program() -> None:
        with Ending(last=last):
            try:
                send("SIGTERM")
                steps.append("not interrupted")
            finally:
                for name in ("SIGTERM", "SIGINT", "SIGHUP"):
                    send(name)
                steps.append("closed")

    with pytest.raises(SystemExit) as left:
        program()
    assert steps == ["closed"]
    assert left.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == (signal.SIG_IGN if last else before)


def test_what_is_held_is_done_before_the_signal_is_heard() -> None:
    steps: list[str] = []

    def work(ending: Ending) -> None:
        with ending.held():
            send("SIGINT")
            steps.append("done")

    with Ending() as ending:
        with pytest.raises(KeyboardInterrupt):
            work(ending)
        assert ending.number == signal.SIGINT
    assert steps == ["done"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_while_it_closes_no_signal_is_heard() -> None:
    with Ending() as ending:
        ending.closing = True
        send("SIGINT")
        send("SIGHUP")
        assert not ending.number
        ending.check()


def test_a_view_is_called_in_place_of_an_interrupt() -> None:
    called: list[str] = []
    with Ending() as ending, ending.instead(lambda: called.append("leave")):
        send("SIGHUP")
        send("SIGHUP")
        assert called == ["leave"]


def test_what_the_program_was_told_to_ignore_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Ending() as ending:
            send("SIGHUP")
            assert not ending.number
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
