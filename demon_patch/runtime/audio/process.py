"""The audio process: keeps a device playing the shared song, also when the device is lost or the host dies.

Standard input: the first line is the settings, each further line a command: {"do": "device", "name": ...} or {"do":
"quit"}. The end of the input means that the host is dead. Standard output: one event a line, as a JSON object: `opened`
and `back` with name, rate, channels and latency; `lost`; `error` with what and mend; `fault` with what.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from demon_patch.errors import DemonError, DeviceError
from demon_patch.runtime.audio.device import Output, look_again
from demon_patch.runtime.audio.orphan import ProcessNote
from demon_patch.runtime.audio.song_memory import CLOCK, SongMemory

BEAT_SECONDS = 0.05  # between two checks of device, host and commands
RETRY_SECONDS = 1.0  # between two attempts to open a device
PRIORITY = -10  # nice value of the process and so of the feeder, where the system allows it
FILES = 1024  # more open files than a process like this ever has
ORPHAN_SECONDS = 600.0  # how long the song loops without a host
MEANT_SECONDS = 10.0  # if the host dies this soon after a signal, the sound was meant to end too


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings with which an audio process starts.

    memory: path of the mapped file.
    device: part of the device's name, or None for the default device.
    patient: without a device, wait for one instead of ending with an error.
    ends: for an orphan, the time at which it ends by itself, in seconds of CLOCK.
    """

    memory: str
    device: str | None = None
    patient: bool = False
    ends: float | None = None


def command(*settings: str) -> list[str]:
    """Returns the command line that starts an audio process of this package and never searches the working folder."""
    return [sys.executable, "-P", str(Path(__file__).resolve().with_name("__main__.py")), *settings]


class AudioProcess:
    """The work of the main thread: opens, watches and reopens the device, obeys the host, and plays on for a while when
    the host dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._memory = SongMemory(Path(settings.memory))
        self._commands: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._output: Output | None = None
        self._note: ProcessNote | None = None
        self._lost = settings.patient
        self._tried = -RETRY_SECONDS
        self._ending = False
        self._asked = -MEANT_SECONDS  # time of the last signal, in seconds of CLOCK

    def run(self) -> None:
        """Plays until a command, a signal or the end of an orphan's time ends it. Raises DeviceError when there is no
        device at the start.

        A signal ends an orphan. While the host lives, a signal does not end this process, because the host has to close
        its recordings first. If the host dies within MEANT_SECONDS after the signal, this process ends too instead of
        becoming an orphan.
        """
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self._signalled())
        threading.Thread(target=_listen, args=(self._commands,), name="commands", daemon=True).start()
        try:
            if not self._lost:
                self._open(self._settings.device)
            while not self._ending:
                self._beat()
        finally:
            if self._output is not None:
                self._output.close()
            if self._note is not None:
                self._memory.remove()
                self._note.remove()

    def _signalled(self) -> None:
        self._asked = CLOCK()
        self._end(self._note is not None)

    def _end(self, now: bool) -> None:
        self._ending = self._ending or now

    def _beat(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._obey(self._commands.get(timeout=BEAT_SECONDS))
        if self._output is None:
            self._drift()
            self._retry()
        elif self._output.fault is not None:
            raise self._output.fault
        elif self._output.lost:
            self._lose()
        if self._note is not None:
            unwanted = self._note.withdrawn or not self._memory.path.exists()
            self._end(unwanted or CLOCK() > (self._settings.ends or 0.0))

    def _obey(self, command: dict[str, Any] | None) -> None:
        """Obeys one command of the host; None means that the host is gone."""
        if command is None:
            self._outlive()
        elif command.get("do") == "quit":
            self._end(True)
        elif command.get("do") == "device":
            self._change(command.get("name"))

    def _outlive(self) -> None:
        """Makes this process an orphan, which plays on without its host. Ends it instead if a signal came in the last
        MEANT_SECONDS, or if no note can be written by which a later host finds it."""
        self._settings = replace(self._settings, ends=self._settings.ends or CLOCK() + ORPHAN_SECONDS)
        try:
            self._note = ProcessNote(self._memory)
        except (OSError, DeviceError):
            self._memory.remove()
            self._end(True)
        self._end(CLOCK() - self._asked < MEANT_SECONDS)

    def _change(self, name: str | None) -> None:
        """Moves to another device. Where that fails, sends an `error` event and goes back to the former device."""
        before, self._settings = self._settings, replace(self._settings, device=name)
        if self._output is None:
            return
        self._output.close()
        self._output = None
        look_again()
        try:
            self._open(name)
        except DeviceError as error:
            _tell("error", what=error.what, mend=error.mend)
            self._settings, self._lost = before, True

    def _open(self, name: str | None) -> None:
        """Opens a device at the present timeline sample and sends `opened` or `back`. Raises DeviceError."""
        output = self._output = Output(self._memory, name, self._memory.position_at(CLOCK()))
        facts = {"name": output.name, "rate": output.rate, "channels": output.channels, "latency": output.latency}
        _tell("back" if self._lost else "opened", **facts)
        self._lost = False

    def _lose(self) -> None:
        """Sends `lost` and prepares the search for the device.

        Closing a lost stream, and ending PortAudio with it, can wait for ever inside the audio server's library. Except
        on Windows, this process therefore replaces its program by a fresh one (`execv`).
        """
        _tell("lost")
        self._lost = True
        if os.name != "nt":
            again = replace(self._settings, patient=True)
            os.closerange(3, FILES)  # files that the audio server's library left open would stay open
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                signal.signal(getattr(signal, name), signal.SIG_IGN)  # until the fresh program sets handlers
            os.execv(sys.executable, command(json.dumps(asdict(again))))
        if self._output is not None:
            self._output.close()
            self._output = None

    def _drift(self) -> None:
        """Without a device, moves the timeline on by the clock and adds silence to the history."""
        now = CLOCK()
        position = self._memory.position_at(now)
        self._memory.frontier = math.ceil(position)
        self._memory.hush(math.floor(position))
        self._memory.set_clock(position, now, self._memory.rate if self._memory.playing else 0.0)

    def _retry(self) -> None:
        """Tries once a second to open the same device, else the default one."""
        if CLOCK() - self._tried < RETRY_SECONDS:
            return
        look_again()
        for name in dict.fromkeys((self._settings.device, None)):
            with contextlib.suppress(DeviceError):
                self._open(name)
                break
        self._tried = CLOCK()


def main() -> None:
    """Runs the audio process on the settings of the command line or of the first line of standard input."""
    sys.setswitchinterval(0.0005)  # the callback waits for no more than this when another thread computes
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # sound libraries print there, every second without a device
    try:
        process = AudioProcess(Settings(**json.loads(sys.argv[1] if len(sys.argv) > 1 else _line())))
        gc.freeze()
        process.run()
    except DeviceError as error:
        _tell("error", what=error.what, mend=error.mend)
        os._exit(1)
    except Exception as error:  # sent to the host, which starts another process
        what = str(error) if isinstance(error, DemonError) else f"{type(error).__name__}: {error}"
        _tell("fault", what=what)
        os._exit(1)
    os._exit(0)  # the thread that reads the input may wait for ever


def _tell(event: str, **facts: object) -> None:
    """Sends one event to the host, if there is one."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps({"event": event, **facts}).encode() + b"\n")


def _line() -> bytes:
    """Reads and returns the first line of standard input, and no byte after it."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line


def _listen(commands: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    """On the commands' thread. Reads the host's commands into the queue, and None when the host is gone. Skips lines
    that are no JSON object."""
    rest = b""
    while piece := os.read(0, 4096):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):
                command = json.loads(line)
                if isinstance(command, dict):
                    commands.put(command)
    commands.put(None)
