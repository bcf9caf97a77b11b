"""The sound device: a stream whose callback only copies samples and publishes the clock."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from types import ModuleType
from typing import Any

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.devices import output_device, sound_library
from demon_patch.runtime.audio.feeder import PRIME_SECONDS, Feeder
from demon_patch.runtime.audio.song_memory import CLOCK, SongMemory

SILENCE_SECONDS = 2.0  # without a callback after which the device counts as lost (some servers start a second late)
HUSH_SECONDS = 0.5  # longest wait for the fade when closing


def look_again() -> None:
    """Makes PortAudio search for devices again. No stream may be open."""
    sounddevice: Any = sound_library()
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._initialize()


class Output:
    """An open sound device that plays the song of `memory`.

    name: part of the device's name, or None for the default device.
    start: timeline sample to begin with.

    Raises DeviceError. Three threads take part: the caller's, the feeder's, and PortAudio's, which calls `_play` to
    copy samples, publish the clock and wake the feeder.
    """

    def __init__(self, memory: SongMemory, name: str | None, start: float) -> None:
        sounddevice: ModuleType = sound_library()
        entry = output_device(name)
        self.name, self.rate = str(entry["name"]), round(float(str(entry["default_samplerate"])))
        self.channels = min(max(2, memory.channels), int(str(entry["max_output_channels"])))
        self._memory = memory
        self.fault: Exception | None = None  # what ended the feeder's thread
        self._called = CLOCK()
        self._closing = False
        self._wake = threading.Lock()  # taken by the feeder; released, which never waits, by the callback
        try:
            self._stream = sounddevice.OutputStream(
                samplerate=self.rate,
                channels=self.channels,
                device=entry["index"],
                dtype="float32",
                latency="low",
                callback=self._play,
            )
            self.latency = float(self._stream.latency)
            ahead = round(self.latency * memory.rate) if memory.playing else 0
            self._feeder = Feeder(memory, self.rate, self.channels, round(start) + ahead)
            self._feeder.fill(round(PRIME_SECONDS * self.rate))
            self._thread = threading.Thread(target=self._feed, name="feeder", daemon=True)
            self._thread.start()
            self._stream.start()
            self._called = CLOCK()
        except sounddevice.PortAudioError as error:
            self._closing = True
            raise DeviceError(f"the sound device refused: {error}", mend="choose another with --device") from error

    @property
    def lost(self) -> bool:
        """Whether the device is gone: its stream has ended, or made no callback for SILENCE_SECONDS."""
        return not self._stream.active or CLOCK() - self._called > SILENCE_SECONDS

    def close(self) -> None:
        """Fades out and closes the device. A lost device is closed on Windows only: elsewhere PortAudio can wait for it
        for ever."""
        self._feeder.hushed = True
        end = CLOCK() + HUSH_SECONDS
        while not (self._feeder.silent or self.lost) and CLOCK() < end:
            time.sleep(0.005)
        if not self.lost or os.name == "nt":
            self._stream.close()
        self._closing = True
        self._thread.join(1.0)

    def _play(self, out: Any, frames: int, when: Any, status: Any) -> None:
        """On PortAudio's thread. Fills `out` [frames, channels] with the next frames of the device and publishes the
        clock."""
        now = CLOCK()
        if status and status.output_underflow:
            self._memory.count("xruns")
        ahead = when.outputBufferDacTime - when.currentTime
        position, runs = self._feeder.take(out)
        heard = now + (ahead if 0.0 < ahead < 1.0 else self.latency)
        self._memory.set_clock(position, heard, self._memory.rate if runs else 0.0)
        self._called = now
        if self._wake.locked():
            self._wake.release()

    def _feed(self) -> None:
        """On the feeder's thread. Refills the feeder until the device is closed; stores the error that ends it in
        `fault`."""
        try:
            while not self._closing:
                self._feeder.fill()
                self._wake.acquire(timeout=0.1)
        except Exception as error:  # the main thread raises it and ends the process
            self.fault = error
