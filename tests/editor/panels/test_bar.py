"""What the bar says, and what the pointer does on it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.panels import bar_words
from demon_patch.editor.panels.bar_hands import BarHands
from demon_patch.runtime.remote.messages.devices import SetVolume
from demon_patch.runtime.remote.messages.recordings import Record, StopRecording
from demon_patch.runtime.remote.messages.transport import Play, Seek, Tap, Tempo
from tests.support.noting_link import FakeLink
from tests.support.noting_popups import FakePopups

STATUS: dict[str, Any] = {"playing": True, "bpm": 120.0, "volume_db": 0.0, "song_length": 40.0, "recording": ""}


def bar(**status: Any) -> tuple[FakeLink, FakePopups, BarHands]:
    link, popups = FakeLink(status={**STATUS, **status}), FakePopups()
    hands = BarHands(link, popups)
    hands.parts = bar_words.parts(1280.0, "First Light", "nano")
    return link, popups, hands


def middle(hands: BarHands, part: Any) -> tuple[float, float]:
    left, top, right, bottom = hands.parts[part]
    return (left + right) / 2, (top + bottom) / 2


def drag(hands: BarHands, part: Any, dx: float, dy: float, shift: bool = False) -> None:
    x, y = middle(hands, part)
    for left, share in ((False, 0.0), (True, 0.0), (True, 0.5), (True, 1.0), (False, 1.0)):
        hands.pointer(Pointer(x + dx * share, y + dy * share, left=left, shift=shift, time=hands._was.time + 1.0))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"beat": 0.0}, "1.1.1"),
        ({"beat": 17.26}, "5.2.2"),
        ({"beat": 7.0, "beats_per_bar": 3.0}, "3.2.1"),
        ({"beat": 10.0, "metre_beat": 8.0, "metre_bar": 2, "beats_per_bar": 3.0}, "3.3.1"),
        ({}, "1.1.1"),
    ],
)
def test_the_clock_counts_from_one(status: dict[str, Any], said: str) -> None:
    assert bar_words.clock(status) == said


def test_words() -> None:
    assert bar_words.tempo({"bpm": 120.0}) == "120 bpm"
    assert bar_words.tempo({"bpm": 98.54}) == "98.5 bpm"
    assert [bar_words.volume(x) for x in (-6.1, 0.0, 3.0, -60.0)] == ["−6.1 dB", "0.0 dB", "+3.0 dB", "off"]
    assert bar_words.device({"device": "none"}, "") == "no sound card: it plays silently, on its own clock"
    assert bar_words.device({"device": "Card"}, "") == ""
    assert bar_words.device({}, "loading a.dpatch.json") == "loading a.dpatch.json"
    assert bar_words.lamp({"tick_ms": 61.0, "late": 3}, 3) == ("61 ms", "good")
    assert bar_words.lamp({"tick_ms": 61.0, "late": 5}, 3) == ("2 late", "warning")


@given(st.floats(-60.0, 12.0))
def test_a_volume_comes_back_from_its_slider(decibels: float) -> None:
    assert abs(bar_words.volume_at(bar_words.volume_share(decibels)) - decibels) <= 0.06


@given(st.floats(640.0, 4000.0), st.text("Wi ", max_size=80))
def test_parts_lie_in_the_bar_and_do_not_overlap(width: float, title: str) -> None:
    parts = bar_words.parts(width, title, "nano")
    spans = sorted((rect[0], rect[2]) for rect in parts.values())
    assert all(left < right for left, right in spans)
    assert all(a[1] <= b[0] + 1e-6 for a, b in itertools.pairwise(spans))
    assert spans[-1][1] <= width


def test_clicks() -> None:
    link, popups, hands = bar()
    drag(hands, "play", 0, 0)
    drag(hands, "record", 0, 0)
    drag(hands, "tap", 0, 0)
    drag(hands, "title", 0, 0)
    assert link.asked == [Play(on=False), Record(), Tap()]
    assert popups.shown == ["menu"]
    link, _, hands = bar(playing=False, recording="a.wav")
    drag(hands, "play", 0, 0)
    drag(hands, "record", 0, 0)
    assert link.asked == [Play(on=True), StopRecording()]


def test_a_press_that_leaves_is_no_click() -> None:
    link, _, hands = bar()
    drag(hands, "play", 80, 0)
    assert link.asked == []


def test_tempo_is_dragged_typed_and_turned() -> None:
    link, popups, hands = bar()
    drag(hands, "tempo", 0, -30)
    assert link.asked[-1] == Tempo(bpm=130.0)
    drag(hands, "tempo", 0, 30, shift=True)
    assert link.asked[-1] == Tempo(bpm=117.0)
    drag(hands, "tempo", 0, 9000)
    assert link.asked[-1] == Tempo(bpm=20.0)
    x, y = middle(hands, "tempo")
    for left in (False, True, False, True):
        hands.pointer(Pointer(x, y, left=left, time=9.0))
    (title, text, commit) = popups.fields[-1]
    assert (title, text) == ("Beats a minute", "120")
    assert commit("fast")
    assert commit("1000")
    assert commit("98,5 bpm") == ""
    assert link.asked[-1] == Tempo(bpm=98.5)
    hands.pointer(Pointer(x, y, wheel=1.0, time=10.0))
    assert link.asked[-1] == Tempo(bpm=121.0)


def test_volume_and_song() -> None:
    link, _, hands = bar()
    drag(hands, "volume", -40, 0)
    assert isinstance(link.asked[-1], SetVolume)
    assert -60 < link.asked[-1].decibels < -5
    drag(hands, "volume", -4000, 0)
    assert link.asked[-1] == SetVolume(decibels=-60.0)
    drag(hands, "song", 4000, 0)
    assert link.asked[-1] == Seek(seconds=40.0)
