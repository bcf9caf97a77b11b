"""An edit while it plays: only what it reaches is forecast anew, and the forecast is as if all of it were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.graph.program_difference import program_difference
from tests.support.effort import examples
from tests.support.graph_strategies import graphs, nodes
from tests.support.node_bench import BENCH, playable

SONG = 600
TRANSPORT = Transport(25, 126, 4, SONG)


def built(patch: Patch, previous: Program | None = None) -> Program:
    return compile(patch, BENCH, Geometry(25, SONG), previous)


def spans(forecast: Forecast, lo: int, hi: int) -> np.ndarray:
    return np.array([forecast.span(s, lo, hi) for s in range(len(forecast.program.engine_ports))])


def state_of(forecast: Forecast) -> dict:
    program, live = forecast.program, forecast._live
    bus = dict(zip(program.bus_keys, live.bus, strict=True))
    return bus | dict(zip(program.cell_keys, map(float, live.cells), strict=True))


def edited(patch: Patch, data: st.DataObject, number: int) -> Patch:
    """Returns a patch after a random edit."""
    ids = sorted(patch.nodes.keys() - {"p", "zs"} - playable({}, ()).nodes.keys())
    what = data.draw(st.sampled_from(["add", "replace", "bypass", "value", "mute", "cut", "nothing", "move"]))
    if what == "add" or not ids:
        return structs.replace(patch, nodes={**patch.nodes, f"a{number}": data.draw(nodes())})
    id = data.draw(st.sampled_from(ids))
    node, own = patch.nodes[id], [c for c in patch.cables if id in (c.src, c.dst)]
    cables = patch.cables
    if what == "replace":
        node, cables = data.draw(nodes()), tuple(c for c in cables if c not in own)
    elif what == "bypass":
        node = structs.replace(node, bypass=not node.bypass)
    elif what == "mute":
        node = structs.replace(node, muted=not node.muted)
    elif what == "move":
        node = structs.replace(node, at=(float(number), 1.0))
    elif what == "value" and (ports := [p for p in BENCH[node.type].ports if p.numeric and p.bounded and p.hi < 1e6]):
        port = data.draw(st.sampled_from(ports))
        value = data.draw(st.floats(port.lo, port.hi))
        value = float(round(value)) if port.taper == "int" else value
        node = structs.replace(node, values={**node.values, port.name: value})
    elif what == "cut" and own:
        gone = data.draw(st.sampled_from(own))
        cables = tuple(c for c in cables if c is not gone)
    return structs.replace(patch, nodes={**patch.nodes, id: node}, cables=cables)


@settings(max_examples=examples(120), deadline=None)
@given(graphs(), st.data())
def test_any_edits_give_the_forecast_that_is_computed_anew(
    graph: tuple[dict[str, Node], list[Cable]], data: st.DataObject
) -> None:
    patch = playable(graph[0], tuple(graph[1]))
    both = tuple(Forecast(built(patch), TRANSPORT) for _ in range(2))
    for number in range(data.draw(st.integers(1, 6))):
        before, patch = patch, edited(patch, data, number)
        for forecast, anew in zip(both, (False, True), strict=True):
            # the one is compiled from what was there, the other from nothing
            program = built(patch, None if anew else forecast.program)
            program.inherited = None
            forecast.swap(program, anew)
        assert before is not patch
        what = data.draw(st.sampled_from(["advance", "read", "curves", "nothing"]))
        ahead = data.draw(st.integers(1, 200))
        for forecast in both:
            if what == "advance":
                forecast.advance(forecast.now + ahead)
            elif what == "read":
                forecast.port_value(0, forecast.now + ahead)
            elif what == "curves":
                forecast.curves(list(range(len(forecast.program.engine_ports))), forecast.now, 12)
    for ahead in (1, 300):
        now = both[0].now
        said, fresh = (spans(forecast, now, now + ahead) for forecast in both)
        names = [[(s.node, s.port, s.kind) for s in forecast.program.engine_ports] for forecast in both]
        order = [names[0].index(name) for name in names[1]]
        scale = np.maximum(1.0, np.abs(fresh).max(axis=1, keepdims=True))
        assert (np.abs(said[order] - fresh) <= 1e-12 * scale).all()
        for forecast in both:
            forecast.advance(now + 30)
        one, other = map(state_of, both)
        assert {key: one[key] for key in other if key} == {key: other[key] for key in other if key}


NODES = {
    "slow": Node("lfo", values={"rate": 0.1}),
    "fast": Node("lfo", values={"rate": 0.7}),
    "glide": Node("slew", values={"rise": 2.0, "fall": 0.5}),
    "p": Node("probe"),
}
CABLES = (Cable("slow", "out", "glide", "x"), Cable("glide", "out", "p", "x0"), Cable("fast", "out", "p", "x1"))


def test_only_what_an_edit_reaches_is_forecast_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    patch = playable(NODES, CABLES)
    forecast = Forecast(built(patch), TRANSPORT)
    forecast.span(0, 0, 400)
    whole, ports = forecast.computed, len(forecast.program.engine_ports)
    assert whole >= 400 * ports
    for change, rows in (
        ({"fast": Node("lfo", values={"rate": 0.2})}, 1),
        ({"new": Node("lfo")}, 0),
        ({"slow": structs.replace(NODES["slow"], at=(5.0, 5.0), label="Slow")}, 0),
    ):
        before = forecast.computed
        patch = structs.replace(patch, nodes={**patch.nodes, **change})
        forecast.swap(built(patch, forecast.program), anew=False)
        forecast.span(0, 0, 400)
        assert forecast.computed - before <= rows * (whole // ports)


def test_what_may_change_everything_is_not_told_apart() -> None:
    one = built(playable(NODES, CABLES))
    loop = built(playable(NODES, (*CABLES, Cable("glide", "out", "slow", "rate"))), one)
    grown = built(playable(NODES, (*CABLES, Cable("fast", "out", "p", "x2"))), one)
    assert program_difference(one, built(playable(NODES, CABLES), one)) is not None
    assert program_difference(one, loop) is None
    assert program_difference(grown, one) is not None
    one.faults["slow"] = "stands still"
    assert program_difference(one, built(playable(NODES, CABLES), one)) is None
