"""The order of work on a GPU: forwards on one stream, decodes beside them on a second one, and where the host waits.

Unrun: no GPU met this code yet. Tests give it a recorder in place of PyTorch's CUDA module, and look at the order of
its calls; on the processor nothing of it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor


class Streams(Protocol):
    """What a session asks of its device. Called by the thread that owns the session."""

    def mark(self) -> None:
        """After a tick. What is decoded from now on waits for all that was given to the device so far."""
        ...

    def settle(self) -> None:
        """After a tick's forwards. Waits until the device has done them, so that no tick is given to it before the last
        one is done, and ticks can be measured."""
        ...

    @contextmanager
    def decoding(self, latent: Tensor) -> Iterator[None]:
        """Lets what is called inside decode a latent that was finished before the latest `mark`. It waits neither for
        the forwards of a tick that was begun since, nor do those wait for it."""
        ...


class OneStream:
    """The `Streams` of a processor, on which each call ends when its work is done."""

    def mark(self) -> None:
        """Does nothing."""

    def settle(self) -> None:
        """Does nothing."""

    @contextmanager
    def decoding(self, latent: Tensor) -> Iterator[None]:
        """Does nothing."""
        yield


class CudaStreams:
    """The `Streams` of an NVIDIA GPU. Decodes have the higher priority: sound has a deadline.

    cuda: PyTorch's CUDA module, or what a test puts in its place.
    """

    def __init__(self, device: torch.device, cuda: Any = torch.cuda) -> None:
        self._device, self._cuda = device, cuda
        self._decodes = cuda.Stream(device, priority=-1)
        self._finished, self._forwards = cuda.Event(), cuda.Event()
        self.mark()

    def mark(self) -> None:
        """Notes on the stream of the forwards how far it is."""
        self._finished.record(self._cuda.current_stream(self._device))

    def settle(self) -> None:
        """Waits for the forwards that were given so far, and for no decode."""
        self._forwards.record(self._cuda.current_stream(self._device))
        self._forwards.synchronize()

    @contextmanager
    def decoding(self, latent: Tensor) -> Iterator[None]:
        """Lets what is called inside run on the second stream, after the latest `mark`. The latent's memory is not used
        again before that is done, even where the latent is dropped."""
        self._decodes.wait_event(self._finished)
        if latent.device.type == "cuda":
            latent.record_stream(self._decodes)
        with self._cuda.stream(self._decodes):
            yield


def streams_for(device: torch.device) -> Streams:
    """Returns the streams of the device on which a model's denoiser lies."""
    return CudaStreams(device) if device.type == "cuda" else OneStream()
