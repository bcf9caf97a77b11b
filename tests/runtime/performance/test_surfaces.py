"""Surfaces on their way to the engine: tilts, bumps and mixes of them, channel by channel and frame by frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from demon_patch.engine.families import spec_of
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.performance.control_values import ControlValues
from tests.support.toy_family import SPEC
from tests.support.virtual_stage import BAR, likeness, patch, played

CHANNELS = 16
LOW = Node("channel_groups", values={"group_1": 2.0, "channel": 16, "single": 0.5})
HIGH = Node("channel_groups", values={"group_8": 3.0, "group_1": 0.5})
LFO = Node("lfo", values={"rate": 0.25})


def document(nodes: dict[str, Node], *wires: tuple[str, str], cables: tuple[Cable, ...] = ()) -> Patch:
    made = [Cable(start, "surface", *end.split(".")) for start, end in wires]
    return patch({"state": Node("step_state"), **nodes}, [*made, *cables], strength=0.8)


def surface(made: Patch) -> np.ndarray:
    """The gains [1 | T, C] that the engine is told at first."""
    program = compile(made, CATALOGUE, Geometry.of_family(SPEC))
    readings = ControlValues(
        program, Forecast(program, Transport(25, 120, 4, 200)), 4, replace(spec_of("nano"), latent_channels=CHANNELS)
    )
    value = readings.step_values(0, [5])["channel_gain"]
    assert isinstance(value, torch.Tensor)
    return value[0].numpy()


def gains(**groups: float) -> np.ndarray:
    """Those of eight groups of two channels, by number."""
    return np.repeat([groups.get(f"g{n}", 1.0) for n in range(1, 9)], 2)


A = gains(g1=2.0)
A[15] = 0.5
B = gains(g1=0.5, g8=3.0)


def test_a_crossfade_of_surfaces_is_their_weighted_mean() -> None:
    mix = {"a": LOW, "b": HIGH, "mix": Node("surface_mix", values={"amount": 0.25})}
    found = surface(document(mix, ("a", "mix.a"), ("b", "mix.b"), ("mix", "state.channel_gain")))
    np.testing.assert_allclose(found, [0.75 * A + 0.25 * B], rtol=1e-6)


def test_a_product_of_surfaces_adds_their_decibels() -> None:
    mix = {"a": LOW, "b": HIGH, "mix": Node("surface_mix", values={"amount": 0.5, "law": "product"})}
    found = surface(document(mix, ("a", "mix.a"), ("b", "mix.b"), ("mix", "state.channel_gain")))
    np.testing.assert_allclose(found, [A * B**0.5], rtol=1e-6)


def test_mixes_of_mixes_an_open_inlet_and_the_ends_of_the_range() -> None:
    outer, inner = Node("surface_mix", values={"amount": 1.0, "law": "product"}), Node("surface_mix")
    wires = (("b", "inner.b"), ("inner", "outer.a"), ("b", "outer.b"), ("outer", "state.channel_gain"))
    found = surface(document({"b": HIGH, "inner": inner, "outer": outer}, *wires))
    np.testing.assert_allclose(found, [np.minimum((1 + B) / 2 * B, 3.0)], rtol=1e-6)


def test_a_bypassed_mix_is_its_first_surface_and_a_bypassed_surface_is_none() -> None:
    mix = {"a": LOW, "b": HIGH, "mix": Node("surface_mix", values={"amount": 1.0}, bypass=True)}
    wires = (("a", "mix.a"), ("b", "mix.b"), ("mix", "state.channel_gain"))
    np.testing.assert_allclose(surface(document(mix, *wires)), [A], rtol=1e-6)
    silent = {**mix, "mix": Node("surface_mix"), "a": Node("channel_groups", values={"group_1": 2.0}, bypass=True)}
    np.testing.assert_allclose(surface(document(silent, *wires)), [(1 + B) / 2], rtol=1e-6)


def test_a_moving_amount_is_read_frame_by_frame() -> None:
    mix = {"a": LOW, "b": HIGH, "mix": Node("surface_mix", values={"amount": 0.0}), "lfo": LFO}
    cable = (Cable("lfo", "uni", "mix", "amount", mode="add", depth=1.0),)
    found = surface(document(mix, ("a", "mix.a"), ("b", "mix.b"), ("mix", "state.channel_gain"), cables=cable))
    amount = (np.sin(2 * np.pi * 0.25 * np.arange(200) / 25) + 1) / 2
    expected = (1 - amount[:, None]) * A + amount[:, None] * B
    ahead = slice(0, 196)  # the last four frames may still be spliced: they are those before the first
    np.testing.assert_allclose(found[ahead], expected[ahead], atol=1e-6)


@pytest.mark.parametrize(("type", "port"), [("surface_tilt", "tilt"), ("surface_bump", "gain")])
def test_tilts_and_bumps_are_heard_where_they_move(type: str, port: str) -> None:
    square = Node("lfo", values={"shape": "square", "sync": "lock", "rate": 0.125})
    cable = (Cable("lfo", "out", "colour", port, mode="add", depth=0.5),)
    base = {"surface_tilt": 0.0, "surface_bump": 1.5}[type]
    nodes = {"colour": Node(type, values={port: base}), "lfo": square}
    performer, heard = played(document(nodes, ("colour", "state.channel_gain"), cables=cable), 20.0)
    ring = performer.session.ring(performer.source, 1)
    sides: list[torch.Tensor] = []
    for end in (1.0, -1.0):
        groups = np.array(CATALOGUE[type](None, **_values(type, port, end)))
        ring.submit(performer.session.request(performer.prompt, performer.source, strength=0.8))
        told = torch.from_numpy(groups[:4].astype(np.float32))[None, None]
        sides.append(ring.drain({"channel_gain": told})[0].latent)
    # The toy has four channels, the first four groups, and its frames know nothing of each other.
    np.testing.assert_array_equal(likeness(heard, sides), (np.arange(len(heard)) // BAR) % 2)


def _values(type: str, port: str, end: float) -> dict[str, float]:
    known = {p.name: p.default for p in CATALOGUE[type].ports}
    return {**known, port: end if type == "surface_tilt" else 1.5 + 1.5 * end}


def test_an_empty_mix_is_named() -> None:
    found = problems(document({"mix": Node("surface_mix")}, ("mix", "state.channel_gain")), CATALOGUE)
    assert [(error.node, error.port) for error in found] == [("mix", "a")]
