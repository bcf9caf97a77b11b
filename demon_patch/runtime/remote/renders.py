"""Runs a render beside the performance, in a process of its own at the lowest priority, and tells how far it is."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from demon_patch.errors import DemonError, PatchError
from demon_patch.runtime.remote.messages.base import Event, Fault
from demon_patch.runtime.remote.messages.rendering import RenderProgress

PROGRAM = Path(__file__).resolve().parents[2] / "render_program.py"
END_SECONDS = 10.0  # for which the end of a process is waited for


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is rendered.

    patch: the text of the patch. folder: of the files that it names. path: of the file that is written; file: its name
    for clients. seconds: how much. seed: takes the place of the Scheduler's. model: by name. client: who asked for it.
    """

    patch: str
    folder: str
    path: str
    file: str
    seconds: float
    model: str
    seed: int | None = None
    client: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the render's process: seconds that are made, the end, or what went wrong."""

    seconds: float = 0.0
    done: bool = False
    fault: Fault | None = None


class Renders:
    """The render of a host; at most one runs. Its methods may be called from any thread.

    tell: called on the render's thread with each event.
    """

    def __init__(self, tell: Callable[[Event], object]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._cancelled = False

    def begin(self, job: Job) -> None:
        """Begins a render. Raises PatchError while another one runs, DemonError where no process can be started."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise PatchError("a render runs already", mend="wait for its end, or cancel it")
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", str(PROGRAM)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            except OSError as error:
                raise DemonError(f"the render cannot be started: {error}", mend="free some memory") from None
            self._cancelled = False
            self._thread = threading.Thread(target=self._follow, args=(job, self._process), name="render", daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """Ends the render, and waits for that; does nothing where none runs."""
        with self._lock:
            process, thread = self._process, self._thread
            if process is None or thread is None or not thread.is_alive():
                return
            self._cancelled = True
            process.terminate()
        thread.join(END_SECONDS)
        if thread.is_alive():
            process.kill()
            thread.join(END_SECONDS)

    close = cancel

    def _follow(self, job: Job, process: subprocess.Popen[bytes]) -> None:
        """On the render's thread. Passes on what the process tells, until it ends."""
        made, last, words = 0.0, Told(), deque[bytes](maxlen=5)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors = threading.Thread(target=words.extend, args=(process.stderr,), daemon=True)
        errors.start()
        with suppress(OSError), process.stdin as stdin:
            stdin.write(msgspec.json.encode(job))
        for line in process.stdout:
            with suppress(msgspec.MsgspecError):
                last = msgspec.json.decode(line, type=Told)
                made = max(made, last.seconds)
                if not last.done and last.fault is None:
                    self._tell(self._progress(job, made, "runs"))
        process.wait()
        errors.join(1.0)
        process.stdout.close()
        process.stderr.close()
        if last.done:
            self._tell(self._progress(job, job.seconds, "done"))
        elif self._cancelled:
            self._tell(self._progress(job, made, "cancelled"))
        else:
            said = b" ".join(words).decode(errors="replace").split()
            what = f"the render's process ended: {' '.join(said)[-200:]}"
            fault = last.fault or Fault.of(DemonError(what, mend="render it with demon-patch render"))
            self._tell(msgspec.structs.replace(self._progress(job, made, "failed"), fault=fault))

    @staticmethod
    def _progress(job: Job, seconds: float, state: str) -> RenderProgress:
        return RenderProgress(file=job.file, seconds=seconds, whole=job.seconds, state=state, client=job.client)  # type: ignore[arg-type]
