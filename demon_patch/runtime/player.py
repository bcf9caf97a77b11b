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

    The blocks are drawn on a thread of their own, up to some seconds ahead. progress: called with the number of
    samples handed to the card. An error in the blocks is raised here. Raises DeviceError.
    """
    sounddevice = sound_library()
    card = output_device(device)
    card_rate = round(float(card["default_samplerate"]))  # type: ignore[arg-type]
    ready: queue.Queue[Samples | BaseException | None] = queue.Queue(maxsize=AHEAD_BLOCKS)
    stopped = threading.Event()

    def hand_over(item: Samples | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.2)
                return

    def render() -> None:
        """Runs on the render thread; shares only the queue."""
        try:
            resample: soxr.ResampleStream | None = None
            for block in blocks:
                resample = resample or soxr.ResampleStream(rate, card_rate, block.shape[1], dtype="float32")
                hand_over(resample.resample_chunk(block))
                if stopped.is_set():
                    return
            hand_over(None)
        except BaseException as error:  # told to the player, who raises it
            hand_over(error)

    thread = threading.Thread(target=render, name="render ahead", daemon=True)
    dry = 0
    try:
        channels = min(2, int(card["max_output_channels"]))  # type: ignore[call-overload]
        with sounddevice.OutputStream(
            samplerate=card_rate, channels=channels, device=card["index"], dtype="float32", latency="high"
        ) as out:
            thread.start()
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                sound = np.ascontiguousarray(np.broadcast_to(item[:, :channels], (len(item), channels)))
                dry += bool(out.write(sound))
                progress(len(item) * rate // card_rate)
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"the sound device refused: {error}", mend="choose another with --device") from error
    finally:
        stopped.set()
    return dry
