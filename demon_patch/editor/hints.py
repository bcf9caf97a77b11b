"""The line at the window's lower edge: what is under the pointer, and what can be done there. Pure."""

from __future__ import annotations

from demon_patch.editor.canvas.view import View
from demon_patch.editor.layout.box import Hit
from demon_patch.editor.layout.facts import Facts

BAR: dict[str, str] = {
    "logo": "Open, save, share, settings",
    "title": "Open, save, share, settings",
    "play": "Plays and stops   ·   Space",
    "clock": "Bar, beat and sixteenth",
    "tempo": "Drag or wheel: tempo   ·   double click: type it",
    "tap": "Click on the beat: tempo",
    "song": "Where the song stands   ·   click or drag: go there",
    "record": "Records what is heard, and ends the recording",
    "levels": "Level of what is heard   ·   wheel: volume",
    "volume": "Volume   ·   drag or wheel   ·   double click: 0 dB",
    "lamp": "Milliseconds a tick of the engine takes, and whether it is in time   ·   click: problems",
    "clients": "Windows and other programs that play along   ·   click: who",
}
"""What each part of the bar is for."""
GROUND = "Wheel: zoom   ·   middle drag: pan   ·   double click or Tab: add a node   ·   ?: all keys"


def hint_of(hit: Hit, view: View, facts: Facts) -> str:
    """Returns the hint for what lies under the pointer."""
    if hit.kind == "ground":
        return GROUND
    if hit.kind in ("wire", "depth") and hit.wire is not None:
        ends = (
            f"{_title(hit.wire.src, view)} {_name(hit.wire.out)} → {_title(hit.wire.dst, view)} {_name(hit.wire.port)}"
        )
        return f"{ends}   ·   " + (
            "drag: depth" if hit.kind == "depth" else "double click: remove   ·   X: mute while held"
        )
    box = view.boxes.get(hit.id)
    if box is None:
        return ""
    declaration = facts.declaration(box.type)
    if hit.port and declaration is not None:
        ports = (*declaration.outs, *declaration.ports) if hit.out else (*declaration.ports, *declaration.outs)
        found = next((each for each in ports if each.name == hit.port), None)
        pin = box.pin(hit.port, hit.out)
        parts = [box.title, pin.title or _name(hit.port), pin.type, "" if found is None else found.doc]
        return "   ·   ".join(part for part in parts if part)
    if box.problem:
        return f"{box.title}   ·   {box.problem}"
    return f"{box.title}   ·   {declaration.sentence}" if declaration is not None else box.title


def _title(node: str, view: View) -> str:
    box = view.boxes.get(node)
    return box.title if box is not None else node


def _name(port: str) -> str:
    return port.replace("_", " ")
