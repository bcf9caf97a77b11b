"""What all commands share: where they write, and the kinds of their options."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter, validators
from rich.console import Console
from rich.text import Text

from demon_patch.errors import visible


class Harmless(Console):
    """A terminal on which no text that is printed does more than stand there: see `errors.hidden`."""

    def print(self, *what: Any, **how: Any) -> None:
        """As of any console; in plain texts, what is hidden is written out."""
        super().print(*(visible(each, lines=True) if isinstance(each, str) else each for each in what), **how)


out = Harmless()
err = Harmless(stderr=True)

Seconds = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=3600))]
Rate = Annotated[int, Parameter(validator=validators.Number(gte=8000, lte=192_000))]
JsonFlag = Annotated[bool, Parameter(name="--json", negative="")]
Switch = Annotated[bool, Parameter(negative="")]
Threads = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=64))]


def tell(what: object, colour: str = "") -> None:
    """One line for the person at the terminal, word for word: brackets in it are no markup."""
    err.print(Text(visible(str(what)), style=colour), soft_wrap=True)


def show(what: object, colour: str = "") -> None:
    """One line of what was asked for, on the standard output, word for word."""
    out.print(Text(visible(str(what)), style=colour), soft_wrap=True)
