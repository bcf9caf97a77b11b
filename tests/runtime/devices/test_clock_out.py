"""The clock that we send, in virtual time; and a clock that follows ours."""

from __future__ import annotations

import pytest

from demon_patch.runtime.devices.midi.clock_in import ClockIn
from demon_patch.runtime.devices.midi.clock_out import ClockOut

CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
Sent = list[tuple[float, tuple[int, ...]]]


def played(
    clock: ClockOut, seconds: float, *, beat: float = 0.0, bpm: float = 120.0, now: float = 0.0, playing: bool = True
) -> Sent:
    """What is sent while the transport runs from a beat on, looked at every millisecond."""
    sent: Sent = []
    for n in range(round(seconds * 1000)):
        at = n / 1000
        moment = beat + (at * bpm / 60 if playing else 0.0)
        sent += [(now + at, tuple(message)) for message in clock.due(now + at, moment, bpm, playing)]
    return sent


def clocks(sent: Sent) -> list[float]:
    return [at for at, message in sent if message == (CLOCK,)]


def test_a_start_and_24_clocks_a_beat() -> None:
    sent = played(ClockOut(), 2.0)
    assert sent[0] == (0.0, (START,))
    assert len(clocks(sent)) == 96
    assert clocks(sent)[0] == pytest.approx(0.001)  # after the start, never with it
    assert clocks(sent)[24:49:24] == pytest.approx([0.5, 1.0], abs=0.0011)


def test_elsewhere_it_goes_on_at_the_next_sixteenth() -> None:
    sent = played(ClockOut(), 1.0, beat=33.1)
    assert [message for _, message in sent[:3]] == [(POSITION, 133 & 127, 1), (CONTINUE,), (CLOCK,)]
    assert clocks(sent)[0] == pytest.approx((33.25 - 33.1) / 2, abs=0.0011)


@pytest.mark.parametrize("offset", [-30.0, 0.0, 25.0])
def test_an_offset_makes_it_late_or_early(offset: float) -> None:
    sent = played(ClockOut(offset), 2.0, beat=-0.5)
    assert [message for _, message in sent].count((START,)) == 1
    assert clocks(sent)[0] == pytest.approx(0.25 + offset / 1000, abs=0.0011)


def test_stop_and_the_clocks_that_tell_the_tempo_meanwhile() -> None:
    clock = ClockOut()
    played(clock, 1.0)
    sent = played(clock, 1.0, beat=2.0, now=1.0, playing=False)
    assert sent[0] == (1.0, (STOP,))
    assert len(clocks(sent)) == 47
    again = played(clock, 0.1, beat=2.0, now=2.0)
    assert [message for _, message in again[:2]] == [(POSITION, 8, 0), (CONTINUE,)]


def test_a_jump_of_the_transport_is_told() -> None:
    clock = ClockOut()
    played(clock, 1.0)
    sent = played(clock, 0.5, beat=16.0, now=1.0)
    assert [message for _, message in sent[:3]] == [(STOP,), (POSITION, 64, 0), (CONTINUE,)]
    back = played(clock, 0.5, beat=0.0, now=1.5)
    assert [message for _, message in back[:2]] == [(STOP,), (START,)]


def test_a_thread_that_was_held_up_sends_what_it_owes() -> None:
    clock = ClockOut()
    clock.due(0.0, 0.0, 120, True)
    assert clock.due(0.1, 0.2, 120, True) == [(CLOCK,)] * 5


def test_our_own_follower_agrees() -> None:
    clock, follower = ClockOut(), ClockIn()
    beats: list[int] = []
    for at, message in played(clock, 20.0, bpm=133.0):
        data = message[1] | message[2] << 7 if len(message) > 1 else 0
        beats += follower.take([(at, message[0], data)]).beats
    assert beats == list(range(45))
    assert follower.bpm == pytest.approx(133.0, abs=0.05)
    assert follower.beat(20.0) == pytest.approx(20 * 133 / 60, abs=0.01)
