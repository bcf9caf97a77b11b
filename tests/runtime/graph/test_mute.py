"""What a muted cable and a muted node do: nothing comes out, and the patch holds together."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetCable, SetMuted, apply
from demon_patch.patch.files.format import load
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.prepare import wired_recordings
from tests.support.compiled import TRANSPORT, built, sound
from tests.support.paths import PATCHES
from tests.support.virtual_stage import patch, played


def test_a_muted_node_moves_nothing_and_its_state_runs_on() -> None:
    cable = Cable("lfo", "out", "zs", "structure", depth=-1.0)
    muted = built({"lfo": Node("lfo", muted=True)}, cable)
    assert (sound(muted, "zs", "structure") == 1.0).all()
    playing = built({"lfo": Node("lfo")}, cable)
    state, other = playing.state(), muted.state()
    for k in range(10):
        playing.run(state, TRANSPORT.frame(k))
        muted.run(other, TRANSPORT.frame(k))
    phase = playing.cell_keys.index(next(key for key in playing.cell_keys if key[0] == "lfo"))
    assert other.cells[muted.cell_keys.index(playing.cell_keys[phase])] == state.cells[phase]


@pytest.mark.parametrize("how", ["cable", "node"])
def test_prompts_gates_curves_and_surfaces_can_be_muted(how: str) -> None:
    nodes = {"p": Node("prompt", values={"text": "dub"}), "g": Node("clock"), "c": Node("drawn_curve"),
             "adsr": Node("adsr"), "s": Node("surface_tilt")}  # fmt: skip
    cables = [Cable("g", "gate", "adsr", "gate"), Cable("adsr", "out", "zs", "structure", depth=-1.0),
              Cable("c", "curve", "zs", "mask"), Cable("p", "prompt", "zs", "prompt"),
              Cable("s", "surface", "zt", "channel_gain")]  # fmt: skip
    nodes["zt"] = Node("step_state")

    def made(*muted: str) -> Patch:
        kept = {id: structs.replace(node, muted=how == "node" and id in muted) for id, node in nodes.items()}
        wires = [structs.replace(cable, muted=how == "cable" and cable.src in muted) for cable in cables]
        base = patch(kept, [])
        chain = [structs.replace(c, dst="zt") if c.port == "ring" and c.dst == "decoder" else c for c in base.cables]
        own = [structs.replace(c, dst="scheduler" if c.dst == "zs" else c.dst) for c in wires]
        chain = [c for c in chain if c.key not in {x.key for x in own} and c.port != "prompt"]
        return Patch(nodes=base.nodes, cables=(*chain, Cable("zt", "ring", "decoder", "ring"), *own))

    whole = compile(made(), CATALOGUE, Geometry(25, 200)).ring
    assert {"prompt", "channel_gain"} <= whole.wired.keys()
    assert "mask" in whole.active
    bare = compile(made("p", "c", "s", "g"), CATALOGUE, Geometry(25, 200))
    assert not {"prompt", "channel_gain"} & bare.ring.wired.keys()
    assert "mask" not in bare.ring.active
    values = bare.run(bare.state(), TRANSPORT.frame(0))
    assert values[bare.engine_port("scheduler", "structure")] == 1.0


LIGHT = load(PATCHES / "first-light.dpatch.json")
SPEAKER = next(id for id, node in LIGHT.nodes.items() if node.type == "speaker")


@pytest.mark.parametrize("id", ["scheduler", "decoder", SPEAKER])
def test_a_muted_end_of_the_chain_is_silence_and_no_mistake(id: str) -> None:
    assert not compile(LIGHT, CATALOGUE, Geometry(25, 400)).ring.silent
    muted, back = apply(SetMuted(id, True), LIGHT)
    assert problems(muted, CATALOGUE) == []
    assert compile(muted, CATALOGUE, Geometry(25, 400)).ring.silent
    assert apply(back, muted)[0] == LIGHT


@pytest.mark.parametrize("port", ["ring", "audio"])
def test_a_muted_cable_of_the_ring_or_of_the_sound_is_silence(port: str) -> None:
    (cable,) = (cable for cable in LIGHT.cables if cable.port == port)
    muted, _ = apply(SetCable(*cable.key, muted=True), LIGHT)
    assert problems(muted, CATALOGUE) == []
    assert compile(muted, CATALOGUE, Geometry(25, 400)).ring.silent


def test_a_muted_node_within_the_chain_does_nothing_and_the_sound_goes_on() -> None:
    nodes = {"zt": Node("step_state", values={"ode_noise": 0.5}, muted=True)}
    base = patch(nodes, [])
    cables = [structs.replace(c, dst="zt") if c.port == "ring" and c.dst == "decoder" else c for c in base.cables]
    made = Patch(nodes=base.nodes, cables=(*cables, Cable("zt", "ring", "decoder", "ring")))
    assert problems(made, CATALOGUE) == []
    plan = compile(made, CATALOGUE, Geometry(25, 200)).ring
    assert (plan.step_state, plan.silent) == (None, False)


def test_a_muted_recorder_writes_nothing_and_another_output_is_still_heard() -> None:
    both = Patch(
        nodes={**LIGHT.nodes, "tape": Node("recorder", muted=True)},
        cables=(*LIGHT.cables, Cable("decoder", "audio", "tape", "audio")),
    )
    assert wired_recordings(both) == []
    assert not compile(both, CATALOGUE, Geometry(25, 400)).ring.silent


def test_a_muted_subpatch_mutes_what_is_in_it_and_a_muted_reroute_what_goes_through() -> None:
    inside = Definition(
        nodes={"l": Node("lfo"), "s": Node("slew")},
        cables=(Cable("l", "out", "s", "x"),),
        inputs={"in": Inlet("", (Target("l", "rate"),))},
        outputs={"o": Outlet("", "s", "out")},
    )
    nodes = {"i": Node("subpatch", definition="d", muted=True), "r": Node("reroute", muted=True), "l": Node("lfo")}
    cables = (Cable("l", "out", "r", "in"), Cable("r", "out", "l", "rate"))
    flat = Patch(nodes=nodes, cables=cables, definitions={"d": inside}).flat
    assert {id: node.muted for id, node in flat.nodes.items()} == {"i/l": True, "i/s": True, "l": False}
    (through,) = (cable for cable in flat.cables if cable.dst == "l")
    assert (through.src, through.muted) == ("l", True)


def test_silence_is_heard() -> None:
    _, loud = played(patch({}, []), 1.0)
    _, silent = played(apply(SetMuted("decoder", True), patch({}, []))[0], 1.0)
    assert np.abs(loud).max() > 0.01
    assert not silent.any()
