"""The catalogue as a whole: every declaration is complete, and engine ports come from the control table."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.codegen.vocabulary import ARRAY, SCALAR, hash01
from demon_patch.engine import controls
from demon_patch.engine.controls import Control, carried_by
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.nodes.catalogue import CATALOGUE, describe, gather, library
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Out
from demon_patch.nodes.language.taper import denorm, norm
from demon_patch.nodes.library.engine.engine import engine_node

FIRST = spec_of(DEFAULT_MODEL)


@pytest.mark.parametrize("declaration", CATALOGUE.values(), ids=lambda d: d.id)
def test_every_declaration_is_complete(declaration: Declaration) -> None:
    d = declaration
    assert d.title
    assert d.category
    assert len(d.tags) >= 3
    assert d.sentence.endswith(".")
    assert all(p.doc.endswith(".") and p.title for p in d.ports)
    assert all(o.doc for o in d.outs if o.type != "ring")
    assert len({p.name for p in d.ports}) == len(d.ports)


def test_a_node_lies_in_the_folder_of_its_category() -> None:
    lies = {(d.id, d.category): module.__name__.split(".")[-2] for module in library() for d in gather(module).values()}
    assert [node for node, folder in lies.items() if node[1] != folder] == []


def test_the_first_library_is_there() -> None:
    assert set(CATALOGUE) >= {
        "knob", "lfo", "scale", "add", "multiply", "slew", "clock", "step_sequencer", "adsr", "expression",
        "song_position", "drawn_curve", "prompt", "audio_source", "composed_source", "scheduler", "source_blend",
        "step_state", "decoder", "recorder", "speaker",
        "follower", "onset", "bands", "centroid", "loudness", "similarity", "meter", "scope", "value_display",
        "ring_telemetry", "midi_notes", "midi_voices", "midi_cc", "midi_bend", "midi_pressure", "midi_clock", "osc_in",
        "keyboard",
        "ahd", "ramp", "function", "random_walk", "smooth_noise", "lorenz", "logistic", "divider", "multiplier",
        "euclid", "pattern", "coin", "sequential_switch", "counter", "beat_position", "shift_register",
    }  # fmt: skip


@pytest.mark.parametrize("carrier", ["scheduler", "source_blend", "step_state", "decoder"])
def test_engine_ports_are_the_rows_of_the_control_table(carrier: str) -> None:
    ports = [p for p in CATALOGUE[carrier].ports if p.control]
    rows = carried_by(carrier)
    assert [p.control for p in ports] == [row.name for row in rows]
    for port, row in zip(ports, rows, strict=True):
        assert (port.lo, port.hi, port.taper, port.unit, port.default) == (
            row.lo, row.hi, row.taper, row.unit, FIRST.default(row),
        )  # fmt: skip
        assert (port.doc, port.title, port.optional) == (row.doc, row.title, row.optional)


def test_a_default_that_is_the_familys_is_shown_as_the_first_family_has_it() -> None:
    ports = CATALOGUE["scheduler"].by_name
    of_families = {row.name for row in controls.TABLE if row.default == controls.FAMILY}
    assert of_families == FIRST.defaults.keys() >= {"steps", "shift", "depth", "dcw", "guidance", "timesteps"}
    assert (ports["steps"].default, ports["shift"].default, ports["depth"].default) == (4, 1.0, 2)


def test_a_row_added_to_the_table_becomes_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Control(
        name="shimmer", title="Shimmer", carrier="decoder", shape="scalar", propagation="decode",
        doc="Makes it shimmer.", default=0.5,
    )  # fmt: skip
    monkeypatch.setattr(controls, "TABLE", (*controls.TABLE, row))
    made = engine_node("decoder", "Decoder", "Decodes.", inputs=(), out=Out("audio", "audio"), tags=(), display="none")
    assert made.by_name["shimmer"].default == 0.5


def test_two_nodes_of_one_name_are_refused() -> None:
    a, b = ModuleType("a"), ModuleType("b")
    a.knob = CATALOGUE["knob"]  # type: ignore[attr-defined]
    b.knob = Declaration("knob", "Knob", "Another.", "sink", "test", (), (), ())  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="two nodes are called knob"):
        gather(a, b)


def test_the_description_is_json_and_whole() -> None:
    said = json.loads(json.dumps(describe(), allow_nan=False))
    assert [d["id"] for d in said] == list(CATALOGUE)
    by_id = {d["id"]: {p["name"]: p for p in d["ports"]} for d in said}
    assert by_id["slew"]["x"]["lo"] is None
    assert by_id["lfo"]["shape"]["choices"][0] == "sine"
    assert by_id["scheduler"]["timbre_source"]["type"] == "source"
    assert by_id["prompt"]["text"]["cable"] is False
    assert by_id["midi_cc"]["position"].keys() == {"name", "title", "type", "doc", "fed"}


def test_the_library_does_not_import_torch() -> None:
    code = "import sys, demon_patch.nodes.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.floats(0, 1), st.sampled_from(["linear", "log", "family"]))
def test_positions_and_values_are_inverse(u: float, taper: controls.Taper) -> None:
    x = denorm(u, 0.5, 8.0, taper)
    assert 0.5 - 1e-12 <= x <= 8.0 + 1e-12
    assert norm(x, 0.5, 8.0, taper) == pytest.approx(u, abs=1e-9)


def test_tapers_by_their_formulas() -> None:
    assert denorm(0.5, 1.0, 100.0, "log") == pytest.approx(10.0)
    assert denorm(0.5, 1, 8, "int") == 5.0
    assert denorm(0.25, 0.0, 2.0, "family") == 0.5  # the number of such a port is its position
    assert norm(3.0, -math.inf, math.inf) == 3.0
    assert np.allclose(norm(np.array([1.0, 10.0]), 1.0, 100.0, "log"), [0.0, 0.5])


@given(st.integers(-(2**50), 2**50), st.integers(0, 2**32 - 1))
def test_the_hash_has_the_same_bits_for_numbers_and_arrays(k: int, seed: int) -> None:
    assert ARRAY["hash01"](np.array([k]), seed)[0] == hash01(k, seed)
    assert ARRAY["hash01"](np.array([float(k)]), float(seed))[0] == SCALAR["hash01"](k, seed)


def test_the_hash_is_spread_evenly() -> None:
    drawn = ARRAY["hash01"](np.arange(100_000), 7)
    counts = np.histogram(drawn, bins=50, range=(0, 1))[0]
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.abs(counts - 2000).max() < 250
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.01
