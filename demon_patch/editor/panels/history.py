"""The undo steps as a list that can be scrubbed: a drag over it undoes and redoes while the music goes on."""

from __future__ import annotations

from collections.abc import Sequence

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import HEADING, Row, SidePanel
from demon_patch.runtime.remote.messages.base import Reply
from demon_patch.runtime.remote.messages.edits import History, Steps, UndoTo


def rows(steps: Steps) -> list[Row]:
    """Returns the lines: the beginning, then the steps that are done, then those that are undone. A line's number is
    how many steps are done there."""
    here = len(steps.done)
    found = [Row("As opened", marked=here == 0, tone="label")]

    for number, step in enumerate((*steps.done, *steps.undone), 1):
        tone = "text" if number <= here else "faint"
        found.append(Row(step.label or "Edit", ago(step.seconds), tone, marked=number == here))
    return found


def ago(seconds: float) -> str:
    """Returns how long ago something was, in a word."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


class HistoryPanel(SidePanel):
    """Asks for the steps when the document has changed."""

    title, hint = "History", "drag to scrub"

    def __init__(self, paper: Paper, link: Link) -> None:
        super().__init__(paper)
        self._link = link
        self._steps = Steps()
        self._asked: object = None
        self._wanted: int | None = None
        self._scrubbing = False

    def opened(self) -> None:
        """It is shown now: asks for the steps."""
        super().opened()
        self._asked = None

    def rows(self) -> Sequence[Row]:
        """Returns the steps."""
        return rows(self._steps)

    def face(self) -> object:
        """Returns the steps; asks for them where the document is another one."""
        if self._asked != self._link.revision:
            self._asked = self._link.revision
            self._link.ask(History(), self._take, lambda fault: None)
        return self._steps

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Steps):
            self._steps = reply

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer: where it is down, the document goes to the line under it."""
        super().pointer(look)
        if not look.left:
            self._wanted = None
            return
        y = look.y - self.sheet.y
        line = next((n for n, (top, low) in enumerate(self._tops) if top <= y < low and y > HEADING), None)
        if line is not None and line != self._wanted:
            self._wanted = line
            if line != len(self._steps.done):
                self._link.ask(UndoTo(steps=line))
