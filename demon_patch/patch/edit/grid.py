"""The grid of a scheduled edit: each beat or bar, or each n-th, on which the edit may become heard."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct, structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import json_values

MOST = 256  # bars or beats
_WORDS = re.compile(r"(?:(\d{1,3}(?:\.\d{1,4})?)\s*)?(beat|bar)s?")


class Grid(Struct, frozen=True, omit_defaults=True):
    """The points of the transport at every `count`-th beat or bar.

    unit: `beat` or `bar`.
    count: beats, above 0 and not always whole, or whole bars; at most 256.

    An edit with a grid changes the document at once. It is heard from the next point of the grid on that can be
    reached.
    """

    unit: Literal["beat", "bar"]
    count: float = 1

    def __post_init__(self) -> None:
        if self.unit not in ("beat", "bar"):
            raise PatchError(f"a grid of {json_values.quoted(self.unit)}", mend="write beat or bar")
        count = json_values.number(self.count, f"{self.unit}s of a grid", 0, MOST)
        if count <= 0 or (self.unit == "bar" and not count.is_integer()):
            raise PatchError(f"a grid of {count:g} {self.unit}s", mend=f"write 1 to {MOST}, of bars whole ones")
        structs.force_setattr(self, "count", count)

    @classmethod
    def parsed(cls, words: str) -> Grid:
        """Reads a grid from a text: "beat", "bar", "4 bars", "0.5 beats". Raises PatchError for any other text."""
        found = _WORDS.fullmatch(words.strip().lower())
        if found is None:
            raise PatchError(f"{json_values.quoted(words)} is no grid", mend='write "beat", "bar" or "4 bars"')
        return cls("beat" if found[2] == "beat" else "bar", float(found[1] or 1))

    def beats(self, beats_per_bar: float) -> float:
        """Returns the distance between two points of the grid, in beats."""
        return self.count * beats_per_bar if self.unit == "bar" else self.count

    def __str__(self) -> str:
        return self.unit if self.count == 1 else f"{self.count:g} {self.unit}s"
