"""Knobs that are turned without compiling: every bit as if the patch had been compiled with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.timeline import FAR, NEAR
from tests.support.effort import examples
from tests.support.graph_strategies import KINDS, LIVE, graphs, knob
from tests.support.node_bench import BENCH, playable

SONG = 400
TRANSPORT = Transport(25, 126, 4, SONG)
GEOMETRY = Geometry(25, SONG)
Values = dict[tuple[str, str], float | None]


def with_values(patch: Patch, values: Values) -> Patch:
    nodes = dict(patch.nodes)
    for (node, port), value in values.items():
        kept = {name: given for name, given in nodes[node].values.items() if name != port}
        nodes[node] = structs.replace(nodes[node], values=kept if value is None else {**kept, port: value})
    return structs.replace(patch, nodes=nodes)


@pytest.fixture(autouse=True, scope="module")
def uncomputed_rows() -> Iterator[None]:
    """Rows that nothing has computed hold NaN, so that one that is read after all is seen, whatever the memory held."""
    with pytest.MonkeyPatch.context() as patched:
        made = np.empty
        patched.setattr(np, "empty", lambda *given, **named: _uncomputed(made(*given, **named)))
        yield


def _uncomputed(made: np.ndarray) -> np.ndarray:
    if made.dtype.kind == "f":
        made[:] = np.nan
    return made


class Twins:
    """Two forecasts of one document: knobs of the first are turned, the second is compiled anew for every turn."""

    def __init__(self, patch: Patch, now: int = 0) -> None:
        self.patch = patch
        self.turned, self.compiled = (Forecast(compile(patch, BENCH, GEOMETRY), TRANSPORT) for _ in range(2))
        self.refused = 0
        self.advance(now)

    @property
    def both(self) -> tuple[Forecast, Forecast]:
        return self.turned, self.compiled

    def advance(self, frames: int) -> None:
        for forecast in self.both:
            forecast.advance(forecast.now + frames)

    def turn(self, values: Values) -> None:
        self.patch = with_values(self.patch, values)
        self.compiled.swap(compile(self.patch, BENCH, GEOMETRY, self.compiled.program))
        if refused := self.turned.turn(values).refused:
            self.refused += len(refused)
            self.turned.swap(compile(self.patch, BENCH, GEOMETRY, self.turned.program))

    def read(self, ahead: int) -> None:
        """Looks as the performer does, so that parts of the forecasts are computed."""
        for forecast in self.both:
            if ahead % 2:
                forecast.curves(list(range(len(forecast.program.engine_ports))), forecast.now, 12)
            else:
                forecast.port_value(0, forecast.now + ahead)

    def spans(self, lo: int, hi: int) -> tuple[np.ndarray, np.ndarray]:
        rows = [[forecast.span(s, lo, hi) for s in range(len(forecast.program.engine_ports))] for forecast in self.both]
        return np.array(rows[0]), np.array(rows[1])

    def check(self, ahead: int) -> None:
        now = self.turned.now
        past = self.spans(0, now)
        assert np.array_equal(*past), np.argwhere(past[0] != past[1])[:4]
        states = [
            {key: x for key, x in zip(keys, values, strict=True) if key}
            for forecast in self.both
            for keys, values in (
                (forecast.program.bus_keys, forecast._live.bus),
                (forecast.program.cell_keys, [float(x) for x in forecast._live.cells]),
            )
        ]
        assert states[0] == states[2]
        assert states[1] == states[3]
        said, fresh = self.spans(now, now + ahead)
        scale = np.maximum(1.0, np.abs(fresh).max(axis=1, keepdims=True))
        assert (np.abs(said - fresh) <= 1e-12 * scale).all()


def knobs(patch: Patch) -> list[tuple[str, str]]:
    return [(id, p.name) for id, node in sorted(patch.nodes.items()) for p in BENCH[node.type].ports if p.numeric]


@settings(max_examples=examples(120), deadline=None)
@given(st.data(), graphs(KINDS + 3 * LIVE))
def test_any_turns_between_frames_give_what_a_compiled_program_gives(
    data: st.DataObject, graph: tuple[dict[str, Node], list[Cable]]
) -> None:
    twins = Twins(playable(graph[0], tuple(graph[1])))
    all_knobs, fed = knobs(twins.patch), sorted(twins.turned.program.live_inputs.ports.items())
    for _ in range(data.draw(st.integers(1, 8))):
        what = data.draw(st.sampled_from(["turn", "turn", "turn", "advance", "read", "feed"]))
        if what == "turn":
            chosen = data.draw(st.lists(st.sampled_from(all_knobs), min_size=1, max_size=4, unique=True))
            values: Values = {}
            for node, name in chosen:
                port = BENCH[twins.patch.nodes[node].type].by_name[name]
                value = knob(data.draw, port)
                value = float(round(value)) if port.taper == "int" else value
                values[node, name] = data.draw(st.sampled_from([value, value, value, None]))
            twins.turn(values)
        elif what == "advance":
            twins.advance(data.draw(st.integers(1, 200)))
        elif what == "read":
            twins.read(data.draw(st.integers(0, 300)))
        elif fed:
            (node, port), feed = data.draw(st.sampled_from(fed))
            number = data.draw(st.floats(feed.lo, feed.hi))
            for forecast in twins.both:
                forecast.feed(node, port, (round(number), 1.0) if len(feed.slots) > 1 else number)
    twins.check(data.draw(st.sampled_from([1, 40, 300])))
    twins.advance(data.draw(st.integers(1, 60)))
    twins.check(100)


NODES = {
    "slow": Node("lfo", values={"rate": 0.1}),
    "fast": Node("lfo", values={"rate": 0.7}),
    "glide": Node("slew", values={"rise": 2.0, "fall": 0.5}),
    "sum": Node("add"),
    "p": Node("probe"),
}
CABLES = (
    Cable("slow", "out", "glide", "x"),
    Cable("glide", "out", "zs", "structure", depth=-0.4),
    Cable("fast", "out", "zs", "initial_noise", depth=0.3),
    Cable("fast", "out", "p", "x0"),
)


def test_only_what_a_knob_reaches_is_forecast_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    patch = playable(NODES, CABLES)
    forecast = Forecast(compile(patch, BENCH, GEOMETRY), TRANSPORT)
    program = forecast.program
    ran: list[tuple[set[str], int, set[str]]] = []
    extend = program.extend_part

    def counted(part: Any, state: Any, k0: int, n: int, *rest: Any) -> Any:
        shown = {program.engine_ports[i].port for i in part.shown.tolist()}
        ran.append(({step.node for block in part.blocks for step in block.nodes}, n, shown))
        return extend(part, state, k0, n, *rest)

    monkeypatch.setattr(program, "extend_part", counted)
    forecast.advance(10)
    forecast.per_frame(0, 10)
    whole: list[int] = []
    extend_all = program.extend

    def extended(state: Any, k0: int, *rest: Any) -> Any:
        whole.append(k0)
        return extend_all(state, k0, *rest)

    monkeypatch.setattr(program, "extend", extended)
    assert not forecast.turn({("glide", "rise"): 0.3}).refused
    forecast.per_frame(0, 10)
    assert ran == [({"slow", "glide", "zs.structure"}, NEAR, {"structure"})]
    ran.clear()
    assert not forecast.turn({("zs", "strength"): 0.3}).refused
    forecast.per_frame(0, 10)
    ((nodes, _, shown),) = ran  # what was not finished is still forecast anew
    assert (nodes, shown) == ({"slow", "glide", "zs.structure"}, {"structure", "strength"})
    ran.clear()
    forecast.advance(11)
    forecast.per_frame(0, 11)
    assert [(n, shown) for _, n, shown in ran] == [(min(FAR, SONG - NEAR), {"structure", "strength"})]
    assert whole == [10 + SONG]  # frames that were not known before


def test_a_knob_that_nothing_reads_makes_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    forecast = Forecast(compile(playable(NODES, CABLES), BENCH, GEOMETRY), TRANSPORT)
    forecast.per_frame(0, 0)
    for name in ("extend", "extend_part"):
        monkeypatch.setattr(forecast.program, name, lambda *_: pytest.fail("something is computed anew"))
    assert not forecast.turn({("sum", "a"): 0.3}).refused
    forecast.per_frame(0, 0)


REFUSED = [
    ("lfo", {}, "sum", "b", [Cable("n", "out", "sum", "b")], 1.0),  # its arithmetic would be another
    # The range that its output carries, by which cables from there are scaled, would be another.
    ("lfo", {}, "s", "x", [Cable("n", "out", "s", "x", depth=0.5), Cable("s", "out", "zs", "structure")], 2.0),
    ("midi_cc", {}, "n", "number", [], 12.0),  # the host listens to another controller
    ("drawn_curve", {}, "n", "length", [], 2.0),
    ("lfo", {}, "zs", "x0_target", [], 0.5),
    ("lfo", {}, "n", "rate", [], 1e9),  # out of range
    ("lfo", {}, "gone", "rate", [], 1.0),
]


@pytest.mark.parametrize(("kind", "values", "node", "port", "cables", "value"), REFUSED)
def test_what_needs_another_program_does_not_move(
    kind: str, values: dict[str, Any], node: str, port: str, cables: list[Cable], value: float
) -> None:
    nodes = {"n": Node(kind, values=values), "sum": Node("add"), "s": Node("slew"), "p": Node("probe")}
    patch = playable(nodes, tuple(cables))
    forecast = Forecast(compile(patch, BENCH, GEOMETRY), TRANSPORT)
    before = [*forecast.program.params], [*forecast.program.bus]
    turned = forecast.turn({(node, port): value, ("zs", "strength"): 0.25})
    assert turned.refused == {(node, port)}
    assert forecast.program.params == before[0]
    assert np.flatnonzero(np.array(before[1]) != np.array(forecast.program.bus)).tolist() == list(turned.slots)
    assert forecast.port_value(forecast.program.engine_port("zs", "strength"), 0) == 0.25


def test_a_turned_constant_stays_through_edits_until_the_document_has_another() -> None:
    patch = playable(NODES, CABLES)
    forecast = Forecast(compile(with_values(patch, {("zs", "strength"): 0.5}), BENCH, GEOMETRY), TRANSPORT)
    for value in (0.25, 0.75):
        forecast.turn({("zs", "strength"): value})
        forecast.advance(forecast.now + 3)
    sink = forecast.program.engine_port("zs", "strength")
    assert forecast.span(sink, 0, 9).tolist() == [0.25] * 3 + [0.75] * 6
    forecast.swap(compile(with_values(patch, {("zs", "strength"): 0.5}), BENCH, GEOMETRY, forecast.program))
    assert forecast.span(sink, 4, 9).tolist() == [0.75] * 2 + [0.5] * 3


def test_a_scope_on_an_input_shows_the_turned_knob() -> None:
    forecast = Forecast(compile(playable(NODES, CABLES), BENCH, GEOMETRY), TRANSPORT)
    forecast.scopes.watch([("fast", "rate", "in"), ("zs", "strength", "in")])
    forecast.advance(4)
    forecast.turn({("fast", "rate"): 0.25, ("zs", "strength"): 0.5})
    forecast.advance(8)
    assert forecast.scopes.read(("fast", "rate", "in")).values.tolist()[-8:] == [0.7] * 4 + [0.25] * 4
    assert forecast.scopes.read(("zs", "strength", "in")).values.tolist()[-4:] == [0.5] * 4
