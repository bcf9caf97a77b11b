"""Every control that is built answers in the forwards that its class promises."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from demon_patch.bench.gaussian import SPEC, gaussian
from demon_patch.bench.page import load
from demon_patch.bench.propagation import STEPS, measure, measure_shares
from demon_patch.bench.trials import due
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from tests.support.paths import DOCS

DEPTH = 4
FEWER_STEPS = ("steps", "steps_mode", "timesteps")  # their own generations are shorter
STEP = [trial.control for trial in due(SPEC) if trial.row.propagation in ("step", "late step")]
REQUEST = [trial.control for trial in due(SPEC) if trial.row.propagation == "request"]


@cache
def measured(control: str) -> dict[int, dict[str, Any]]:
    rows = measure(Session(gaussian()), (DEPTH, 8), (control,))
    assert [row["steps"] for row in rows] == [*STEPS]
    return {row["steps"]: row for row in rows}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("control", REQUEST)
def test_a_request_control_answers_with_the_next_generation(control: str, steps: int) -> None:
    row, gap = measured(control)[steps], steps // DEPTH
    best, mean, worst = row[f"first_{DEPTH}"]
    if control in FEWER_STEPS:
        assert best <= steps
        assert worst <= steps + gap - 1
    else:
        assert (best, mean, worst) == (steps, steps + (gap - 1) / 2, steps + gap - 1)
        assert row[f"converged_{DEPTH}"] == [steps, steps + gap - 1]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("control", STEP)
def test_a_step_control_answers_with_the_next_completion(control: str, steps: int) -> None:
    row, gap = measured(control)[steps], steps // DEPTH
    best, _, worst = row[f"first_{DEPTH}"]
    assert best in (1, 2)  # fresh noise is multiplied by the next time, 0 on the last step
    assert worst == best + gap - 1
    assert row[f"converged_{DEPTH}"][1] <= steps + gap - 1


@pytest.mark.parametrize("control", [*REQUEST, *STEP])
def test_the_kept_figures_are_those_of_today(control: str) -> None:
    kept = {row["steps"]: row for row in load(DOCS / "measured")["propagation"]["rows"] if row["control"] == control}
    for steps, row in measured(control).items():
        assert {key: kept[steps][key] for key in row} == row, (
            f"count again: demon-patch bench propagation --controls {control} --save docs/measured/propagation.json, "
            "then demon-patch bench page"
        )


def test_a_control_that_is_not_counted_is_refused_by_name() -> None:
    session = Session(gaussian())
    with pytest.raises(DemonError, match="gain has no trial of class request, step"):
        measure(session, controls=("gain",))
    with pytest.raises(DemonError, match="seed has no trial of class step, late step"):
        measure_shares(session, ("seed",))
    with pytest.raises(DemonError, match="loudness has no trial"):
        measure(session, controls=("loudness",))


def test_depths_that_a_generation_cannot_fill_are_left_out() -> None:
    rows = measured("seed")
    assert "first_8" in rows[8]
    assert "first_8" not in rows[4]


@pytest.mark.parametrize("control", STEP)
def test_the_change_grows_to_its_whole_with_the_steps_that_use_it(control: str) -> None:
    rows = measure_shares(Session(gaussian()), (control,), seconds=1.0)
    assert [row["steps"] for row in rows] == [*STEPS]
    for row in rows:
        steps = row["steps"]
        assert 1 <= row["seen"] <= row["t50"] <= row["t90"] <= steps == len(row["shares"])
        assert row["shares"][-1] == pytest.approx(1.0, abs=1e-3)
        if CONTROLS[control].propagation == "late step":
            assert row["shares"][steps // 2 - 1] == pytest.approx(1.0, abs=1e-3)
