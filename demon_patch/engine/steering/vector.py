"""`Steering`, a vector that is ready to be added, and the hooks by which a denoiser's blocks take it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from weakref import finalize

import torch
from torch import Tensor, nn

from demon_patch.engine.steering.file import read
from demon_patch.errors import DemonError


@runtime_checkable
class Steerable(Protocol):
    """A denoiser whose blocks can be steered.

    blocks: modules that return the hidden state [R, N, hidden], in the order in which they run.
    hidden: the width of that state.
    """

    blocks: nn.ModuleList
    hidden: int


@dataclass(frozen=True, eq=False)
class Steering:
    """A steering vector for one denoiser.

    added: float32 [blocks, hidden], what depth 1 adds to the output of each block.
    steps: the stages (shares of all steps, 0 to 1) from which and before which it acts.
    """

    title: str
    added: Tensor = field(repr=False)
    steps: tuple[float, float] = (0.0, 1.0)

    def acts(self, stage: float) -> bool:
        """Returns whether it acts in the step of a generation at `stage`."""
        return self.steps[0] <= stage < self.steps[1]


def shape_of(denoiser: object) -> tuple[int, int]:
    """Returns the number of blocks of a denoiser and their width. Raises DemonError if it cannot be steered."""
    if not isinstance(denoiser, Steerable):
        raise DemonError("the model has no blocks that can be steered", mend="play it without Steer")
    return len(denoiser.blocks), denoiser.hidden


def read_steering(path: Path, model: str, denoiser: object) -> Steering:
    """Reads a steering vector for a denoiser of a model family. Raises WeightsError, or DemonError for a denoiser that
    cannot be steered."""
    blocks, hidden = shape_of(denoiser)
    found = read(path, model, (blocks, hidden))
    added = torch.zeros(blocks, hidden)
    for n, vector in found.vectors.items():
        added[n] = found.magnitudes[n] * torch.from_numpy(vector)
    return Steering(found.title or path.stem, added, found.steps)


class _Present(threading.local):
    """What the thread's present forward adds, [R, blocks, hidden]; None adds nothing."""

    added: Tensor | None = None


class BlockHooks:
    """The places in a denoiser's blocks where steering is added. They are there as long as this object lives."""

    def __init__(self, denoiser: object) -> None:
        self._present = _Present()
        self.shape: tuple[int, int] = shape_of(denoiser) if isinstance(denoiser, Steerable) else (0, 0)
        blocks = denoiser.blocks if isinstance(denoiser, Steerable) else ()
        handles = [block.register_forward_hook(_adds(n, self._present)) for n, block in enumerate(blocks)]
        finalize(self, _remove, handles)

    @contextmanager
    def at(self, added: Tensor | None) -> Iterator[None]:
        """On any thread. Lets the denoiser's forwards of this thread add steering, [R, blocks, hidden]."""
        self._present.added = added
        try:
            yield
        finally:
            self._present.added = None


def _adds(block: int, present: _Present) -> Callable[..., Tensor | None]:
    """Returns a forward hook that adds the steering of a block to its output [R, N, hidden]. A row of zeros keeps its
    bits."""

    def add(_: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor | None:
        return None if present.added is None else output + present.added[:, block, None].to(output.dtype)

    return add


def _remove(handles: Sequence[Any]) -> None:
    for handle in handles:
        handle.remove()
