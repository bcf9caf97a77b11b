"""Bad input for every control that the engine takes, derived from the table: an error that names it, and its mend."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from demon_patch.engine.contracts import Source
from demon_patch.engine.controls import CONTROLS, TABLE, Control
from demon_patch.engine.ring.request_controls import REQUEST_CONTROLS
from demon_patch.engine.ring.step_values import STEP_CONTROLS, check_values, step_values
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from tests.support.toy_family import FRAMES, toy_family

SESSION = Session(toy_family())
SOURCE = SESSION.compose("toy", seconds=FRAMES / SESSION.spec.frame_rate, seed=1)
ARGUMENTS = inspect.signature(Session.request).parameters
REQUEST = [row for row in REQUEST_CONTROLS.values() if row.becomes is None]
STEP = [*STEP_CONTROLS.values()]

Bad = tuple[Control, Any]


def bad_numbers(row: Control) -> list[Any]:
    """What is no number of the row's range."""
    beyond = (row.hi - row.lo) * 0.1 + 1
    halves = [row.lo + 0.5] if row.shape == "integer" else []
    return [math.nan, math.inf, -math.inf, row.lo - beyond, row.hi + beyond, "much", True, *halves]


def bad_curves(row: Control) -> list[torch.Tensor]:
    """What is no curve of the row's range, FRAMES long."""
    good = torch.full((FRAMES,), row.lo)
    wrong = [math.nan, math.inf, row.hi + 0.5, row.lo - 0.5]
    spoilt = [torch.cat((good[1:], torch.tensor([number]))) for number in wrong]
    return [*spoilt, good[1:], torch.cat((good, good)), good[None], good[:0]]


def bad_clips(row: Control) -> list[Source]:
    """Clips that do not fit beside the source, or hold what is no number."""
    longer = SESSION.compose("toy", seconds=2 * FRAMES / SESSION.spec.frame_rate, seed=2)
    spoilt = torch.full_like(SOURCE.latent, math.nan)
    clips = [replace(SOURCE, latent=spoilt, hints=spoilt[:, : SOURCE.hints.shape[1]])]
    return clips if row.name in ("source", "timbre_source") else [longer, *clips]


def bad_values(rows: list[Control]) -> list[Bad]:
    found: list[Bad] = []
    for row in rows:
        if row.shape == "choice":
            found += [(row, bad) for bad in ("loud", "", 1.0, None)]
        elif row.shape == "source":
            found += [(row, bad) for bad in bad_clips(row)]
        elif row.per_frame:
            found += [(row, bad) for bad in bad_curves(row)]
        elif row.numeric:
            found += [(row, bad) for bad in bad_numbers(row)]
    return found


def named(case: Any) -> str:
    if isinstance(case, Control):
        return case.name
    return str(list(case.shape)) if isinstance(case, torch.Tensor) else type(case).__name__


def ask(**given: Any) -> None:
    """A request on its way into a ring."""
    source = given.pop("source", SOURCE)
    SESSION.ring(SOURCE, 1).submit(SESSION.request(SESSION.prompt("warm"), source, **given))


def test_every_request_control_is_taken_as_it_is_or_as_the_argument_that_it_becomes() -> None:
    becomes = {row.name: row.becomes for row in TABLE if row.becomes is not None}
    assert set(becomes) == {"noise_drift", "feedback", "feedback_tap", "focus"}
    assert [argument for argument in becomes.values() if argument not in ARGUMENTS] == []
    assert [name for name in becomes if CONTROLS[name].propagation != "request"] == []
    for row in REQUEST:
        if row.shape == "choice" or row.numeric:
            given = row.lo if row.numeric else row.options[0]
            ask(
                **{row.needs: SOURCE} if row.needs and CONTROLS[row.needs].shape == "source" else {},
                **{row.name: given},
            )
    for name, argument in becomes.items():
        with pytest.raises(DemonError, match=f"give {argument}") as caught:
            ask(**{name: CONTROLS[name].default})
        assert caught.value.port == name


def test_names_that_are_no_controls_of_a_request() -> None:
    for name, mend in (
        ("strenght", "did you mean strength"),
        ("ode_noise", "give it to Ring.tick"),
        ("gain", "decoder"),
    ):
        with pytest.raises(DemonError, match=mend) as caught:
            ask(**{name: 0.5})
        assert caught.value.port == name


def test_a_curve_may_be_one_number_for_all_frames() -> None:
    request = SESSION.request(SESSION.prompt("warm"), SOURCE, mask=0.25)
    assert torch.equal(request.controls.curve("mask"), torch.full((SOURCE.frames,), 0.25))  # type: ignore[arg-type]


@pytest.mark.parametrize(("row", "bad"), bad_values(REQUEST), ids=named)
def test_bad_requests_name_the_control_and_the_mend(row: Control, bad: Any) -> None:
    beside = {"timbre_source": SOURCE} if row.needs == "timbre_source" else {}
    with pytest.raises(DemonError) as caught:
        ask(**{**beside, row.name: bad})
    assert caught.value.port == row.name
    assert caught.value.mend


@pytest.mark.parametrize(
    ("argument", "bad", "port"),
    [
        ("noise_position", math.nan, "noise_drift"),
        ("noise_position", math.inf, "noise_drift"),
        ("source_latent", torch.full_like(SOURCE.latent, math.nan), "source"),
        ("source_latent", SOURCE.latent[1:], "source"),
        ("source_latent", SOURCE.latent.double(), "source"),
        ("stretch", (0, SESSION.spec.min_frames - 1), "focus"),
        ("stretch", (0, 0), "focus"),
    ],
)
def test_bad_arguments_that_a_control_becomes(argument: str, bad: Any, port: str) -> None:
    with pytest.raises(DemonError) as caught:
        ask(**{argument: bad})
    assert caught.value.port == port
    assert caught.value.mend


@pytest.mark.parametrize("row", [row for row in REQUEST if row.numeric and row.needs], ids=named)
def test_a_request_without_the_part_that_it_needs(row: Control) -> None:
    value = row.hi
    if value == row.default:
        ask(**{row.name: value})  # nothing was asked for
    else:
        with pytest.raises(DemonError) as caught:
            ask(**{row.name: value})
        assert caught.value.port == row.name
        assert caught.value.mend


@pytest.mark.parametrize(("row", "bad"), bad_values(STEP), ids=named)
def test_bad_writes_name_the_control_and_the_mend(row: Control, bad: Any) -> None:
    with pytest.raises(DemonError) as caught:
        step_values({row.name: bad}, FRAMES)
    assert caught.value.port == row.name
    assert caught.value.mend


@pytest.mark.parametrize("row", [row for row in STEP if row.numeric or row.per_frame], ids=named)
def test_bad_tensors_of_a_tick_name_the_control_and_the_mend(row: Control) -> None:
    good = torch.full((1, 1, 1), row.lo)
    check_values({row.name: good}, 3)
    wrong = [good[0], good.double(), good.expand(2, 1, 1), good[:, :0], "much"]
    wrong += [] if row.per_frame else [good.expand(1, FRAMES, 1)]
    wrong += [good[:, :, :0]] if row.per_node else [good.expand(1, 1, 5)]
    for bad in wrong:
        with pytest.raises(DemonError) as caught:
            check_values({row.name: bad}, 3)
        assert caught.value.port == row.name
        assert caught.value.mend
