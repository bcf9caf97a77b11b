"""Records what was heard, from the history that the audio process keeps."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from soundfile import info

from demon_patch.errors import DemonError
from demon_patch.patch.files.embed import is_open
from demon_patch.runtime.assets.recorder import Recorder, Spoilt
from demon_patch.runtime.audio.sound_format import SoundFormat
from demon_patch.runtime.audio.timeline_memory import HISTORY_SECONDS

LONG_SECONDS = 600.0
"""Seconds. A recording goes on in another file when a file of at least this length may not grow, since some disks hold
files of 4 GiB at most; a shorter file that may not grow ends the recording."""

LOOK_SECONDS = 0.5
"""Seconds between two writes. A killed program loses at most this much sound, and an encoder's last block."""


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """A recording that runs.

    file: its path. seconds: of sound that is in the file. holes: samples that were no numbers.
    """

    file: str
    seconds: float
    holes: int = 0


class History(Protocol):
    """The latest sound that was played: see `AudioLink`."""

    @property
    def format(self) -> SoundFormat: ...

    def history_since(self, counter: int) -> tuple[NDArray[np.float32], int]: ...

    def history_ceilings(self, since: int, until: int) -> NDArray[np.float32]: ...


class Recording:
    """A running recording: a thread writes the sound that is heard into a WAV or FLAC file until `close`. It begins
    when it is made. Raises DemonError if the file cannot be begun.

    link: where the heard sound is read, LOOK_SECONDS at a time.
    path: the file to write. A long recording goes on in further files: see LONG_SECONDS.
    patch: the text of the patch, which is stored in the file.
    shelter: a folder that takes the sound if the file and its folder are deleted meanwhile.
    tell: called on the recording's thread with each message for the player, the one at the end included.

    fault: why the recording ended by itself, in words; "" while it runs and after `close`. What was written stays.
    """

    def __init__(
        self,
        link: History,
        path: str | Path,
        patch: str = "",
        *,
        shelter: Path | None = None,
        tell: Callable[[str], object] = lambda message: None,
    ) -> None:
        self.fault = ""
        self._link, self._format, self._tell = link, link.format, tell
        self._options = (patch, shelter)
        self._recorder = self._new_recorder(path)
        self._counter = self._first = self._start = link.history_since(1 << 62)[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file that is being written, or the last one."""
        return self._recorder.path

    @property
    def runs(self) -> bool:
        """Whether sound is still being written."""
        return self._thread.is_alive() and not self.fault

    @property
    def status(self) -> RecordingStatus:
        """From any thread. How far it is."""
        recorder = self._recorder
        return RecordingStatus(str(recorder.path), round(recorder.seconds, 1), recorder.holes)

    def close(self) -> None:
        """Writes what was heard until now, ends the file, and waits for that."""
        self._ended.set()
        self._thread.join()

    def _new_recorder(self, path: str | Path) -> Recorder:
        patch, shelter = self._options
        self._holes = 0
        return _recorder(path, self._format, patch, shelter)

    def _run(self) -> None:
        """On the recording's thread. Writes what was heard every LOOK_SECONDS until `close`, then ends the file."""
        try:
            while not self._ended.wait(LOOK_SECONDS):
                self._copy()
            self._copy()
            self._recorder.close()
            self._tell_notes()
        except Exception as error:  # whatever it is, the player hears of it and the file is ended
            self._tell_notes()
            reason = str(error) if isinstance(error, DemonError) else f"{type(error).__name__}: {error}"
            self.fault = f"recording ended: {reason}; {self._recorder.abandon()}"
            self._tell(self.fault)
        else:
            self._tell(f"recorded {self.path}")

    def _copy(self) -> None:
        """Checks the file on the disk, and adds what was heard since the last call."""
        try:
            self._recorder.check_disk(self._write)
        except Spoilt as error:
            self._begin_again(error)
        self._tell_notes()
        self._write()

    def _write(self) -> None:
        try:
            self._add()
        except DemonError as error:
            full = getattr(error.__cause__, "errno", None) == errno.EFBIG
            if not full or self._recorder.seconds < LONG_SECONDS:
                raise
            self._go_on_in_next_file()
            self._add()  # what the first file had no room for, also where this is the last look

    def _add(self) -> None:
        before = self._counter
        sound, self._counter = self._link.history_since(before)
        missing = self._counter - before - len(sound)
        if missing > 0:
            seconds = missing / self._format.rate
            self._tell(f"{self.path}: {seconds:.1f} s came too late to be recorded; they are silent in the file")
        while missing > 0:
            piece = min(missing, self._format.rate)
            self._recorder.write(np.zeros((piece, self._format.channels), np.float32))
            missing -= piece
        if len(sound):
            self._recorder.write(sound, self._link.history_ceilings(self._counter - len(sound), self._counter))

    def _go_on_in_next_file(self) -> None:
        """Begins the next file where this one ends, since this one may not grow any more."""
        before = self._recorder
        left = before.abandon()
        self._recorder = self._new_recorder(before.path)
        self._start += int(before.seconds * self._format.rate)
        self._counter = self._start
        self._tell(f"{before.path} is as large as a file can be there, {left}; the recording goes on in {self.path}")

    def _begin_again(self, error: Spoilt) -> None:
        """Begins another file with the last HISTORY_SECONDS, after another program has written over this one."""
        before = self._recorder
        before.abandon()
        self._recorder = self._new_recorder(before.path)
        self._counter = self._start = max(self._counter - HISTORY_SECONDS * self._format.rate, self._first)
        self._tell(f"{error}; what was heard in the last two minutes, and what comes, is in {self.path}")

    def _tell_notes(self) -> None:
        """Passes on messages about what happened to the file since the last call."""
        holes, self._holes = self._recorder.holes - self._holes, self._recorder.holes
        if holes:
            self._tell(f"{self.path}: {holes} samples were no numbers; the last good ones are held there")
        while self._recorder.notes:
            self._tell(self._recorder.notes.pop(0))


class Recordings:
    """The recordings of a performance. Its methods may be called from any thread.

    shelter: see `Recording`.
    tell: called with each message for the player, from several threads.
    """

    def __init__(self, link: History, shelter: Path, tell: Callable[[str], object]) -> None:
        self._link, self._shelter, self._tell = link, shelter, tell
        self._lock = threading.Lock()
        self._recordings: list[Recording] = []

    @property
    def names(self) -> str:
        """The names of the files that are being recorded, separated by commas; empty if there are none."""
        return ", ".join(str(each.path) for each in self._recordings if each.runs)

    @property
    def status(self) -> tuple[RecordingStatus, ...]:
        """How far each recording is that runs."""
        return tuple(each.status for each in self._recordings if each.runs)

    def record(self, path: str | Path, patch: str) -> None:
        """Begins a recording whose file carries a patch's text; a mistake becomes a message."""
        try:
            recording = Recording(self._link, path, patch, shelter=self._shelter, tell=self._tell)
        except DemonError as error:
            self._tell(str(error))
            return
        self._tell(f"recording {recording.path}{_name_note(path, recording.path)}")
        with self._lock:
            self._recordings = [*(each for each in self._recordings if each.runs), recording]

    def stop(self) -> None:
        """Ends all recordings, and waits until their files are complete."""
        with self._lock:
            recordings, self._recordings = self._recordings, []
        for recording in recordings:
            recording.close()

    def save(self, path: str | Path, patch: str) -> None:
        """Writes what was heard in the last two minutes to a file, which carries a patch's text; a mistake becomes a
        message."""
        sound_format = self._link.format
        try:
            file = _recorder(path, sound_format, patch, self._shelter)
            with file:
                until = self._link.history_since(1 << 62)[1]
                sound, until = self._link.history_since(until - HISTORY_SECONDS * sound_format.rate)
                file.write(sound, self._link.history_ceilings(until - len(sound), until))
        except DemonError as error:
            self._tell(str(error))
            return
        for note in file.notes:
            self._tell(note)
        self._tell(f"saved {file.path}{_name_note(path, file.path)}")


def _recorder(path: str | Path, sound_format: SoundFormat, patch: str, shelter: Path | None) -> Recorder:
    return Recorder(path, sound_format.rate, sound_format.channels, patch=patch, kind="recording", shelter=shelter)


def _name_note(asked: str | Path, path: Path) -> str:
    """Returns text that says why a file has another name than was asked for, and how long a recording is that was cut
    off under the asked name; "" where the names are equal."""
    asked = Path(asked)
    if path == asked:
        return ""
    with suppress(OSError, RuntimeError, DemonError):
        if is_open(asked):
            return f" ({asked.name} is there already: {info(asked).duration:.1f} s of a recording that has not ended)"
    return f" ({asked.name} is there already)"
