"""Ramps: a morph between two snapshots over time, which a touched knob leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import morph
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.model.dashboard import Snapshot
from tests.support.at_once import AtOnce
from tests.support.edited_performance import BARS, DOCUMENT, Stage
from tests.support.virtual_stage import BAR

ENDS = {
    "low": Snapshot("Low", None, {"scheduler": {"strength": 0.2, "structure": 0.1}, "lfo": {"shape": "sine"}}),
    "high": Snapshot("High", None, {"scheduler": {"strength": 0.8, "structure": 0.9}, "lfo": {"shape": "saw"}}),
}


@pytest.fixture
def ramped() -> Iterator[Stage]:
    stage = Stage(structs.replace(DOCUMENT, snapshots=ENDS))
    stage.host._ramps._executor.shutdown()
    stage.host._ramps._executor = AtOnce()  # type: ignore[assignment]
    stage.until(20)
    yield stage
    stage.host.close()


def test_a_ramp_moves_frame_by_frame_as_a_morph_and_ends_at_the_second_snapshot(ramped: Stage) -> None:
    seen: dict[int, tuple[float, Any]] = {}
    step = ramped.host._ramps.step

    def noted(frame: int) -> None:
        step(frame)
        sounding = ramped.document.sounding
        seen[frame] = sounding.nodes["scheduler"].values["strength"], sounding.nodes["lfo"].values["shape"]

    ramped.host._ramps.step = noted  # type: ignore[method-assign]
    ramped.host.ramp("low", "high", 4.0)
    ramped.until(80)
    status = ramped.host.status.ramp
    assert status is not None
    assert (status.one, status.other, status.waits) == ("low", "high", 0.0)
    assert 0.4 < status.amount < 0.7
    assert status.remains == pytest.approx(4.0 * (1 - status.amount))
    ramped.until(150)
    begin = min(seen)
    for frame, (value, shape) in seen.items():
        amount = min((frame - begin) / 100, 1.0)
        between = morph(ENDS["low"], ENDS["high"], amount, DOCUMENT, CATALOGUE).overlay.sounding(DOCUMENT)
        assert value == between.nodes["scheduler"].values["strength"]
        assert shape == ("saw" if amount >= 0.5 else between.nodes["lfo"].values["shape"])
    line = ramped.strengths()
    assert np.ptp(np.diff(line[begin + 8 : begin + 90 : 1])) < 0.2
    assert line[-1] == 0.8
    assert ramped.host.status.ramp is None
    assert ramped.document.live.values["lfo", "shape"] == "saw"


@pytest.mark.parametrize(
    "touch",
    [
        lambda stage: stage.host.turn("scheduler", "strength", 0.35),
        lambda stage: stage.document.do(SetValue("scheduler", "strength", 0.35)),
    ],
    ids=["turned", "edited"],
)
def test_a_touched_knob_leaves_the_ramp(ramped: Stage, touch: Callable[[Stage], object]) -> None:
    ramped.host.ramp("low", "high", 4.0)
    ramped.until(60)
    touch(ramped)
    ramped.until(160)
    values = ramped.document.sounding.nodes["scheduler"].values
    assert (values["strength"], values["structure"]) == (0.35, 0.9)
    assert ramped.strengths()[-1] == 0.35
    assert ramped.host.status.ramp is None


def test_a_ramp_ends_when_all_its_knobs_are_touched(ramped: Stage) -> None:
    ramped.host.ramp("low", "high", 60.0)
    ramped.until(40)
    for node, port, value in (("scheduler", "strength", 0.4), ("scheduler", "structure", 0.5), ("lfo", "shape", "saw")):
        ramped.host.turn(node, port, value)
    ramped.until(60)
    assert ramped.host.status.ramp is None


def test_a_cancelled_ramp_leaves_its_knobs_where_they_are(ramped: Stage) -> None:
    ramped.host.ramp("low", "high", 8.0)
    ramped.until(80)
    ramped.host.cancel_ramp()
    ramped.until(90)
    value = ramped.strengths()[-1]
    assert 0.25 < value < 0.75
    ramped.until(140)
    assert ramped.strengths()[-1] == value
    assert ramped.host.status.ramp is None


def test_a_ramp_on_the_bar_waits_for_it_and_a_knob_turned_before_it_is_taken_along(ramped: Stage) -> None:
    ramped.host.ramp("low", "high", 1.0, at=BARS)
    ramped.until(30)
    status = ramped.host.status.ramp
    assert status is not None
    assert (status.amount, status.waits) == (0.0, pytest.approx((BAR - ramped.live.now) / 25, abs=0.5))
    ramped.host.turn("scheduler", "strength", 0.6)
    ramped.until(140)
    assert ramped.strengths()[-1] == 0.8
    assert np.flatnonzero(np.diff(ramped.strengths())[31:])[0] + 31 >= BAR - 1


def test_while_the_transport_stands_a_ramp_stands(ramped: Stage) -> None:
    ramped.host.ramp("low", "high", 4.0)
    ramped.until(60)
    ramped.host.play(False)
    ramped.live.step()
    before = ramped.document.sounding
    for _ in range(5):
        ramped.live.speaker.pass_time(0.2)
        ramped.live.step()
    assert ramped.document.sounding == before


@pytest.mark.parametrize(("one", "seconds", "what"), [("gone", 1.0, "no snapshot"), ("low", -1.0, "a ramp of -1 s")])
def test_a_wrong_ramp_is_told(ramped: Stage, one: str, seconds: float, what: str) -> None:
    ramped.host.ramp(one, "high", seconds)
    ramped.until(40)
    (told,) = ramped.host.messages
    assert what in told
    assert ramped.host.status.ramp is None
