"""What lies on the canvas beside nodes and cables: frames around them, and notes."""

from __future__ import annotations

import re

from demon_patch.errors import PatchError
from demon_patch.patch.model import json_values
from demon_patch.patch.model.record import Record, area

_COLOUR = re.compile(r"(#[0-9a-f]{6})?")


class CanvasFrame(Record, frozen=True, omit_defaults=True):
    """A titled rectangle behind the nodes that it groups; what lies on it is moved with it.

    at, size: its corner and extent on the canvas. colour: #rrggbb, or none for the theme's.
    """

    at: tuple[float, float]
    size: tuple[float, float] = (320.0, 240.0)
    title: str = ""
    colour: str = ""

    def __post_init__(self) -> None:
        json_values.text(self.title, "title")
        if not isinstance(self.colour, str) or not _COLOUR.fullmatch(self.colour):
            raise PatchError(
                f"colour is {json_values.quoted(self.colour)}", mend="write #rrggbb in small letters, or nothing"
            )
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"))


class CanvasNote(Record, frozen=True, omit_defaults=True):
    """A text on the canvas, for people. at, size: its corner and extent."""

    text: str
    at: tuple[float, float]
    size: tuple[float, float] = (200.0, 100.0)

    def __post_init__(self) -> None:
        json_values.text(self.text, "text", 20_000)
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"))
