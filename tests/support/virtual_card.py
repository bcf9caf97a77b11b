"""A sound card made of arithmetic: a stream in place of PortAudio's, whose callback a test calls."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from demon_patch.runtime.audio import device, devices
from tests.support import jack_server

LATENCY = 0.02


class PortAudioError(Exception):
    """As of the real library."""


class VirtualCard:
    """A card of `channels` outputs. time: seconds, moved on by `play`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rate: int, channels: int = 2) -> None:
        self.rate, self.channels, self.time = rate, channels, 100.0
        self.options: dict[str, Any] = {}
        self._callback: Callable[..., None] | None = None
        library = SimpleNamespace(
            PortAudioError=PortAudioError, OutputStream=self._open, query_devices=lambda *_: self._entry
        )
        for module in (device, devices):
            monkeypatch.setattr(module, "sound_library", lambda: library)
        monkeypatch.setattr(device, "CLOCK", lambda: self.time)

    @property
    def _entry(self) -> dict[str, object]:
        return {
            "name": "virtual", "index": 0, "max_output_channels": self.channels, "default_samplerate": float(self.rate)
        }  # fmt: skip

    def _open(self, *, callback: Callable[..., None], **options: Any) -> Any:
        self.options, self._callback = options, callback
        return SimpleNamespace(latency=LATENCY, active=True, start=lambda: None, close=lambda: None)

    def vanish(self, output: device.Output) -> None:
        """Takes the card out, and closes what played on it."""
        output._stream.active = False
        output.close()

    def play(self, frames: int, output: device.Output | None = None) -> np.ndarray:
        """Lets the card take one buffer, once `output` has it ready; returns it. Frame k of it is heard at `time` +
        LATENCY + k / rate."""
        assert output is None or jack_server.until(lambda: output._feeder and output._feeder.fifo.level >= frames)
        assert self._callback is not None
        out = np.full((frames, self.options["channels"]), np.nan, np.float32)
        when = SimpleNamespace(outputBufferDacTime=LATENCY, currentTime=0.0)
        self._callback(out, frames, when, None)
        self.time += frames / self.rate
        return out
