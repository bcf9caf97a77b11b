"""A step window: the Step State works in its steps alone, whatever the ring's depth, on the exact toy family."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

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
from demon_patch.runtime.graph.warnings import warnings_of
from demon_patch.runtime.performance.control_values import ControlValues
from demon_patch.runtime.performance.performer import Performer
from tests.support.toy_family import SPEC
from tests.support.virtual_stage import BAR, likeness, patch, played


def windowed(
    window: dict[str, Any],
    state: dict[str, Any],
    chain: tuple[str, ...] = ("state", "window"),
    extra: dict[str, Node] | None = None,
    cables: tuple[Cable, ...] = (),
    **scheduler: Any,
) -> Patch:
    """The stage's patch with a Step State and a window, in the order of `chain`."""
    known = {"state": Node("step_state", values=state), "window": Node("step_window", values=window)}
    base = patch({**{name: known[name] for name in chain}, **(extra or {})}, [], **scheduler)
    kept = tuple(cable for cable in base.cables if cable.port != "ring")
    ring = tuple(Cable(a, "ring", b, "ring") for a, b in itertools.pairwise(["scheduler", *chain, "decoder"]))
    return Patch(song=base.song, nodes=base.nodes, cables=(*kept, *ring, *cables))


def by_hand(performer: Performer, inside: range, values: dict[str, Any], **controls: Any) -> torch.Tensor:
    """One generation whose steps `inside` are told `values`, the others nothing."""
    session = performer.session
    ring = session.ring(performer.source, 1)
    ring.submit(session.request(performer.prompt, performer.source, **controls))
    told = {
        name: value if isinstance(value, torch.Tensor) else torch.full((1, 1, 1), value)
        for name, value in values.items()
    }
    done = [finished for step in range(8) for finished in ring.tick(told if step in inside else {})]
    return done[0].latent


@pytest.mark.parametrize("depth", [1, 4, 8])
@pytest.mark.parametrize("chain", [("state", "window"), ("window", "state")])
def test_the_step_state_works_between_its_steps_only(depth: int, chain: tuple[str, ...]) -> None:
    state = {"velocity_scale": 0.7, "ode_noise": 0.5}
    document = windowed({"from": 0.25, "to": 0.75}, state, chain, strength=0.9, depth=depth)
    performer, heard = played(document, 12.0)
    expected = by_hand(performer, range(2, 6), state, strength=0.9).numpy()
    np.testing.assert_allclose(heard, expected[np.arange(len(heard)) % 200], atol=1e-5)


def test_a_surface_and_a_moving_curve_are_narrowed_too() -> None:
    extra = {"groups": Node("channel_groups", values={"group_2": 2.0}), "curve": Node("drawn_curve")}
    cables = (
        Cable("groups", "surface", "state", "channel_gain"),
        Cable("curve", "curve", "state", "velocity_scale", mode="add", depth=-0.25),
    )
    performer, heard = played(windowed({"from": 0.5}, {}, extra=extra, cables=cables, strength=0.9), 8.0)
    gain = torch.ones(1, 1, 4)
    gain[..., 1] = 2.0
    scale = 1.0 - 0.5 * torch.arange(200).view(1, 200, 1) / 200
    expected = by_hand(performer, range(4, 8), {"channel_gain": gain, "velocity_scale": scale}, strength=0.9)
    np.testing.assert_allclose(heard, expected.numpy(), atol=1e-5)


def test_early_and_late_steps_are_heard_to_differ() -> None:
    state = {"velocity_scale": 0.7}
    sounds = [
        played(windowed(window, state, strength=0.9), 4.0)[1]
        for window in ({"to": 0.5}, {"from": 0.5}, {}, {"from": 1.0})
    ]
    for one, other in itertools.combinations(sounds, 2):
        assert np.abs(one - other).max() > 0.02
    assert np.array_equal(sounds[2], played(windowed({}, state, ("state",), strength=0.9), 4.0)[1])
    assert np.array_equal(sounds[3], played(patch({}, [], strength=0.9), 4.0)[1])


@pytest.mark.parametrize("depth", [1, 4])
def test_a_window_that_jumps_is_an_edge(depth: int) -> None:
    lfo = {"lfo": Node("lfo", values={"shape": "square", "sync": "lock", "rate": 0.125})}
    cable = Cable("lfo", "out", "window", "to", mode="add", depth=0.5)
    state = {"velocity_scale": 0.7}
    document = windowed({"to": 0.5}, state, extra=lfo, cables=(cable,), strength=1.0, depth=depth)
    performer, heard = played(document, 16.0)
    sides = [by_hand(performer, inside, state, strength=1.0) for inside in (range(8), range(0))]
    which, expected = likeness(heard, sides), (np.arange(len(heard)) // BAR) % 2
    found, edges = (np.flatnonzero(np.diff(line)) + 1 for line in (which, expected))
    assert len(found) == len(edges)
    assert np.abs(found - edges).max() <= 1


def readings(document: Patch) -> ControlValues:
    program = compile(document, CATALOGUE, Geometry.of_family(SPEC))
    return ControlValues(
        program, Forecast(program, Transport(25, 120, 4, 200)), 4, replace(spec_of("nano"), latent_channels=4)
    )


def test_outside_the_window_every_number_is_at_rest_and_choices_hold() -> None:
    state = {"velocity_scale": 0.7, "guidance": 4.0, "dcw": "double", "dcw_high": 0.1, "solver": "sde"}
    extra = {"groups": Node("channel_groups", values={"group_1": 2.0})}
    cable = (Cable("groups", "surface", "state", "channel_gain"),)
    made = readings(windowed({"from": 0.5}, state, extra=extra, cables=cable, guidance_mode="self"))
    values = made.step_values(0, [10, 20], [0.25, 0.5])
    at_rest = {"velocity_scale": 1.0, "guidance": 1.0, "dcw_low": 0.0, "dcw_high": 0.0, "channel_gain": 1.0}
    for name, rest in at_rest.items():
        value = values[name]
        assert isinstance(value, torch.Tensor)
        assert value.shape[0] == 2
        assert set(value[0].flatten().tolist()) == {rest}
        assert set(value[1].flatten().tolist()) != {rest}
    assert (values["dcw"], values["solver"]) == ("double", "sde")
    whole = made.step_values(0, [10, 20], [0.5, 0.75])["velocity_scale"]
    assert isinstance(whole, torch.Tensor)
    assert whole.shape[0] == 1


def test_the_wavelet_correction_is_nothing_at_rest() -> None:
    state = {"dcw": "double", "dcw_multiply": 0.5, "dcw_soft": 0.1}
    off = played(windowed({"from": 1.0}, state, strength=0.9), 4.0)[1]
    np.testing.assert_allclose(off, played(patch({}, [], strength=0.9), 4.0)[1], atol=1e-5)


def test_a_bypassed_window_is_none_and_two_are_refused() -> None:
    base = windowed({"from": 1.0}, {"velocity_scale": 0.7})
    bypassed = Node("step_window", values={"from": 1.0}, bypass=True)
    open_ = Patch(song=base.song, nodes={**base.nodes, "window": bypassed}, cables=base.cables)
    assert readings(open_).step_values(0, [10], [0.0])["velocity_scale"] != 1.0
    two = windowed({}, {})
    nodes = {**two.nodes, "more": Node("step_window")}
    ring = [c for c in two.cables if c.port != "ring"]
    chain = ["scheduler", "state", "window", "more", "decoder"]
    wires = [Cable(a, "ring", b, "ring") for a, b in itertools.pairwise(chain)]
    found = problems(Patch(song=two.song, nodes=nodes, cables=(*ring, *wires)), CATALOGUE)
    assert [(error.node, error.mend) for error in found] == [("more", "keep one")]


def test_without_a_step_state_it_is_remarked() -> None:
    alone = windowed({}, {}, ("window",))
    assert problems(alone, CATALOGUE) == []
    assert [remark.node for remark in warnings_of(alone, CATALOGUE)] == ["window"]
    assert warnings_of(windowed({}, {}), CATALOGUE) == []
