"""From a patch to boxes and wires: the sizes of every node, the places of its pins, knobs and display, and what they
say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from demon_patch.editor.layout import display_sizes, folding
from demon_patch.editor.layout.box import Box, Display, Knob, Pin, Row, RowKind, Wire
from demon_patch.editor.layout.facts import ANY, Facts
from demon_patch.editor.layout.wires import Units, wire_of
from demon_patch.editor.look import numbers, text
from demon_patch.editor.look.theme import (
    DOT_H,
    DOT_W,
    FOLD,
    HEAD,
    KNOB_X,
    LABEL,
    MIDDLE,
    NAME_X,
    NARROW,
    OUT,
    PAD,
    ROW,
    SMALL,
    TITLE,
    WIDE,
)
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, REROUTE_IN, REROUTE_OUT, SUBPATCH, CableKey, Node

Live = Mapping[tuple[str, str], Any]
"""Live values by (node, port)."""
NOTHING: Mapping[Any, Any] = {}
_GAP = 6.0  # above and below a display
_SIDE_LEAST, _SIDE_MOST = 44.0, 84.0  # the width of the outputs beside a display
_TITLE_SPARE = 46.0  # of a title: the margins, the mark of the category, and a pin
_NUMBER = 76.0  # of a knob's row: room for a number, and margins
_MANY = 8  # an engine node with more ports is wide


@dataclass(slots=True)
class Subject:
    """What a box is made of.

    ports, outs: types and declarations by name, in order; of an output only its type. titles: of outputs.
    wired_in, wired_out: the names of ports and outputs with cables.
    live: the node's live values by port.
    """

    id: str
    node: Node
    title: str
    category: str
    display: str = ""
    known: bool = True
    ports: dict[str, Port] = field(default_factory=dict)
    outs: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    wired_in: frozenset[str] = frozenset()
    wired_out: frozenset[str] = frozenset()
    live: Mapping[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    def value(self, port: Port) -> Any:
        """What a port holds in the document."""
        given = self.node.values.get(port.name)
        return self.defaults.get(port.name, port.default) if given is None else given


def boxes_of(
    patch: Patch,
    within: str | None,
    facts: Facts,
    live: Live = NOTHING,
    problems: Mapping[str, str] = NOTHING,
) -> tuple[dict[str, Box], dict[CableKey, Wire]]:
    """Returns all boxes and wires of a patch, or of the inside of a definition.

    live: live values by (node, port). problems: what is wrong with a node, by id.
    """
    graph = patch.graph(within)
    by_node: dict[str, dict[str, Any]] = {}
    for (id, port), value in live.items():
        by_node.setdefault(id, {})[port] = value
    boxes = {
        id: box_of(subject_of(patch, within, id, facts, by_node.get(id, NOTHING), problems.get(id, "")))
        for id in graph.nodes
    }
    units = Units(patch, facts)
    return boxes, {cable.key: wire_of(cable, within, units) for cable in graph.cables}


def subject_of(
    patch: Patch, within: str | None, id: str, facts: Facts, live: Mapping[str, Any] = NOTHING, problem: str = ""
) -> Subject:
    """Returns what the box of a node is made of."""
    graph = patch.graph(within)
    node = graph.nodes[id]
    declaration = facts.declaration(node.type)
    made = Subject(id, node, node.label, "unknown", live=live, problem=problem, known=declaration is not None)
    made.wired_in = frozenset(cable.port for cable in graph.cables_into(id))
    made.wired_out = frozenset(cable.out for cable in graph.cables_from(id))
    if declaration is not None:
        made.title, made.category = node.label or declaration.title, declaration.category
        made.display = facts.display(node.type)
        made.ports = {port.name: port for port in declaration.ports if not port.live}
        made.outs = {out.name: out.type for out in declaration.outs}
        made.defaults = {name: facts.default(node.type, name) for name in made.ports}
    elif node.type == SUBPATCH:
        _subpatch(made, patch, within, facts)
    elif node.type == REROUTE:
        made.known, made.category = True, "reroute"
        visible = facts.visible(patch, within)
        arriving, leaving = visible.outputs(id).get(REROUTE_OUT), visible.inputs(id).get(REROUTE_IN)
        type = arriving.type if arriving is not None else leaving.type if leaving is not None else ANY
        made.ports, made.outs = {REROUTE_IN: Port(REROUTE_IN, type)}, {REROUTE_OUT: type}  # type: ignore[arg-type]
    else:
        made.title = node.label or node.type
    for name in sorted(made.wired_in - made.ports.keys()):
        made.ports[name] = Port(name, ANY, title=name)  # type: ignore[arg-type]
    for name in sorted(made.wired_out - made.outs.keys()):
        made.outs[name] = ANY
    return made


def _subpatch(made: Subject, patch: Patch, within: str | None, facts: Facts) -> None:
    definition = patch.definitions[made.node.definition]
    visible = facts.visible(patch, within)
    made.known, made.category = True, "subpatch"
    made.title = made.node.label or definition.title or "Subpatch"
    inside, outside = visible.inputs(made.id), visible.outputs(made.id)
    for name, inlet in sorted(definition.inputs.items(), key=lambda kept: (kept[1].order, kept[1].title)):
        title = inlet.title or name
        made.ports[name] = inside.get(name) or Port(name, ANY, title=title)  # type: ignore[arg-type]
    for name, outlet in sorted(definition.outputs.items(), key=lambda kept: (kept[1].order, kept[1].title)):
        out = outside.get(name)
        made.outs[name] = ANY if out is None else out.type
        made.titles[name] = outlet.title or outlet.out or name


def box_of(of: Subject) -> Box:
    """Returns the box of a node. A port that only some models have, and a text beside a node's words, stand in it once
    they are set."""
    node = of.node
    box = Box(of.id, node.type, of.title, of.category, *node.at, NARROW, HEAD, of.known, node.colour)
    box.bypass, box.muted, box.problem = node.bypass, node.muted, of.problem
    if node.type == REROUTE:
        return _dot(box, of)
    words = next((p for p in of.ports.values() if p.type == "text"), None)
    worded = words is not None and of.display in display_sizes.WORDED
    if worded and words is not None:
        box.text = str(of.value(words))
    shown_port = words.name if worded and words is not None else ""
    box.w = _width(of)
    used = node.values.keys() | node.ranges.keys() | of.live.keys()
    rare = {p.name for p in of.ports.values() if p.part is not None or (worded and p.type == "text")} - used
    ports = [p for p in of.ports.values() if p.name not in rare and not (worded and p is words)]
    outs = folding.shown(list(of.outs), of.wired_out, (), node.folded, outs=True)
    y = _head_and_outs(box, of, outs, shown_port)
    first = sorted(ports, key=lambda p: p.optional)
    names, parts = [p.name for p in first], folding.parts_of(first)
    rows = set(folding.shown(names, of.wired_in, used, node.folded, parts=parts))
    for port in ports:
        if port.name in rows:
            box.rows.append(_row(box, of, port, y + ROW / 2))
            y += ROW
        elif _has_pin(port):
            box.pins.append(_pin(of, port, 0.0, HEAD / 2, folded=True))
    box.pins[:0] = [row.pin for row in box.rows if row.pin is not None]
    hidden_outs = [name for name in of.outs if name not in outs]
    box.pins += [_out(of, name, box.w, HEAD / 2, folded=True) for name in hidden_outs]
    box.hidden = (*(p.name for p in ports if p.name not in rows), *hidden_outs)
    by_rule = folding.shown(names, of.wired_in, used, (), parts=parts)
    box.unfolded = bool(node.folded) and not box.hidden and len(by_rule) < len(ports)
    if box.hidden or box.unfolded:
        y += FOLD
    box.h = y + (4.0 if box.rows and not (box.hidden or box.unfolded) else 2.0)
    return box


def _width(of: Subject) -> float:
    engine = WIDE if of.category == "engine" and len(of.ports) > _MANY else NARROW
    title = text.width(of.title, TITLE, bold=True) + _TITLE_SPARE
    rows = (NAME_X + text.width(p.title or p.name, LABEL) + _NUMBER for p in of.ports.values() if p.numeric)
    needed = max(title, *rows, 0.0)
    wanted = NARROW if needed <= NARROW else MIDDLE if needed <= MIDDLE else WIDE
    return max(display_sizes.width(of.display), engine, wanted)


def _head_and_outs(box: Box, of: Subject, outs: list[str], port: str) -> float:
    """Places display and outputs; returns where the rows begin. port: the text port that the display shows, if any."""
    y, single = HEAD, len(of.outs) == 1
    if single:
        box.pins += [_out(of, name, box.w, HEAD / 2) for name in outs]
        outs = []
    side = 0.0
    if outs:
        widest = max(text.width(_titled(of, name), SMALL) for name in outs)
        side = min(_SIDE_MOST, max(_SIDE_LEAST, widest + 18.0))
    if of.display:
        room = box.w - 2 * PAD - (side - 4.0 if outs else 0.0)
        tall = max(display_sizes.height(of.display, room, box.text), OUT * len(outs))
        box.display = Display(of.display, PAD, y + _GAP, room, tall, port)
        middle = y + _GAP + tall / 2
        for place, name in enumerate(outs):
            box.pins.append(_out(of, name, box.w, middle + (place - (len(outs) - 1) / 2) * OUT))
        return y + tall + 2 * _GAP
    for name in outs:
        box.pins.append(_out(of, name, box.w, y + OUT / 2 + 4.0))
        y += OUT
    return y + (6.0 if outs else 2.0)


def _dot(box: Box, of: Subject) -> Box:
    box.w, box.h, box.title = DOT_W, DOT_H, of.title
    for name in of.ports:
        box.pins.append(_pin(of, of.ports[name], 0.0, DOT_H / 2))
    box.pins += [_out(of, name, DOT_W, DOT_H / 2) for name in of.outs]
    return box


def _has_pin(port: Port) -> bool:
    return port.type == ANY or port.wireable


def _pin(of: Subject, port: Port, x: float, y: float, folded: bool = False) -> Pin:
    title = port.title or port.name
    return Pin(of.id, port.name, port.type, False, x, y, title, port.name in of.wired_in, folded)


def _out(of: Subject, name: str, x: float, y: float, folded: bool = False) -> Pin:
    return Pin(of.id, name, of.outs[name], True, x, y, _titled(of, name), name in of.wired_out, folded)


def _titled(of: Subject, name: str) -> str:
    return of.titles.get(name) or name.replace("_", " ")


_KINDS: Mapping[str, RowKind] = {"option": "option", "text": "text", "path": "path", "points": "points"}


def _row(box: Box, of: Subject, port: Port, y: float) -> Row:
    row = Row(port.name, y, port.title or port.name, _KINDS.get(port.type, "plain"))
    if _has_pin(port):
        row.pin = _pin(of, port, 0.0, y)
    base, live = of.value(port), of.live.get(port.name)
    if port.numeric and port.type != ANY:
        row.kind, row.knob = "knob", knob_of(of, port, base, live, y)
        shown = base if live is None else live
        row.text = numbers.said(_float(shown), port.unit, port.taper)
    elif row.kind == "points":
        row.text = f"{len(base)} points" if isinstance(base, Collection) else ""
    elif row.kind != "plain":
        row.text = " ".join(str(base if live is None else live).split()) or "—"
    return row


def knob_of(of: Subject, port: Port, base: Any, live: Any, y: float) -> Knob:
    """Returns the knob of a port with a number."""
    lo, hi, taper = float(port.lo), float(port.hi), port.taper
    value = _float(base)
    ends = of.node.ranges.get(port.name)
    play = (0.0, 1.0) if ends is None else tuple(numbers.position(end, lo, hi, taper) for end in ends)
    return Knob(
        of.id,
        port.name,
        port.type,
        KNOB_X,
        y,
        numbers.position(value, lo, hi, taper),
        _centred(lo, hi),
        value,
        lo,
        hi,
        taper,
        port.unit,
        None if live is None else _float(live),
        (play[0], play[1]),
    )


def _centred(lo: float, hi: float) -> bool:
    return lo == -hi


def _float(given: Any) -> float:
    return float(given) if isinstance(given, int | float) else 0.0


def boxes_rect(boxes: Collection[Box]) -> tuple[float, float, float, float] | None:
    """Returns the least rectangle that holds all boxes; None without any."""
    if not boxes:
        return None
    rects = [box.rect for box in boxes]
    return min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects)
