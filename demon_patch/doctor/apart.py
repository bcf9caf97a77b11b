"""Runs checks in a process of their own: what crashes or hangs there is a finding, and the other checks go on."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from demon_patch.doctor.findings import LEVELS, Check, Finding
from demon_patch.threads import quiet_threads

START_SECONDS = 60.0  # in which Python starts on a busy machine
LAST_LINES = 12  # of what a process printed before it crashed
PROGRAM = (sys.executable, "-P", "-X", "faulthandler", str(Path(__file__).resolve().with_name("__main__.py")))


def examine(checks: Sequence[Check], program: Sequence[str] = PROGRAM) -> Iterator[tuple[Check, list[Finding]]]:
    """Runs checks in order and yields each with its findings, as soon as it has ended.

    program: the command line that runs the checks whose names follow it, and prints one line for each (`serve`).

    Where the process crashes, or a check takes longer than it may, the check is a finding, and a new process goes on
    after it. The process ends with this generator.
    """
    left = list(checks)
    while left:
        with _Process([*program, *(check.name for check in left)]) as process:
            started = True
            while left and process.usable:
                check = left.pop(0)
                yield check, process.findings(check, START_SECONDS if started else 0.0)
                started = False


def serve(checks: Sequence[Check], names: Sequence[str]) -> None:
    """In the process: runs the checks of these names in order, and prints the findings of each as one line of JSON.

    What libraries print goes to the standard error.
    """
    quiet_threads()
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    known = {check.name: check for check in checks}
    for name in names:
        found = [asdict(finding) for finding in known[name].run()]
        print(json.dumps({"check": name, "findings": found}), file=answers, flush=True)
    os._exit(0)  # a sound library can wait for a dead server for ever


class _Process:
    """A process that runs checks, within a `with` block, which ends it.

    usable: it answers still.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.usable = True
        self._errors = TemporaryFile()  # noqa: SIM115 - closed with the process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert self._process.stdout is not None
        threading.Thread(target=self._read, args=(self._process.stdout,), name="doctor", daemon=True).start()

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a process that a driver holds cannot be ended
            self._process.wait(2.0)
        self._errors.close()

    def findings(self, check: Check, more: float = 0.0) -> list[Finding]:
        """Waits for the findings of the next check. more: seconds beyond those of the check."""
        try:
            line = self._lines.get(timeout=check.seconds + more)
        except queue.Empty:
            self.usable = False
            return [check.failed(f"it did not end within {check.seconds:g} s", self._said())]
        if line is not None:
            with suppress(ValueError, TypeError, LookupError):
                return _read(line, check.name)
        self.usable = False
        return [check.failed(f"the process that ran it ended, {self._end()}", self._said())]

    def _read(self, stream: IO[str]) -> None:
        """On a thread. Passes the lines on, and None at their end."""
        with suppress(OSError, ValueError):
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)

    def _end(self) -> str:
        """Returns how the process ended, in words."""
        try:
            status = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            return "without a word"
        if status < 0:
            with suppress(ValueError):
                return f"by {signal.Signals(-status).name}"
        return f"with status {status}"

    def _said(self) -> list[str]:
        """Returns the last lines that the process printed for people."""
        with suppress(OSError, ValueError):
            self._errors.seek(0)
            said = self._errors.read().decode("utf-8", "replace").splitlines()
            return [line for line in said if line.strip()][-LAST_LINES:]
        return []


def _read(line: str, name: str) -> list[Finding]:
    """Returns the findings of a line of `serve`. Raises ValueError, TypeError or LookupError for another line."""
    said = json.loads(line)
    found = [Finding(**each | {"details": tuple(each["details"])}) for each in said["findings"]]
    if said["check"] != name or not found or any(each.level not in LEVELS for each in found):
        raise ValueError(line)
    return found
