"""What is fed from outside: when it counts, what it makes anew, what it holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from demon_patch.codegen.body import DeclarationError
from demon_patch.codegen.frame import Frame
from demon_patch.errors import PatchError
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import live_value, out, value
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from tests.support.node_bench import BENCH, playable

TRANSPORT = Transport(25, 120, 4, 200)
NODES = {
    "cc": Node("midi_cc", values={"smooth": 0.0, "channel": "3", "number": 7}),
    "keys": Node("midi_notes"),
    "env": Node("adsr", values={"attack": 0.2}),
    "lfo": Node("lfo"),
    "sum": Node("add"),
    "p": Node("probe"),
}
CABLES = (
    Cable("cc", "value", "p", "x0"),
    Cable("keys", "gate", "env", "gate"),
    Cable("env", "out", "p", "x1"),
    Cable("keys", "gate", "p", "g0"),
    Cable("lfo", "out", "sum", "a"),
    Cable("cc", "value", "sum", "b"),
    Cable("sum", "out", "p", "x2"),
    Cable("lfo", "out", "p", "x3"),
    Cable("cc", "gate", "p", "g1"),
)


def built(nodes: dict[str, Node] = NODES, cables: tuple[Cable, ...] = CABLES) -> Program:
    return compile(playable(nodes, cables), BENCH, Geometry(25, 200))


def spans(forecast: Forecast, lo: int, hi: int) -> np.ndarray:
    return np.array([forecast.span(s, lo, hi) for s in range(len(forecast.program.engine_ports))])


def test_what_is_fed_holds_from_the_next_frame_on() -> None:
    forecast = Forecast(built(), TRANSPORT)
    sink = forecast.program.engine_port("p", "x0")
    forecast.advance(10)
    forecast.feed("cc", "position", 0.75)
    assert forecast.port_value(sink, 9) == 0.0
    assert (forecast.span(sink, 10, 300) == 0.75).all()
    forecast.advance(20)
    assert (forecast.span(sink, 0, 20) == [0.0] * 10 + [0.75] * 10).all()


def test_a_fed_gate_rises_once_and_its_rises_of_one_frame_add_up() -> None:
    forecast = Forecast(built(), TRANSPORT)
    gate, level = forecast.program.engine_port("p", "g0"), forecast.program.engine_port("p", "g0", "level")
    forecast.advance(5)
    forecast.feed("keys", "held", (1, 1))
    forecast.feed("keys", "held", (1, 1))
    said = forecast.span(gate, 0, 200)
    assert np.flatnonzero(said).tolist() == [5]
    assert said[5] == 2
    assert (forecast.span(level, 5, 200) == 1).all()
    forecast.advance(200)
    np.testing.assert_array_equal(forecast.span(gate, 0, 200), said)


@pytest.mark.parametrize("ticks", [1, 3, 12])
def test_events_come_in_their_frames_at_any_length_of_tick(ticks: int) -> None:
    forecast = Forecast(built(), TRANSPORT)
    for k in range(0, 96, 8):
        forecast.feed("keys", "held", (float(k % 16 == 0), float(k % 16 == 0)), at=k + 3)
        forecast.feed("cc", "position", k / 100, at=k + 5)
    for now in range(0, 97, ticks):
        forecast.advance(now)
    whole = Forecast(built(), TRANSPORT)
    for k in range(96):
        if k % 8 == 3:
            whole.feed("keys", "held", (float((k - 3) % 16 == 0), float((k - 3) % 16 == 0)))
        if k % 8 == 5:
            whole.feed("cc", "position", (k - 5) / 100)
        whole.advance(k + 1)
    np.testing.assert_array_equal(spans(forecast, 0, 96), spans(whole, 0, 96))


def test_the_forecast_after_a_feed_is_what_comes() -> None:
    forecast = Forecast(built(), TRANSPORT)
    spans(forecast, 0, 150)
    forecast.advance(20)
    forecast.feed("keys", "held", (1, 1))
    forecast.feed("cc", "position", 0.9)
    said = spans(forecast, 20, 180)
    forecast.advance(180)
    assert np.abs(said - spans(forecast, 20, 180)).max() <= 1e-12
    assert said[forecast.program.engine_port("p", "x1")].max() > 0.5


def test_several_feeds_make_the_forecast_anew_once_and_equal_ones_never(monkeypatch: pytest.MonkeyPatch) -> None:
    program = built()
    forecast = Forecast(program, TRANSPORT)
    forecast.per_frame(0, 0)
    ran: list[int] = []
    extend = program.extend_part

    def counted(half: int, state: Any, k0: int, n: int, *others: Any) -> Any:
        ran.append(n)
        return extend(half, state, k0, n, *others)

    monkeypatch.setattr(program, "extend_part", counted)
    for _ in range(3):
        forecast.feed("cc", "position", 0.0)
        forecast.feed("keys", "held", (0, 0))
    forecast.per_frame(0, 0)
    assert (ran, forecast.live_changes) == ([], 0)
    for x in (0.1, 0.2, 0.3):
        forecast.feed("cc", "position", x)
    forecast.feed("keys", "note", 72.0)
    forecast.per_frame(0, 0)
    assert (ran, forecast.live_changes) == ([150], 1)
    assert forecast.port_value(program.engine_port("p", "x0"), 3) == 0.3


@pytest.mark.parametrize("source", [("cc", "value"), ("knob", "out")], ids=["what is fed", "the rest"])
def test_a_node_that_fails_in_either_half_leaves_the_forecast_exact(source: tuple[str, str]) -> None:
    nodes = {**NODES, "knob": Node("knob"), "over": Node("expression", values={"formula": "1 / (a - 0.5)"})}
    program = built(nodes, (*CABLES, Cable(*source, "over", "a", "add", 1.0), Cable("over", "out", "p", "x4")))
    forecast, sinks = Forecast(program, TRANSPORT), range(len(program.engine_ports))
    for now in range(1, 40):
        forecast.advance(now)
        forecast.feed("cc", "position", 0.5 if now % 3 else now / 100)
        shown = forecast.curves(sinks, now)
        state = forecast._live.copy()
        comes = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(now, now + 100)]).T
        assert np.abs(shown[:, np.arange(now, now + 100)] - comes).max() <= 1e-12
    assert set(program.faults) == {"over"}


def test_what_is_only_looked_at_makes_no_forecast_anew() -> None:
    nodes = {**NODES, "eye": Node("scope"), "bend": Node("midi_bend")}
    program = built(nodes, (*CABLES, Cable("bend", "bend", "eye", "x")))
    assert ("eye", "x") in program.held
    assert not any(sink.node == "eye" for sink in program.engine_ports)
    forecast = Forecast(program, TRANSPORT)
    forecast.scopes.watch([("eye", "x", "in")])
    forecast.per_frame(0, 0)
    ends = list(forecast._timeline.ends)
    forecast.feed("bend", "wheel", 0.5)
    forecast.advance(10)
    assert forecast._timeline.ends == ends
    assert (forecast.scopes.read(("eye", "x", "in")).values == 0.5).all()
    forecast.feed("cc", "position", 0.5)
    assert forecast.port_value(program.engine_port("p", "x0"), 10) == 0.5


def test_a_curve_seen_from_the_same_frame_follows_a_feed() -> None:
    forecast = Forecast(built(), TRANSPORT)
    sink = forecast.program.engine_port("p", "x0")
    assert not forecast.per_frame(sink, 0).any()
    forecast.feed("cc", "position", 0.5)
    assert (forecast.per_frame(sink, 0)[:150] == 0.5).all()  # what is renewed at once


def test_a_curve_shows_all_that_was_fed_since_it_was_looked_at() -> None:
    forecast = Forecast(built(), TRANSPORT)
    sink = forecast.program.engine_port("p", "x0")
    forecast.per_frame(sink, 0, 8)
    forecast.feed("cc", "position", 0.5)
    forecast.feed("cc", "position", 0.75, at=3)
    forecast.advance(6)
    assert forecast.per_frame(sink, 6, 8)[:6].tolist() == [0.5] * 3 + [0.75] * 3


def test_an_edit_keeps_what_was_fed_by_node_type_and_port() -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.feed("cc", "position", 0.75)
    forecast.feed("keys", "note", 72.0)
    forecast.advance(4)
    forecast.feed("keys", "held", (1, 1))
    other = {**NODES, "cc": Node("midi_cc", values={"smooth": 0.0, "number": 8}), "keys": Node("keyboard")}
    forecast.swap(built(other))
    assert forecast.port_value(forecast.program.engine_port("p", "x0"), 50) == 0.75
    assert forecast.program.live_inputs.port("keys", "key").slots
    assert not forecast.span(forecast.program.engine_port("p", "g0", "level"), 4, 50).any()


def test_a_gate_that_rose_but_has_not_run_survives_an_edit() -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.advance(4)
    forecast.feed("keys", "held", (1, 1))
    forecast.swap(built({**NODES, "env": Node("adsr", values={"attack": 0.3})}))
    assert np.flatnonzero(forecast.span(forecast.program.engine_port("p", "g0"), 0, 50)).tolist() == [4]


def test_held_is_all_that_a_live_source_reaches_and_nothing_else() -> None:
    loop = {**NODES, "slew": Node("slew"), "mul": Node("multiply")}
    around = (Cable("slew", "out", "mul", "a"), Cable("mul", "out", "slew", "x"), Cable("cc", "value", "slew", "rise"))
    program = built(loop, (*CABLES, *around))
    assert program.held == {
        ("p", "x0"), ("p", "x1"), ("p", "x2"), ("p", "g0"), ("p", "g1"), ("env", "gate"), ("sum", "b"),
        ("slew", "rise"), ("slew", "x"), ("mul", "a"),
    }  # fmt: skip
    assert not built({"lfo": Node("lfo"), "p": Node("probe")}, (Cable("lfo", "out", "p", "x0"),)).held


def test_listeners_say_what_a_device_must_know() -> None:
    listeners = built({**NODES, "follow": Node("follower")}).listeners
    assert set(listeners) == {"cc", "keys"}
    cc = listeners["cc"]
    assert (cc.type, cc.ports) == ("midi_cc", ("position",))
    assert cc.settings == {"channel": "3", "number": 7, "width": "7 bit", "mode": "absolute"}
    assert listeners["keys"].settings["priority"] == "last"


@pytest.mark.parametrize(
    ("port", "value", "message"),
    [
        ("smooth", 0.5, "node cc: port smooth: it is not a live input (feed one of position)"),
        ("position", math.nan, "node cc: port position: it does not take nan (feed a finite number)"),
        ("position", (1, 0), "node cc: port position: it does not take (1, 0) (feed a finite number)"),
        ("position", "loud", "node cc: port position: it does not take 'loud' (feed a finite number)"),
    ],
)
def test_what_cannot_be_fed_is_refused(port: str, value: Any, message: str) -> None:
    forecast = Forecast(built(), TRANSPORT)
    with pytest.raises(PatchError) as caught:
        forecast.feed("cc", port, value)
    assert str(caught.value) == message


def test_a_number_is_limited_to_the_ports_range() -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.feed("cc", "position", 3.0)
    assert forecast.port_value(forecast.program.engine_port("p", "x0"), 0) == 1.0


def test_a_fed_port_takes_neither_value_nor_cable() -> None:
    nodes = {**NODES, "cc": Node("midi_cc", values={"position": 0.5})}
    assert [str(p) for p in problems(playable(nodes, ()), BENCH)] == [
        "node cc: port position: it is fed from outside (leave it out)"
    ]
    wired = playable(NODES, (Cable("lfo", "out", "cc", "position"),))
    assert [str(p) for p in problems(wired, BENCH)] == [
        "node cc: port position: it takes no cable, but one comes from lfo.out (take the cable out)"
    ]


def test_a_node_is_live_exactly_where_it_has_fed_ports() -> None:
    with pytest.raises(DeclarationError, match="declared live=True"):

        @node("still", "Still", "Nothing.", out=out("out"), category="test", live=True)
        def still(t: Frame, x: float = value(0, 0, 1, doc="A number.")):
            return x

    with pytest.raises(DeclarationError, match="declared live=True"):

        @node("secret", "Secret", "Something.", out=out("out"), category="test")
        def secret(t: Frame, x: float = live_value(0, 0, 1, doc="A number.")):
            return x
