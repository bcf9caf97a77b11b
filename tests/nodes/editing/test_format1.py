"""What files of format 1 mean is written down by the rules of format 2: every kind of thing that has a number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from demon_patch.engine.families import spec_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing import format1
from demon_patch.nodes.editing.edits import paste, replacement
from demon_patch.nodes.editing.format1 import STRENGTHS, position_of
from demon_patch.nodes.editing.update import load, loads, updated
from demon_patch.nodes.library.math.expression import parse_formula
from demon_patch.patch.edit.commands import apply
from demon_patch.patch.files import format, pack
from demon_patch.patch.files.embed import CHUNK
from demon_patch.patch.files.wav_chunks import chunk_bytes
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import playable

PORT = CATALOGUE["scheduler"].by_name["strength"]


def old(**keys: Any) -> str:
    return json.dumps({"format": 1, **keys})


def read(**keys: Any) -> Patch:
    patch = loads(old(**keys))
    assert format.loads(format.dumps(patch)) == patch
    assert updated(patch) is patch
    return patch


LFO, SCHEDULER = {"type": "lfo"}, {"type": "scheduler", "values": {"strength": 0.5}}


def wire(src: str, out: str, dst: str, port: str, **more: Any) -> dict[str, Any]:
    return {"src": src, "out": out, "dst": dst, "port": port, **more}


# -- knobs ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("strength", [0.0, 0.0443, 0.1, 0.38, 0.5, 0.7, 0.85, 0.9, 1.0, 1, 0])
def test_a_strength_becomes_the_knob_position_of_the_same_strength(strength: float) -> None:
    position = position_of(strength, PORT)
    assert 0.0 <= position <= 1.0
    found = spec_of("nano").at_position(format1.CONTROLS["strength"], position)
    assert found == pytest.approx(strength, abs=1.2e-16)
    assert np.float32(found) == np.float32(strength)
    assert format1.from_table(position, STRENGTHS) == found


@pytest.mark.parametrize("wrong", [1.5, -0.1, True, "much", None, [1]])
def test_what_is_no_strength_stays_for_the_check_to_name(wrong: Any) -> None:
    scheduler = {"type": "scheduler", "values": {"strength": wrong}}
    assert read(nodes={"s": scheduler}).nodes["s"].values["strength"] == wrong


def test_knob_and_range_are_positions_and_defaults_of_the_day_are_written_down() -> None:
    scheduler = {
        "type": "scheduler",
        "values": {"steps": 6},
        "ranges": {"strength": [STRENGTHS[3], STRENGTHS[9]], "shift": [1, 2]},
    }
    node = read(nodes={"s": scheduler}).nodes["s"]
    of_the_day = {"depth": 4, "shift": 2, "timesteps": "continuous", "guidance_mode": "off"}
    assert node.values == {"steps": 6, "strength": position_of(0.7, PORT), **of_the_day}
    assert node.ranges["strength"] == pytest.approx((0.3, 0.9), abs=1e-12)
    assert node.ranges["shift"] == (1, 2)
    assert node.format == 2


def test_format_2_leaves_everything_to_the_family_and_holds_positions() -> None:
    text = json.dumps({"format": 2, "nodes": {"s": SCHEDULER, "l": LFO}, "cables": [wire("l", "out", "s", "strength")]})
    patch = loads(text)
    assert patch == format.loads(text)
    assert patch.nodes["s"].values == {"strength": 0.5}
    assert patch.cables[0].depth is None


# -- cables -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cable", "depth"),
    [
        (wire("l", "out", "s", "strength"), 0.25),
        (wire("l", "out", "s", "shift", muted=True, offset=0.5), 0.25),
        (wire("l", "out", "s", "structure", depth=0.4), 0.4),
        (wire("l", "out", "a", "a"), None),
        (wire("l", "out", "l2", "rate", mode="set"), None),
        (wire("c", "gate", "l2", "reset"), None),
        (wire("p", "prompt", "s", "prompt"), None),
    ],
)
def test_a_cable_keeps_the_depth_that_it_had(cable: dict[str, Any], depth: float | None) -> None:
    nodes = {"l": LFO, "l2": LFO, "s": SCHEDULER, "a": {"type": "add"}, "c": {"type": "clock"}, "p": {"type": "prompt"}}
    (kept,) = read(nodes=nodes, cables=[cable]).cables
    assert (kept.depth, kept.format) == (depth, 2)
    assert (kept.muted, kept.offset) == (cable.get("muted", False), cable.get("offset", 0.0))


def test_a_cable_that_sets_strength_sets_the_same_strength_through_a_node() -> None:
    """Its signal is the strength; an Expression makes the knob position of it."""
    assert len(format1.TO_POSITION) <= 500
    parse_formula(format1.TO_POSITION)
    nodes = {"k": {"type": "knob", "at": [0, 0]}, "s": {**SCHEDULER, "at": [200, 100]}}
    cable = wire("k", "out", "s", "strength", mode="set", muted=False)
    stored = {"a": {"depths": [cable | {"depth": 0.3} | {}]}}
    del stored["a"]["depths"][0]["mode"], stored["a"]["depths"][0]["muted"]
    patch = read(nodes=nodes, cables=[cable], snapshots=stored)
    (id,) = patch.nodes.keys() - nodes.keys()
    assert patch.nodes[id].at == (100, 50)
    assert {c.key for c in patch.cables} == {CableKey("k", "out", id, "a"), CableKey(id, "out", "s", "strength")}
    assert patch.snapshots["a"].depths[0].key == CableKey(id, "out", "s", "strength")
    assert patch == read(nodes=nodes, cables=[cable], snapshots=stored)
    spec = spec_of("nano")
    for strength in (0.0, 0.02, 0.3, 0.6, 0.95, 1.0):
        knob = {"k": Node("knob", values={"position": strength}), id: patch.nodes[id]}
        cables = (Cable("k", "out", id, "a"), Cable(id, "out", "zs", "strength", mode="set"))
        program = compile(playable(knob, cables), CATALOGUE, Geometry(25, 100))
        position = program.run(program.state(), Transport(25, 120, 4, 100).frame(0))[
            program.engine_port("zs", "strength")
        ]
        assert spec.at_position(format1.CONTROLS["strength"], position) == pytest.approx(strength, abs=1e-15)


# -- what is not known ------------------------------------------------------------------------------------------
def test_what_is_unknown_keeps_its_mark_and_its_meaning() -> None:
    nodes = {"l": LFO, "x": {"type": "future.cloud", "values": {"grain": 0.5}}, "s": SCHEDULER}
    cables = [wire("l", "out", "x", "grain"), wire("x", "out", "s", "structure"), wire("l", "out", "s", "later")]
    patch = read(nodes=nodes, cables=cables)
    found = {(c.src, c.port): (c.depth, c.format) for c in patch.cables}
    assert found == {("l", "grain"): (None, 1), ("x", "structure"): (0.25, 2), ("l", "later"): (None, 1)}
    assert (patch.nodes["x"].format, patch.nodes["x"].values) == (1, {"grain": 0.5})
    # A known node in its place: the cable moves it by .25 still.
    known = CATALOGUE["knob"]
    moved, _ = apply(replacement(patch, CATALOGUE, "x", Node(known.id)), patch)
    (kept,) = (cable for cable in moved.cables if cable.dst == "x")
    program = compile(playable({**moved.nodes, "s": Node("lfo")}, (kept,)), CATALOGUE, Geometry(25, 100))
    step = next(step for step in program.codes if step.node == "x")
    assert kept.format == 1
    assert 0.25 in program.params[program.codes.index(step)]
    assert {c.depth for c in updated(moved).cables if c.dst == "x"} == {0.25}


# -- subpatches, snapshots, mappings ----------------------------------------------------------------------------
INNER = {"nodes": {"m": LFO, "v": {"type": "slew"}, "z": {"type": "scheduler"}},
         "cables": [wire("m", "out", "v", "rise")],
         "inputs": {"up": {"to": [{"node": "v", "port": "rise"}]},
                    "far": {"to": [{"node": "z", "port": "strength"}]},
                    "both": {"to": [{"node": "v", "port": "rise"}, {"node": "v", "port": "x"}]}}}  # fmt: skip


def test_subpatches_inside_and_at_their_ports() -> None:
    """Promoted ports have the rules of the ports that they lead to; one of both kinds keeps its mark."""
    instance = {"type": "subpatch", "definition": "d", "values": {"far": 0.5, "up": 2}, "ranges": {"far": [0, 0.5]}}
    cables = [wire("l", "out", "i", name) for name in ("up", "both", "far")]
    patch = read(nodes={"l": LFO, "i": instance}, cables=cables, definitions={"d": INNER})
    inner = patch.definitions["d"]
    assert inner.cables[0].depth == 0.25
    assert inner.nodes["z"].values["strength"] == position_of(0.7, PORT)
    assert patch.nodes["i"].values == {"far": position_of(0.5, PORT), "up": 2}
    assert patch.nodes["i"].ranges["far"] == (0.0, position_of(0.5, PORT))
    assert {c.port: (c.depth, c.format) for c in patch.cables} == {
        "up": (0.25, 2), "far": (0.25, 2), "both": (None, 1),
    }  # fmt: skip


def test_snapshots_and_mappings_follow() -> None:
    source = {"kind": "cc", "number": 1}
    snapshot = {
        "values": {"s": {"strength": 0.9, "shift": 3}, "l": {"rate": 0.5}},
        "ranges": {"s": {"strength": [0.1, 0.2]}},
        "depths": [wire("l", "out", "s", "strength"), wire("l", "out", "s", "shift", depth=0.6)],
    }
    mappings = {
        "m": {"source": source, "node": "s", "port": "strength", "lo": 0.9, "hi": 0.1, "mode": "pickup"},
        "n": {"source": source, "node": "s", "port": "strength"},
        "o": {"source": source, "node": "l", "port": "rate", "lo": 0.1},
    }
    cables = [wire("l", "out", "s", "strength"), wire("l", "out", "s", "shift")]
    patch = read(nodes={"s": SCHEDULER, "l": LFO}, cables=cables, snapshots={"a": snapshot}, mappings=mappings)
    kept = patch.snapshots["a"]
    assert kept.values == {"s": {"strength": position_of(0.9, PORT), "shift": 3}, "l": {"rate": 0.5}}
    assert kept.ranges == {"s": {"strength": (position_of(0.1, PORT), position_of(0.2, PORT))}}
    assert {depth.port: depth.depth for depth in kept.depths} == {"strength": 0.25, "shift": 0.6}
    m, n, o = (patch.mappings[id] for id in "mno")
    assert (m.lo, m.hi) == (position_of(0.9, PORT), position_of(0.1, PORT))
    assert (m.mode, m.takes_over, n.takes_over) == ("absolute", "pickup", "jump")
    assert (n.lo, n.hi, o.lo) == (None, None, 0.1)


# -- where patches come from ------------------------------------------------------------------------------------
OLD = {"nodes": {"s": SCHEDULER, "l": LFO}, "cables": [wire("l", "out", "s", "strength")]}


def is_upgraded(patch: Patch) -> bool:
    (scheduler,) = (node for node in patch.nodes.values() if node.type == "scheduler")
    (cable,) = patch.cables
    return (scheduler.values["strength"], cable.depth) == (position_of(0.5, PORT), 0.25)


def test_the_text_of_a_clipboard_is_brought_up_to_date() -> None:
    assert is_upgraded(apply(paste(Patch(), CATALOGUE, old(**OLD), (0, 0)), Patch())[0])


def test_files_and_packs_are_brought_up_to_date(tmp_path: Path) -> None:
    file, packed = tmp_path / "a.dpatch.json", tmp_path / "a.dpatch"
    file.write_text(old(**OLD), encoding="utf-8")
    whole = pack._Pack(pack.PACK, old(**OLD), [])
    packed.write_bytes(pack.msgspec.msgpack.encode(whole))
    assert is_upgraded(load(file))
    assert is_upgraded(load_patch(packed))


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_patches_in_sound_files_are_brought_up_to_date(tmp_path: Path, suffix: str) -> None:
    from demon_patch.commands.files import extract

    sound, out = tmp_path / f"a{suffix}", tmp_path / "out.dpatch.json"
    soundfile.write(sound, np.zeros(10), 8000)
    if suffix == ".wav":
        content = sound.read_bytes() + chunk_bytes(CHUNK, old(**OLD).encode())
        sound.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    else:
        with soundfile.SoundFile(sound, "w", 8000, 1) as file:
            file.comment = old(**OLD)
            file.write(np.zeros(10))
    extract(sound, out=out)
    assert is_upgraded(format.load(out))
