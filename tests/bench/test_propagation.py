"""Every control that is built answers in the forwards that its class promises."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from demon_patch.bench.gaussian import SPEC, gaussian
from demon_patch.bench.propagation import STEPS, measure, measure_shares
from demon_patch.bench.trials import due
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.session import Session

DEPTH = 4
FEWER_STEPS = ("steps", "steps_mode", "timesteps")  # their own generations are shorter
STEP = [trial.control for trial in due(SPEC) if trial.row.propagation in ("step", "late step", "weights")]
REQUEST = [trial.control for trial in due(SPEC) if trial.row.propagation == "request"]


@cache
def measured(control: str) -> dict[str, Any]:
    return measure(Session(gaussian()), (DEPTH,), (control,))[0]


@pytest.mark.parametrize("control", REQUEST)
def test_a_request_control_answers_with_the_next_generation(control: str) -> None:
    row = measured(control)
    best, mean, worst = row[f"first_{DEPTH}"]
    if control in FEWER_STEPS:
        assert best <= STEPS
        assert worst <= STEPS + 1
    else:
        assert (best, mean, worst) == (8, 8.5, 9)
        assert row[f"converged_{DEPTH}"] == [8, 9]


@pytest.mark.parametrize("control", STEP)
def test_a_step_control_answers_with_the_next_completion(control: str) -> None:
    row = measured(control)
    best, _, worst = row[f"first_{DEPTH}"]
    assert best in (1, 2)  # fresh noise is multiplied by the next time, 0 on the last step
    assert worst == best + 1
    assert row[f"converged_{DEPTH}"][1] <= STEPS + 1


@pytest.mark.parametrize("control", STEP)
def test_the_change_grows_to_its_whole_with_the_steps_that_use_it(control: str) -> None:
    row = measure_shares(Session(gaussian()), (control,), seconds=1.0)[0]
    assert 1 <= row["seen"] <= row["t50"] <= row["t90"] <= STEPS
    assert row["shares"][-1] == pytest.approx(1.0, abs=1e-3)
    if CONTROLS[control].propagation == "late step":
        assert row["shares"][STEPS // 2 - 1] == pytest.approx(1.0, abs=1e-3)
