"""From the widgets of a patch to what is drawn and played: titles, values, kinds and places. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from demon_patch.editor.layout.box import Knob, Rect
from demon_patch.editor.layout.boxes import NOTHING, Live, Subject, knob_of, subject_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import numbers
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.model.dashboard import Widget, WidgetKind
from demon_patch.patch.model.document import Patch

GRID = 20.0
"""The distance of the grid on which widgets lie."""
FaceKind = WidgetKind | Literal["pad"]
"""What a widget looks like. A pad turns a node's x and y; it is what an `auto` widget of such an x is."""
SIZES: Mapping[FaceKind, tuple[float, float]] = {
    "auto": (80.0, 100.0), "knob": (80.0, 100.0), "slider": (60.0, 180.0), "number": (120.0, 60.0),
    "toggle": (100.0, 60.0), "button": (100.0, 80.0), "menu": (160.0, 60.0), "text": (240.0, 60.0),
    "meter": (60.0, 180.0), "pad": (200.0, 220.0),
}  # fmt: skip
"""The usual width and height by kind."""
PADS = frozenset({"xy_pad", "prompt_surface"})
"""The node types whose x and y are one pad."""
LEAST = 40.0
"""The least width and height."""


@dataclass(frozen=True, slots=True)
class Face:
    """A widget as it is drawn.

    kind: never `auto`. title: its label. text: its value in words. knob: of a number. second: of a pad's y.
    live: whether a live value is heard in place of the base. choices, choice: of a menu.
    known: whether its node has the port.
    """

    id: str
    widget: Widget
    kind: FaceKind
    title: str
    text: str = ""
    type: str = "value"
    knob: Knob | None = None
    second: Knob | None = None
    live: bool = False
    choices: tuple[str, ...] = ()
    choice: str = ""
    known: bool = True

    @property
    def rect(self) -> Rect:
        """Its rectangle on the dashboard."""
        (x, y), (w, h) = self.widget.at, self.widget.size
        return x, y, x + w, y + h

    @property
    def position(self) -> float:
        """Where it stands, 0 to 1, with its live value."""
        knob = self.knob
        if knob is None:
            return 0.0
        shown = knob.value if knob.live is None else knob.live
        return numbers.position(shown, knob.lo, knob.hi, knob.taper)

    @property
    def on(self) -> bool:
        """Whether a toggle or button is on."""
        return self.position >= 0.5


def kind_of(port: Port, node_type: str = "") -> FaceKind:
    """Returns the kind that suits a port."""
    if node_type in PADS and port.name == "x":
        return "pad"
    if port.type == "option":
        return "menu"
    if port.type in ("text", "path", "points"):
        return "text"
    if node_type == "button":
        return "button"
    if port.numeric and (port.lo, port.hi, port.taper) == (0, 1, "int"):
        return "toggle"
    return "knob" if port.numeric else "text"


def faces(patch: Patch, facts: Facts, live: Live = NOTHING) -> dict[str, Face]:
    """Returns the widgets of a patch by id, those that were drawn first in front of none."""
    by_node: dict[str, dict[str, Any]] = {}
    for (id, port), value in live.items():
        by_node.setdefault(id, {})[port] = value
    subjects: dict[str, Subject] = {}
    made = {}
    for id, widget in sorted(patch.dashboard.items()):
        node = widget.node
        if node not in subjects:
            subjects[node] = subject_of(patch, None, node, facts, by_node.get(node, NOTHING))
        made[id] = _face(id, widget, subjects[node])
    return made


def _face(id: str, widget: Widget, of: Subject) -> Face:
    port = of.ports.get(widget.port)
    if port is None:
        return Face(id, widget, "text", widget.label or widget.port, "no such port", known=False)
    title = widget.label or _title(of, port)
    suits = kind_of(port, of.node.type)
    kind = suits if widget.kind == "auto" or not _can(widget.kind, port) else widget.kind
    base, now = of.value(port), of.live.get(port.name)
    shown = base if now is None else now
    if port.numeric and port.type != "any":
        knob = knob_of(of, port, base, now, 0.0)
        number = float(shown) if isinstance(shown, int | float) else 0.0
        said = numbers.said(number, port.unit, port.taper)
        second = None
        if kind == "pad" and (other := of.ports.get("y")) is not None:
            second = knob_of(of, other, of.value(other), of.live.get("y"), 0.0)
        kind = "knob" if kind == "pad" and second is None else kind
        return Face(id, widget, kind, title, said, port.type, knob, second, now is not None)
    said = " ".join(str(shown).split()) if not isinstance(shown, list | tuple) else f"{len(shown)} points"
    return Face(id, widget, kind, title, said, port.type, None, None, now is not None, tuple(port.choices), str(shown))


def _title(of: Subject, port: Port) -> str:
    """Returns what a port is called beside those of other nodes."""
    if of.category == "control" or of.node.type in PADS:
        return of.title
    name = port.title or port.name
    return f"{of.node.label} {name}" if of.node.label else name


def _can(kind: WidgetKind, port: Port) -> bool:
    if kind == "menu":
        return port.type == "option"
    return kind == "text" or port.numeric


def bounds(patch: Patch) -> Rect:
    """Returns the rectangle that holds all widgets, from the corner of the dashboard."""
    rights = [w.at[0] + w.size[0] for w in patch.dashboard.values()]
    lows = [w.at[1] + w.size[1] for w in patch.dashboard.values()]
    return 0.0, 0.0, max(rights, default=0.0), max(lows, default=0.0)
