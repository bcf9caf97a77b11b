"""A status as text: what a player reads, also without colour, in the room there is."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.live.scheduled_edits import NextEdit
from demon_patch.runtime.live.status import SlotStatus, Status
from demon_patch.terminal import draw
from demon_patch.terminal.plain import Teller, fresh

STATUS = Status(
    playing=True, begun=True, seconds=12.34, song=4.0, song_length=16.0, beat=24.6, bpm=120.0, depth=3,
    slots=(SlotStatus(2, 8, 0.62), SlotStatus(8, 8, 0.0), SlotStatus(0, 4, -0.31)),
    tick_ms=142.4, decode_ms=14.2, lead_ms=480.0,
    heard_error_ms=(12.0, 40.0), completions=31, completions_per_second=6.94, device="HDA Intel PCH", peak_db=-6.2,
    rms_db=-18.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("beat", "beats_per_bar", "shown"),
    [(0.0, 4, "1.1.1"), (3.99, 4, "1.4.4"), (4.0, 4, "2.1.1"), (7.5, 3, "3.2.3"), (-0.25, 4, "0.4.4")],
)
def test_bar_beat_and_sixteenth_are_counted_from_one(beat: float, beats_per_bar: float, shown: str) -> None:
    assert draw.place(replace(STATUS, beat=beat, beats_per_bar=beats_per_bar)) == shown


def test_the_transport_says_what_is_on_and_nothing_of_what_is_off() -> None:
    said = draw.transport(STATUS).plain
    assert said.split() == ["▶", "playing", "7.1.3", "12.3", "s", "120", "bpm"]
    on = replace(STATUS, playing=False, follow=True, bypass=True, muted=True, recording="x.wav", device_lost=True)
    said = draw.transport(on).plain
    for word in ("■ stopped", "follow", "SOURCE", "MUTED", "REC", "NO DEVICE"):
        assert word in said
    assert "filling the ring" in draw.transport(replace(STATUS, begun=False)).plain


@pytest.mark.parametrize("width", [20, 78, 118])
@pytest.mark.parametrize("song", [0.0, 4.0, 15.999])
def test_the_song_is_a_line_of_the_width_with_a_bead_at_its_place(width: int, song: float) -> None:
    said = draw.song(replace(STATUS, song=song), width).plain
    line, label = said.split(" ", 1)
    assert label == f"{song:.1f} / 16.0 s"
    assert len(said) == width or width == 20
    assert line.index("●") == pytest.approx(len(line) * song / 16, abs=1)
    assert "[" not in line


@pytest.mark.parametrize("begin", [4.0, 12.0])
def test_the_stretch_that_is_made_is_thick_round_the_songs_end_too(begin: float) -> None:
    status = replace(STATUS, making=(begin, 8.0), song=begin + 3.9)
    line = draw.song(status, 78).plain.split(" ")[0]
    thick = {cell for cell, mark in enumerate(line) if mark in "━●"}
    made = {cell for cell in range(len(line)) if ((cell + 0.5) * 16 / len(line) - begin) % 16 < 8}
    assert len(thick ^ made) <= 2
    assert "of 8.0 s" in draw.meters(status).plain
    assert "of 8.0 s" in draw.line(status)
    assert max(map(len, draw.meters(replace(status, completions=12345)).plain.splitlines())) <= 40
    assert "━" not in draw.song(STATUS, 78).plain


def test_a_loop_region_stands_in_brackets() -> None:
    line = draw.song(replace(STATUS, loop=(8.0, 12.0), song=2.0), 78).plain.split(" ")[0]
    assert line.index("[") == pytest.approx(len(line) / 2, abs=1)
    assert line.index("]") == pytest.approx(len(line) * 3 / 4, abs=1)
    assert set(line[line.index("[") + 1 : line.index("]")]) == {"═"}
    assert "●" in draw.song(replace(STATUS, loop=(8.0, 12.0), song=8.0), 78).plain  # on the bracket


def test_each_generation_is_a_bead_at_its_step() -> None:
    lines = draw.ring(STATUS).plain.split("\n")
    assert lines == ["○○●·····  2/8  heard in 0.6 s", "○○○○○○○●  8/8  heard in 0.0 s", "●···  0/4  late by 0.3 s"]
    assert draw.ring(replace(STATUS, depth=5)).plain.split("\n")[3:] == ["········"] * 2


def test_meters_fit_their_column_and_say_what_is_wrong_without_colour() -> None:
    lines = draw.meters(STATUS).plain.split("\n")
    assert len(lines) == 8
    assert max(len(line) for line in lines) <= 40
    assert "-6.2 dB" in lines[0]
    assert lines[0].count("█") == round(16 * (1 - 6.2 / 48))
    said = " ".join(lines)
    for words in ("tick 142 ms", "decode 14 ms", "lead 480 ms", "heard error 12, 40 ms", "made 31", "6.9 a second"):
        assert words in said
    worst = replace(
        STATUS, peak_db=0.1, late=99_999, missed=99_999, restarts=99, starved=12.34, xruns=99_999, device="x" * 99
    )
    loud = draw.meters(worst).plain.split("\n")
    assert loud[0].endswith("!")
    assert "starved 12.3" in loud[6]
    assert len(loud[7]) <= 40
    assert draw.level("peak", -120.0, 16).plain.count("█") == 0


def test_messages_are_wrapped_and_the_newest_stay() -> None:
    status = replace(STATUS, messages=("first", "second " * 20, "third"), faults={"lfo": "division by zero"})
    said = draw.messages(status, 40, 3).plain.split("\n")
    assert said[1:] == ["third", "! lfo: division by zero"]
    assert max(len(line) for line in said) <= 40
    assert "first" in draw.messages(status, 40, 20).plain


def test_what_waits_is_shown_with_its_grid() -> None:
    status = replace(STATUS, waiting=(NextEdit("Set song", Grid("bar", 2), 1.25),))
    assert draw.messages(status, 60, 3).plain == "… Set song in 1.2 s (2 bars)"
    assert draw.line(status).endswith("waiting 1")


def test_a_plain_line_says_it_all() -> None:
    said = draw.line(replace(STATUS, muted=True))
    assert "\n" not in said
    for words in ("12.3 s", "playing, muted", "7.1.3", "120 bpm", "song 4.0/16.0", "tick 142 ms", "xruns 0"):
        assert words in said


class _Host:
    """As much of a host as a teller needs."""

    def __init__(self) -> None:
        self.numbered_messages: tuple[tuple[int, str], ...] = ()


def test_equal_messages_are_each_told_and_lost_ones_are_counted() -> None:
    host, said = _Host(), list[str]()
    teller = Teller(host, said.append)  # type: ignore[arg-type]
    kept = deque[tuple[int, str]](maxlen=100)
    for number in range(1, 1001):
        kept.append((number, "it was edited"))
        host.numbered_messages = tuple(kept)
        if number % 60 == 0:
            teller.tell()
    teller.tell()
    teller.tell()
    assert said == ["it was edited"] * 1000
    kept.extend((number, "\x1b]52;c;x\x07") for number in range(1001, 1201))
    host.numbered_messages = tuple(kept)
    teller.tell()
    assert said[1000:] == ["… 100 messages before these are gone"] + ["\\x1b]52;c;x\\x07"] * 100


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ((), ("a",), ("a",)),
        (("a",), ("a", "b"), ("b",)),
        (("a", "b", "c"), ("b", "c", "d"), ("d",)),
        (("a",), ("a", "a"), ("a",)),
        (("a", "b"), ("c", "d"), ("c", "d")),
        (("a",), ("a",), ()),
    ],
)
def test_each_message_is_fresh_once(before: tuple[str, ...], now: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert fresh(before, now) == new


@pytest.mark.parametrize(
    ("playing", "begun", "said"),
    [(True, True, "no device"), (False, True, "stopped, no device"), (True, False, "filling the ring, no device")],
)
def test_what_nobody_can_hear_is_not_called_playing(playing: bool, begun: bool, said: str) -> None:
    lost = replace(STATUS, playing=playing, begun=begun, device_lost=True)
    assert f"s  {said}  " in draw.line(lost)
    assert "playing" not in draw.line(lost)
    assert "playing" not in draw.transport(lost).plain
    assert "NO DEVICE" in draw.transport(lost).plain
    assert "no device" not in draw.line(replace(lost, device_lost=False))
