"""A desk for tests of the hands: a view on a recording canvas, and a document that the host's own handlers edit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.view import View
from demon_patch.editor.hands.hands import Hands
from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.layout.box import Pin, Point
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.panels.protocol import Item
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import Command
from demon_patch.patch.edit.session import EditSession, Revision
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, CableKey, Node
from demon_patch.runtime.remote.handlers import edits as handlers
from demon_patch.runtime.remote.messages.base import Done, Fault, Heard, Request, tag
from tests.support.recording_canvas import RecordingCanvas

CLIENT = "editor"


class SessionLink:
    """A link to a document session of its own. Every request is answered at once, or when `drain` is called.

    asked: all requests, in order. faults: why requests were refused.
    """

    def __init__(self, patch: Patch, late: bool = False) -> None:
        self.session = EditSession(patch)
        self.asked: list[Request] = []
        self.faults: list[Fault] = []
        self.status: dict[str, Any] = {"playing": True, "bpm": 120.0}
        self.live_values: dict[tuple[str, str], Any] = {}
        self.seconds_heard = 0.0
        self._late, self._waiting = late, list[Callable[[], object]]()
        document = SimpleNamespace(session=self._held)
        heard = lambda patch, changed: (Heard(propagation="step", frame=1, seconds=self.seconds_heard),)  # noqa: E731
        beat = SimpleNamespace(bpm=120.0, beat=8.0, playing=True)
        host = SimpleNamespace(document=document, patch=None, heard=lambda at: beat, release=lambda *ports: None)
        self._served: Any = SimpleNamespace(host=host, heard_of=heard, seconds_since=lambda revision: 0.0)
        self._peer: Any = SimpleNamespace(name=CLIENT, once=False)

    @contextmanager
    def _held(self) -> Iterator[EditSession]:
        yield self.session

    @property
    def patch(self) -> Patch:
        return self.session.patch

    @property
    def revision(self) -> Revision:
        return self.session.revision

    @property
    def steps(self) -> tuple[str, ...]:
        """The labels of the undo steps."""
        return self.session.labels(CLIENT)

    @property
    def open(self) -> bool:
        """Whether a gesture is open."""
        return self.session._history(CLIENT).gesture is not None

    def ask(self, request: Request, then: Any = None, refused: Any = None) -> None:
        self.asked.append(request)
        self._waiting.append(lambda: self._answer(request, then, refused))
        if not self._late:
            self.drain()

    def drain(self) -> None:
        """Answers what waits."""
        while self._waiting:
            self._waiting.pop(0)()

    def _answer(self, request: Request, then: Any, refused: Any) -> None:
        handler = getattr(handlers, tag(type(request).__name__), None)
        self._served.host.patch = self.session.patch
        try:
            reply = handler(self._served, self._peer, request) if handler is not None else Done()
        except DemonError as error:
            self.faults.append(Fault.of(error))
            if refused is not None:
                refused(Fault.of(error))
            return
        if then is not None:
            then(reply)


class AnsweringPopups:
    """Popups that keep what they are asked for.

    last: the popup that is open: its name and what it was given. told: all sentences. shown: panels.
    """

    def __init__(self) -> None:
        self.last: tuple[str, Any] | None = None
        self.told: list[str] = []
        self.shown: list[str] = []
        self.opened = 0

    @property
    def typing(self) -> bool:
        return self.last is not None and self.last[0] in ("palette", "field")

    @property
    def open(self) -> bool:
        return self.last is not None

    def palette(self, at: Point, pin: Pin | None, text: str = "") -> None:
        self._put("palette", (at, pin, text))

    def field(
        self, at: Point, title: str, text: str, commit: Callable[[str], str], lines: int = 1, advisor: Any = None
    ) -> None:
        self._put("field", (title, text, commit))

    def menu(self, at: Point, items: Sequence[Item]) -> None:
        self._put("menu", list(items))

    def _put(self, name: str, given: Any) -> None:
        self.last = name, given
        self.opened += 1

    def tell(self, text: str, tone: str = "plain") -> None:
        self.told.append(text)

    def show(self, panel: str) -> None:
        self.shown.append(panel)

    def close(self) -> None:
        self.last = None

    def type(self, text: str) -> str:
        """Types into the field that is open, and Enter; returns what is wrong."""
        assert self.last is not None
        assert self.last[0] == "field"
        wrong = self.last[1][2](text)
        if not wrong:
            self.close()
        return wrong

    def pick(self, *titles: str) -> None:
        """Chooses a line of the menu that is open, and of its submenus."""
        assert self.last is not None
        items, item = self.last[1], None
        self.close()
        for title in titles:
            item = next((i for i in items if i.title == title), None)
            assert item is not None, f"{title!r} is none of {[i.title for i in items]}"
            items = item.items
        assert item is not None
        assert item.do is not None
        item.do()


class Desk:
    """Hands on a patch. The pointer is moved by pixels; `camera` looks at the canvas's origin at 100 %."""

    def __init__(self, patch: Patch, late: bool = False, keys: Keys | None = None) -> None:
        self.link = SessionLink(patch, late)
        self.canvas, self.popups = RecordingCanvas(), AnsweringPopups()
        self.camera = Camera(x=-400.0, y=-300.0, width=1600.0, height=1200.0)
        self.view = View(self.canvas, Facts())
        self.now = 10.0
        self.board = ""
        self.hands = Hands(
            self.view, self.camera, self.canvas, self.link, self.popups, lambda: self.now,
            clipboard=self._clipboard, rng=random.Random(7), keys=keys,
        )  # fmt: skip
        self.at = Pointer(5.0, 5.0, time=self.now)
        self.update()

    def _clipboard(self, text: str | None) -> str:
        self.board = self.board if text is None else text
        return self.board

    # -- document ------------------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        return self.link.patch

    @property
    def graph(self) -> Any:
        return self.patch.graph(self.view.within)

    @property
    def steps(self) -> tuple[str, ...]:
        return self.link.steps

    def update(self) -> None:
        """Draws what the document has become, as the window does after each drain."""
        self.link.drain()
        self.view.update(self.link.patch, self.link.live_values)
        self.hands.follow()

    def did(self, *commands: Command) -> None:
        """Edits the document as another client."""
        for command in commands:
            self.link.session.do(command, "other")
        self.update()

    # -- places --------------------------------------------------------------------------------------------------
    def pixel(self, x: float, y: float) -> Point:
        return self.camera.screen(x, y)

    def pin(self, node: str, name: str, out: bool = False) -> Point:
        """The pixel of a pin."""
        box = self.view.boxes[node]
        pin = box.pin(name, out)
        return self.pixel(box.x + pin.x, box.y + pin.y)

    def head(self, node: str) -> Point:
        """A pixel of a node's head, away from its pins."""
        box = self.view.boxes[node]
        return self.pixel(box.x + min(60.0, box.w / 2), box.y + 12.0)

    def knob(self, node: str, port: str) -> Point:
        knob = self.view.knob(node, port)
        assert knob is not None, f"{port} has no knob on the canvas"
        box = self.view.boxes[node]
        return self.pixel(box.x + knob.x, box.y + knob.y)

    def middle(self, key: CableKey) -> Point:
        """The pixel in the middle of a cable."""
        line = self.view.space.lines[key]
        return self.pixel(*line[len(line) // 2])

    # -- hands ---------------------------------------------------------------------------------------------------
    def look(self, at: Point | None = None, seconds: float = 0.02, **changes: Any) -> None:
        """Takes one look at the pointer."""
        self.now += seconds
        x, y = at if at is not None else self.at.at
        self.at = replace(
            self.at, x=x, y=y, time=self.now, wheel=0.0, **{k: v for k, v in changes.items() if k != "wheel"}
        )
        self.hands.pointer(replace(self.at, wheel=changes.get("wheel", 0.0)))
        self.update()

    def drag(self, start: Point, *way: Point, button: str = "left", drop: bool = True, **held: bool) -> None:
        """Presses, moves along a way, and lets go."""
        self.look(start, seconds=1.0, **held)
        self.look(start, **{button: True})
        before = start
        for point in way:
            for share in (0.3, 0.6, 1.0):
                x, y = (a + share * (b - a) for a, b in zip(before, point, strict=True))
                self.look((x, y))
            before = point
        if drop:
            self.look(before, **{button: False})
            self.look(before, **dict.fromkeys(held, False))

    def click(self, at: Point, button: str = "left", seconds: float = 1.0, **held: bool) -> None:
        self.look(at, seconds=seconds, **held)
        self.look(at, **{button: True})
        self.look(at, **{button: False})
        self.look(at, **dict.fromkeys(held, False))

    def double_click(self, at: Point) -> None:
        self.click(at)
        self.click(at, seconds=0.05)

    def press(self, key: str, at: Point | None = None) -> None:
        """Presses a key and lets it go, as the table writes it."""
        if at is not None:
            self.look(at)
        self.down(key)
        self.up(key)

    def down(self, key: str) -> None:
        self._key(key, True)

    def up(self, key: str) -> None:
        self._key(key, False)

    def _key(self, key: str, down: bool) -> None:
        *held, base = key.split("+")
        char = base if len(base) == 1 else ""
        self.hands.key(base, char, "ctrl" in held, "shift" in held, "alt" in held, down)
        self.now += 0.02
        self.update()


def chained() -> Patch:
    """A small patch that plays: a source, words, a scheduler, a decoder, a speaker; an LFO on its strength."""
    return Patch(
        nodes={
            "lfo": Node("lfo", at=(0.0, 400.0)),
            "source": Node("composed_source", 2, at=(0.0, 0.0)),
            "words": Node("prompt", at=(0.0, 200.0), values={"text": "acid"}),
            "sched": Node("scheduler", at=(360.0, 0.0), values={"strength": 0.5}),
            "decoder": Node("decoder", at=(720.0, 0.0)),
            "speaker": Node("speaker", at=(1000.0, 0.0)),
        },
        cables=(
            Cable("lfo", "out", "sched", "strength", depth=0.5),
            Cable("source", "source", "sched", "source"),
            Cable("words", "prompt", "sched", "prompt"),
            Cable("sched", "ring", "decoder", "ring"),
            Cable("decoder", "audio", "speaker", "audio"),
        ),
    )


def signals() -> Patch:
    """Nodes that make and shape numbers, without an engine."""
    return Patch(
        nodes={
            "lfo": Node("lfo", at=(0.0, 0.0)),
            "other": Node("lfo", at=(0.0, 400.0)),
            "slew": Node("slew", at=(320.0, 0.0)),
            "scale": Node("scale", at=(640.0, 0.0)),
            "clock": Node("clock", at=(0.0, 800.0)),
        },
        cables=(Cable("lfo", "out", "slew", "x"), Cable("slew", "out", "scale", "x", depth=0.4)),
    )
