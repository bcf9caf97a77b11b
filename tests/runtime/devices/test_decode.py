"""Messages of a MIDI device, sorted into batches."""

from __future__ import annotations

from collections.abc import Sequence

import mido
import pytest

from demon_patch.runtime.devices.midi.decode import Batch, Decoder, wide_positions

Timed = tuple[Sequence[int], float]


def read(*messages: Sequence[int], decoder: Decoder | None = None, now: float = 0.0) -> Batch:
    waiting: list[Timed] = [(message, 0.0) for message in messages]
    return (decoder or Decoder()).read(lambda: waiting.pop(0) if waiting else None, now)


def test_controllers_lie_together_and_notes_keep_their_order() -> None:
    batch = read(
        (0xB2, 7, 1), (0x92, 60, 100), (0xB2, 7, 5), (0x82, 60, 0), (0xB2, 64, 127), (0xA2, 61, 9), (0x92, 61, 0)
    )
    assert batch.controls == {2 << 7 | 7: [1, 5], 2 << 7 | 64: [127]}
    assert batch.notes == [(0x92, 60, 100), (0x82, 60, 0), (0xB2, 64, 127), (0xA2, 61, 9), (0x92, 61, 0)]
    assert (batch.messages, batch.odd) == (7, 0)


def test_what_another_library_writes_is_read_as_it_was_meant() -> None:
    said = [
        mido.Message("note_on", channel=4, note=61, velocity=77),
        mido.Message("note_off", channel=4, note=61, velocity=3),
        mido.Message("polytouch", channel=4, note=61, value=9),
        mido.Message("control_change", channel=15, control=127, value=126),
        mido.Message("pitchwheel", channel=2, pitch=-8192),
        mido.Message("pitchwheel", channel=3, pitch=8191),
        mido.Message("aftertouch", channel=5, value=44),
        mido.Message("program_change", channel=6, program=101),
        mido.Message("songpos", pos=16383),
        mido.Message("start"),
        mido.Message("clock"),
    ]
    batch = read(*(message.bytes() for message in said))
    assert batch.notes == [(0x94, 61, 77), (0x84, 61, 3), (0xA4, 61, 9), (0xBF, 127, 126)]
    assert batch.controls == {15 << 7 | 127: [126]}
    assert (batch.bends, batch.pressures, batch.programs) == ({2: 0, 3: 16383}, {5: 44}, [(6, 101)])
    assert [(status, position) for _, status, position in batch.clocks] == [(0xF2, 16383), (0xFA, 0), (0xF8, 0)]
    assert batch.odd == 0


def test_of_wheels_and_pressures_the_latest_counts() -> None:
    batch = read((0xE0, 0, 64), (0xE0, 127, 127), (0xE1, 0, 0), (0xD0, 5), (0xD0, 99), (0xC3, 12), (0xC3, 13))
    assert batch.bends == {0: 16383, 1: 0}
    assert batch.pressures == {0: 99}
    assert batch.programs == [(3, 12), (3, 13)]


@pytest.mark.parametrize(
    "message",
    [(), (0x90,), (0x90, 60), (0x90, 60, 200), (0xB0, 128, 0), (0xC0, 1, 2), (0xC0, 200), (0x40, 1, 2), (0xF8, 1)],
)
def test_what_is_no_whole_message_is_counted_and_left_out(message: Sequence[int]) -> None:
    batch = read(message, (0x90, 60, 1))
    assert (batch.messages, batch.odd, batch.notes) == (2, 1, [(0x90, 60, 1)])
    assert (batch.controls, batch.programs, batch.clocks) == ({}, [], [])


def test_system_messages_that_say_nothing_here_are_not_odd() -> None:
    assert read((0xFE,), (0xF1, 3), (0xF3, 3), (0xF0, 1, 2, 3, 0xF7)).odd == 0


def test_clock_messages_have_the_time_between_them_that_the_device_measured() -> None:
    decoder = Decoder()
    timed: list[Timed] = [((0xFA,), 0.0), ((0xF8,), 0.001), ((0xF8,), 0.02), ((0xF2, 4, 1), 0.005)]
    found = decoder.read(lambda: timed.pop(0) if timed else None, 10.0).clocks
    assert [status for _, status, _ in found] == [0xFA, 0xF8, 0xF8, 0xF2]
    assert found[3][2] == 132
    assert [round(at - found[0][0], 6) for at, _, _ in found] == [0, 0.001, 0.021, 0.026]
    later: list[Timed] = [((0xF8,), 0.01)]
    (again,) = decoder.read(lambda: later.pop(0) if later else None, 10.04).clocks
    assert again[0] == pytest.approx(found[3][0] + 0.01)
    lost: list[Timed] = [((0xF8,), 0.0)]  # the device's clock began anew
    (after,) = decoder.read(lambda: lost.pop(0) if lost else None, 99.0).clocks
    assert after[0] == pytest.approx(99.0)
    early: list[Timed] = [((0xF8,), 1.0)]  # the device's clock is fast: nothing comes from the future
    assert decoder.read(lambda: early.pop(0) if early else None, 99.9).clocks[0][0] == pytest.approx(99.9)


def test_no_more_than_asked_is_read_at_once() -> None:
    waiting: list[Timed] = [((0x90, 60, 1), 0.0)] * 5
    get = lambda: waiting.pop(0) if waiting else None  # noqa: E731
    decoder = Decoder()
    assert [decoder.read(get, 0.0, most=2).messages for _ in range(4)] == [2, 2, 1, 0]


def test_the_halves_of_a_wide_controller_keep_their_order() -> None:
    decoder = Decoder()
    decoder.wide = frozenset({0 << 7 | 1})
    batch = read((0xB0, 1, 64), (0xB0, 33, 3), (0xB1, 1, 5), (0xB1, 33, 6), (0xB0, 1, 65), decoder=decoder)
    assert batch.controls == {1: [64, 3 | 128, 65], 1 << 7 | 1: [5], 1 << 7 | 33: [6]}


@pytest.mark.parametrize(
    ("values", "before", "seen", "expected"),
    [
        ([64, 128 | 3], None, False, (64 << 7 | 3, 64, True)),
        ([127], None, False, (16383, 127, False)),  # it has 7 bits only
        ([0], None, False, (0, 0, False)),
        ([127], 3, True, (None, 127, True)),  # its fine half comes next
        ([128 | 7], 127, True, (127 << 7 | 7, 127, True)),
        ([128 | 7], None, False, (None, None, True)),
        ([1, 128 | 2, 3, 128 | 4, 5], None, True, (3 << 7 | 4, 5, True)),
    ],
)
def test_wide_positions(
    values: list[int], before: int | None, seen: bool, expected: tuple[int | None, int | None, bool]
) -> None:
    assert wide_positions(values, before, seen) == expected
