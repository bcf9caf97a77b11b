"""The audio process: keeps the shared songs playing, on a device or on a clock of its own, also when the device is
lost or the host dies.

Standard input: the first line is the settings, each further line a command: {"do": "device", "choice": ...}, {"do":
"song", "path": ..., "at": ..., "number": ...} or {"do": "quit"}. The end of the input means that the host is dead.
Standard output: one event a line, as a JSON object: `opened` and `back` with name, rate, channels and latency, `opened`
also with `missing`, why there is no device, where one is waited for; `lost`; `error` with what and mend; `fault` with
what.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from demon_patch.errors import DemonError, DeviceError
from demon_patch.runtime.audio.device import look_again
from demon_patch.runtime.audio.device_choice import NO_DEVICE, DeviceChoice
from demon_patch.runtime.audio.orphan import ProcessNote
from demon_patch.runtime.audio.player import Player
from demon_patch.runtime.audio.program import command
from demon_patch.runtime.audio.signals import ENDING_SIGNALS, hold_signals
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.songs import Songs
from demon_patch.runtime.audio.timeline_memory import CLOCK, TimelineMemory

BEAT_SECONDS = 0.05  # between two checks of device, host and commands
RETRY_SECONDS = 2.0  # between two attempts to open a device
PRIORITY = -10  # nice value of the process and so of the feeder, where the system allows it
FILES = 1024  # more open files than a process like this ever has
ORPHAN_SECONDS = 600.0  # how long the song loops without a host
MEANT_SECONDS = 10.0  # if the host dies this soon after a signal, the sound was meant to end too


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings with which an audio process starts.

    memory, song: paths of the mapped files of the timeline and of the song.
    number: of the song.
    next: the song that takes over: path, timeline sample, number; None without one.
    choice: the fields of a DeviceChoice.
    patient: the process takes the place of one that played: without a device it waits for one, also where one is
        required, and says `back` when it has one.
    ends: for an orphan, the time at which it ends by itself, in seconds of CLOCK.
    asked: the time of the last signal to the process whose place it takes, in seconds of CLOCK.
    """

    memory: str
    song: str
    number: int = 0
    next: tuple[str, int, int] | None = None
    choice: dict[str, Any] = field(default_factory=dict)
    patient: bool = False
    ends: float | None = None
    asked: float = -MEANT_SECONDS


class AudioProcess:
    """The work of the main thread: opens, watches and reopens the device, obeys the host, and plays on for a while when
    the host dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._choice = DeviceChoice(**settings.choice)
        self._memory = TimelineMemory(Path(settings.memory))
        self._songs = Songs(self._memory, SongMemory(Path(settings.song)), settings.number)
        if settings.next is not None:
            self._queue_song(*settings.next)
        self._commands: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._note: ProcessNote | None = None
        self._lost = settings.patient
        self._told_missing = False
        self._tried = -RETRY_SECONDS
        self._ending = False
        self._asked = settings.asked

    def run(self) -> None:
        """Plays until a command, a signal or the end of an orphan's time ends it. Raises DeviceError when a device is
        required at the start and there is none.

        A signal ends an orphan. While the host lives, a signal does not end this process, because the host has to close
        its recordings first. If the host dies within MEANT_SECONDS after the signal, this process ends too instead of
        becoming an orphan.
        """
        for number in ENDING_SIGNALS:
            signal.signal(number, lambda *_: self._signalled())
        hold_signals(False)
        threading.Thread(target=_listen, args=(self._commands,), name="commands", daemon=True).start()
        player = Player(self._memory, self._songs)
        try:
            if self._choice.name == NO_DEVICE:
                self._tell_playing(player)
            elif not self._lost:
                self._open_first(player)
            while not self._ending:
                self._beat(player)
        finally:
            player.close()
            if self._note is not None:
                self._remove()
                self._note.remove()

    def _signalled(self) -> None:
        self._asked = CLOCK()
        self._end(self._note is not None)

    def _end(self, now: bool) -> None:
        self._ending = self._ending or now

    def _remove(self) -> None:
        """Deletes the shared memory, which no host owns."""
        self._songs.remove()
        self._memory.remove()

    def _beat(self, player: Player) -> None:
        with contextlib.suppress(queue.Empty):
            self._obey(self._commands.get(timeout=BEAT_SECONDS), player)
        player.check()
        if player.device is not None:
            if player.device.lost:
                self._lose(player)
        elif self._choice.name != NO_DEVICE and CLOCK() - self._tried >= RETRY_SECONDS:
            self._retry(player)
        if self._note is not None:
            self._songs.remove_over()
            unwanted = self._note.withdrawn or not self._memory.path.exists()
            self._end(unwanted or CLOCK() > (self._settings.ends or 0.0))

    def _obey(self, command: dict[str, Any] | None, player: Player) -> None:
        """Obeys one command of the host; None means that the host is gone."""
        if command is None:
            self._outlive()
        elif command.get("do") == "quit":
            self._end(True)
        elif command.get("do") == "device":
            self._change(DeviceChoice(**command["choice"]), player)
        elif command.get("do") == "song":
            self._queue_song(command["path"], command["at"], command["number"])

    def _queue_song(self, path: str, at: int, number: int) -> None:
        """Lets another song take over. One that cannot be read is told as a `fault`, and the old song plays on."""
        try:
            self._songs.queue(Path(path), at, number)
        except (DemonError, OSError, ValueError) as error:
            _tell("fault", what=f"the next song cannot be played: {error}")

    def _outlive(self) -> None:
        """Makes this process an orphan, which plays on without its host. Ends it instead if a signal came in the last
        MEANT_SECONDS, if nobody is to hear it, or if no note can be written by which a later host finds it."""
        self._settings = replace(self._settings, ends=self._settings.ends or CLOCK() + ORPHAN_SECONDS)
        with contextlib.suppress(OSError, DeviceError):
            self._note = None if self._choice.name == NO_DEVICE else ProcessNote(self._memory)
        if self._note is None:
            self._remove()
            self._end(True)
        self._end(CLOCK() - self._asked < MEANT_SECONDS)

    # -- the device ---------------------------------------------------------------------------------------------
    def _open_first(self, player: Player) -> None:
        """Opens the device at the start. Raises DeviceError where it is required; else the own clock plays on."""
        try:
            player.open(self._choice)
        except DeviceError as error:
            if self._choice.required or self._choice.name is not None:
                raise
            self._tell_missing(player, error)
        else:
            self._tell_playing(player)

    def _change(self, choice: DeviceChoice, player: Player) -> None:
        """Moves to another device, or to none. Where that fails, sends an `error` event and goes back to the former
        device."""
        before, self._choice = self._choice, choice
        if player.device is not None and player.device.lost:
            self._lose(player)  # which looks for the new one
        player.leave()
        if choice.name == NO_DEVICE:
            self._tell_playing(player)
            return
        try:
            look_again()
            player.open(choice)
        except DeviceError as error:
            _tell("error", what=error.what, mend=error.mend)
            self._choice, self._lost = before, before.name != NO_DEVICE
            self._tried = -RETRY_SECONDS
        else:
            self._tell_playing(player)

    def _tell_playing(self, player: Player) -> None:
        """Sends `back` where the host takes the sound for lost, else `opened`."""
        _tell("back" if self._lost else "opened", **player.facts())
        self._lost = self._told_missing = False

    def _tell_missing(self, player: Player, error: DeviceError) -> None:
        """Says once that no device can be opened, which is why the own clock plays."""
        self._lost = True
        if not self._told_missing:
            self._told_missing = True
            _tell("opened", **player.facts(), missing=error.what)

    def _lose(self, player: Player) -> None:
        """Sends `lost` and prepares the search for the device.

        Closing a lost stream, and ending PortAudio with it, can wait for ever inside the audio server's library. Except
        on Windows, this process therefore replaces its program by a fresh one (`execv`).
        """
        _tell("lost")
        self._lost = True
        if sys.platform == "win32":
            player.leave()
            return
        hold_signals(True)
        if not self._ending:
            os.closerange(3, FILES)  # files that the audio server's library left open would stay open
            os.execv(sys.executable, command(json.dumps(asdict(self._again()))))

    def _again(self) -> Settings:
        """Returns the settings of a process that goes on where this one is."""
        waiting = self._songs.next
        return replace(
            self._settings,
            song=str(self._songs.playing.path),
            number=self._songs.number,
            next=None if waiting is None else (str(waiting.song.path), waiting.at, waiting.number),
            choice=asdict(self._choice),
            patient=True,
            asked=self._asked,
        )

    def _retry(self, player: Player) -> None:
        """Tries to open the device that is asked for, else the default one. The own clock plays meanwhile."""
        try:
            look_again()
            try:
                player.open(self._choice)
            except DeviceError:
                player.open(DeviceChoice())
        except DeviceError as error:
            self._tell_missing(player, error)
        else:
            self._tell_playing(player)
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


def _listen(commands: queue.Queue[dict[str, Any] | None]) -> None:
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
