"""Only a request that sets the same thing replaces a waiting one."""

from __future__ import annotations

import pytest

from demon_patch.editor.link.coalescing import replaced
from demon_patch.patch.edit.commands import Batch, Disconnect, Move, SetValue, Within
from demon_patch.runtime.remote.messages.base import Request
from demon_patch.runtime.remote.messages.edits import Begin, Do, Undo
from demon_patch.runtime.remote.messages.live import Feed, Turn
from demon_patch.runtime.remote.messages.transport import Tap


def turn(value: float, label: str = "Turn") -> Do:
    return Do(command=SetValue("lfo", "rate", value), label=label)


@pytest.mark.parametrize(
    ("waiting", "later", "expected"),
    [
        (turn(0.1), turn(0.2), True),
        (turn(0.1), turn(0.2, "Reset"), False),
        (turn(0.1), Do(command=SetValue("lfo", "phase", 0.2), label="Turn"), False),
        (Do(command=Move({"a": (0, 0)})), Do(command=Move({"a": (5, 0)})), True),
        (Do(command=Move({"a": (0, 0)})), Do(command=Move({"a": (5, 0), "b": (1, 1)})), False),
        (Do(command=Within("d", SetValue("a", "x", 1.0))), Do(command=SetValue("a", "x", 2.0)), False),
        (Do(command=Batch((SetValue("a", "x", 1.0), SetValue("b", "x", 1.0)))),
         Do(command=Batch((SetValue("a", "x", 2.0), SetValue("b", "x", 2.0)))), True),
        (Do(command=Disconnect("a", "o", "b", "p")), Do(command=Disconnect("a", "o", "b", "p")), False),
        (Turn(values=(("a", "x", 1.0),)), Turn(values=(("a", "x", 2.0),)), True),
        (Turn(values=(("a", "x", 1.0),)), Turn(values=(("a", "y", 2.0),)), False),
        (Feed(values=(("a", "g", 1.0),)), Feed(values=(("a", "g", 0.0),)), False),
        (Undo(), Undo(), False),
        (Begin(label="x"), Begin(label="x"), False),
        (Tap(), Tap(), False),
    ],
)  # fmt: skip
def test_what_replaces_what(waiting: Request, later: Request, expected: bool) -> None:
    assert replaced(waiting, later) is expected
