"""A node as SVG: body, title, display, rows, knobs, pins, and the marks of its state."""

from __future__ import annotations

import math
from collections.abc import Sequence

from demon_patch.editor.layout.box import Box, Knob, Pin, Point, Row
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import text as font
from demon_patch.editor.look.shades import weaker
from demon_patch.editor.look.theme import (
    COLLAR,
    FOLD,
    HEAD,
    KNOB,
    LABEL,
    PAD,
    PORT,
    ROUND,
    SHADOW,
    SHADOW_DOWN,
    SHAPES,
    SMALL,
    TITLE,
    Colour,
    Theme,
    fade,
    mix,
)
from demon_patch.editor.share.signals import Signals
from demon_patch.editor.share.svg_displays import Still, colour_of, draw_display
from demon_patch.editor.share.svg_pen import Pen, number
from demon_patch.patch.model.graph import REROUTE, Node

_TRACK = KNOB + 3.2
_BLACK: Colour = (0, 0, 0, 255)
_WHITE: Colour = (255, 255, 255, 255)


def draw_box(
    pen: Pen, box: Box, node: Node, theme: Theme, facts: Facts, signals: Signals, peaks: Sequence[float] = ()
) -> None:
    """Draws a node as one group of the class `node`."""
    bright = theme
    if box.muted or box.bypass:
        theme = weaker(theme, 0.42 if box.muted else 0.34, grey=box.muted)
    with pen.group("node", f"node-{box.id}", _hint(box, facts), (box.x, box.y)):
        if box.type == REROUTE:
            _dot(pen, box, theme)
        else:
            _body(pen, box, theme)
            _title(pen, box, theme, bright)
            if box.display is not None:
                colour = colour_of(box.display.kind, box, theme)
                draw_display(Still(pen, theme, facts, box, node, box.display, colour, signals, peaks))
            for pin in box.outs:
                if pin.y != HEAD / 2 and not pin.folded:
                    pen.text(box.w - 11, pin.y, pin.title, SMALL, theme.label, align=1)
            for row in box.rows:
                _row(pen, box, row, theme)
            if box.folded or box.unfolded:
                said = f"{box.folded} more" if box.folded else "fewer"
                pen.text(box.w / 2, box.h - FOLD / 2 - 2, said, SMALL, theme.faint, align=0.5)
        if box.muted:
            pen.line([(4, box.h - 4), (box.w - 4, HEAD + 4)], fade(bright.fault, 0.55), 2.4)
        for pin in box.pins:
            if not pin.folded or pin.wired:
                draw_pin(pen, pin, theme)


def _hint(box: Box, facts: Facts) -> str:
    declaration = facts.declaration(box.type)
    return box.title if declaration is None else f"{box.title}: {declaration.sentence}"


def _dot(pen: Pen, box: Box, t: Theme) -> None:
    colour = t.port(box.pins[0].type) if box.pins else t.label
    pen.rect((0, 1, box.w, box.h - 1), t.body, t.edge, box.h / 2 - 1, 1.2)
    pen.line([(8, box.h / 2), (box.w - 8, box.h / 2)], fade(colour, 0.8), 2)


def _body(pen: Pen, box: Box, t: Theme) -> None:
    w, h = box.w, box.h
    category = t.category(box.category, box.colour)
    for ring in range(5):  # a soft shadow, of layers
        out = SHADOW * 0.62 * (1 - ring / 5)
        rect = (-out, -out * 0.6 + SHADOW_DOWN, w + out, h + out + SHADOW_DOWN)
        pen.rect(rect, fade(_BLACK, 0.13 * t.shadow), None, ROUND + out)
    pen.rect((0, 0, w, h), t.body, None, ROUND)
    r, head = ROUND, mix(t.body, category, t.head)
    foot = (
        f"V{number(HEAD)}H0Z"
        if h > HEAD + 4
        else f"V{number(h - r)}q0 {r:g} {-r:g} {r:g}H{r:g}q{-r:g} 0 {-r:g} {-r:g}Z"
    )
    pen.path(f"M0 {r:g}q0 {-r:g} {r:g} {-r:g}H{number(w - r)}q{r:g} 0 {r:g} {r:g}{foot}", fill=head)
    if h > HEAD + 4:
        pen.line([(0, HEAD), (w, HEAD)], fade(mix(t.edge, category, 0.25), 0.8), 1)
    pen.rect((1.1, 1.1, w - 1.1, h - 1.1), None, fade(t.rim, 0.055 if t.name == "dark" else 0.7), ROUND - 1)
    pen.rect((0, 0, w, h), None, t.edge if box.known else t.unknown, ROUND, 1.2)


def _title(pen: Pen, box: Box, t: Theme, bright: Theme) -> None:
    pen.rect((PAD, HEAD / 2 - 5.5, PAD + 3, HEAD / 2 + 5.5), t.category(box.category, box.colour), None, 1.5)
    said = "muted" if box.muted else "bypassed" if box.bypass else "" if box.known else "unknown"
    room = box.w - PAD - 30
    if said:
        colour = bright.fault if box.muted else bright.snap if box.bypass else bright.unknown
        wide, right = font.width(said, SMALL) + 12, box.w - 15
        pen.rect((right - wide, HEAD / 2 - 8, right, HEAD / 2 + 8), fade(colour, 0.22), None, 8)
        pen.text(right - wide + 6, HEAD / 2, said, SMALL, mix(colour, t.text, 0.35))
        room -= wide + 6
    pen.text(PAD + 10, HEAD / 2 - 0.5, box.title, TITLE, t.text, bold=True, wide=room)


def _row(pen: Pen, box: Box, row: Row, t: Theme) -> None:
    x, right, y = PAD + 4.0, box.w - PAD - 2, row.y
    if row.knob is not None:
        draw_knob(pen, row.knob, t)
        x = PAD + 32.0
    if row.kind in ("plain", "knob"):
        wide = pen.text(right, y, row.text, LABEL, t.text, align=1)
        room = right - wide - 8 - x
    else:
        said = font.fitted(row.text, LABEL, box.w * 0.48)
        left = right - font.width(said, LABEL) - (24 if row.kind == "option" else 14)
        pen.rect((left, y - 9.5, right, y + 9.5), t.well, fade(t.track, 0.7), 5)
        pen.text(left + 7, y, said, LABEL, t.text)
        if row.kind == "option":
            for sign in (-1, 1):
                tip, foot = y + sign * 4.5, y + sign * 1.4
                pen.shape([(right - 10.5, foot), (right - 5.5, foot), (right - 8, tip)], t.label)
        room = left - 6 - x
    pen.text(x, y, row.title, LABEL, t.label, wide=max(room, 1.0))


def _turn(position: float, radius: float) -> Point:
    angle = math.pi * (0.75 + 1.5 * min(1.0, max(0.0, position)))
    return radius * math.cos(angle), radius * math.sin(angle)


def arc(a: float, b: float, radius: float) -> str:
    """Returns the path of a knob's arc between two positions of 0 to 1."""
    a, b = min(a, b), max(a, b)
    (x0, y0), (x1, y1) = _turn(a, radius), _turn(b, radius)
    large = 1 if 1.5 * (b - a) > 1.0 else 0
    return f"M{number(x0)} {number(y0)}A{number(radius)} {number(radius)} 0 {large} 1 {number(x1)} {number(y1)}"


def draw_knob(pen: Pen, knob: Knob, t: Theme) -> None:
    """Draws a knob with its track, its arc from zero to where it stands, and its playing range."""
    colour = t.port(knob.type)
    with pen.group("knob", at=(knob.x, knob.y)):
        pen.path(arc(0, 1, _TRACK), t.track, 2.6)
        zero = 0.5 if knob.centred else 0.0
        if abs(knob.position - zero) > 0.004:
            pen.path(arc(zero, knob.position, _TRACK), fade(colour, 0.75), 2.6)
        for end in knob.play if knob.play != (0.0, 1.0) else ():
            pen.line([_turn(end, _TRACK - 2.2), _turn(end, _TRACK + 2.6)], t.accent, 1.6)
        dark = t.name == "dark"
        pen.dot((0, 1.2), KNOB, (0, 0, 0, 110 if dark else 46))
        pen.dot((0, 0), KNOB - 0.4, mix(t.knob, _WHITE, 0.12 if dark else 0.9), fade(t.edge, 0.6), 0.8)
        pen.line([_turn(knob.position, KNOB - 6.4), _turn(knob.position, KNOB - 1.6)], t.text, 2)
        if knob.live is not None:
            pen.dot(_turn(knob.position, _TRACK), 2.4, t.snap)


def draw_pin(pen: Pen, pin: Pin, t: Theme) -> None:
    """Draws a pin in the colour and the shape of its type, filled where a cable is plugged in."""
    colour = t.port(pin.type)
    fill, collar = (colour if pin.wired else mix(t.well, colour, 0.10)), mix(t.edge, t.body, 0.2)
    x, y, shape = pin.x, pin.y, SHAPES.get(pin.type, "circle")
    if shape == "square":
        r, q = PORT + COLLAR - 0.4, PORT - 0.6
        pen.rect((x - r, y - r, x + r, y + r), collar, None, 3.2)
        pen.rect((x - q, y - q, x + q, y + q), fill, colour, 1.8, 1.6)
    elif shape == "diamond":
        r, q = PORT + COLLAR + 1.8, PORT + 0.8
        pen.shape(_diamond(x, y, r), collar)
        pen.shape(_diamond(x, y, q), fill, colour, 1.6)
        if pin.type == "surface" and pin.wired:
            pen.shape(_diamond(x, y, q - 3), collar)
    else:
        r = PORT + (1.2 if shape == "ring" else 0.0)
        pen.dot((x, y), r + COLLAR, collar)
        pen.dot((x, y), r - 0.7, fill, colour, 1.6)
        if shape == "ring":
            pen.dot((x, y), r - 2.8, collar if pin.wired else fill)
            if pin.wired:
                pen.dot((x, y), 1.5, colour)


def _diamond(x: float, y: float, r: float) -> list[Point]:
    return [(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
