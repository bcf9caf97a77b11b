"""CUDA graphs without a GPU: what is captured is done when it is replayed, and not before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import torch


class Capturing:
    """The part of `torch.cuda` that a run uses. What is executed while a graph is captured is kept, and done when the
    graph is replayed. replayed: how often."""

    def __init__(self) -> None:
        self.captured: list[Callable[[], object]] | None = None
        self.replayed = 0

    def Stream(self, device: torch.device) -> Any:
        return SimpleNamespace(cuda_stream=7, wait_stream=lambda other: None, synchronize=lambda: None)

    def current_stream(self, device: torch.device) -> Any:
        return self.Stream(device)

    def stream(self, stream: Any) -> Any:
        return nullcontext()

    def CUDAGraph(self) -> Any:
        made = SimpleNamespace(work=list[Callable[[], object]]())

        def replay() -> None:
            self.replayed += 1
            for each in made.work:
                each()

        made.replay = replay
        return made

    @contextmanager
    def graph(self, graph: Any, stream: Any) -> Iterator[None]:
        self.captured = graph.work
        yield
        self.captured = None

    def watch(self, context: Any) -> None:
        """Has a context of an engine execute by this module's rules."""
        execute = context.execute_async_v3

        def execute_or_keep(stream: int) -> bool:
            if self.captured is None:
                return execute(stream)
            self.captured.append(lambda: execute(stream))
            return True

        context.execute_async_v3 = execute_or_keep
