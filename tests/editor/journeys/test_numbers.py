"""Journeys 13 to 15: depth through zero, values typed with their units, a forecast that then comes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.telemetry import Signals, Watch
from tests.editor.journeys.stage import GROUND, OTHER, SAME, Stage, engine, with_nodes

pytestmark = pytest.mark.slow
WIRED = Cable("lfo", "uni", "scheduler", "strength", depth=0.4)
START = with_nodes(
    engine(strength=0.6),
    {
        "lfo": Node("lfo", at=(-20, 110), values={"rate": 0.125, "shape": "square", "sync": "lock"}),
        "noise": Node("smooth_noise", at=(-260, 110), values={"rate": 0.8}),
    },
    WIRED,
)


def test_13_the_depth_of_a_cable_is_turned_through_zero_and_heard(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    before, alike = stage.settled()
    with stage.down("ctrl"):
        x, y = editor.ask("knob", "scheduler", "strength")
        editor.drag((x, y), (x, y + 166), steps=10)
        stage.shoot("depth")
        editor.drop()
    stage.until(lambda now: (now.cables_by_key[WIRED.key].depth or 0.0) < -0.3, "a negative depth")
    cable = stage.cable(*WIRED.key)
    assert cable is not None
    assert cable.depth == pytest.approx(-0.5, abs=0.05)
    turned = stage.hear_until(lambda like: like < alike - OTHER, before, "the depth below zero is not heard")
    assert turned.level > before.level - 6.0
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(START, "one step")
    stage.hear_until(lambda like: like > alike - SAME, before, "what was before is not heard again")


def test_14_a_value_is_typed_with_its_unit(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    for node, port, typed, value in (
        ("decoder", "gain", "-12 dB", -12.0),
        ("decoder", "window", "480 ms", 0.48),
        ("scheduler", "strength", "40 %", 0.4),
        ("lfo", "rate", "1/8t", 3.0),
    ):
        editor.click(editor.ask("knob", node, port), times=2)
        editor.until(lambda: editor.state("typing"), "the field")
        editor.type(typed)
        if port == "gain":
            stage.shoot("typed")
        editor.key("Return")
        stage.until(
            lambda now, node=node, port=port, value=value: now.nodes[node].values.get(port) == pytest.approx(value),
            f"{typed}: {port}",
        )
        assert not editor.state("typing")
    editor.click(editor.ask("knob", "decoder", "gain"), times=2)
    editor.type("loud")
    editor.key("Return")
    assert editor.state("typing"), "what is no number stays in the field"
    editor.key("Escape")
    assert stage.patch.nodes["decoder"].values["gain"] == -12.0
    editor.go(editor.ask("knob", "decoder", "gain"))
    editor.key("BackSpace")
    stage.until(lambda now: "gain" not in now.nodes["decoder"].values, "the default")
    editor.go(GROUND)
    editor.key(*("ctrl+z",) * 5)
    stage.until_equal(START, "five steps")


def test_15_a_probe_shows_the_forecast_that_then_comes(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    point = ("noise", "out", "out")
    came: dict[int, float] = {}

    def hear(event: Event) -> None:
        if isinstance(event, Signals):
            values = np.frombuffer(event.values, "<f4")
            came.update({event.first + n: float(x) for n, x in enumerate(values) if math.isfinite(x)})

    hearing = stage.client._hear
    stage.client._hear = hear
    try:
        stage.client.watch(Watch(what="signals", rate=10, points=(point,)))
        editor.go(editor.ask("pin", "noise", "out", True))
        editor.until(lambda: editor.state("probe") == list(point), "the probe")

        def forecast() -> tuple[int, list[float | None]]:
            first, values = editor.ask("forecast", *point)
            return first, values if sum(x is not None for x in values) >= 60 else []

        first, values = editor.until(lambda: (found := forecast())[1] and found, "a forecast")
        stage.shoot("probe")
        last = first + 60
        assert stage.client.wait(lambda: max(came, default=-1) > last, 60.0), (first, max(came, default=-1))
        pairs = [(x, came[first + n]) for n, x in enumerate(values) if x is not None and first + n in came]
        assert len(pairs) >= 40
        said, was = np.array(pairs).T
        assert np.ptp(was) > 0.05, "the signal moves"
        assert np.abs(said - was).max() < 1e-4
    finally:
        stage.client.watch(Watch(what="signals", rate=0))
        stage.client._hear = hearing
    editor.go(GROUND)
    editor.until(lambda: editor.state("probe") is None, "no probe")
