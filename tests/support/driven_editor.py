"""A real editor in a window on an X server of its own, with hands (xdotool) and answers (the editor's own socket)."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NEEDED = ("Xvfb", "xdotool")
PATIENCE = 90.0  # seconds, on a machine that others keep busy
COMMAND = [sys.executable, "-c", "from demon_patch.cli import main; main()", "edit"]
Place = Sequence[float]


def require_display() -> None:
    """Skips the test where there is no X server; in CI that is a failure."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: xvfb, xdotool)")


@contextmanager
def x_server(size: str = "1280x800") -> Iterator[str]:
    """An X server on a free display; gives its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


class DrivenEditor:
    """An editor and its hands. process: of the editor. folder: for pictures."""

    def __init__(self, process: subprocess.Popen[bytes], display: str, drive: Path, folder: Path) -> None:
        self.process, self.display, self.folder = process, display, folder
        self._drive = drive

    # -- answers -------------------------------------------------------------------------------------------------
    def ask(self, *question: Any) -> Any:
        """Asks the editor; the answer comes two frames later."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(PATIENCE)
            wire.connect(str(self._drive))
            with wire.makefile("rw") as lines:
                lines.write(json.dumps(question) + "\n")
                lines.flush()
                found = json.loads(lines.readline())
        assert "wrong" not in found, found
        return found["answer"]

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Waits until a condition holds; returns what it gives."""
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert self.process.poll() is None, "the editor has ended"
            assert time.monotonic() < end, f"{what or condition}: {self.ask('state')}"
            time.sleep(0.05)
        return found

    def state(self, name: str) -> Any:
        """A field of the editor's state."""
        return self.ask("state")[name]

    def cables(self) -> list[tuple[str, str, str, str]]:
        """The cables of the document: source, output, node, port."""
        return [(src, out, dst, port) for src, out, dst, port, _ in self.ask("cables")]

    def picture(self, name: str) -> Path:
        """Takes a picture of the window."""
        file = self.folder / f"{name}.png"
        self.ask("shoot", str(file))
        self.until(lambda: self.ask("frame") and file.is_file() and file.stat().st_size > 1000, "a picture")
        return file

    # -- hands ---------------------------------------------------------------------------------------------------
    def x(self, *words: object) -> str:
        """Calls xdotool."""
        command = ["xdotool", *map(str, words)]
        environ = {**os.environ, "DISPLAY": self.display}
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout

    def go(self, place: Place) -> None:
        """Moves the pointer."""
        self.x("mousemove", round(place[0]), round(place[1]))
        self.ask("frame")

    def drag(self, start: Place, end: Place, button: int = 1, steps: int = 5) -> None:
        """Moves to a place, presses, and moves to another one; the button stays down."""
        self.go(start)
        self.x("mousedown", button)
        self.ask("frame")
        for step in range(1, steps + 1):
            share = step / steps
            self.go([a + (b - a) * share for a, b in zip(start, end, strict=True)])

    def drop(self, button: int = 1) -> None:
        """Lets the button go."""
        self.x("mouseup", button)
        self.ask("frame")

    def click(self, place: Place, times: int = 1, button: int = 1) -> None:
        """Clicks."""
        self.go(place)
        self.x("click", "--repeat", times, "--delay", 60, button)
        self.ask("frame")

    def key(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for key in keys:
            self.x("key", key)
            self.ask("frame")

    def type(self, text: str) -> None:
        """Types a text."""
        self.x("type", "--delay", 25, "--", text)
        self.ask("frame")

    def focus(self) -> None:
        """Gives the window the keyboard: no window manager does."""
        found = self.x("search", "--sync", "--all", "--pid", self.process.pid, "--name", "demon_patch").split()
        self.x("windowfocus", "--sync", found[-1])


@contextmanager
def driven_editor(folder: Path, *arguments: str, display: str, **environment: str) -> Iterator[DrivenEditor]:
    """An editor that is connected; it is killed at the end if it still runs."""
    drive, said = folder / "drive", folder / "editor-said"
    environ = {**os.environ, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1", **environment}
    with said.open("wb") as out:
        process = subprocess.Popen([*COMMAND, *arguments, "--drive", str(drive)], env=environ, stdout=out, stderr=out)
    made = DrivenEditor(process, display, drive, folder)
    try:
        end = time.monotonic() + PATIENCE
        while not drive.exists():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < end, said.read_text()
            time.sleep(0.05)
        made.until(lambda: made.state("connected"), "a connection")
        made.focus()
        made.go((640, 640))
        yield made
    finally:
        process.kill()
        process.wait(20)
