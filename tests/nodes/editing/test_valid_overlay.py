"""Live values that a document can have."""

from __future__ import annotations

import random

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.subpatches import subpatch
from demon_patch.nodes.editing.valid_overlay import valid_overlay
from demon_patch.patch.edit.commands import RemoveNode, apply
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch

WIRE = Cable("lfo", "out", "glide", "x", depth=0.5)
PATCH = Patch(nodes={"lfo": Node("lfo"), "glide": Node("slew"), "new": Node("future")}, cables=(WIRE,))
GOOD = Overlay({("lfo", "rate"): 2.0, ("lfo", "shape"): "saw"}, {("glide", "rise"): (0.2, 0.8)}, {WIRE.key: 0.1})


def test_what_fits_stays_and_the_rest_goes() -> None:
    assert valid_overlay(GOOD, PATCH, CATALOGUE) == GOOD
    bad = Overlay(
        {("lfo", "rate"): -9.0, ("lfo", "shape"): "star", ("lfo", "x"): 1.0, ("new", "x"): 1.0, ("gone", "x"): 1.0},
        {("glide", "rise"): (-1.0, 0.8), ("lfo", "shape"): (0.0, 1.0)},
        {CableKey("lfo", "out", "glide", "rise"): 0.1},
    )
    assert not valid_overlay(bad, PATCH, CATALOGUE)
    assert valid_overlay(GOOD, apply(RemoveNode("lfo"), PATCH)[0], CATALOGUE) == Overlay({}, GOOD.ranges)


def test_a_knob_of_a_subpatch_takes_what_all_inputs_within_take() -> None:
    wired = Patch(nodes={**PATCH.nodes, "knob": Node("knob")}, cables=(Cable("knob", "out", "glide", "rise"),))
    inside = apply(subpatch(wired, CATALOGUE, ["glide"], rng=random.Random(1)), wired)[0]
    (cable,) = inside.cables
    key = (cable.dst, cable.port)
    assert valid_overlay(Overlay({key: 0.5}), inside, CATALOGUE) == Overlay({key: 0.5})
    assert not valid_overlay(Overlay({key: -1.0}), inside, CATALOGUE)
