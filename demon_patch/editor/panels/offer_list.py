"""The list of the palette: which offers are shown, and which one is lit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

ROWS = 8


class Shown(Protocol):
    """What the list shows of an offer.

    title, sentence: of the node type, or of what the typed line makes. category: whose colour it has.
    """

    @property
    def title(self) -> str: ...

    @property
    def sentence(self) -> str: ...

    @property
    def category(self) -> str: ...


@dataclass
class OfferList:
    """The offers for what is typed.

    find: returns the offers for a text. first: the first row that is shown. lit: the offer that Enter takes.
    """

    find: Callable[[str], Sequence[Shown]]
    offers: Sequence[Shown] = field(default_factory=list)
    text: str | None = None
    first: int = 0
    lit: int = 0

    def look(self, text: str) -> bool:
        """Finds anew where the text has changed; returns whether it has."""
        if text == self.text:
            return False
        self.text, self.offers = text, self.find(text)
        self.first = self.lit = 0
        return True

    def step(self, rows: int) -> None:
        """Lights another row."""
        if self.offers:
            self.lit = min(max(self.lit + rows, 0), len(self.offers) - 1)
            self.first = min(max(self.first, self.lit - ROWS + 1), self.lit)

    def scroll(self, rows: int) -> None:
        """Moves the list; the lit row stays among those that are shown."""
        self.first = min(max(self.first + rows, 0), max(len(self.offers) - ROWS, 0))
        self.lit = min(max(self.lit, self.first), self.first + ROWS - 1, max(len(self.offers) - 1, 0))

    @property
    def shown(self) -> Sequence[Shown]:
        """The offers on screen."""
        return self.offers[self.first : self.first + ROWS]

    @property
    def chosen(self) -> Shown | None:
        """The lit offer."""
        return self.offers[self.lit] if self.offers else None
