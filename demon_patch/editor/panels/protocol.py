"""What the hands ask of the popups: fields and menus in a window, and in tests a fake that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from demon_patch.editor.layout.box import Pin, Point

Tone = Literal["plain", "good", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a menu.

    key: what the line shows as its key. marked: it has a tick. items: of a submenu, which `do` then has no part in.
    """

    title: str
    do: Callable[[], object] | None = None
    key: str = ""
    marked: bool = False
    enabled: bool = True
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """Something that can be typed: put between the characters `start` and `end`. title, meaning: what the line says.
    tone: of the title: text, or fault for a word that is replaced because it says nothing."""

    title: str
    meaning: str
    text: str
    start: int
    end: int
    tone: str = "text"


@dataclass(frozen=True, slots=True)
class Advice:
    """What is said of a text while it is typed. wrong: what is wrong with it so far. offers: what can be typed.
    marks: characters (from, to) that are underlined, since they mean nothing."""

    wrong: str = ""
    offers: tuple[Offered, ...] = ()
    marks: tuple[tuple[int, int], ...] = ()


class Advisor(Protocol):
    """Looks at a text while it is typed."""

    def look(self, text: str, caret: int) -> Advice:
        """Returns what is said now; called often, also while nothing is typed, since answers may come late."""
        ...


class Popups(Protocol):
    """Popups over the canvas. Places are in pixels of the window unless said otherwise. One is open at a time."""

    @property
    def typing(self) -> bool:
        """Whether a text is being typed, so that letters are no commands."""
        ...

    @property
    def open(self) -> bool:
        """Whether a popup is open."""
        ...

    def palette(self, at: Point, pin: Pin | None, text: str = "") -> None:
        """Opens the list of nodes for a place of the canvas (in canvas units); only those that fit the pin, if given.
        text: what is typed already. The choice comes to `Hands.chosen`."""
        ...

    def field(
        self, at: Point, title: str, text: str, commit: Callable[[str], str], lines: int = 1,
        advisor: Advisor | None = None,
    ) -> None:  # fmt: skip
        """Opens a field with a text. `commit` gets what was typed; it returns what is wrong with it, and an empty text
        closes the field. advisor: says and offers something below the field."""
        ...

    def menu(self, at: Point, items: Sequence[Item]) -> None:
        """Opens a menu."""
        ...

    def tell(self, text: str, tone: Tone = "plain") -> None:
        """Shows a sentence for some seconds."""
        ...

    def show(self, panel: str) -> None:
        """Opens a panel or closes it, by its name (`panels` lists them): keys, history, problems, browser ..."""
        ...

    def close(self) -> None:
        """Closes what is open."""
        ...
