"""Taps: the latest seconds of any output or input, for whoever shows them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.graph.scopes import SHOWN
from tests.support.node_bench import BENCH, playable

TRANSPORT = Transport(25, 120, 4, 200)
NODES = {
    "lfo": Node("lfo", values={"rate": 0.3}),
    "clk": Node("clock", values={"beats": 1.0}),
    "env": Node("adsr", values={"attack": 0.3}),
    "key": Node("keyboard"),
    "scale": Node("scale", values={"in_lo": -1.0}),
    "screen": Node("scope"),
    "p": Node("probe"),
}
CABLES = (
    Cable("clk", "gate", "env", "gate"),
    Cable("lfo", "out", "scale", "x"),
    Cable("lfo", "uni", "env", "sustain", depth=0.5),
    Cable("scale", "out", "screen", "x"),
    Cable("clk", "gate", "screen", "gate"),
    Cable("lfo", "out", "p", "x0"),
    Cable("env", "out", "p", "x1"),
)


def built(nodes: dict[str, Node] = NODES) -> Program:
    return compile(playable(nodes, CABLES), BENCH, Geometry(25, 200))


def test_outputs_and_inputs_are_read_as_they_were() -> None:
    forecast = Forecast(built(), TRANSPORT)
    inputs = {("screen", "x"), ("screen", "gate"), ("screen", "span"), ("scale", "x"), ("env", "gate"),
              ("env", "sustain"), ("env", "attack"), ("key", "key")}  # fmt: skip
    outputs = {("lfo", "out"), ("env", "out"), ("clk", "gate"), ("key", "pitch")}
    points = {*((*each, "in") for each in inputs), *((*each, "out") for each in outputs)}
    forecast.scopes.watch(points)
    forecast.advance(100)
    read = {(node, port): forecast.scopes.read((node, port, side)) for node, port, side in points}
    assert {trail.first for trail in read.values()} == {0}
    sink = {name: forecast.span(forecast.program.engine_port("p", name), 0, 100) for name in ("x0", "x1")}
    np.testing.assert_allclose(read["lfo", "out"].values, sink["x0"])
    np.testing.assert_allclose(read["scale", "x"].values, sink["x0"])
    np.testing.assert_allclose(read["env", "out"].values, sink["x1"])
    np.testing.assert_allclose(read["screen", "x"].values, (sink["x0"] + 1) / 2)
    np.testing.assert_array_equal(read["screen", "gate"].values, read["clk", "gate"].values)
    assert set(read["screen", "span"].values) == {4.0}
    beats = np.ceil(np.arange(8) * 12.5).astype(int)
    assert read["clk", "gate"].values[beats].all()
    np.testing.assert_array_equal(read["clk", "gate"].values, read["env", "gate"].values)
    np.testing.assert_allclose(read["env", "sustain"].values, np.clip(0.6 + 0.25 * (sink["x0"] + 1), 0, 1))
    assert set(read["env", "attack"].values) == {0.3}
    assert set(read["key", "pitch"].values) == set(read["key", "key"].values) == {60.0}


def test_only_the_latest_seconds_are_kept() -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.scopes.watch({("lfo", "out", "out")})
    forecast.advance(2000)
    trail = forecast.scopes.read(("lfo", "out", "out"))
    assert trail.first == 2000 - SHOWN
    sink = forecast.program.engine_port("p", "x0")
    np.testing.assert_allclose(trail.values, forecast.span(sink, trail.first, 2000))


def test_what_is_not_there_or_not_watched_is_empty() -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.scopes.watch({("gone", "out", "out"), ("lfo", "rates", "in")})
    forecast.advance(10)
    for point in (("gone", "out", "out"), ("lfo", "rates", "in"), ("lfo", "out", "out")):
        assert len(forecast.scopes.read(point).values) == 0


def test_a_trail_goes_on_through_edits_and_through_other_points() -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.scopes.watch({("lfo", "out", "out")})
    forecast.advance(30)
    forecast.scopes.watch({("lfo", "out", "out"), ("env", "out", "out")})
    forecast.advance(50)
    forecast.swap(built({**NODES, "extra": Node("lfo")}))
    forecast.advance(70)
    lfo, env = (forecast.scopes.read((node, "out", "out")) for node in ("lfo", "env"))
    assert (lfo.first, len(lfo.values), env.first, len(env.values)) == (0, 70, 30, 40)
    np.testing.assert_allclose(lfo.values, forecast.span(forecast.program.engine_port("p", "x0"), 0, 70))
    forecast.scopes.watch(())
    forecast.advance(71)
    assert len(forecast.scopes.read(("lfo", "out", "out")).values) == 0


@pytest.mark.parametrize("k", [64])
def test_another_thread_reads_whole_trails_while_they_are_written(k: int) -> None:
    forecast = Forecast(built(), TRANSPORT)
    forecast.scopes.watch({("lfo", "out", "out")})
    expected = Forecast(built(), TRANSPORT).span(forecast.program.engine_port("p", "x0"), 0, 60 * k)
    done, wrong = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            trail = forecast.scopes.read(("lfo", "out", "out"))
            if not np.allclose(trail.values, expected[trail.first : trail.first + len(trail.values)]):
                wrong.append(trail)

    reader = threading.Thread(target=look)
    reader.start()
    for now in range(0, 60 * k, k):
        forecast.advance(now)
    done.set()
    reader.join()
    assert not wrong


def test_several_signals_are_read_from_a_frame_on() -> None:
    forecast = Forecast(built(), TRANSPORT)
    points = [("lfo", "out", "out"), ("gone", "out", "out"), ("clk", "gate", "out")]
    assert forecast.scopes.read_since(points, 3)[1].shape == (3, 0)
    forecast.scopes.watch(points)
    forecast.advance(100)
    first, values = forecast.scopes.read_since(points, 40)
    assert (first, values.shape) == (40, (3, 60))
    for place in (0, 2):
        np.testing.assert_array_equal(values[place], forecast.scopes.read(points[place]).values[40:].astype(np.float32))
    assert np.isnan(values[1]).all()
    first, values = forecast.scopes.read_since(points, -1)
    assert (first, values.shape) == (99, (3, 1))
    assert forecast.scopes.read_since(points, 200)[1].shape == (3, 0)
    forecast.advance(1000)
    assert forecast.scopes.read_since(points, 0)[0] == 1000 - SHOWN
