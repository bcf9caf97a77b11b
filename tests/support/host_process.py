"""A real `demon-patch host` on a sound server, as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import jack_server

COMMAND = [sys.executable, "-c", "from demon_patch.cli import main; main()", "host"]


class HostProcess:
    """A host process and what it has said. url: of its server."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path, told: Path) -> None:
        self.process, self._said, self._told = process, said, told
        self.url = ""

    @property
    def said(self) -> str:
        """What it printed, on both outputs."""
        return self._said.read_text() + self._told.read_text()

    def address(self) -> str:
        """The address of the server, once it is printed."""
        found = re.search(r"listening on (ws://\S+)", self._said.read_text())
        return found[1] if found else ""


@contextmanager
def host_process(folder: Path, *arguments: str, **environment: str) -> Iterator[HostProcess]:
    """A host that listens on a free port. At the end it is asked to end, and killed only where it does not: the audio
    process of a killed host plays on."""
    number = len(list(folder.glob("said-*")))
    said, told = folder / f"said-{number}", folder / f"told-{number}"
    with said.open("wb") as out, told.open("wb") as err:
        command = [*COMMAND, *arguments, "--listen", "127.0.0.1:0"]
        environ = {**os.environ, "COLUMNS": "400", "PYTHONUNBUFFERED": "1", **environment}
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environ)
    made = HostProcess(process, said, told)
    try:
        begun = jack_server.until(lambda: bool(made.address()) or process.poll() is not None, 120.0)
        assert begun, made.said
        assert made.address(), made.said
        made.url = made.address()
        yield made
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
