"""A real `demon-patch host` as a process of its own, on a JACK server with a dummy card where there is one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demon_patch.bench.process_figures import Used, child_with, used
from demon_patch.bench.silent_client import SilentClient
from demon_patch.errors import DemonError
from demon_patch.runtime.audio.program import command
from demon_patch.runtime.remote.versions import FOLDER

COMMAND = [sys.executable, "-c", "from demon_patch.cli import main; main()", "host"]
SERVER, DUMMY = "JACK_DEFAULT_SERVER", "dummy"
RATE, BUFFER = 48_000, 512
PATIENCE = 180.0  # seconds for which a start is waited for


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Waits until a condition holds; returns whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def dummy_card() -> Iterator[int]:
    """A JACK server with a dummy card, of a name of its own: that of this process and its children meanwhile. Gives its
    process id. Raises DemonError where it does not start."""
    before = os.environ.get(SERVER)
    os.environ[SERVER] = f"bench{os.getpid()}"
    server = ["jackd", "-n", os.environ[SERVER], "--realtime", "-P10", "-d", "dummy"]
    server += ["-r", str(RATE), "-p", str(BUFFER), "-P", "2"]
    process = subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not until(lambda: _runs() or process.poll() is not None, 20.0) or process.poll() is not None:
            raise DemonError("the JACK server did not start", mend="try --device none")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)
        if before is None:
            del os.environ[SERVER]
        else:
            os.environ[SERVER] = before


def _runs() -> bool:
    found = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False)
    return found.returncode == 0 and "system:playback_1" in found.stdout


class PlayedHost:
    """A host process. url: of its server. pid: of the process. device: what was asked for.

    silent: the silent client beside it. helpers: the processes that it and the bench need.
    """

    def __init__(self, process: subprocess.Popen[bytes], said: Path, device: str) -> None:
        self._process, self._said = process, said
        self.pid, self.device, self.url = process.pid, device, ""
        self.silent: SilentClient | None = None
        self.helpers: list[int] = []

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._said.read_text(errors="replace")

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    @property
    def audio_pid(self) -> int:
        """The audio process; 0 where there is none."""
        return child_with(self.pid, command()[-1])

    def used(self) -> tuple[Used, Used]:
        """Returns what the host and its audio process use. Raises DemonError where one of them is gone."""
        return used(self.pid), used(self.audio_pid)

    def beside(self) -> dict[str, int]:
        """Returns the counts of the silent client; empty without one."""
        return {} if self.silent is None else self.silent.read()

    def wait_ready(self) -> None:
        """Waits until it listens. Raises DemonError with what it said."""
        until(lambda: "listening on" in self.said or not self.runs)
        found = re.search(r"listening on (ws://\S+)", self.said)
        if found is None:
            raise DemonError(f"the host did not start: {self.said[-500:]}")
        self.url = found[1]

    def end(self) -> int:
        """Ends it as a system does that shuts down; returns its exit status, or -9 where it had to be killed."""
        if self.runs:
            self._process.terminate()
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(30)


@contextmanager
def played_host(patch: Path, device: str | None = None, threads: int | None = None) -> Iterator[PlayedHost]:
    """A host that plays a patch file and listens on a free port. It keeps its notes and versions beside the file.

    device: what is played on; "dummy": a JACK server of its own with a dummy card, and a silent client beside; None:
        that where JACK is installed, else a clock without a card.
    """
    device = device or (DUMMY if shutil.which("jackd") and shutil.which("jack_lsp") else "none")
    folder = patch.parent / ".bench"
    folder.mkdir(exist_ok=True)
    own = {
        FOLDER: str(folder / "versions"),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_STATE_HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "400",
    }
    options = [] if device == DUMMY else ["--device", device]
    options += [] if threads is None else ["--threads", str(threads)]
    card = 0
    with ExitStack() as ends:
        if device == DUMMY:
            card = ends.enter_context(dummy_card())
        said = folder / "said"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [*COMMAND, str(patch), "--listen", "127.0.0.1:0", *options],
                stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **own},
            )  # fmt: skip
        made = PlayedHost(process, said, device)
        ends.callback(lambda: (process.kill(), process.wait(30)))
        made.wait_ready()
        if device == DUMMY:
            made.silent = SilentClient()
            ends.callback(made.silent.close)
            made.helpers += [card, made.silent.pid]
        yield made
