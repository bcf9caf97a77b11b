"""The graph of a patch as one SVG picture, which looks like the canvas. It needs no window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from demon_patch.editor.layout.box import Box, Display, Rect, Wire
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.cable_curve import Curve, bounds, chip, curve
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import CHIP_W, DARK, LABEL, SMALL, Theme, fade, mix
from demon_patch.editor.share.signals import Signals, signals_of
from demon_patch.editor.share.svg_box import draw_box
from demon_patch.editor.share.svg_displays import Still, draw_display
from demon_patch.editor.share.svg_pen import FAMILY, Pen, number, paint, safe
from demon_patch.editor.share.svg_wire import draw_chip, draw_wire
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey, Graph

MARGIN = 48.0
"""What is left free round the graph, in canvas units."""
EMPTY: Rect = (0.0, 0.0, 480.0, 240.0)
"""The picture of a patch without anything on its canvas."""
_LINE = 19.0
_HEAD = 20.0


def graph_svg(
    patch: Patch,
    theme: Theme = DARK,
    facts: Facts | None = None,
    *,
    within: str | None = None,
    signals: Signals | None = None,
    peaks: Sequence[float] = (),
    ground: bool = True,
) -> str:
    """Returns a patch's graph as an SVG document: one group of the class `node` for each node, one path of the class
    `cable` for each cable.

    within: the definition whose inside is drawn; None for the patch itself.
    signals: what outputs send; computed where None.
    peaks: of the sound that the patch makes, 0 to 1, which its meters then show.
    ground: whether the ground is painted; without it the picture is transparent.
    """
    facts = facts or Facts()
    signals = signals if signals is not None else signals_of(patch) if within is None else {}
    graph = patch.graph(within)
    boxes, wires = boxes_of(patch, within, facts)
    curves = {key: _curve(boxes, key) for key in wires}
    pen = Pen()
    for _, frame in sorted(graph.frames.items()):
        _frame(pen, frame, theme)
    for key in sorted(wires):
        draw_wire(pen, wires[key], curves[key], theme, signals.get((key.src, key.out)))
    for _, note in sorted(graph.notes.items()):
        _note(pen, note, theme)
    for id in sorted(boxes, key=lambda id: (boxes[id].y, boxes[id].x, id)):
        draw_box(pen, boxes[id], graph.nodes[id], theme, facts, signals, peaks)
    for key, rect in _chips(wires, curves).items():
        draw_chip(pen, wires[key], rect, theme)
    for _, probe in sorted(graph.probes.items()):
        _probe(pen, probe, boxes, graph, facts, signals, theme)
    return _document(pen, _extent(boxes, curves, graph), theme, patch, ground)


def _document(pen: Pen, rect: Rect, theme: Theme, patch: Patch, ground: bool) -> str:
    left, top, right, bottom = rect
    w, h = right - left, bottom - top
    title = patch.meta.title or "Untitled"
    told = f"The graph of a demon_patch patch: {len(patch.nodes)} nodes, {len(patch.cables)} cables."
    back = f'<rect x="{number(left)}" y="{number(top)}" width="{number(w)}" height="{number(h)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{number(left)} {number(top)} {number(w)} {number(h)}" '
        f'width="{number(w)}" height="{number(h)}" role="img" font-family="{safe(FAMILY)}" font-weight="500" '
        'stroke-linecap="round" stroke-linejoin="round" text-rendering="geometricPrecision">',
        f"<title>{safe(title)}</title>",
        f"<desc>{safe(told)}</desc>",
    ]
    if ground:
        parts.append(f"{back}{paint('fill', theme.ground)}/>")
        parts.append(_grid(rect, theme))
    return "\n".join([*parts, str(pen), "</svg>\n"])


def _grid(rect: Rect, theme: Theme, step: float = 128.0) -> str:
    left, top, right, bottom = rect
    lines = []
    x = step * (left // step + 1)
    while x < right and len(lines) < 400:
        lines.append(f"M{number(x)} {number(top)}V{number(bottom)}")
        x += step
    y = step * (top // step + 1)
    while y < bottom and len(lines) < 800:
        lines.append(f"M{number(left)} {number(y)}H{number(right)}")
        y += step
    return f'<path d="{"".join(lines)}"{paint("stroke", theme.grid_major)} stroke-width="1" fill="none"/>'


def _curve(boxes: Mapping[str, Box], key: CableKey) -> Curve:
    src, dst = boxes[key.src], boxes[key.dst]
    a, b = src.pin(key.out, True), dst.pin(key.port, False)
    return curve((src.x + a.x, src.y + a.y), (dst.x + b.x, dst.y + b.y))


def _chips(wires: Mapping[CableKey, Wire], curves: Mapping[CableKey, Curve]) -> dict[CableKey, Rect]:
    """Returns where the depths of cables stand; those into one port side by side."""
    made: dict[CableKey, Rect] = {}
    places: dict[tuple[str, str], int] = {}
    for key in sorted(wires):
        if wires[key].depth is not None:
            place = places.get((key.dst, key.port), 0)
            places[key.dst, key.port] = place + 1
            made[key] = chip(curves[key][3], place)
    return made


def _extent(boxes: Mapping[str, Box], curves: Mapping[CableKey, Curve], graph: Graph) -> Rect:
    rects = [box.rect for box in boxes.values()]
    rects += [bounds(each) for each in curves.values()]
    rects += [(c[3][0] - CHIP_W - 12, c[3][1], c[3][0], c[3][1]) for c in curves.values()]
    for record in (*graph.frames.values(), *graph.notes.values(), *graph.probes.values()):
        (x, y), (w, h) = record.at, record.size
        rects.append((x, y, x + w, y + h))
    if not rects:
        return EMPTY
    left, top = min(r[0] for r in rects), min(r[1] for r in rects)
    right, bottom = max(r[2] for r in rects), max(r[3] for r in rects)
    return left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN


# -- frames, notes, probes ---------------------------------------------------------------------------------------
def _frame(pen: Pen, frame: CanvasFrame, t: Theme) -> None:
    colour, (x, y), (w, h) = t.frame(frame.colour), frame.at, frame.size
    with pen.group("frame"):
        pen.rect((x, y, x + w, y + h), fade(colour, t.frame_fill), fade(colour, t.frame_edge), 14, 1.2)
        ink = fade(mix(colour, t.text, 0.25 if t.name == "dark" else 0.4), 0.95)
        pen.text(x + 14, y + 8 + LABEL / 2, frame.title, LABEL, ink, bold=True, wide=max(20.0, w - 28))


def _note(pen: Pen, note: CanvasNote, t: Theme) -> None:
    (x, y), (w, h) = note.at, note.size
    with pen.group("note"):
        pen.rect((x, y, x + w, y + h), fade(t.body, 0.35), None, 6)
        pen.rect((x, y, x + 3, y + h), fade(t.accent, 0.55), None, 1.5)
        lines = font.wrapped(note.text, LABEL, max(20.0, w - 24), max(1, int((h - 10) // _LINE)))
        for place, line in enumerate(lines):
            pen.text(x + 13, y + 8 + LABEL / 2 + _LINE * place, line, LABEL, mix(t.label, t.text, 0.25))


def _probe(
    pen: Pen, probe: Probe, boxes: Mapping[str, Box], graph: Graph, facts: Facts, signals: Signals, t: Theme
) -> None:
    box, (x, y), (w, h) = boxes[probe.node], probe.at, probe.size
    pin = box.pin(probe.out, True)
    colour = t.port(pin.type)
    near = min(max(box.x + pin.x, x), x + w), min(max(box.y + pin.y, y), y + h)
    with pen.group("probe"):
        pen.line([(box.x + pin.x, box.y + pin.y), near], fade(colour, 0.45), 1.3)
        pen.rect((x, y, x + w, y + h), t.panel, fade(colour, 0.5), 7, 1.2)
        said = f"{box.title} · {probe.out.replace('_', ' ')}"
        pen.text(x + 9, y + 4 + SMALL / 2, said, SMALL, mix(colour, t.text, 0.4), wide=max(10.0, w - 18))
        shown = Box(box.id, box.type, "", box.category, 0, 0, w, h, pins=[pin])
        from_top = Display("scope", x + 5, y + _HEAD, max(1.0, w - 10), max(1.0, h - _HEAD - 6))
        draw_display(Still(pen, t, facts, shown, graph.nodes[probe.node], from_top, colour, signals, ()))
