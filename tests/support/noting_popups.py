"""Popups that note what they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from demon_patch.editor.panels.protocol import Item


@dataclass(frozen=True)
class Offered:
    """A line of the palette."""

    title: str
    sentence: str = ""
    category: str = ""


class FakePopups:
    """shown: panels. fields: (title, text, commit). said: sentences. menus: their items."""

    typing = False
    open = False

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.fields: list[tuple[str, str, Callable[[str], str]]] = []
        self.said: list[str] = []
        self.menus: list[Sequence[Item]] = []

    def palette(self, at: Any, pin: Any, text: str = "") -> None: ...

    def field(
        self, at: Any, title: str, text: str, commit: Callable[[str], str], lines: int = 1, advisor: Any = None
    ) -> None:
        self.fields.append((title, text, commit))

    def menu(self, at: Any, items: Sequence[Item]) -> None:
        self.menus.append(items)

    def tell(self, text: str, tone: str = "plain") -> None:
        self.said.append(text)

    def show(self, panel: str) -> None:
        self.shown.append(panel)

    def close(self) -> None: ...
