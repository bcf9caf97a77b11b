"""What clients do with the sound of a performance that plays live: device, volume, mute, recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import isnan
from pathlib import Path

from demon_patch.engine.contracts import Source
from demon_patch.errors import DemonError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.audio.devices import SoundDevice, list_devices
from demon_patch.runtime.audio.timeline_memory import LOUDEST_DB, SILENT_DB
from demon_patch.runtime.live.performing import Performing
from demon_patch.runtime.live.recording import Recordings


class SoundControls(Performing):
    """The methods of `Host` on device, volume and recordings. The fields are those of the host."""

    _recordings: Recordings
    _muted: bool
    unread_clips: Callable[[Patch], frozenset[str]]

    def mute(self, on: bool) -> None:
        """From any thread. Silences the sound at once or ends the silence; the transport runs on."""
        self._muted = on
        self.link.set_mute(on)

    def set_volume(self, decibels: float) -> None:
        """From any thread. Sets the master volume, -60 (silence) to 12 dB (a number outside is clipped), before the
        limiter: nothing passes its ceiling. Recordings hear it."""
        if isnan(decibels):
            self._messages.add("a volume that is no number is not set")
        else:
            self.link.set_volume(min(max(decibels, SILENT_DB), LOUDEST_DB))

    def set_device(self, name: str | None = None, outputs: Sequence[int] = (), buffer: int = 0) -> None:
        """From any thread. Plays on another sound device, or with "none" on a clock of its own: see `DeviceChoice`. A
        message says how it went; where it fails, the former device plays on."""

        def change() -> None:
            self.link.set_device(DeviceChoice(name, tuple(outputs), buffer))

        self.tick_loop.post(lambda: self._messages.add_mistake_of(change))

    def devices(self) -> list[SoundDevice]:
        """From any thread but the tick thread; it waits a second or so. Returns the sound devices that this machine has
        now. Raises DeviceError."""
        return list_devices()

    def record(self, path: str | Path) -> None:
        """From any thread. Begins to record what is heard into a new file, which carries the patch that sounds now. Its
        name is `jam-2.flac` where there is a `jam.flac`. Messages give the name, or the mistake."""
        self._recordings.record(path, self._sounding_text())

    def stop_recording(self) -> None:
        """From any thread. Ends all recordings, and waits for their files; messages say whether each is good."""
        self._recordings.stop()

    def save_take(self, path: str | Path) -> Future[None]:
        """From any thread. Writes what was heard in the last two minutes into a new file, which carries the patch that
        sounds now. Returns a future that is done when the file is."""
        return self._edit_thread.submit(lambda: self._recordings.save(path, self._sounding_text()))

    def clip_of(self, node: str) -> Source:
        """From any thread but the tick and the editing thread; it waits for the file. Returns the clip that a source
        node of the document brings, given by its path; its own, however long the song is. Raises PatchError for a node
        that brings none, SourceError where the file cannot be read."""
        found = self.document.patch.flat.nodes.get(node)
        declaration = None if found is None else CATALOGUE.get(found.type)
        if found is None or declaration is None or declaration.kind != "resource":
            raise PatchError("there is no such source", node=node, mend="name a node that brings a clip")
        clip = self.playing.clip
        if clip is not None and node in self.unread_clips(self.document.patch):
            return clip
        try:
            key = declaration.resolve(found.values)
            read = self._edit_thread.submit(lambda: _tried(lambda: self._resources.source(key))).result()
            if isinstance(read, DemonError):
                raise read
        except DemonError as error:
            raise error.located(node=node) from None
        return read

    def _sounding_text(self) -> str:
        """Returns the text of a patch file of the document that sounds now."""
        return dumps(self.document.sounding)


def _tried(read: Callable[[], Source]) -> Source | DemonError:
    """Returns what a function returns, or the error that it raises, which is then no message of the editing thread."""
    try:
        return read()
    except DemonError as error:
        return error
