"""Answers the questions of tests (`drive`): where things are, in pixels of the window, and how they stand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demon_patch.editor.chrome import TOP
from demon_patch.editor.panels.probe import AHEAD_FRAMES
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.graph import CableKey

if TYPE_CHECKING:
    from demon_patch.editor.app import Editor


class Answers:
    """Knows the questions: each public method is one."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    def answer(self, question: list[Any]) -> Any:
        """Answers [question, argument ...]."""
        name, *given = question
        if name.startswith("_") or name == "answer" or not hasattr(self, name):
            raise ValueError(f"there is no question {name}")
        return getattr(self, name)(*given)

    def _window(self, x: float, y: float) -> list[float]:
        sx, sy = self._editor.camera.screen(x, y)
        k = self._editor.window.scale
        return [sx * k, (sy + TOP) * k]

    def _box(self, node: str) -> Any:
        boxes = self._editor.view.boxes
        if node in boxes:
            return boxes[node]
        return next(box for box in boxes.values() if box.type == node)

    # -- places --------------------------------------------------------------------------------------------------
    def pin(self, node: str, name: str, out: bool = False) -> list[float]:
        """Where the pin of a port or output is."""
        box = self._box(node)
        pin = box.pin(name, out)
        return self._window(box.x + pin.x, box.y + pin.y)

    def knob(self, node: str, name: str) -> list[float]:
        """Where a knob is."""
        box = self._box(node)
        knob = next(knob for knob in box.knobs if knob.name == name)
        return self._window(box.x + knob.x, box.y + knob.y)

    def head(self, node: str) -> list[float]:
        """Where a node's title is."""
        box = self._box(node)
        return self._window(box.x + min(60.0, box.w / 2), box.y + 15.0)

    def rect(self, node: str) -> list[float]:
        """The rectangle of a node."""
        box = self._box(node)
        return [*self._window(box.x, box.y), *self._window(box.x + box.w, box.y + box.h)]

    def inside(self, node: str, across: float, down: float) -> list[float]:
        """A place in the live display of a node, each side 0 to 1."""
        box = self._box(node)
        shown = box.display
        return self._window(box.x + shown.x + across * shown.w, box.y + shown.y + down * shown.h)

    def middle(self, src: str, out: str, dst: str, port: str) -> list[float]:
        """A place on a cable on which nothing else lies."""
        key = CableKey(self._box(src).id, out, self._box(dst).id, port)
        line = self._editor.space.lines[key]
        for place in sorted(range(len(line)), key=lambda n: abs(n - len(line) // 2)):
            hit = self._editor.view.at(*line[place])
            if hit.kind == "wire" and hit.wire == key:
                return self._window(*line[place])
        return self._window(*line[len(line) // 2])

    def part(self, name: str) -> list[float]:
        """The middle of a part of the bar."""
        left, top, right, bottom = self._editor.chrome.bar.hands.parts[name]  # type: ignore[index]
        return [(left + right) / 2, (top + bottom) / 2]

    def strip(self, seconds: float) -> list[float]:
        """Where a moment of the song is on the strip."""
        strip = self._editor.chrome.strip
        return [strip.hands.ruler.x(seconds), strip.sheet.y + 40.0]

    def rows(self) -> list[tuple[str, str, str, float, float]]:
        """The lines of the panel that is open: title, right end, detail, and where it is."""
        panel: Any = self._editor.chrome.registry.panel
        k = self._editor.window.scale
        places = zip(panel._rows, panel._tops, strict=False)
        x = panel.sheet.x + 60.0
        return [(r.title, r.right, r.detail, x * k, (panel.sheet.y + top + 12.0) * k) for r, (top, _) in places]

    def menu(self) -> list[tuple[str, float, float]]:
        """The lines of the menu that is open, and of its submenus: title, and where it is."""
        found: Any = self._editor.popups._open
        k = self._editor.window.scale
        columns = getattr(found, "columns", ())
        return [
            (item.title, (c.x + 30.0) * k, (c.top(n) + 13.0) * k) for c in columns for n, item in enumerate(c.items)
        ]

    def world(self, x: float, y: float) -> list[float]:
        """The point of the canvas at a pixel."""
        return list(self._editor.camera.world(x, y - TOP))

    def screen(self, x: float, y: float) -> list[float]:
        """The pixel at a point of the canvas."""
        return self._window(x, y)

    def hit(self, x: float, y: float) -> dict[str, Any]:
        """What lies at a pixel: where of the window, and on the canvas."""
        editor, k = self._editor, self._editor.window.scale
        found = editor.view.at(*editor.camera.world(x / k, y / k - TOP))
        under = editor.chrome.under(x / k, y / k)
        return {"under": under, "kind": found.kind, "id": found.id, "port": found.port, "out": found.out}

    # -- states --------------------------------------------------------------------------------------------------
    def frame(self) -> int:
        """How many frames were drawn."""
        return self._editor.frames

    def state(self) -> dict[str, Any]:
        """How the editor stands."""
        editor = self._editor
        selection = editor.hands.selection
        return {
            "connected": editor.link.connected,
            "busy": editor.link.busy,
            "words": editor.link.words,
            "revision": list(editor.link.revision),
            "title": editor.chrome.bar.title,
            "dirty": editor.state.dirty,
            "popup": editor.popups.open,
            "typing": editor.popups.typing,
            "panel": editor.chrome.registry.name,
            "selected": sorted(selection.nodes),
            "within": editor.view.within,
            "zoom": editor.camera.zoom,
            "said": [said.text for said in editor.chrome.notices.log[-10:]],
            "url": "" if editor.link._client is None else editor.link._client.url,
            "pid": editor.finder.pid,
            "size": list(editor.chrome.size),
            "cost": editor.pacing.cost,
            "focused": editor.window.door.focused,
            "pointer": [editor.chrome._was.x, editor.chrome._was.y],
            "hint": editor.chrome.hint,
            "probe": None if editor.chrome.probe.shown is None else list(editor.chrome.probe.shown.point),
        }

    def status(self, name: str = "") -> Any:
        """The status of the performance, or one of its fields."""
        status = self._editor.link.status
        return status.get(name) if name else {key: str(value) for key, value in status.items()}

    def patch(self) -> str:
        """The document as a file's text."""
        return dumps(self._editor.link.patch)

    def cables(self) -> list[list[Any]]:
        """The cables: source, output, node, port, depth."""
        return [[c.src, c.out, c.dst, c.port, c.depth] for c in self._editor.link.patch.cables]

    def value(self, node: str, port: str) -> Any:
        """What a port holds."""
        box = self._box(node)
        return self._editor.link.patch.nodes[box.id].values.get(port)

    def now(self, node: str, port: str) -> float | None:
        """Where modulation has a knob now, 0 to 1."""
        return self._editor.telemetry.drawn(self._box(node).id, port)

    def live(self, node: str, port: str) -> float | None:
        """The live value that a knob shows; None where it shows the patch's."""
        return next(knob.live for knob in self._box(node).knobs if knob.name == port)

    def forecast(self, node: str, name: str, side: str) -> tuple[int, list[float | None]]:
        """The coming control frames of a signal, as they are known: the first one, and the numbers."""
        telemetry = self._editor.telemetry
        first = telemetry.memory.newest + 1
        values = telemetry.memory.frames((node, name, side), first, AHEAD_FRAMES)  # type: ignore[arg-type]
        return first, [None if math.isnan(value) else float(value) for value in values]

    def closing(self) -> list[tuple[str, str, float]]:
        """The knobs whose rings close: node, port, seconds from the edit to the moment when it is heard."""
        return [(*key, seconds) for key, (_, seconds) in self._editor.hands.rings._closing.items()]

    def offers(self) -> list[str]:
        """The titles that the palette lists."""
        found = getattr(self._editor.popups._open, "list", None)
        return [offer.title for offer in found.offers] if found is not None else []

    def shoot(self, file: str) -> str:
        """Writes a picture of the window."""
        self._editor.window.shoot(Path(file))
        return file

    def close(self, stop: bool = True) -> bool:
        """Closes the window."""
        self._editor.end(stop=stop)
        return True
