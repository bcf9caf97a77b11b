"""Controls that are moved without the one that they need: remarked on, and played all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from demon_patch.bench.trials import PARTS, TRIALS, Trial, trial_patch
from demon_patch.engine.controls import CONTROLS, TABLE, Control
from demon_patch.engine.families import NAMES, spec_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import load
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.warnings import warnings_of
from tests.support.paths import PATCHES
from tests.support.toy_family import SPEC
from tests.support.virtual_stage import patch, played

PATCHES = sorted(PATCHES.glob("*.dpatch.json"))
NEEDING = [row for row in TABLE if row.needs is not None]
NODES = {"scheduler": "scheduler", "step_state": "state"}


def moved(row: Control) -> Any:
    """A value other than the row's own."""
    if row.options:
        return next(option for option in row.options if option != SPEC.default(row))
    return row.hi if row.hi != SPEC.default(row) else row.lo


@pytest.mark.parametrize(
    ("row", "wired"), [(row, wired) for row in NEEDING for wired in (False, True) if row.numeric or not wired]
)
def test_a_control_without_what_it_needs_is_remarked_on(row: Control, wired: bool) -> None:
    node = NODES[row.carrier]
    extra = {"state": Node("step_state"), "lfo": Node("lfo")}
    cables = [Cable("lfo", "out", node, row.name)] if wired else []
    values = {} if wired else {row.name: moved(row)}
    if node == "state":
        document = patch({**extra, "state": Node("step_state", values=values)}, cables)
    else:
        document = patch(extra, cables, **values)
    assert problems(document, CATALOGUE, SPEC) == []
    (remark,) = warnings_of(document, CATALOGUE)
    assert (remark.node, remark.port) == (node, row.name)
    assert CONTROLS[row.needs or ""].title.lower() in remark.what
    assert remark.mend
    assert "\n" not in str(remark)


@pytest.mark.parametrize(
    "trial",
    [trial for trial in TRIALS if trial.row.stops or spec_of(NAMES[0]).has(trial.row)],  # others have a remark of it
    ids=lambda trial: trial.control,
)
def test_a_control_with_what_it_needs_is_not(trial: Trial) -> None:
    ends = (trial.lo, trial.hi) if trial.control not in PARTS and trial.lo != "off" else (trial.hi,)
    found = [remark for at in ends for remark in warnings_of(trial_patch(trial, at=at), CATALOGUE)]
    assert [str(remark) for remark in found if remark.port != "depth"] == []  # at one step the ring is too deep


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.name)
def test_the_patches_that_ship_are_free_of_remarks(path: Path) -> None:
    assert warnings_of(load(path), CATALOGUE) == []


def test_values_that_stand_as_they_are_and_bypassed_nodes_are_not_remarked_on() -> None:
    usual = {row.name: SPEC.default(row) for row in NEEDING if row.carrier == "step_state"}
    assert warnings_of(patch({"state": Node("step_state", values=usual)}, []), CATALOGUE) == []
    bypassed = Node("step_state", values={"target_strength": 1.0}, bypass=True)
    assert warnings_of(patch({"state": bypassed}, []), CATALOGUE) == []


def test_the_words_say_what_to_wire() -> None:
    state = {"state": Node("step_state", values={"target_strength": 1.0, "dcw_low": 0.5})}
    said = [str(remark) for remark in warnings_of(patch(state, [], mask_growth=0.5), CATALOGUE)]
    assert said == [
        "node scheduler: port mask_growth: it has no effect without mask (wire or set mask on the Scheduler)",
        "node state: port target_strength: it has no effect without target (wire a source to target on the Scheduler)",
        "node state: port dcw_low: it has no effect without wavelet correction "
        "(choose another wavelet correction than off on the Step State)",
    ]


def test_a_patch_with_remarks_sounds_as_it_does_without_them() -> None:
    odd = {row.name: moved(row) for row in NEEDING if row.carrier == "scheduler"}
    state = {row.name: moved(row) for row in NEEDING if row.carrier == "step_state"}
    document = patch({"state": Node("step_state", values=state)}, [], **odd)
    assert {remark.port for remark in warnings_of(document, CATALOGUE)} == {row.name for row in NEEDING}
    _, heard = played(document, 4.0)
    _, plain = played(patch({"state": Node("step_state")}, []), 4.0)
    np.testing.assert_array_equal(heard, plain)


@pytest.mark.parametrize(
    ("values", "deeper"),
    [
        ({}, False), ({"depth": 4, "steps": 4}, False), ({"depth": 8, "steps": 8}, False), ({"steps": 2}, False),
        ({"depth": 8}, True), ({"depth": 5}, True), ({"steps": 1}, True), ({"depth": 8, "steps": 5}, True),
    ],
    ids=str,
)  # fmt: skip
def test_a_ring_deeper_than_its_steps_is_remarked_on(values: dict[str, Any], deeper: bool) -> None:
    """nano's steps are 4, its depth is 2; what is left out is right."""
    said = warnings_of(patch({}, [], **values), CATALOGUE)
    assert len(said) == deeper
    steps = values.get("steps", 4)
    for remark in said:
        assert (remark.node, remark.port) == ("scheduler", "depth")
        depth = values.get("depth", 2)
        assert f"of {depth} places in the ring at most {steps} are ever taken" in remark.what
        assert f"set depth to {steps} or less, or steps to {depth} or more" in str(remark.mend)


def test_a_ring_whose_steps_or_depth_are_moved_counts_with_what_it_can_reach() -> None:
    lfo = {"lfo": Node("lfo", values={"rate": 0.1})}
    for port, remarked in (("steps", False), ("depth", False)):
        assert (warnings_of(patch(lfo, [Cable("lfo", "out", "scheduler", port)], depth=8), CATALOGUE) != []) is remarked
    narrow = patch(lfo, [Cable("lfo", "out", "scheduler", "steps")], depth=8)
    nodes = {**narrow.nodes, "scheduler": Node("scheduler", values={"depth": 8}, ranges={"steps": (1.0, 6.0)})}
    (said,) = warnings_of(msgspec.structs.replace(narrow, nodes=nodes), CATALOGUE)
    assert "of 6 steps" in said.what


@pytest.mark.parametrize(
    ("place", "snapshots", "wired", "told"),
    [
        (2, 2, True, []),
        (3, 2, True, ["place: it asks for snapshot 3: the patch has 2 snapshots (let the place be 1 to 2)"]),
        (1, 0, True, ["place: it asks for snapshot 1: the patch has no snapshots (store a snapshot)"]),
        (3, 2, False, ["recall: it never recalls: nothing is wired to it (wire a gate to it)"]),
    ],
)
def test_a_snapshot_node_that_recalls_nothing_is_told(place: int, snapshots: int, wired: bool, told: list[str]) -> None:
    base = patch({"press": Node("button"), "snap": Node("snapshot", values={"place": place})}, [])
    kept = {f"s{n}": Snapshot(str(n)) for n in range(snapshots)}
    cables = [Cable("press", "gate", "snap", "recall")] if wired else []
    document = msgspec.structs.replace(base, snapshots=kept, cables=(*base.cables, *cables))
    assert [str(found) for found in warnings_of(document, CATALOGUE)] == [f"node snap: port {each}" for each in told]
