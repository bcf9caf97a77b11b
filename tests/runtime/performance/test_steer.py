"""Steer nodes as they are heard, on the exact toy family: its one block is what they move."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from demon_patch.engine.session import Session
from demon_patch.engine.steering.file import SteeringFile, write
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetBypass, apply
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.assets.assets import assets_of
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch, play, square

LEFT, UP = np.array([0.6, 0.0, -0.8, 0.0], np.float32), np.array([0.0, 1.0, 0.0, 0.0], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two steering vectors of the toy family; the second acts in the second half of the steps."""
    write(SteeringFile({0: LEFT}, {0: 0.5}, model="toy"), tmp_path / "left.safetensors")
    write(SteeringFile({0: UP}, {0: 0.5}, (0.5, 1.0), "toy"), tmp_path / "up.safetensors")
    return tmp_path


def steered(*depths: float, files: tuple[str, ...] = ("left", "up"), extra: Any = ((), ()), **values: float) -> Patch:
    """The chain Scheduler -> Steer 0 -> Steer 1 ... -> Decoder, and what else is wired. values: of Steer 0."""
    nodes = {
        f"steer{n}": Node("steer", values={"file": f"{file}.safetensors", "steer_depth": depth})
        for n, (depth, file) in enumerate(zip(depths, files, strict=False))
    }
    if values:
        nodes["steer0"] = Node("steer", values={**nodes["steer0"].values, **values})
    document = patch({**nodes, **dict(extra[0])}, list(extra[1]), strength=0.8, steps=8)
    chain = itertools.pairwise(["scheduler", *nodes, "decoder"])
    kept = [cable for cable in document.cables if cable.port != "ring"]
    return Patch(
        song=document.song, nodes=document.nodes, cables=(*kept, *(Cable(a, "ring", b, "ring") for a, b in chain))
    )


def heard(document: Patch, folder: Path) -> NDArray[np.float32]:
    return render(perform(document, Session(toy_family()), folder=folder), 4.0)


def test_depth_0_bypass_and_no_steps_are_the_sound_without_it(folder: Path) -> None:
    without = heard(steered(), folder)
    assert np.array_equal(heard(steered(0.0, 0.0), folder), without)
    assert np.array_equal(heard(apply(SetBypass("steer0", True), steered(1.0))[0], folder), without)
    assert np.array_equal(heard(steered(1.0, **{"from": 0.5, "to": 0.5}), folder), without)
    up, down = (heard(steered(depth), folder) for depth in (1.0, -1.0))
    assert not np.array_equal(up, without)
    assert not np.array_equal(up, down)


def told(performer: Performer) -> NDArray[np.float32]:
    value = performer.admission.step_controls(performer.now)["steer_depth"]
    assert isinstance(value, torch.Tensor)
    return value[:, 0].numpy()


def test_each_generation_has_its_own_depth_within_its_steps(folder: Path) -> None:
    document = steered(1.0, -0.5, extra=square(0.25, "steer0", "steer_depth"), **{"from": 0.25, "to": 0.75})
    performer = perform(document, Session(toy_family()), folder=folder)
    sink = performer.program.engine_port("steer0", "steer_depth")
    seen = set[bool]()
    while performer.now < 150:
        play(performer)
        slots, moments = performer.ring.slots, performer.admission.moments()
        if slots:
            wanted = [
                [performer.forecast.port_value(sink, moment) * (0.25 <= slot.stage < 0.75), -0.5]
                for slot, moment in zip(slots, moments, strict=True)
            ]
            np.testing.assert_allclose(np.broadcast_to(told(performer), (len(slots), 2)), wanted, atol=1e-6)
            seen |= {bool(first) for first, _ in wanted}
    assert seen == {True, False}
    assert [vector.steps for vector in performer.ring.steering] == [(0.0, 1.0), (0.5, 1.0)]


def test_a_vectors_own_steps_hold_too(folder: Path) -> None:
    """The second vector does nothing before the half, so a range that ends there leaves nothing of it."""
    only = ("up",)
    assert np.array_equal(heard(steered(1.0, files=only, to=0.5), folder), heard(steered(0.0, files=only), folder))
    assert not np.array_equal(heard(steered(1.0, files=only), folder), heard(steered(0.0, files=only), folder))


def mistakes(document: Patch) -> list[tuple[str | None, str]]:
    return [(error.node, error.what) for error in problems(document, CATALOGUE)]


def test_mistakes_and_missing_files_name_the_node(folder: Path) -> None:
    assert mistakes(steered(*[1.0] * 4, files=("left",) * 4)) == []
    assert mistakes(steered(*[1.0] * 5, files=("left",) * 5)) == [("steer4", "the chain has 5 steering vectors")]
    with pytest.raises(DemonError, match="no such file") as caught:
        heard(steered(1.0, files=("gone",)), folder)
    assert (caught.value.node, caught.value.port) == ("steer0", "file")


def test_a_vector_travels_with_its_patch_and_goes_round_the_file(folder: Path) -> None:
    document = steered(0.25, -2.0)
    assert loads(dumps(document)) == document
    assert {asset.name for asset in assets_of(document)} == {"left.safetensors", "up.safetensors"}
