"""Snapshots over documents of real nodes: what they hold, what they move, and what lies between two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import Recall, morph, movable, recall, stored
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.patch.edit.commands import Batch, SetCable, SetLocked, SetRange, SetValue, apply
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.dashboard import CableDepth, Snapshot
from demon_patch.patch.model.definition import Definition, Inlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch

WIRE = Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.5)
PATCH = Patch(
    nodes={
        "lfo": Node("lfo", values={"rate": 1.0}),
        "scheduler": Node("scheduler", values={"strength": 0.4, "depth": 4}),
        "words": Node("prompt", values={"text": "warm"}),
        "song": Node("composed_source", 2),
        "later": Node("future.orchestra", values={"x": 1}),
    },
    cables=(WIRE,),
)
RATE, STRENGTH, SHAPE = ("lfo", "rate"), ("scheduler", "strength"), ("lfo", "shape")


def edited(*commands: Any) -> Patch:
    return apply(Batch(commands), PATCH)[0]


def lfo(**values: Any) -> Snapshot:
    return Snapshot(values={"lfo": values})


def between(one: Snapshot, other: Snapshot, amount: float, patch: Patch = PATCH) -> Recall:
    return morph(one, other, amount, patch, CATALOGUE)


def errors(found: Recall) -> list[str]:
    return [str(error) for error in found.skipped]


# -- what there is in one -----------------------------------------------------------------------------------------
def test_every_knob_and_option_is_stored_also_at_its_default() -> None:
    snapshot = stored(PATCH, CATALOGUE, title="all")
    assert snapshot.scope is None
    assert snapshot.values["lfo"].keys() >= {"rate", "shape", "sync"}
    assert snapshot.values["lfo"]["shape"] == CATALOGUE["lfo"].by_name["shape"].default
    assert snapshot.values["words"] == {"text": "warm"}
    assert snapshot.depths == (CableDepth(*WIRE.key, 0.5),)


def test_what_a_patch_is_is_not_stored() -> None:
    snapshot = stored(PATCH, CATALOGUE)
    assert snapshot.values.keys() == {"lfo", "scheduler", "words"}
    assert "depth" not in snapshot.values["scheduler"]
    assert "mask" not in snapshot.values["scheduler"]  # without effect until it is set
    for id, node in {id: Node(id) for id in CATALOGUE}.items():
        moved = movable(VisiblePorts(Patch(nodes={"a": node}), CATALOGUE), "a")
        assert all(port.type != "path" for port in moved.values()), id


def test_a_scope_leaves_the_others_out() -> None:
    snapshot = stored(edited(SetRange("lfo", "rate", 0.5, 2)), CATALOGUE, ["lfo"])
    assert (snapshot.scope, set(snapshot.values), snapshot.depths) == (("lfo",), {"lfo"}, ())
    assert snapshot.ranges == {"lfo": {"rate": (0.5, 2.0)}}
    with pytest.raises(PatchError, match="node nobody"):
        stored(PATCH, CATALOGUE, ["nobody"])


# -- recall -------------------------------------------------------------------------------------------------------
def test_a_recall_brings_back_what_sounded() -> None:
    snapshot = stored(PATCH, CATALOGUE)
    assert not recall(snapshot, PATCH, CATALOGUE).overlay
    other = edited(SetValue(*RATE, 3), SetValue(*SHAPE, "saw"), SetCable(*WIRE.key, depth=0.1), SetValue(*STRENGTH, 1))
    found = recall(snapshot, other, CATALOGUE)
    assert found.skipped == ()
    assert found.overlay.keys == {RATE, SHAPE, STRENGTH, WIRE.key}
    again = stored(found.overlay.sounding(other), CATALOGUE)
    assert again == snapshot


def test_a_recall_takes_the_place_of_what_was_turned_but_not_on_other_nodes() -> None:
    before = Overlay().turned("lfo", "rate", 9.0).turned("lfo", "phase", 0.5).turned("scheduler", "strength", 0.9)
    after = recall(lfo(rate=2.0), PATCH, CATALOGUE).applied_to(before)
    assert after.values == {RATE: 2.0, STRENGTH: 0.9}


def test_what_is_structural_or_locked_never_moves() -> None:
    patch = edited(SetLocked("lfo", "rate", True))
    before = Overlay().turned("lfo", "rate", 9.0).turned("scheduler", "depth", 2)
    snapshot = Snapshot(
        values={"lfo": {"rate": 2.0, "shape": "saw"}, "scheduler": {"depth": 8}, "song": {"seconds": 20.0}}
    )
    found = recall(snapshot, patch, CATALOGUE)
    assert found.skipped == ()
    assert found.applied_to(before).values == {RATE: 9.0, ("scheduler", "depth"): 2, SHAPE: "saw"}
    locked = edited(SetLocked(*STRENGTH, True))
    assert not recall(Snapshot(depths=(CableDepth(*WIRE.key, 0.9),)), locked, CATALOGUE).overlay
    assert STRENGTH[1] not in stored(locked, CATALOGUE).values["scheduler"]


def test_the_scope_of_a_snapshot_is_honoured() -> None:
    values = {"lfo": {"rate": 2.0}, "scheduler": {"strength": 0.9}}
    snapshot = Snapshot(scope=("lfo",), values=values, depths=(CableDepth(*WIRE.key, 0.9),))
    assert recall(snapshot, PATCH, CATALOGUE).overlay == Overlay({RATE: 2.0})


def test_what_is_gone_or_does_not_fit_is_named() -> None:
    snapshot = Snapshot(
        values={
            "gone": {"x": 1.0},
            "later": {"x": 2},
            "lfo": {"rate": "fast", "colour": 1, "shape": "wobbly", "phase": 7.0},
            "words": {"text": 3},
        },
        depths=(CableDepth("scheduler", "ring", "lfo", "rate", 0.5),),
    )
    found = recall(snapshot, PATCH, CATALOGUE)
    assert found.overlay.values == {("lfo", "phase"): CATALOGUE["lfo"].by_name["phase"].hi}
    assert errors(found) == [
        "node gone: is not in the patch any more (store the snapshot anew)",
        "node later: is of no known type (store the snapshot anew)",
        'node lfo: port rate: cannot take "fast" (store the snapshot anew)',
        "node lfo: port colour: has no such port any more (store the snapshot anew)",
        'node lfo: port shape: cannot take "wobbly" (store the snapshot anew)',
        "node words: port text: cannot take 3 (store the snapshot anew)",
        "node lfo: port rate: its cable from scheduler.ring is not plugged in any more (store the snapshot anew)",
    ]


def test_the_promoted_knobs_of_a_subpatch_move() -> None:
    wobble = Definition(
        nodes={"inner": Node("lfo", values={"rate": 2.0})}, inputs={"speed": Inlet("Speed", (Target("inner", "rate"),))}
    )
    patch = Patch(nodes={"sub": Node("subpatch", definition="wobble")}, definitions={"wobble": wobble})
    snapshot = stored(patch, CATALOGUE)
    assert snapshot.values == {"sub": {"speed": 2.0}}
    faster = apply(SetValue("sub", "speed", 4.0), patch)[0]
    assert recall(snapshot, faster, CATALOGUE).overlay == Overlay({("sub", "speed"): 2.0})


# -- morph --------------------------------------------------------------------------------------------------------
def test_a_morph_is_a_straight_line_of_knob_positions() -> None:
    port = CATALOGUE["lfo"].by_name["rate"]
    assert port.taper == "log"
    for amount in np.linspace(0, 1, 7):
        found = between(lfo(rate=0.5), lfo(rate=8.0), float(amount)).overlay.values
        assert found.get(RATE, 1.0) == pytest.approx(0.5 * 16.0**amount, rel=1e-9)
    for amount in (0.0, 0.3, 1.0):
        found = between(*(Snapshot(values={"scheduler": {"strength": s}}) for s in (0.1, 0.9)), amount)
        assert found.overlay.values[STRENGTH] == pytest.approx(0.1 + 0.8 * amount)


def test_the_ends_are_exact() -> None:
    one, other = lfo(rate=0.1 + 0.2), lfo(rate=7.7)
    assert between(one, other, 0.0).overlay.values == {RATE: 0.1 + 0.2}
    assert between(one, other, 1.0).overlay.values == {RATE: 7.7}
    assert between(one, other, 9.0) == between(one, other, 1.0)


def test_options_texts_and_whole_numbers_switch_half_way() -> None:
    one = Snapshot(values={"lfo": {"shape": "sine"}, "scheduler": {"seed": 1}, "words": {"text": "cold"}})
    other = Snapshot(values={"lfo": {"shape": "saw"}, "scheduler": {"seed": 9}, "words": {"text": "hot"}})
    for amount, expected in ((0.49, ("sine", 1, "cold")), (0.5, ("saw", 9, "hot"))):
        sounding = between(one, other, amount).overlay.sounding(PATCH).nodes
        found = sounding["lfo"].values.get("shape", "sine"), sounding["scheduler"].values["seed"]
        assert (*found, sounding["words"].values["text"]) == expected


def test_ranges_and_depths_morph_and_what_one_side_lacks_comes_from_the_document() -> None:
    one = Snapshot(ranges={"scheduler": {"strength": (0.0, 0.5)}}, depths=(CableDepth(*WIRE.key, 1.0),))
    found = between(one, Snapshot(), 0.5).overlay
    assert found.ranges == {STRENGTH: pytest.approx((0.0, 0.75))}
    assert found.depths == {WIRE.key: 0.75}
    usual = Snapshot(depths=(CableDepth(*WIRE.key, None),))
    assert [between(one, usual, amount).overlay.depths[WIRE.key] for amount in (0.4, 0.6)] == [1.0, None]
    assert between(lfo(rate=4.0), lfo(), 0.5).overlay.values == {RATE: pytest.approx(2.0)}
