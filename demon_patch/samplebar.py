"""A progress bar of a rendering."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class SampleBar:
    """A progress bar over so many samples, a context manager; calling it moves the bar on."""

    def __init__(self, label: str, total: int, console: Console) -> None:
        columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
        self.bar = Progress(*columns, console=console)
        self.task = self.bar.add_task(label, total=total)

    def __enter__(self) -> SampleBar:
        self.bar.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.bar.stop()

    def __call__(self, samples: int) -> None:
        self.bar.advance(self.task, samples)
