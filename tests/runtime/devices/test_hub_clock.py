"""A MIDI clock from a device: what nodes hear of it, and a transport that follows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.runtime.devices.room import LOOK, Room


def beats(
    room: Room,
    seconds: float,
    bpm: float,
    *,
    first: Sequence[Sequence[int]] = (),
    each: Callable[[], None] = lambda: None,
) -> None:
    """A device sends its clock for some seconds of virtual time, after other messages. each: called after each look."""
    due = room.now
    room.cables.send("Keys", *first)
    for _ in range(round(seconds / LOOK)):
        while due <= room.now:
            room.cables.plugged["Keys"].append(((0xF8,), 60 / bpm / 24))
            due += 60 / bpm / 24
        room.pass_time(LOOK)
        each()


def test_nodes_hear_a_clock_and_the_transport_does_not_unless_told() -> None:
    room = Room()
    beats(room, 4.0, 140.0, first=[(0xFA,)])
    assert room.stage.done == []
    fed = room.stage.fed
    assert sum(event.value[1] for event in fed if event.port == "pulse") == 10  # type: ignore[index]
    assert [event.value for event in fed if event.port == "run"] == [(1.0, 1.0)]
    assert [event.value for event in fed if event.port == "pace"][-1] == pytest.approx(140, abs=0.05)
    room.cables.send("Keys", (0xFC,))
    room.pass_time(0.1)
    assert [event.value for event in fed if event.port == "run"][-1] == (0.0, 0.0)


def test_the_transport_follows_a_clock_that_it_is_told_to() -> None:
    room = Room()
    room.hub.follow_clock("Keys")
    beats(room, 2.0, 140.0)
    assert room.stage.done[-1] == ("tempo", pytest.approx(140, abs=0.05))
    beats(room, 20.0, 140.0, first=[(0xFA,)])
    assert room.stage.done[1:3] == [("seek", 0.0), ("play", True)]
    assert room.hub.status.clock_from == "Keys"
    assert room.hub.status.clock_bpm == pytest.approx(140, abs=0.05)
    room.cables.send("Keys", (0xFC,))
    room.pass_time(0.1)
    assert room.stage.done[-1] == ("play", False)
    room.cables.send("Keys", (0xF2, 32, 0), (0xFB,))
    room.pass_time(0.02)
    assert ("seek", pytest.approx(8 * 60 / 140, abs=0.01)) in room.stage.done[-3:]
    assert ("play", True) in room.stage.done[-2:]
    room.pass_time(3.0)
    assert room.stage.messages[-1] == "the MIDI clock has ended; the tempo stays"


def test_the_beats_of_the_transport_come_to_lie_on_those_of_the_clock() -> None:
    room = Room()
    room.hub.follow_clock("*")
    beats(room, 3.03, 133.0)
    start = room.now
    off: list[float] = []

    def measure() -> None:
        place = room.stage.heard(room.now).beat - (room.now - start) * 133 / 60
        off.append(abs((place + 0.5) % 1 - 0.5))

    beats(room, 30.0, 133.0, first=[(0xFA,)], each=measure)
    assert max(off[-1000:]) < 0.03  # of a beat: 14 ms
    tempi = [tempo for kind, tempo in room.stage.done if kind == "tempo"]
    assert all(abs(tempo - 133) <= 0.041 * 133 for tempo in tempi)  # type: ignore[operator]
    assert len(tempi) < 40
