"""Draws the knobs as lines of styled text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from demon_patch.errors import visible
from demon_patch.patch.model.json_values import Value
from demon_patch.terminal.draw import FAINT, LIVE
from demon_patch.terminal.knobs import Key, Knob, value_of

TITLE, WAY = 26, 12
"""Cells of a title, and of the line that shows a knob's whole way."""


def number(value: float) -> str:
    """Returns a number with few enough digits to be read while it moves."""
    return f"{value:.0f}" if abs(value) >= 10_000 or value == round(value) else f"{value:.4g}"


def knob_line(knob: Knob, live: Mapping[Key, Value], chosen: bool) -> Text:
    """Returns a knob as one line: `▸` chosen, `*` with a live value, `~` with a cable; then number, unit, position and
    playing range."""
    value, is_live = value_of(knob, live), knob.key in live
    title = visible(knob.title)
    title = title if len(title) <= TITLE else title[: TITLE - 1] + "…"
    text = Text(f"{'▸' if chosen else ' '} {title:<{TITLE}} ", "bold" if chosen else "", no_wrap=True)
    text.append(f"{number(value):>10}{'*' if is_live else ' '}{'~' if knob.wired else ' '}", LIVE if is_live else "")
    text.append(f"{knob.port.unit:<8} ")
    place = knob.place(value)
    if place is not None:
        at = round(place * (WAY - 1))
        text.append("─" * at, FAINT).append("┃", LIVE if is_live else "bold").append("─" * (WAY - 1 - at), FAINT)
        text.append(f" {number(knob.lo)}..{number(knob.hi)}", FAINT)
    return text


def knob_table(knobs: Sequence[Knob], live: Mapping[Key, Value], chosen: int, lines: int) -> Text:
    """Returns at most `lines` lines of knobs, the chosen one among them."""
    if not knobs:
        return Text("this patch has no knobs", FAINT)
    first = min(max(chosen - lines // 2, 0), max(len(knobs) - lines, 0))
    shown = range(first, min(first + max(lines, 1), len(knobs)))
    return Text("\n").join(knob_line(knobs[index], live, index == chosen) for index in shown)
