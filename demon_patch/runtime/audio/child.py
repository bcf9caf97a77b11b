"""The audio process as the host's child: started, spoken to, listened to, ended."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from demon_patch.errors import DemonError
from demon_patch.runtime.audio.process import Settings
from demon_patch.runtime.audio.program import command
from demon_patch.runtime.audio.timeline_memory import CLOCK

QUIT_SECONDS = 2.0  # after which a process that does not quit is killed
REVIVE_SECONDS = 1.0  # at least, between two starts of a process
START_ERRORS = (OSError, MemoryError, RuntimeError, subprocess.SubprocessError, DemonError)  # of a process or thread


class Child:
    """The audio process of a performance, of which there is one or none at a time. Its methods may be called from one
    thread at a time; `pid` from any."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._log: IO[bytes] | None = None
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.started = 0.0  # time of the last start, in seconds of CLOCK

    @property
    def pid(self) -> int:
        """From any thread. The process id, 0 while there is no process."""
        return self._process.pid if self._process is not None else 0

    @property
    def rested(self) -> bool:
        """Whether another process may be started: REVIVE_SECONDS have passed since the last start."""
        return CLOCK() - self.started > REVIVE_SECONDS

    def start(self, settings: Settings) -> None:
        """Starts a process and sends it its settings. Raises one of START_ERRORS, and then leaves no process behind."""
        self.drop()
        self.started = CLOCK()
        self._log = _log()
        process = self._process = subprocess.Popen(
            command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self._log is None else self._log,
        )
        try:
            listener = threading.Thread(
                target=_listen, args=(process, self._events.put), name="audio events", daemon=True
            )
            listener.start()
            self._listener = listener
        except BaseException:
            process.kill()
            process.wait()
            self.drop()
            raise
        self.send(asdict(settings))

    def send(self, line: dict[str, Any]) -> None:
        """Sends a line; to a process that is gone it does nothing."""
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps(line).encode() + b"\n")
                process.stdin.flush()

    def next_event(self, timeout: float = 0.0) -> dict[str, Any] | None:
        """Returns the oldest event that was not returned yet, waiting at most `timeout` seconds; None without one."""
        try:
            return self._events.get(timeout=timeout) if timeout else self._events.get_nowait()
        except queue.Empty:
            return None

    def ended(self) -> bool:
        """Returns whether there is no process; if so, all its events are there, or 1 s has passed in waiting."""
        if self._process is not None and self._process.poll() is None:
            return False
        if self._listener is not None:
            self._listener.join(1.0)
        return True

    def last_error_line(self) -> str:
        """Returns the last line of the process's error output, empty without one."""
        if self._log is None:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """Asks the process to quit, and kills it where it does not."""
        self.send({"do": "quit"})
        if self._process is not None:
            try:
                self._process.wait(QUIT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.drop()

    def drop(self) -> None:
        """Closes the pipes and the log of a process that ended, and forgets it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._log is not None:
            self._log.close()
        self._process = self._listener = self._log = None


def reason(error: BaseException) -> str:
    """Returns the text of an error, or the name of its type where it has no text."""
    return str(error) or type(error).__name__


def _log() -> IO[bytes] | None:
    """Returns a temporary file for the process's error output; None where none can be created, which is no error."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return None


def _listen(process: subprocess.Popen[bytes], put: Callable[[dict[str, Any]], None]) -> None:
    """On the listener's thread. Passes each event of a process to `put`, until its output ends; skips other lines."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and "event" in event:
                    put(event)
