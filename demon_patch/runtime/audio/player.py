"""What plays the timeline in the audio process: a sound device, and its own clock while there is none."""

from __future__ import annotations

from demon_patch.runtime.audio.device import Output
from demon_patch.runtime.audio.device_choice import NO_DEVICE, DeviceChoice
from demon_patch.runtime.audio.own_clock import RATE, OwnClock
from demon_patch.runtime.audio.songs import Songs
from demon_patch.runtime.audio.timeline_memory import TimelineMemory


class Player:
    """Plays on its own clock at once, and on a device from `open` on. The timeline goes on through every change.

    All methods are the main thread's.
    """

    def __init__(self, memory: TimelineMemory, songs: Songs) -> None:
        self._memory, self._songs = memory, songs
        self.device: Output | None = None
        self._own: OwnClock | None = None
        self._play_on_own_clock()

    def open(self, choice: DeviceChoice) -> Output:
        """Opens a device and plays on it. Raises DeviceError, and then plays on as it did. Call it without a device
        only: see `leave`."""
        output = Output(self._memory, self._songs, choice)  # takes its time; the own clock plays meanwhile
        before, self._own = self._own, None
        assert before is not None
        output.begin(before)
        self.device = output
        return output

    def leave(self) -> None:
        """Closes the device, if there is one, and plays on by the own clock."""
        if self.device is not None:
            self.device.close()
            self.device = None
            self._play_on_own_clock()

    def check(self) -> None:
        """Raises the error that ended the thread which reads the song, if there was one."""
        playing = self.device or self._own
        if playing is not None and playing.fault is not None:
            raise playing.fault.with_traceback(None)

    def close(self) -> None:
        """Fades out and closes what plays."""
        for output in (self.device, self._own):
            if output is not None:
                output.close()

    def facts(self) -> dict[str, object]:
        """Returns name, rate, channels and latency of what plays, for an event."""
        if (device := self.device) is not None:
            return {"name": device.name, "rate": device.rate, "channels": device.channels, "latency": device.latency}
        return {"name": NO_DEVICE, "rate": RATE, "channels": self._memory.channels, "latency": 0.0}

    def _play_on_own_clock(self) -> None:
        self._own = OwnClock(self._memory, self._songs)
        self._own.start()
