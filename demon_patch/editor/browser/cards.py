"""Where the cards of the browser lie, and which one lies under the pointer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demon_patch.editor.browser.library import Entry, groups
from demon_patch.editor.layout.box import Rect

GAP, CARD, PICTURE, HEADING = 14.0, 214.0, 120.0, 34.0
LEAST = 220.0
"""The least width of a card."""


@dataclass(frozen=True, slots=True)
class Cards:
    """The layout. cards: each patch with its rectangle. headings: each with its height. tall: of all together."""

    cards: tuple[tuple[Entry, Rect], ...] = ()
    headings: tuple[tuple[str, float], ...] = ()
    tall: float = 0.0

    def at(self, x: float, y: float) -> Entry | None:
        """Returns the patch at a place; None for none."""
        return next((e for e, (left, top, right, low) in self.cards if left <= x < right and top <= y < low), None)


def laid_out(entries: Sequence[Entry], wide: float) -> Cards:
    """Lays cards out in as many columns as fit a width, under their headings."""
    columns = max(1, int((wide - GAP) // (LEAST + GAP)))
    width = (wide - GAP * (columns + 1)) / columns
    cards, headings, y = list[tuple[Entry, Rect]](), list[tuple[str, float]](), 0.0
    for title, found in groups(entries):
        headings.append((title, y + HEADING / 2))
        y += HEADING
        for place, entry in enumerate(found):
            row, column = divmod(place, columns)
            left, top = GAP + column * (width + GAP), y + row * (CARD + GAP)
            cards.append((entry, (left, top, left + width, top + CARD)))
        y += -(-len(found) // columns) * (CARD + GAP)
    return Cards(tuple(cards), tuple(headings), y)
