"""What all commands share: where they write, and the kinds of their options."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter, validators
from rich.console import Console
from rich.text import Text

out = Console()
err = Console(stderr=True)

Seconds = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=3600))]
Rate = Annotated[int, Parameter(validator=validators.Number(gte=8000, lte=192_000))]
JsonFlag = Annotated[bool, Parameter(name="--json", negative="")]
Switch = Annotated[bool, Parameter(negative="")]
Threads = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=64))]


def tell(what: object, colour: str = "") -> None:
    """One line for the person at the terminal, word for word: brackets in it are no markup."""
    err.print(Text(str(what), style=colour), soft_wrap=True)
