"""The sound device: a stream whose callback only copies samples and publishes the clock."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from types import ModuleType
from typing import Any

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.audio.devices import output_device, sound_library
from demon_patch.runtime.audio.feeder import PRIME_SECONDS, Feeder
from demon_patch.runtime.audio.own_clock import OwnClock
from demon_patch.runtime.audio.songs import Songs
from demon_patch.runtime.audio.timeline_memory import CLOCK, TimelineMemory
from demon_patch.threads import Urgency, hurry

SILENCE_SECONDS = 2.0  # without a callback after which the device counts as lost (some servers start a second late)
HUSH_SECONDS = 0.5  # longest wait for the fade when closing
START_SECONDS = 0.08  # from the choice of the timeline sample at which a device comes in until it is due


def look_again() -> None:
    """Makes PortAudio search for devices again. No stream may be open."""
    sounddevice: Any = sound_library()
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._initialize()


class Output:
    """An open sound device that plays the songs: silence until `begin`.

    Raises DeviceError. Three threads take part: the caller's, the feeder's, and PortAudio's, which calls `_play` to
    copy samples, publish the clock and wake the feeder.
    """

    def __init__(self, memory: TimelineMemory, songs: Songs, choice: DeviceChoice) -> None:
        sounddevice: ModuleType = sound_library()
        entry = output_device(choice.name)
        self.name, self.rate = str(entry["name"]), round(float(str(entry["default_samplerate"])))
        most = int(str(entry["max_output_channels"]))
        choice.check(self.name, most)
        self.channels = max(choice.outputs) if choice.outputs else min(max(2, memory.channels), most)
        self._outputs = tuple(output - 1 for output in choice.outputs)
        self._memory, self._songs = memory, songs
        self.fault: Exception | None = None  # what ended the feeder's thread
        self._feeder: Feeder | None = None
        self._start = 0  # timeline sample of the feeder's first frame
        self._entering = True  # until that frame is played
        self._closing = False
        self._wake = threading.Lock()  # taken by the feeder; released, which never waits, by the callback
        self._thread = threading.Thread(target=self._feed, name="feeder", daemon=True)
        try:
            self._stream = sounddevice.OutputStream(
                samplerate=self.rate,
                blocksize=choice.buffer,
                channels=self.channels,
                device=entry["index"],
                dtype="float32",
                latency="low",
                callback=self._play,
            )
            self.latency = float(self._stream.latency)
            self._called = CLOCK()
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(f"the sound device refused: {error}", mend="choose another with --device") from error
        self._called = CLOCK()

    def begin(self, before: OwnClock) -> None:
        """Takes over from the clock that played before: at the sample of the timeline at which that one would be, and
        without a gap in the history."""
        memory = self._memory
        before.close()
        for _ in range(2):  # the first time it may have much to catch up with
            self._start = before.read_until(memory.position_at(CLOCK() + self.latency + START_SECONDS))
        feeder = Feeder(memory, self._songs, self.rate, self.channels, self._start, self._outputs)
        feeder.fill(round(PRIME_SECONDS * self.rate))
        self._feeder = feeder
        self._thread.start()

    @property
    def lost(self) -> bool:
        """Whether the device is gone: its stream has ended, or made no callback for SILENCE_SECONDS."""
        return not self._stream.active or CLOCK() - self._called > SILENCE_SECONDS

    def close(self) -> None:
        """Fades out and closes the device. A lost device is closed on Windows only: elsewhere PortAudio can wait for it
        for ever."""
        feeder = self._feeder
        if feeder is not None:
            feeder.hushed = True
            end = CLOCK() + HUSH_SECONDS
            while not (feeder.silent or self.lost) and CLOCK() < end:
                time.sleep(0.005)
        if not self.lost or os.name == "nt":
            self._stream.close()
        self._closing = True
        if feeder is not None:
            self._thread.join(1.0)

    def _play(self, out: Any, frames: int, when: Any, status: Any) -> None:
        """On PortAudio's thread. Fills `out` [frames, channels] with the next frames of the device and publishes the
        clock."""
        now = CLOCK()
        ahead = when.outputBufferDacTime - when.currentTime
        heard = now + (ahead if 0.0 < ahead < 1.0 else self.latency)
        self._called = now
        feeder = self._feeder
        if feeder is None:
            out.fill(0.0)
            return
        if status and status.output_underflow:
            self._memory.count("xruns")
        if self._entering:
            feeder.drop(max(-self._early(feeder, heard), 0), frames)
            early = self._early(feeder, heard)
            ready = feeder.fifo.level >= frames - early
            if not (0 <= early < frames and ready):  # not due yet; or late, and more is to be dropped than is ready
                out.fill(0.0)
                self._wake_feeder()
                return
            self._entering = False
            out[:early] = 0.0
            out, heard = out[early:], heard + early / self.rate
        position, runs = feeder.take(out)
        self._memory.set_clock(position, heard, self._memory.rate if runs else 0.0)
        self._wake_feeder()

    def _wake_feeder(self) -> None:
        if self._wake.locked():
            self._wake.release()

    def _early(self, feeder: Feeder, heard: float) -> int:
        """Returns how many frames after the time `heard` the feeder's next frame is due, by the clock before; 0 while
        the timeline does not run."""
        _, position, then, speed = self._memory.clock()
        if speed <= 0.0:
            return 0
        start = (self._start - position - (heard - then) * speed) * self.rate / self._memory.rate
        return round(start) + feeder.fifo.taken

    def _feed(self) -> None:
        """On the feeder's thread. Refills the feeder until the device is closed; stores the error that ends it in
        `fault`."""
        hurry(Urgency.FEEDER)
        feeder = self._feeder
        assert feeder is not None
        try:
            while not self._closing:
                feeder.fill()
                self._wake.acquire(timeout=0.1)
        except Exception as error:  # the main thread raises it and ends the process
            self.fault = error
