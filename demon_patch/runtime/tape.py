"""Records what was heard, from the history that the audio process keeps."""

from __future__ import annotations

import threading
from pathlib import Path

from demon_patch.engine.family import FamilySpec
from demon_patch.errors import DemonError
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.audio.memory import HISTORY_SECONDS
from demon_patch.runtime.recorder import Recorder

LOOK_SECONDS = 0.5


class Tape:
    """A recording in progress, on a thread of its own. fault: why it ended, if it could not go on; what was written
    until then stays. patch: the text of the patch that the file carries. Raises DemonError for a file that cannot be
    begun."""

    def __init__(self, link: AudioLink, path: str | Path, spec: FamilySpec, patch: str = "") -> None:
        self.path, self.fault = Path(path), ""
        self._link = link
        self._recorder = Recorder(path, spec.sample_rate, spec.channels, patch=patch)
        self._counter = link.history_since(1 << 62)[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tape", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Writes what was heard until now, and ends the file."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        """The tape's thread."""
        try:
            with self._recorder:
                while not self._ended.wait(LOOK_SECONDS):
                    self._copy()
                self._copy()
        except (DemonError, OSError) as error:
            self.fault = f"recording ended: {error}"

    def _copy(self) -> None:
        sound, self._counter = self._link.history_since(self._counter)
        if len(sound):
            self._recorder.write(sound)


def save(link: AudioLink, path: str | Path, spec: FamilySpec, patch: str = "") -> None:
    """Writes what was heard in the last two minutes, with the text of its patch; raises DemonError."""
    sound = link.history(HISTORY_SECONDS)
    with Recorder(path, spec.sample_rate, spec.channels, patch=patch) as file:
        file.write(sound)
