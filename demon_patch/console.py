"""What all commands share: the terminal they write to, and the types of their options."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

from cyclopts import Parameter, validators
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from demon_patch.errors import DemonError, visible


class Harmless(Console):
    """A terminal that writes out hidden and control characters of printed texts, so that they cannot act on it
    (`errors`)."""

    def print(self, *what: Any, **how: Any) -> None:
        """Prints as any `Console` does; in plain strings, hidden characters are written out (`errors.visible`)."""
        super().print(*(visible(each, lines=True) if isinstance(each, str) else each for each in what), **how)


out = Harmless()
err = Harmless(stderr=True)

Seconds = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=3600))]
Minutes = Annotated[float, Parameter(validator=validators.Number(gte=1, lte=1440))]
Rate = Annotated[int, Parameter(validator=validators.Number(gte=8000, lte=192_000))]
JsonFlag = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
Switch = Annotated[bool, Parameter(negative="", show_default=False)]
Names = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
Threads = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=64))]


def examples(*lines: str) -> str:
    """Returns the last part of a command's help: "Examples:" and one indented line for each call.

    lines: calls that work as written, each `command  # what it does` or a command alone.
    """
    return "\n".join(["Examples:", *(f"  {line}" for line in lines)])


def check_working_folder() -> None:
    """Raises DemonError where the working folder was deleted: names of files mean nothing there, and the libraries of
    PyTorch end the program."""
    try:
        os.getcwd()
    except OSError:
        raise DemonError("the working folder was deleted", mend="change into another one") from None


def writable(path: Path) -> None:
    """Raises DemonError where a file cannot be written. Creates nothing and leaves an existing file unchanged."""
    folder = path.parent
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if path.exists():
            path.open("r+b").close()
        TemporaryFile(dir=folder).close()
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise DemonError(what, file=path, mend="name a file in a folder that you may write to") from None


def tell(what: object, colour: str = "") -> None:
    """Prints one line on the standard error, word for word: brackets in it are no markup. Where it cannot be printed,
    for example into a log on a full disk, nothing is raised."""
    with suppress(OSError):
        err.print(Text(visible(str(what)), style=colour), soft_wrap=True)


def show(what: object, colour: str = "") -> None:
    """Prints one line of a command's result on the standard output, word for word: brackets in it are no markup."""
    out.print(Text(visible(str(what)), style=colour), soft_wrap=True)


class SampleBar:
    """A progress bar over samples, as a context; calling it moves the bar.

    label: what is made, shown word for word. total: samples in all.
    """

    def __init__(self, label: str, total: int) -> None:
        columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
        self.bar = Progress(*columns, console=err)
        self.task = self.bar.add_task(escape(visible(label)), total=total)

    def __enter__(self) -> SampleBar:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, samples: int) -> None:
        """Moves the bar by a number of samples."""
        self.bar.advance(self.task, samples)
