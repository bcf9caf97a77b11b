"""Times what is done in a frame, in a window of this process: `python -m demon_patch.editor.measure.frames own all`."""

from __future__ import annotations

import gc
import json
import sys
import time
from statistics import median
from typing import Any, Literal, Protocol

from demon_patch.editor.look.theme import DARK
from demon_patch.editor.measure.big_patch import big_patch
from demon_patch.editor.measure.node_editor import NodeEditor
from demon_patch.editor.measure.own_canvas import OwnCanvas
from demon_patch.editor.window import Window

WARM, FRAMES = 6, 40
SIZE = (1280, 800)
Which = Literal["own", "imnodes"]


class Shown(Protocol):
    """A patch in a window, and what is done with it in a frame."""

    @property
    def seen(self) -> tuple[int, int]:
        """How many nodes and cables are seen."""
        ...

    def pan(self, step: int) -> None:
        """Moves what is seen by some pixels."""
        ...

    def zoom(self, step: int) -> None:
        """Zooms by a notch, in or out."""
        ...

    def telemetry(self, step: int) -> None:
        """Draws what moves."""
        ...


def shown(which: Which, window: Window, close_up: bool) -> Shown:
    """Makes a canvas with the big patch in a window."""
    return (OwnCanvas if which == "own" else NodeEditor)(window, big_patch(), close_up)


def timed(which: Which, close_up: bool) -> dict[str, Any]:
    """Returns medians, in milliseconds of processor time: of our own work for each kind of frame, of drawing it, and of
    making the canvas."""
    window = Window("measure", SIZE, DARK, 1.0)
    try:
        window.render()
        began = time.thread_time()
        canvas = shown(which, window, close_up)
        row: dict[str, Any] = {"opening": 1000 * (time.thread_time() - began)}
        gc.freeze()
        for _ in range(WARM):
            window.render()
        for name in ("zoom", "pan", "telemetry"):
            act = getattr(canvas, name)
            work, draw = list[float](), list[float]()
            for step in range(WARM + FRAMES):
                start = time.thread_time()
                act(step)
                work.append(time.thread_time() - start)
                drawn = time.process_time()
                window.render()
                draw.append(time.process_time() - drawn)
            row |= {name: 1000 * median(work[WARM:]), f"{name}_draw": 1000 * median(draw[WARM:])}
        nodes, cables = canvas.seen
        return row | {"nodes": nodes, "cables": cables}
    finally:
        window.close()


if __name__ == "__main__":
    which, view = sys.argv[1:3]
    print(json.dumps(timed("own" if which == "own" else "imnodes", view == "close")))
