"""Plays a performance through the sound card, rendering ahead of it."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
import soxr
from numpy.typing import NDArray

from demon_patch.errors import DeviceError

Samples = NDArray[np.float32]

AHEAD_BLOCKS = 32  # windows rendered ahead: about ten seconds
PRIME_SECONDS = 1.0  # of sound that is ready before the first is played


def sound_library() -> ModuleType:
    """PortAudio's bindings; raises DeviceError where the library is missing."""
    try:
        import sounddevice
    except OSError as error:  # the bindings look for the system's PortAudio when they are imported
        raise DeviceError(
            f"no sound: {error}", mend="on Debian: apt install libportaudio2; or render to a file"
        ) from None
    return sounddevice


def output_device(name: str | None = None) -> dict[str, object]:
    """The device to play on, as PortAudio describes it; `name`: part of its name. Raises DeviceError."""
    sounddevice = sound_library()
    try:
        return dict(sounddevice.query_devices(name, "output"))
    except (sounddevice.PortAudioError, ValueError):
        wanted = f"no sound device is called {name!r}" if name else "no sound device"
        have = [entry["name"] for entry in sounddevice.query_devices() if entry["max_output_channels"]]
        raise DeviceError(
            wanted, mend=f"there are: {', '.join(have)}" if have else "connect one, or render to a file"
        ) from None


def play(
    blocks: Iterator[Samples],
    rate: int,
    *,
    device: str | None = None,
    progress: Callable[[int], None] = lambda samples: None,
) -> int:
    """Plays blocks [n, channels] at `rate` to their end; returns how often the card ran dry.

    The blocks are drawn on a thread of their own, up to some seconds ahead; playing begins when a second is ready.
    progress: called with the number of samples (at `rate`) handed to the card. An error in the blocks is raised here,
    after what was ready has been played. Raises DeviceError.
    """
    sounddevice = sound_library()
    card = output_device(device)
    card_rate = round(float(str(card["default_samplerate"])))
    ahead = _RenderAhead(blocks, rate, card_rate)
    dry = 0
    try:
        ahead.prime()
        channels = min(2, int(str(card["max_output_channels"])))
        with sounddevice.OutputStream(
            samplerate=card_rate, channels=channels, device=card["index"], dtype="float32", latency="high"
        ) as out:
            for block in ahead:
                sound = np.ascontiguousarray(np.broadcast_to(block[:, :channels], (len(block), channels)))
                dry += bool(out.write(sound))
                progress(len(block) * rate // card_rate)
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"the sound device refused: {error}", mend="choose another with --device") from error
    finally:
        ahead.stop()
    return dry


class _RenderAhead:
    """Blocks drawn and resampled on a thread of their own."""

    def __init__(self, blocks: Iterator[Samples], rate: int, card_rate: int) -> None:
        self._blocks, self._rate, self._card_rate = blocks, rate, card_rate
        self._ready: queue.Queue[Samples | BaseException | None] = queue.Queue(maxsize=AHEAD_BLOCKS)
        self._primed, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._render, name="render ahead", daemon=True)
        self._thread.start()

    def prime(self) -> None:
        """Waits until a second of sound is ready, or all there is."""
        self._primed.wait()

    def __iter__(self) -> Iterator[Samples]:
        while (item := self._ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """Ends the thread after the block it is at."""
        self._stopped.set()

    def _render(self) -> None:
        """Runs on the render thread; shares only the queue and the two events."""
        try:
            resample: soxr.ResampleStream | None = None
            drawn = 0
            for block in self._blocks:
                resample = resample or soxr.ResampleStream(self._rate, self._card_rate, block.shape[1], dtype="float32")
                self._hand_over(resample.resample_chunk(block))
                drawn += len(block)
                if drawn >= PRIME_SECONDS * self._rate or self._ready.full():
                    self._primed.set()
                if self._stopped.is_set():
                    return
            self._hand_over(None)
        except BaseException as error:  # told to the player, who raises it
            self._hand_over(error)
        finally:
            self._primed.set()

    def _hand_over(self, item: Samples | BaseException | None) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._ready.put(item, timeout=0.2)
                return
