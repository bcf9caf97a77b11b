from __future__ import annotations

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import Batch, SetCable, SetRange, SetValue, apply
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch

WIRE = Cable("lfo", "out", "knob", "value", depth=0.5)
PATCH = Patch(nodes={"lfo": Node("lfo", values={"rate": 1}), "knob": Node("knob")}, cables=(WIRE,))
RATE = ("lfo", "rate")
ALL = Overlay({RATE: 2.0, ("lfo", "shape"): "saw"}, {("knob", "value"): (0.2, 0.8)}, {WIRE.key: None})


def test_live_values_win_and_the_document_stays() -> None:
    sounding = ALL.sounding(PATCH)
    assert sounding.nodes["lfo"].values == {"rate": 2.0, "shape": "saw"}
    assert sounding.nodes["knob"].ranges == {"value": (0.2, 0.8)}
    assert sounding.cables[0].depth is None
    assert PATCH.nodes["lfo"].values == {"rate": 1}
    assert Overlay().sounding(PATCH) is PATCH


def test_what_is_kept_is_what_sounded_and_one_edit_takes_it_back() -> None:
    command = ALL.keeping_command(PATCH)
    assert command is not None
    kept, inverse = apply(command, PATCH)
    assert kept == ALL.sounding(PATCH)
    assert apply(inverse, kept)[0] == PATCH
    assert ALL.keeping_command(kept) is None


def test_a_value_is_turned_and_released() -> None:
    assert Overlay().turned("lfo", "rate", 2.0).turned("lfo", "rate", 3.0).values == {RATE: 3.0}
    left = ALL.released(RATE, WIRE.key)
    assert left == Overlay({("lfo", "shape"): "saw"}, {("knob", "value"): (0.2, 0.8)})
    assert not ALL.released(*ALL.keys)


def test_a_base_that_is_written_is_heard() -> None:
    written = ALL.without_overwritten(Batch((SetValue(*RATE, 5), SetCable(*WIRE.key, depth=1.0))))
    assert written.keys == {("lfo", "shape"), ("knob", "value")}
    assert ALL.without_overwritten(SetCable(*WIRE.key, offset=1.0)) == ALL
    assert not ALL.without_overwritten(SetRange("knob", "value")).ranges
    assert ALL.without_overwritten(SetValue(*RATE, 5), {RATE}) == ALL


def test_what_is_gone_is_not_brought_back() -> None:
    gone = Overlay({("gone", "x"): 1.0}, {}, {CableKey("gone", "out", "lfo", "rate"): 1.0})
    assert gone.sounding(PATCH) == PATCH


@pytest.mark.parametrize(
    ("node", "port", "value"), [("lfo", "rate", float("nan")), ("No", "rate", 1.0), ("lfo", "", 1.0)]
)
def test_what_no_port_can_have_is_refused(node: str, port: str, value: float) -> None:
    with pytest.raises(PatchError):
        Overlay().turned(node, port, value)
