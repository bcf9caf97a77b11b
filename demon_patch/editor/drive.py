"""A socket on which tests ask the editor where things are, and hear what happens. Off unless asked for.

A client writes a line of JSON, [question, argument ...]; the answer is a line of JSON, {"answer": ...} or
{"wrong": ...}. Questions are answered two frames later, so that what the pointer has just done is done.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demon_patch.errors import DemonError

LATER = 2  # frames


def unix_socket() -> socket.socket:
    """Returns a new Unix socket. Raises DemonError where there are none."""
    if sys.platform == "win32":
        raise DemonError("an editor is driven by a Unix socket", mend="do that on Linux or macOS")
    return socket.socket(socket.AF_UNIX)


class Drive:
    """Listens on a Unix socket. `look`: the window's thread.

    file: of the socket. wake: wakes the window.
    """

    def __init__(self, file: Path, wake: Callable[[], object]) -> None:
        self._file, self._wake = file, wake
        self._asked: queue.Queue[tuple[list[Any], queue.Queue[dict[str, Any]]]] = queue.Queue()
        self._waiting: list[tuple[int, list[Any], queue.Queue[dict[str, Any]]]] = []
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        self._socket = unix_socket()
        new = file.with_name(f"{file.name}.new")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        self._socket.bind(str(new))
        os.chmod(new, 0o600)
        self._socket.listen()
        new.rename(file)  # who sees the file can connect
        threading.Thread(target=self._accept, name="drive", daemon=True).start()

    def look(self, answer: Callable[[list[Any]], Any]) -> bool:
        """Answers what is due; returns whether questions wait."""
        while not self._asked.empty():
            question, reply = self._asked.get()
            self._waiting.append((LATER, question, reply))
        left = []
        for frames, question, reply in self._waiting:
            if frames > 0:
                left.append((frames - 1, question, reply))
                continue
            try:
                reply.put({"answer": answer(question)})
            except Exception as error:  # a wrong question must not end the editor
                reply.put({"wrong": f"{type(error).__name__}: {error}"})
        self._waiting = left
        return bool(left)

    def close(self) -> None:
        """Ends listening."""
        self._socket.close()
        self._file.unlink(missing_ok=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                made, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), made, made.makefile("rw") as lines:
            for line in lines:
                reply: queue.Queue[dict[str, Any]] = queue.Queue()
                self._asked.put((json.loads(line), reply))
                self._wake()
                lines.write(json.dumps(reply.get(), default=str) + "\n")
                lines.flush()
