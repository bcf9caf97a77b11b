"""The tempo of a document that is edited while it plays."""

from __future__ import annotations

import pytest

from demon_patch.patch.edit.commands import SetSong
from demon_patch.patch.edit.grid import Grid
from tests.support.edited_performance import BARS, Stage, strength
from tests.support.virtual_stage import BAR

FRAMES = 25.0 * 60.0  # control frames a minute


def bpm(stage: Stage, *frames: int) -> list[float]:
    """The tempo at some transport frames."""
    transport = stage.host.performer.transport
    return [round(float(transport.frame(frame).dbeat) * FRAMES, 6) for frame in frames]


def test_another_tempo_of_the_document_is_heard_and_undone(stage: Stage) -> None:
    stage.until(110)
    beat = stage.host.performer.transport.frame(110).beat
    stage.document.do(SetSong(bpm=90.0))
    stage.until(150)
    assert bpm(stage, 150) == [90.0]
    assert stage.host.performer.transport.frame(150).beat == pytest.approx(beat + 40 * 90 / FRAMES, abs=0.3)
    stage.document.undo()
    stage.until(200)
    assert bpm(stage, 200) == [120.0]
    stage.document.do(SetSong(bpm=None))  # the source has 120 bpm, or none
    stage.document.do(SetSong(beats_per_bar=3))
    stage.until(220)
    assert stage.host.performer.transport.beats_per_bar == 3


def test_a_tempo_that_waits_lands_on_its_bar_and_what_follows_on_the_new_grid(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(SetSong(bpm=100.0), at=BARS)
    stage.document.do(strength(0.3), at=Grid("bar", 2))
    stage.until(120)
    first, second = stage.host.status.waiting
    assert (first.label, str(first.at), second.label, str(second.at)) == ("Set song", "bar", "Set value", "2 bars")
    told = stage.live.now + first.seconds * 25  # a tick ago
    landing = round(told / BAR) * BAR
    assert 0 <= told - landing < 10
    stage.host.turn("scheduler", "structure", 0.1)  # all is staged anew, and stays where it is
    stage.until(landing + BAR)
    assert bpm(stage, landing - 1, landing, landing + BAR) == [120.0, 100.0, 100.0]
    stage.until(landing + 5 * BAR)
    ((frame, value),) = stage.changes().items()
    found = stage.host.performer.transport.frame(frame)
    assert value == 0.3
    assert found.beat % 8 < found.dbeat
    assert stage.host.status.waiting == ()
    assert bpm(stage, stage.live.now) == [100.0]


def test_a_tempo_that_is_undone_before_its_bar_is_never_heard(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(SetSong(bpm=100.0), at=Grid("bar", 2))
    stage.until(115)
    stage.document.undo()
    stage.until(110 + 5 * BAR)
    assert bpm(stage, 111, stage.live.now, stage.live.now + 1000) == [120.0] * 3


def test_a_tempo_that_was_set_by_hand_is_left_alone(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(SetSong(bpm=100.0), at=BARS)
    stage.until(115)
    stage.host.tempo(90.0)
    stage.document.do(strength(0.3))
    stage.until(110 + 5 * BAR)
    assert bpm(stage, stage.live.now, stage.live.now + 1000) == [90.0] * 2
    stage.document.do(SetSong(bpm=150.0))
    stage.until(110 + 6 * BAR)
    assert bpm(stage, stage.live.now) == [90.0]
    assert "the tempo stays at 90 bpm, as it was set by hand" in stage.host.messages


def test_while_the_source_is_followed_the_tempo_is_its_own(stage: Stage) -> None:
    stage.until(110)
    stage.host.follow(True)
    stage.document.do(SetSong(bpm=90.0))
    stage.until(150)
    assert bpm(stage, 150) == [120.0]
    stage.host.follow(False)
    stage.until(170)
    assert bpm(stage, 170) == [90.0]


def lines(stage: Stage, k: int, count: int) -> list[int]:
    """The beats of the next bar lines, as a cue waits for them."""
    transport, found = stage.host.performer.transport, list[int]()
    for _ in range(count):
        k = transport.next_grid(k, BARS)
        found.append(int(transport.frame(k).beat))
        k += 1
    return found


def test_a_metre_on_the_bar_begins_a_bar_there_and_cues_wait_for_its_lines(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(SetSong(beats_per_bar=3), at=BARS)
    stage.document.do(strength(0.3), at=Grid("bar", 2))
    stage.until(120)
    first, second = (round(stage.live.now + coming.seconds * 25) for coming in stage.host.status.waiting)
    landing = round(first / BAR) * BAR
    beat = landing * 4 // BAR
    assert lines(stage, landing - 40, 4) == [beat, beat + 3, beat + 6, beat + 9]
    assert second > first
    stage.until(landing + 20)
    status = stage.host.status
    assert (status.beats_per_bar, status.metre_beat, status.metre_bar) == (3.0, float(beat), beat // 4)
    stage.document.do(strength(0.5), at=BARS)
    stage.until(landing + 4 * BAR)
    found = [float(stage.host.performer.transport.frame(k).bar) for k in stage.changes()]
    assert all(abs(bar - round(bar)) < 0.03 for bar in found)
    assert round(found[0]) % 2 == 0


def test_a_metre_that_is_undone_before_its_bar_never_counts(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(SetSong(beats_per_bar=3), at=Grid("bar", 2))
    stage.until(115)
    stage.document.undo()
    stage.until(110 + 5 * BAR)
    assert [beat % 4 for beat in lines(stage, stage.live.now, 4)] == [0] * 4
    assert stage.host.status.beats_per_bar == 4.0


def test_a_metre_at_once_begins_a_bar_on_the_next_beat_and_its_undo_another(stage: Stage) -> None:
    stage.until(131)
    stage.document.do(SetSong(beats_per_bar=3))
    stage.until(150)
    changed = stage.host.performer.transport.metre(150)
    assert changed.beats == 3
    assert changed.beat in (11.0, 12.0)  # it was compiled at 131 or later
    assert lines(stage, int(changed.beat * 12.5) + 2, 2) == [changed.beat + 3, changed.beat + 6]
    stage.document.undo()
    stage.until(stage.live.now + BAR)
    back = stage.host.performer.transport.metre(stage.live.now)
    assert (back.beats, back.bar) == (4, changed.bar + 1 + (back.beat > changed.beat + 3))
    assert lines(stage, stage.live.now, 2)[0] in (back.beat + 4, back.beat + 8)


def test_a_tempo_by_hand_leaves_a_metre_that_waits(stage: Stage) -> None:
    stage.until(110)
    stage.document.do(SetSong(beats_per_bar=3), at=Grid("bar", 2))
    stage.until(115)
    stage.host.tempo(90.0)
    stage.until(110 + 6 * BAR)
    metre = stage.host.performer.transport.metre(stage.live.now)
    assert (metre.beats, metre.bar % 2, metre.beat % 4) == (3, 0, 0.0)


def test_while_the_source_is_followed_the_song_keeps_its_metres_by_beat(stage: Stage) -> None:
    """The song has 16 beats, 200 frames: what changes on beat 8 counts from there on, on every pass."""
    stage.until(60)
    stage.host.follow(True)
    stage.document.do(SetSong(beats_per_bar=3), at=Grid("bar", 2))
    stage.until(180)
    transport = stage.host.performer.transport
    at = next(k for k in range(60, 180) if transport.metre(k).beats == 3)
    begin = transport.metre(at).beat
    assert begin % 4 == 0
    assert transport.frame(at).beat == begin
    stage.until(420)
    transport = stage.host.performer.transport
    for k in range(400, 600):
        assert transport.metre(k).beats == (3 if transport.frame(k).beat >= begin else 4)
