"""A family names every default that the table of controls leaves to it, and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from demon_patch.engine.controls import CONTROLS, FAMILY, TABLE
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.request_controls import RequestControls
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.ring.step_values import StepValues
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Node
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.prepare import perform
from tests.support.toy_family import SPEC, Bench, toy_family
from tests.support.virtual_stage import patch


def test_a_default_is_the_tables_or_the_familys() -> None:
    spec = replace(SPEC, defaults={**SPEC.defaults, "steps": 3, "dcw": "low"})
    assert (spec.default(CONTROLS["steps"]), spec.steps, spec.default(CONTROLS["dcw"])) == (3, 3, "low")
    assert spec.default(CONTROLS["strength"]) == CONTROLS["strength"].default
    assert {row.name for row in TABLE if row.default is FAMILY} == spec.defaults.keys()


def test_a_strength_left_out_of_a_request_is_what_a_patch_has_at_the_knobs_default() -> None:
    bent = replace(SPEC, strength_taper=tuple((k / 10) ** 2 for k in range(11)))
    expected = 0.7**2  # at the position 0.7
    assert RequestControls({}, bent).number("strength") == pytest.approx(expected)
    assert RequestControls({"strength": 0.7}, bent).number("strength") == 0.7  # given, it is the strength itself
    performer = perform(patch({}, []), Session(replace(toy_family(), spec=bent)))
    assert performer.controls.control_value("strength", 0) == pytest.approx(expected)
    assert Session(replace(toy_family(), spec=bent)).request(performer.prompt, performer.source).plan.strength == (
        pytest.approx(expected)
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": None}, "has no default of steps"),
        ({"strength": 0.5}, "does not ask for: strength"),
        ({"steps": 101}, "port steps"),
        ({"dcw": "loud"}, "port dcw"),
    ],
)
def test_wrong_defaults_are_refused(change: dict[str, Any], says: str) -> None:
    defaults = {name: value for name, value in {**SPEC.defaults, **change}.items() if value is not None}
    with pytest.raises(DemonError, match=says):
        replace(SPEC, defaults=defaults)


def test_what_no_tick_says_is_as_the_family_has_it() -> None:
    def made(ring: Ring, request: Request, values: StepValues) -> torch.Tensor:
        ring.submit(request)
        return ring.drain(values)[0].latent

    bench = Bench(1)
    tuned = replace(SPEC, defaults={**SPEC.defaults, "dcw": "low", "dcw_low": 0.4})
    ring = Ring(bench.executor, tuned, bench.noise, 1)
    expected = made(bench.ring, bench.request(), {"dcw": "low", "dcw_low": torch.full((1, 1, 1), 0.4)})
    assert torch.equal(made(ring, bench.request(), {}), expected)
    assert not torch.equal(made(bench.ring, bench.request(), {}), expected)


def test_a_patch_that_does_not_choose_has_the_familys_choice() -> None:
    document = patch({"state": Node("step_state")}, [])
    tuned = replace(SPEC, defaults={**SPEC.defaults, "dcw": "low", "timesteps": "trained"})
    options = compile(document, CATALOGUE, Geometry.of_family(tuned)).ring.options
    assert (options["dcw"], options["timesteps"], options["steps_mode"]) == ("low", "trained", "fixed")
