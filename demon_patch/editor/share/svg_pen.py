"""Writes SVG: shapes, texts and groups, with everything that a patch brings escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape

from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.cable_curve import Curve
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import Colour

EM = 1 / 1.21
"""The size of a font in SVG (its em) for a size of ours, which is from ascent to descent."""
BASE = 0.3
"""How far a line's base is below its middle, in sizes of ours."""
FAMILY = "Inter, 'Inter Variable', 'Helvetica Neue', 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def safe(text: str) -> str:
    """Returns a text as it may stand in XML, in an element or within quotes; characters that XML does not have become
    the replacement character."""
    return escape(_NOT_XML.sub("\ufffd", text), quote=True)


def number(value: float) -> str:
    """Returns a number with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def paint(name: str, colour: Colour | None) -> str:
    """Returns the attributes of a colour. name: fill or stroke. None draws nothing."""
    if colour is None or colour[3] <= 0:
        return f' {name}="none"'
    red, green, blue, alpha = colour
    clear = "" if alpha >= 255 else f' {name}-opacity="{number(alpha / 255)}"'
    return f' {name}="#{red:02x}{green:02x}{blue:02x}"{clear}'


def bezier(curve: Curve) -> str:
    """Returns the path of a cable's curve."""
    a, b, c, d = (f"{number(x)} {number(y)}" for x, y in curve)
    return f"M{a}C{b} {c} {d}"


def path_of(points: Iterable[Point]) -> str:
    """Returns the path of a line through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


class Pen:
    """Collects the elements of a picture."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __str__(self) -> str:
        return "\n".join(self.made)

    @contextmanager
    def group(self, kind: str = "", id: str = "", title: str = "", at: Point | None = None) -> Iterator[None]:
        """Groups what is drawn within. kind: its class. title: what a browser says when the pointer lies on it."""
        marks = "".join(f' {name}="{safe(value)}"' for name, value in (("class", kind), ("id", id)) if value)
        moved = "" if at is None else f' transform="translate({number(at[0])} {number(at[1])})"'
        self.made.append(f"<g{marks}{moved}>")
        if title:
            self.made.append(f"<title>{safe(title)}</title>")
        yield
        self.made.append("</g>")

    def rect(
        self,
        rect: Rect,
        fill: Colour | None = None,
        edge: Colour | None = None,
        rounding: float = 0.0,
        line: float = 1.0,
    ) -> None:
        """Draws a rectangle."""
        left, top, right, bottom = rect
        w, h = max(0.0, right - left), max(0.0, bottom - top)
        round_ = f' rx="{number(min(rounding, w / 2, h / 2))}"' if rounding else ""
        self.made.append(
            f'<rect x="{number(left)}" y="{number(top)}" width="{number(w)}" height="{number(h)}"{round_}'
            f"{paint('fill', fill)}{_stroke(edge, line)}/>"
        )

    def path(
        self,
        d: str,
        edge: Colour | None = None,
        line: float = 1.5,
        fill: Colour | None = None,
        kind: str = "",
        dashes: str = "",
    ) -> None:
        """Draws a path. dashes: lengths of strokes and gaps."""
        marks = f' class="{kind}"' if kind else ""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.made.append(f'<path{marks} d="{d}"{paint("fill", fill)}{_stroke(edge, line)}{dashed}/>')

    def line(self, points: Sequence[Point], colour: Colour, line: float = 1.5) -> None:
        """Draws a line through points."""
        if len(points) > 1:
            self.path(path_of(points), colour, line)

    def shape(
        self, points: Sequence[Point], fill: Colour | None, edge: Colour | None = None, line: float = 1.0
    ) -> None:
        """Draws a filled shape."""
        self.path(path_of(points) + "Z", edge, line, fill)

    def dot(self, at: Point, radius: float, fill: Colour | None, edge: Colour | None = None, line: float = 1.0) -> None:
        """Draws a disc."""
        self.made.append(
            f'<circle cx="{number(at[0])}" cy="{number(at[1])}" r="{number(radius)}"'
            f"{paint('fill', fill)}{_stroke(edge, line)}/>"
        )

    def text(
        self,
        x: float,
        middle: float,
        said: str,
        size: float,
        colour: Colour,
        bold: bool = False,
        align: float = 0.0,
        wide: float = 0.0,
    ) -> float:
        """Draws a line of text, as wide as it is measured, whatever font the reader has. Returns its width.

        align: 0 begins at x, 0.5 has its middle there, 1 ends there. wide: it is cut where it is wider.
        """
        said = font.fitted(said, size, wide, bold) if wide else said
        if not said.strip():
            return 0.0
        width = font.width(said, size, bold)
        weight = ' font-weight="620"' if bold else ""
        self.made.append(
            f'<text x="{number(x - align * width)}" y="{number(middle + BASE * size)}" font-size="{number(size * EM)}"'
            f'{weight} textLength="{number(width)}" lengthAdjust="spacingAndGlyphs"'
            f"{paint('fill', colour)}>{safe(said)}</text>"
        )
        return width


def _stroke(colour: Colour | None, line: float) -> str:
    return "" if colour is None else f'{paint("stroke", colour)} stroke-width="{number(line)}"'
