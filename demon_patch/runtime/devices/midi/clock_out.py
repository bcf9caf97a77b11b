"""The clock that other machines follow: which messages are to be sent when."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from demon_patch.runtime.devices.midi.clock_in import CLOCKS, SIXTEENTH
from demon_patch.runtime.devices.midi.decode import CLOCK, CONTINUE, POSITION, START, STOP

POSITIONS = 1 << 14  # that a song position can count
JUMP = 0.5  # quarter notes that the transport leaves the clock by, when it has jumped

Message = Sequence[int]


class ClockOut:
    """The clock of one output. Owned by one thread.

    offset: milliseconds by which it is sent late; below 0 for early.

    It sends clocks also while the transport stands, so that other machines know the tempo. A start is sent at the
    beginning, elsewhere the next sixteenth as song position and a continue; the clock that follows is that sixteenth.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self._running = False
        self._next = 0  # the number of the next clock, from the transport's beat 0
        self._idle = 0.0  # the time of the next clock while the transport stands

    def due(self, now: float, beat: float, bpm: float, playing: bool) -> list[Message]:
        """Returns the messages that are to be sent now.

        now: seconds. beat: the transport's place in quarter notes, as it is heard now. bpm: its tempo. playing: whether
        it runs.
        """
        at = (beat - self.offset / 1e3 * bpm / 60) * CLOCKS
        if playing != self._running:
            self._running = playing
            if not playing:
                self._idle = now + 60 / bpm / CLOCKS
                return [(STOP,)]
            return self._starting(at)
        if not playing:
            return self._idle_clocks(now, bpm)
        early = self._next > 0 and at - self._next < -CLOCKS * JUMP  # before beat 0 the first clock is waited for
        if early or at - self._next > CLOCKS * JUMP:
            return [(STOP,), *self._starting(at)]
        sent: list[Message] = []
        while self._next <= at:
            sent.append((CLOCK,))
            self._next += 1
        return sent

    def _starting(self, at: float) -> list[Message]:
        sixteenth = max(ceil(at / SIXTEENTH - 1e-9), 0)
        self._next = sixteenth * SIXTEENTH
        if sixteenth == 0:
            return [(START,)]
        place = sixteenth % POSITIONS
        return [(POSITION, place & 0x7F, place >> 7), (CONTINUE,)]

    def _idle_clocks(self, now: float, bpm: float) -> list[Message]:
        step = 60 / bpm / CLOCKS
        if now < self._idle:
            return []
        self._idle = self._idle + step if now - self._idle < step else now + step
        return [(CLOCK,)]

    def wait(self, now: float, beat: float, bpm: float) -> float:
        """Returns the seconds until the next message, if nothing changes."""
        if not self._running:
            return max(self._idle - now, 0.0)
        return max((self._next / CLOCKS - beat) * 60 / bpm + self.offset / 1e3, 0.0)
