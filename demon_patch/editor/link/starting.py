"""Finds the host that a window plays on, or starts one as a process of its own, which outlives the window."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.runtime.remote.running_hosts import RunningHost, alive, running

PROGRAM = (sys.executable, "-c", "from demon_patch.cli import main; main()")
LISTENING = re.compile(r"^listening on (\S+)\s*$", re.MULTILINE)
MARKS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # of terminals
TAIL = 20_000  # characters of what a host has said that are looked at


def chosen(hosts: Sequence[RunningHost], file: Path | None) -> RunningHost | None:
    """Returns the host to join, of those that run, the latest first: the one that plays the file, or the latest one
    where no file is wanted."""
    if file is None:
        return hosts[0] if hosts else None
    wanted = str(file.resolve())
    return next((host for host in hosts if host.file == wanted), None)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a host is that begins.

    line: what it said last. url: its address, once it listens. failed: whether it has ended.
    """

    line: str = ""
    url: str = ""
    failed: bool = False


def progress(said: str, ended: bool) -> Progress:
    """Returns how far a host is, from what it has printed so far. ended: whether its process has."""
    text = MARKS.sub("", said)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = LISTENING.findall(text)
    return Progress(lines[-1] if lines else "", "" if ended or not found else found[-1], ended)


class StartedHost:
    """A host process that a window has started. It is in a session of its own: neither the end of the window nor Ctrl+C
    in the window's terminal ends it.

    file: the patch that it plays; None for First Light. options: further options of `demon-patch host`.
    Raises DemonError where it cannot be started.
    """

    def __init__(self, file: Path | None, options: Sequence[str] = ()) -> None:
        self.file, self._options = file, tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None
        self.start()

    def start(self) -> None:
        """Starts the process; also again, after it has ended."""
        self.forget()
        descriptor, name = tempfile.mkstemp(prefix="demon-patch-host-", suffix=".log")
        self._log = Path(name)
        patch = () if self.file is None else (str(self.file),)
        command = [*PROGRAM, "host", *patch, "--listen", "127.0.0.1:0", *self._options]
        environ = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        windows = sys.platform == "win32"
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                env=environ,
                creationflags=0x208 if windows else 0,  # a group of its own, without a console
                start_new_session=not windows,
            )
        except OSError as error:
            raise DemonError(
                f"the host cannot be started: {error.strerror}", mend="start it: demon-patch host"
            ) from None
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid if self._process is not None else 0

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process is None or self._process.poll() is not None

    def look(self) -> Progress:
        """Returns how far it is."""
        said = ""
        if self._log is not None:
            try:
                said = self._log.read_text("utf-8", "replace")[-TAIL:]
            except OSError:
                said = ""
        return progress(said, self.ended)

    def forget(self) -> None:
        """Removes the file with what the host said, where the system lets it go; the host plays on."""
        if self._log is not None:
            with suppress(OSError):
                self._log.unlink(missing_ok=True)

    def stop(self) -> None:
        """Ends the music: the host saves what no file holds, and ends."""
        if not self.ended:
            stop(self.pid)


def stop(pid: int) -> None:
    """Asks the process of a host on this machine to end."""
    if alive(pid):
        os.kill(pid, signal.SIGTERM)


class Finder:
    """Says where the host is: one that was named, one that runs, or one that is started.

    url: the address that was named; empty for none.
    file: the patch that is wanted; None for whatever plays, else First Light.
    options: for a host that is started.
    """

    def __init__(self, url: str, file: Path | None, options: Sequence[str] = ()) -> None:
        self._url, self._file, self._options = url, file, tuple(options)
        self._joined: RunningHost | None = None
        self.started: StartedHost | None = None
        self._found = ""
        self.words = ""
        self.restarts = 0

    def find(self) -> str:
        """From the link's thread. Returns the address of the host; empty while there is none yet, which `words` then
        explains. Starts a host where one is needed. Raises DemonError where none can be started."""
        self._found = self._find()
        return self._found

    def _find(self) -> str:
        if self._url:
            self.words = f"connecting to {self._url}"
            return self._url
        if self.started is None:
            self._joined = chosen(running(), self._file)
            if self._joined is not None:
                self._file = Path(self._joined.file) if self._joined.file else self._file
                self.words = "joining the host that plays"
                return self._joined.url
            self.started = StartedHost(self._file, self._options)
        now = self.started.look()
        self.words = now.line or "the host begins"
        if now.failed:
            if self.restarts >= 3:
                raise DemonError(f"the host does not start: {now.line}", mend="see demon-patch doctor")
            self.restarts += 1
            self.started.start()
            self.words = "the host has ended and is started again"
        return now.url

    @property
    def joins(self) -> bool:
        """Whether a host runs already that the window will join."""
        return self._joined is not None or chosen(running(), self._file) is not None

    def home(self) -> Path | None:
        """Returns the folder of the host that was found, where it runs on this machine; None for one elsewhere."""
        found = next((host for host in running() if host.url == self._found), None)
        return Path(found.folder) if found is not None and found.folder else None

    def reached(self) -> None:
        """From the link's thread. The host has answered."""
        self.restarts = 0

    @property
    def pid(self) -> int:
        """The process of the host, on this machine; 0 where it is not known."""
        if self.started is not None:
            return self.started.pid
        return self._joined.pid if self._joined is not None else 0
