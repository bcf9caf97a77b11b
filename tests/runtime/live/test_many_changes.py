"""However many changes come between two ticks, no window waits for all of them, and only the newest document plays."""

from __future__ import annotations

from typing import Any

import pytest

from demon_patch.patch.edit.commands import SetValue
from tests.support.edited_performance import BARS, DOCUMENT, Stage, strength
from tests.support.virtual_live import VirtualLive


def test_windows_are_laid_between_changes_that_take_long_together() -> None:
    live = VirtualLive(DOCUMENT, 0.02)
    live.until(60)
    seconds = live.performer.lead / live.performer.spec.frame_rate
    for _ in range(20):  # each takes less than the lead, all together ten times as long
        live.post(lambda: live.speaker.pass_time(seconds / 2))
    live.step()
    live.until(live.now + 20)
    assert live.starved == 0


def test_changes_while_the_timeline_stands_lay_nothing() -> None:
    live = VirtualLive(DOCUMENT, 0.02)
    live.until(60)
    live.play(False)
    before = len(live.seams)
    for _ in range(5):
        live.post(lambda: None)
    live.step()
    assert len(live.seams) == before


def test_of_edits_that_were_compiled_between_two_ticks_only_the_newest_are_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    stage.until(50)
    played: list[float] = []
    play = stage.host._scheduled.play

    def counted(edits: Any) -> None:
        played.append(float(stage.document.patch.nodes["scheduler"].values["strength"]))
        play(edits)

    monkeypatch.setattr(stage.host._scheduled, "play", counted)
    stage.document.do(SetValue("scheduler", "structure", 0.25), at=BARS)
    for number in range(12):
        stage.document.do(strength(0.3 + number / 100))
        stage.host.turn("lfo", "rate", 1.0 + number)
        stage.settle()
    stage.live.step()
    assert played == [0.41]
    stage.until(stage.live.now + 10)
    assert stage.strengths()[-1] == 0.41
    assert stage.host.live_values == {("lfo", "rate"): 12.0}
    assert [each.label for each in stage.host.status.waiting]
    assert stage.host.messages == ()
