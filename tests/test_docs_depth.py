"""The worked examples of docs/depth.md are what the compiled graph gives."""

from __future__ import annotations

import re

import pytest

from demon_patch.bench.graph import CABLES, CHAIN
from demon_patch.engine.families import spec_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.wiring import USUAL_DEPTH
from tests.support.paths import DOCS

PAGE = (DOCS / "depth.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `sch")
]


def test_the_page_has_every_taper_and_the_usual_depth() -> None:
    assert {row[1].split(",")[0] for row in ROWS} == {"linear", "log", "int", "family"}
    assert f"drawn without a depth has {USUAL_DEPTH:g}." in " ".join(PAGE.split())


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_a_worked_example_is_what_is_computed(row: list[str]) -> None:
    end, taper, knob, how, signal, limits, value = row
    scheduler, name = end.strip("`").split(".")
    port = CATALOGUE[scheduler].by_name[name]
    assert taper == f"{port.taper}, {port.lo:g} to {port.hi:g}"
    numbers = {key: float(x) for key, x in re.findall(r"(depth|offset) (-?[\d.]+)", how)}
    mode = "set" if how.startswith("set") else "add"
    (zs,) = (id for id, node in CHAIN.items() if node.type == "scheduler")
    ranges = {name: tuple(float(x) for x in limits.split(" to "))} if limits else {}
    nodes = {**CHAIN, zs: Node("scheduler", values={name: float(knob)}, ranges=ranges)}
    nodes["signal"] = Node("expression", values={"formula": signal})
    cable = Cable("signal", "out", zs, name, mode=mode, **numbers)
    spec = spec_of("nano")
    program = compile(Patch(nodes=nodes, cables=(*CABLES, cable)), CATALOGUE, Geometry.of_family(spec))
    forecast = Forecast(program, Transport(spec.frame_rate, 120.0, 4, 400))
    forecast.advance(3)
    assert forecast.span(program.engine_port(zs, name), 1, 2)[0] == pytest.approx(float(value), abs=6e-4)
