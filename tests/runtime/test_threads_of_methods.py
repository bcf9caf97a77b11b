"""Each public method of what several threads use says first which thread may call it."""

from __future__ import annotations

import inspect

import pytest

from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.devices.hub import DevicesHub
from demon_patch.runtime.devices.midi.clock_sender import ClockSender
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.edit_thread import EditThread
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.live_performance import LivePerformance
from demon_patch.runtime.live.messages import Messages
from demon_patch.runtime.live.opening import Opening
from demon_patch.runtime.live.performing import Performing
from demon_patch.runtime.live.preparation import Preparation
from demon_patch.runtime.live.tick_loop import TickLoop

THREADS = (
    "From any thread",
    "On the tick thread.",
    "On the editing thread.",
    "On the thread that made it.",
    "On the hub's thread",
    "On the thread that prepares.",
)


def silent(cls: type) -> list[str]:
    """The public methods and properties of a class whose docstring does not begin with a thread."""
    members = [(name, each) for name, each in vars(cls).items() if not name.startswith("_")]
    called = [(name, each) for name, each in members if inspect.isfunction(each) or isinstance(each, property)]
    called += [(name, each.__wrapped__) for name, each in members if hasattr(each, "__wrapped__")]
    return sorted({name for name, each in called if not (each.__doc__ or "").startswith(THREADS)})


@pytest.mark.parametrize(
    "cls",
    [
        Host,
        Performing,
        Opening,
        LivePerformance,
        Preparation,
        LiveDocument,
        TickLoop,
        AudioLink,
        EditThread,
        Messages,
        DevicesHub,
        ClockSender,
    ],
)
def test_every_public_method_names_its_thread(cls: type) -> None:
    assert silent(cls) == []


def test_one_that_does_not_is_found() -> None:
    class Made:
        def good(self) -> None:
            """From any thread. Does something."""

        def bad(self) -> None:
            """Does something."""

    assert silent(Made) == ["bad"]
