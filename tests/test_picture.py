"""What pictures show of a performance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.session import Session
from demon_patch.engine.steering.file import SteeringFile
from demon_patch.engine.steering.file import write as write_steering
from demon_patch.nodes.library.engine.surface import channel_groups
from demon_patch.patch.files.format import load
from demon_patch.patch.model.document import Cable, Node
from demon_patch.picture import LABEL, TakenControl, label, moved_controls, of_performance, taken_controls
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render
from tests.support.paths import PATCHES
from tests.support.toy_family import CHANNELS, SPEC, toy_family
from tests.support.virtual_stage import patch


def test_the_picture_of_channel_groups_shows_the_groups_that_move(tmp_path: Path) -> None:
    performer = perform(load(PATCHES / "inner-equaliser.dpatch.json"), Session(toy_family()))
    sound = render(performer, 4.0)
    curves = moved_controls(performer, 100)
    assert list(curves) == ["group 1", "group 2", "group 3", "group 4"]
    names = [f"group_{n}" for n in range(1, 5)]
    shown = np.array(list(curves.values()))
    forecast = perform(load(PATCHES / "inner-equaliser.dpatch.json"), Session(toy_family())).forecast
    groups = [forecast.program.engine_port("groups", name) for name in names]
    np.testing.assert_allclose(shown, [forecast.span(sink, 0, 100) for sink in groups], atol=1e-12)
    assert of_performance(performer, sound, tmp_path / "groups.png").read_bytes()[:4] == b"\x89PNG"


def test_the_ports_of_a_surface_and_the_controls_have_names_of_their_own() -> None:
    assert not channel_groups.by_name.keys() & CONTROLS.keys()


@pytest.mark.parametrize("path", sorted(PATCHES.glob("*.dpatch.json")), ids=lambda path: path.name)
def test_every_patch_that_ships_has_something_to_show(path: Path, tmp_path: Path) -> None:
    lora = {f"colour.{key}.weight": torch.ones(shape) for key, shape in (("lora_A", (1, 4)), ("lora_B", (4, 1)))}
    save_file(lora, tmp_path / "tape.safetensors")
    family = toy_family()
    vector = SteeringFile({0: np.ones(CHANNELS, np.float32)}, {0: 0.1}, model=family.spec.name)
    write_steering(vector, tmp_path / "edge.safetensors")
    own = {name: {name: tmp_path / f"{name}.safetensors"} for name in ("tape", "edge")}
    family = replace(family, loras=own["tape"], steering=own["edge"])
    performer = perform(load(path), Session(family))
    if performer.program.held:  # nothing moves before something is heard
        render(performer, 16.0)
    assert moved_controls(performer, round(16 * performer.spec.frame_rate))


def test_a_picture_shows_what_generations_took_beside_what_was_sent(tmp_path: Path) -> None:
    nodes = {"lfo": Node("lfo", values={"rate": 0.5}), "state": Node("step_state", values={"dcw": "low"})}
    wires = [Cable("lfo", "out", *to, mode="add", depth=0.4)
             for to in (("scheduler", "strength"), ("state", "dcw_multiply"))]  # fmt: skip
    performer = perform(patch(nodes, wires, strength=0.5), Session(toy_family()))
    sound = render(performer, 8.0)
    shown, rate = taken_controls(performer), performer.spec.frame_rate
    for name, often in (("strength", performer.rates.generation), ("multiplied correction", performer.rates.step)):
        seconds, values, taken = shown[name]
        assert taken == often
        assert len(seconds) == pytest.approx(8 * performer.rates.generation, abs=3)
        sent = moved_controls(performer, 210)[name]
        middle = np.round(seconds * rate + rate / performer.rates.generation / 2).astype(int)
        inside = middle < 200
        assert np.abs(values - sent[np.minimum(middle, 209)])[inside].max() < 0.1
        assert np.ptp(values) > 0.35
    assert of_performance(performer, sound, tmp_path / "took.png").read_bytes()[:4] == b"\x89PNG"


def test_what_was_sent_and_what_was_taken_are_drawn_on_one_scale() -> None:
    bent = tuple((k / 10) ** 3 for k in range(11))
    family = replace(toy_family(), spec=replace(SPEC, strength_taper=bent))
    wires = [Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.4)]
    performer = perform(patch({"lfo": Node("lfo", values={"rate": 0.05})}, wires, strength=0.5), Session(family))
    render(performer, 6.0)
    sent, taken = moved_controls(performer, 400)["strength"], taken_controls(performer)["strength"]
    middle = np.round((taken.seconds + 0.5 / performer.rates.generation) * SPEC.frame_rate).astype(int)
    np.testing.assert_allclose(taken.values, sent[middle], atol=0.05)
    positions = performer.forecast.span(performer.controls.port_numbers["strength"], 0, 100)
    np.testing.assert_allclose(sent[:100], np.interp(positions, np.linspace(0, 1, 11), bent), atol=1e-12)
    assert np.abs(sent[:100] - positions).max() > 0.3


def test_the_label_of_a_trace_stays_beside_it() -> None:
    took = TakenControl(np.zeros(1), np.zeros(1), 4.17)
    assert label("strength", took) == "strength\ntaken 4.2/s"
    assert label("distance to source, change") == "distance to\nsource, change"
    names = ["distance to source, change", "multiplied correction", "a_name_of_one_word_and_no_end", "group 1"]
    assert all(len(line) <= LABEL for name in names for line in label(name).splitlines())
