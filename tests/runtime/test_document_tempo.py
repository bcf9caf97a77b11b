"""The tempo of a document that is edited while it plays."""

from __future__ import annotations

import pytest

from demon_patch.patch.commands import SetSong
from demon_patch.patch.grid import Grid
from tests.runtime.stage import BAR
from tests.runtime.test_document import BARS, Stage, stage, strength

__all__ = ["stage"]  # the fixture

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
    first, second = stage.host.status.coming
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
    assert stage.host.status.coming == ()
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
