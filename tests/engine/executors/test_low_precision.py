"""Products of eight bits: kept only once their sound was judged, found again with their verdict, played by name."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from demon_patch.bench.gaussian import SPEC, GaussianCodec, GaussianConditioner, GaussianDenoiser
from demon_patch.commands import build as build_command
from demon_patch.engine import Session
from demon_patch.engine.contracts import Family
from demon_patch.engine.executors import EXECUTORS, FASTEST_FIRST, LOW_PRECISION, builds, executor_named, why_not
from demon_patch.engine.executors.export import export, layers_with_sides
from demon_patch.engine.executors.onnx_ import LowOnnxExecutor, network_of
from demon_patch.engine.networks import INT8, Network
from demon_patch.errors import DemonError
from tests.support.command import Run
from tests.support.exported import needs_onnx

pytestmark = needs_onnx


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(builds.FOLDER, str(tmp_path))
    return tmp_path


@pytest.fixture
def family() -> Family:
    """The measuring family with a layer that eight bits do not hold exactly."""
    denoiser = GaussianDenoiser()
    with torch.no_grad():
        denoiser.colour.weight += 0.3 * torch.randn(4, 4, generator=torch.Generator().manual_seed(2))
    return Family(SPEC, denoiser, GaussianCodec(), GaussianConditioner())


def low(family: Family) -> Network:
    return replace(network_of(family.denoiser), precision=INT8)


def build(family: Family, told: list[str]) -> builds.Build:
    return builds.build(low(family), told.append, partial(build_command._verdict, family, low(family)))


def test_it_is_let_in_by_its_sound_and_the_build_remembers_it(family: Family, empty: Path) -> None:
    told: list[str] = []
    made = build(family, told)
    assert any("int8 is let in" in line for line in told)
    about = json.loads((made.onnx.parent / builds.ABOUT).read_text())
    assert about["precision"] == INT8
    assert len(about["distances"]) == 12
    assert max(row["mel"] for row in about["distances"]) > 0
    assert builds.found(low(family)) == made
    assert builds.found(network_of(family.denoiser)) is None
    assert made.onnx.read_bytes().count(b"MatMulInteger") + made.onnx.read_bytes().count(b"DynamicQuantize") > 0
    session = Session(family, LowOnnxExecutor(family.denoiser))
    source = session.compose("house", seconds=2)
    near, plain = (
        each.generate(each.prompt("acid"), source, strength=0.9, seed=3) for each in (session, Session(family))
    )
    assert not torch.equal(near, plain)
    assert float((near - plain).square().mean().sqrt()) < 0.1 * float(plain.square().mean().sqrt())
    (made.onnx.parent / builds.ABOUT).write_text(json.dumps({**about, "distances": []}))
    assert builds.found(low(family)) is None
    assert [path.name for path in empty.iterdir()] == [made.onnx.parent.name]


def test_a_wrong_layout_of_scales_is_refused_and_leaves_nothing(
    family: Family, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = GaussianDenoiser()
    with torch.no_grad():
        wrong.colour.weight.copy_(family.denoiser.colour.weight.roll(1, 0))  # type: ignore[attr-defined]

    def misplace(path: Path) -> None:
        network = network_of(wrong)
        export(network, layers_with_sides(network), path)

    monkeypatch.setattr(builds, "quantise", misplace)
    with pytest.raises(DemonError, match="does not sound as in float32"):
        build(family, [])
    assert list(empty.iterdir()) == []
    assert builds.found(low(family)) is None


def test_what_was_not_judged_does_not_play(family: Family) -> None:
    with pytest.raises(DemonError) as raised:
        builds.build(low(family))
    for refusal in (why_not("onnx-int8", family.denoiser), raised.value):
        assert refusal is not None
        assert "in int8" in refusal.what
        assert refusal.mend.endswith("--precision int8")


def test_auto_never_takes_it() -> None:
    assert not LOW_PRECISION.keys() & {*FASTEST_FIRST, *EXECUTORS}
    kind: Any = executor_named("onnx-int8")
    assert kind is LowOnnxExecutor


def test_the_command_refuses_what_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    for given, said in (
        (("--precision", "int9"), "no precision named 'int9'"),
        (("--precision", "int8", "--executor", "tensorrt"), "has no engines in int8 yet"),
    ):
        run = Run(capsys, "build", *given)
        assert run.code == 1
        assert said in run.err
