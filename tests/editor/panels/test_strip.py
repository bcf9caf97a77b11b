"""The song strip: its ruler, and what the pointer does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.panels.strip_hands import Ruler, StripHands, downbeat, ruler
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.base import Request
from demon_patch.runtime.remote.messages.edits import Do
from demon_patch.runtime.remote.messages.transport import Loop, Seek
from tests.support.noting_link import FakeLink

RULER = Ruler(1028.0, 40.0, 0.5, 0.0, 4.0)  # 25 pixels a second


def strip(patch: Patch | None = None) -> tuple[FakeLink, StripHands]:
    link = FakeLink(patch, {"song_length": 40.0})
    hands = StripHands(link)
    hands.ruler = RULER
    return link, hands


def drag(
    hands: StripHands, start: float, end: float, *, y: float = 40.0, alt: bool = False, time: float = 10.0
) -> None:
    for left, at in ((False, start), (True, start), (True, (start + end) / 2), (True, end), (False, end)):
        hands.pointer(Pointer(RULER.x(at), y, left=left, alt=alt, time=time))


@given(st.floats(0, 40))
def test_a_moment_comes_back_from_its_pixel(seconds: float) -> None:
    assert abs(RULER.seconds(RULER.x(seconds)) - seconds) < 1e-9


@given(st.floats(30, 300), st.floats(-20, 20), st.floats(1, 600), st.floats(640, 3000))
def test_beats_are_within_the_song_and_not_too_dense(bpm: float, first: float, length: float, width: float) -> None:
    beats = Ruler(width, length, 60 / bpm, first, 4.0).beats()
    assert all(-1e-6 <= at <= length + 1e-3 for at, _, _ in beats)
    assert len(beats) <= width / 6


def test_bars_begin_at_the_downbeat() -> None:
    made = ruler(1028.0, {"song_length": 40.0, "bpm": 120.0, "beat": 2.0, "song": 1.0, "beats_per_bar": 4.0}, Patch())
    assert made.first == 0.0
    clip = Patch(nodes={"clip": Node("audio_source", values={"downbeat": 0.25})})
    made = ruler(1028.0, {"song_length": 40.0, "bpm": 120.0, "beat": 2.0, "song": 1.0}, clip)
    assert [at for at, bar, _ in made.beats() if bar][:2] == [0.25, 2.25]
    assert downbeat(Patch()) is None


def test_a_click_seeks_and_a_double_click_plays_the_whole_song() -> None:
    link, hands = strip()
    drag(hands, 12.3, 12.3)
    assert isinstance(link.asked[0], Seek)
    assert abs(link.asked[0].seconds - 12.3) < 1e-6
    drag(hands, 12.3, 12.3, time=10.1)
    assert link.asked[1] == Loop()


def region(asked: Request) -> tuple[float, float]:
    assert isinstance(asked, Loop)
    assert asked.region is not None
    return round(asked.region[0], 6), round(asked.region[1], 6)


def test_a_drag_loops_from_beat_to_beat_and_alt_frees_it() -> None:
    link, hands = strip()
    drag(hands, 8.1, 3.9)
    assert region(link.asked[0]) == (4.0, 8.0)
    drag(hands, 3.9, 8.1, alt=True)
    assert region(link.asked[1]) == (3.9, 8.1)
    assert hands.draft is None


def test_escape_lets_go_without_an_effect() -> None:
    link, hands = strip()
    hands.pointer(Pointer(RULER.x(4.0), 40.0, left=True))
    hands.pointer(Pointer(RULER.x(9.0), 40.0, left=True))
    assert hands.cancel()
    hands.pointer(Pointer(RULER.x(9.0), 40.0))
    assert link.asked == []
    assert not hands.cancel()


def test_the_flag_of_the_first_downbeat_writes_the_port() -> None:
    link, hands = strip(Patch(nodes={"clip": Node("audio_source", values={"downbeat": 2.0})}))
    drag(hands, 2.0, 3.25, y=8.0)
    assert link.asked == [Do(command=SetValue("clip", "downbeat", 3.25), label="First downbeat")]
