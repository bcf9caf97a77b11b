"""Sorts the messages of a MIDI device into a batch: notes in their order, controllers together.

A flood of controllers costs one list entry a message here; which knobs it turns is computed once a control frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Get = Callable[[], tuple[Sequence[int], float] | None]
"""Returns the next message of a device, its bytes and the seconds since the one before; None if there is none."""

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, CHANNEL_PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
POSITION, CLOCK, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
SUSTAIN, SOUND_OFF, RESET, NOTES_OFF = 64, 120, 121, 123
HELD = frozenset({SUSTAIN, *range(SOUND_OFF, 128)})
"""The controllers that act on notes; their order among the notes counts."""
LARGEST_BEND = 16383
LEAK = 1e-4  # seconds a second by which a device's clock may drift
LATE = 0.05  # seconds after which a message that is read late has come late: the device's clock began anew


@dataclass(slots=True)
class Batch:
    """What one device has sent since the last batch. Channels count from 0.

    notes: (status, note or controller, value) of notes, pressures of keys, and controllers that act on notes, in order.
    controls: by channel << 7 | number, the values of a controller in order. The halves of a wide one (`wide`) are in
        the list of the coarse half, the fine ones as value | 128.
    bends: by channel, the latest of 0 to 16383.
    pressures: by channel, the latest of 0 to 127.
    programs: (channel, program) in order.
    clocks: (seconds, status, sixteenths of a song position) of clock messages, in order.
    messages: how many messages it holds.
    odd: how many were left out because they are no whole MIDI message.
    """

    notes: list[tuple[int, int, int]] = field(default_factory=list)
    controls: dict[int, list[int]] = field(default_factory=dict)
    bends: dict[int, int] = field(default_factory=dict)
    pressures: dict[int, int] = field(default_factory=dict)
    programs: list[tuple[int, int]] = field(default_factory=list)
    clocks: list[tuple[float, int, int]] = field(default_factory=list)
    messages: int = 0
    odd: int = 0


class Decoder:
    """Reads the messages of one device. Owned by one thread.

    wide: channel << 7 | number of the coarse halves of controllers that are read with 14 bits.
    """

    def __init__(self) -> None:
        self.wide: frozenset[int] = frozenset()
        self._time = 0.0  # seconds, by the device's own clock
        self._offset, self._followed = (
            float("-inf"),
            0.0,
        )  # seconds from that clock to the caller's, and when it was set

    def read(self, get: Get, now: float, most: int = 1 << 16) -> Batch:
        """Returns all messages that wait, at most `most`. now: the present time in seconds, of clock messages."""
        batch = Batch()
        controls, notes, fine = batch.controls, batch.notes, {key + 32 for key in self.wide}
        count, device_time = 0, self._time
        while count < most and (got := get()) is not None:
            message, delta = got
            count += 1
            device_time += delta
            try:
                status, one, two = message
            except ValueError:
                self._read_short(batch, message, device_time)
                continue
            kind = status & 0xF0
            if (one | two) & 0x80:
                batch.odd += 1
            elif kind == CONTROL:
                key = (status & 15) << 7 | one
                if key in fine:
                    key, two = key - 32, two | 0x80
                if (found := controls.get(key)) is None:
                    controls[key] = [two]
                else:
                    found.append(two)
                if one in HELD:
                    notes.append((status, one, two))
            elif kind in (NOTE_ON, NOTE_OFF, KEY_PRESSURE):
                notes.append((status, one, two))
            elif kind == BEND:
                batch.bends[status & 15] = two << 7 | one
            else:
                self._read_position(batch, status, two << 7 | one, device_time)
        self._time = device_time
        batch.messages = count
        if batch.clocks:
            self._follow(device_time, now)
            batch.clocks = [(at + self._offset, status, position) for at, status, position in batch.clocks]
        return batch

    def _read_position(self, batch: Batch, status: int, position: int, device_time: float) -> None:
        if status == POSITION:
            batch.clocks.append((device_time, status, position))
        else:
            batch.odd += 1

    def _read_short(self, batch: Batch, message: Sequence[int], device_time: float) -> None:
        status, data = (message[0], message[1:]) if message else (0, ())
        kind = status & 0xF0
        if status in (CLOCK, START, CONTINUE, STOP) and not data:
            batch.clocks.append((device_time, status, 0))
        elif len(data) == 1 and data[0] < 128 and kind == PROGRAM:
            batch.programs.append((status & 15, data[0]))
        elif len(data) == 1 and data[0] < 128 and kind == CHANNEL_PRESSURE:
            batch.pressures[status & 15] = data[0]
        elif status < 0xF0 or len(data) > 0:
            batch.odd += status not in (0xF0, 0xF1, 0xF3)  # exclusive, time code and song select say nothing here

    def _follow(self, latest: float, now: float) -> None:
        """Fits the device's clock, at the latest message, to the caller's. No message is from the future, so the
        smallest difference that is seen is the truest; it grows by LEAK, since the two clocks may drift apart."""
        ahead = now - latest
        grown = self._offset + LEAK * (now - self._followed)
        self._offset = min(grown, ahead) if 0.0 <= ahead - grown < LATE else ahead
        self._followed = now


def coarse_values(values: Sequence[int]) -> Sequence[int]:
    """Returns the values of a controller that is read with 7 bits: without the fine halves that others read."""
    return [value for value in values if value < 0x80]


def wide_positions(values: Sequence[int], before: int | None, fine_seen: bool) -> tuple[int | None, int | None, bool]:
    """Reads the two halves of a controller of 14 bits.

    values: of `Batch.controls`. before: the latest coarse half. fine_seen: whether a fine half was ever sent.

    Returns the latest whole position of 0 to 16383, the latest coarse half, and whether a fine half was seen. A coarse
    half alone is no position where fine halves are sent: its fine half follows.
    """
    position, coarse = None, before
    for value in values:
        if value & 0x80:
            fine_seen = True
            if coarse is not None:
                position = coarse << 7 | value & 0x7F
        else:
            coarse = value
            if not fine_seen:
                position = value << 7 | value  # the whole range with 7 bits
    return position, coarse, fine_seen
