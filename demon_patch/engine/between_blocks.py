"""Calls between the blocks of a denoiser: a long forward leaves time for sound that is due, and can be ended early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, runtime_checkable
from weakref import finalize

import torch
from torch import nn

from demon_patch.engine.steering.vector import Steerable

Call = Callable[[], None]


class ForwardEnded(Exception):
    """Raised by a call between two blocks: the forward is ended, and has no result."""


@runtime_checkable
class CallsBetweenBlocks(Protocol):
    """An executor that can call back between the blocks of a forward.

    pieces: the number of pieces of nearly equal length into which these calls cut a forward; 1 where there are none.
    """

    @property
    def pieces(self) -> int: ...

    def calling(self, call: Call) -> AbstractContextManager[None]:
        """On any lane. Returns a context manager: within it, forwards of this thread make `call` before each block.
        Where `call` raises ForwardEnded, so does the forward; its arguments are unchanged."""
        ...


class _Present(threading.local):
    call: Call | None = None


class BlockCalls:
    """The places before a denoiser's blocks where calls are made. They are there as long as this object lives.

    pieces: the number of blocks; 1 for a denoiser that does not tell them.
    """

    def __init__(self, denoiser: object) -> None:
        self._present = _Present()
        blocks = list(denoiser.blocks) if isinstance(denoiser, Steerable) else []
        self.pieces = max(len(blocks), 1)
        handles = [block.register_forward_pre_hook(_calls(self._present)) for block in blocks]
        finalize(self, lambda: [handle.remove() for handle in handles])

    @contextmanager
    def calling(self, call: Call) -> Iterator[None]:
        """As `CallsBetweenBlocks.calling`."""
        self._present.call = call
        try:
            yield
        finally:
            self._present.call = None


def _calls(present: _Present) -> Callable[..., None]:
    """Returns a hook that makes the present call outside of the forward's inference mode, so that what the call
    computes can be changed later."""

    def hook(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        if present.call is not None:
            with torch.inference_mode(False), torch.no_grad():
                present.call()

    return hook
