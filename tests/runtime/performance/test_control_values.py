"""Controls read by row: scalars for each slot at the moment it is heard, curves by frame, surfaces by channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from demon_patch.engine.families import spec_of
from demon_patch.engine.session import Session
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.performance.control_values import ControlValues
from demon_patch.runtime.performance.prepare import perform
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import generated, likeness, patch, play, played, square

LFO = Node("lfo", values={"rate": 0.25})
TRANSPORT = Transport(25, 120, 4, 200)


def readings(nodes: dict[str, Node], cables: list[Cable], channels: int = 4, **scheduler: Any) -> ControlValues:
    program = compile(patch(nodes, cables, **scheduler), CATALOGUE, Geometry.of_family(SPEC))
    return ControlValues(program, Forecast(program, TRANSPORT), 4, replace(spec_of("nano"), latent_channels=channels))


def test_a_step_scalar_is_read_for_each_slot_at_its_heard_at() -> None:
    cable = Cable("lfo", "uni", "state", "guidance_rescale", mode="add", depth=1.0)
    made = readings({"lfo": LFO, "state": Node("step_state")}, [cable], guidance_mode="self")
    values = made.step_values(0, [10, 25, 60])
    expected = [made.control_value("guidance_rescale", frame) for frame in (10, 25, 60)]
    rescale = values["guidance_rescale"]
    assert isinstance(rescale, torch.Tensor)
    assert rescale.shape == (3, 1, 1)
    np.testing.assert_allclose(rescale.flatten(), expected, rtol=1e-6)
    assert len(set(expected)) == 3
    clip = values["guidance_clip"]
    assert isinstance(clip, torch.Tensor)
    assert clip.shape == (1, 1, 1)


def test_a_control_whose_part_is_missing_is_not_sent() -> None:
    state = {"state": Node("step_state", values={"guidance": 4.0, "target_strength": 0.5})}
    made = readings(state, [])
    assert not {"guidance", "target_strength", "dcw_low"} & set(made.step_values(0, [10]))
    assert not made.has_effect("guidance")
    assert "guidance" in readings(state, [], guidance_mode="full").step_values(0, [10])


def test_a_still_curve_is_one_number_and_a_moving_one_a_number_a_frame() -> None:
    nodes = {"lfo": LFO, "state": Node("step_state", values={"velocity_scale": 0.9})}
    still = readings(nodes, []).step_values(0, [5])["velocity_scale"]
    moving = readings(nodes, [Cable("lfo", "out", "state", "velocity_scale")]).step_values(0, [5])["velocity_scale"]
    assert isinstance(still, torch.Tensor)
    assert isinstance(moving, torch.Tensor)
    assert (still.shape, moving.shape) == ((1, 1, 1), (1, 200, 1))


def test_channel_groups_become_a_surface() -> None:
    nodes = {
        "lfo": LFO,
        "groups": Node("channel_groups", values={"group_1": 2.0, "group_8": 0.5, "channel": 3, "single": 2.0}),
        "state": Node("step_state"),
    }
    wire = Cable("groups", "surface", "state", "channel_gain")
    surface = readings(nodes, [wire], channels=16).step_values(0, [5])["channel_gain"]
    assert isinstance(surface, torch.Tensor)
    assert surface.flatten().tolist() == [2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, 0.5]
    moving = readings(nodes, [wire, Cable("lfo", "out", "groups", "group_1")], channels=16)
    curves = moving.step_values(0, [5])["channel_gain"]
    assert isinstance(curves, torch.Tensor)
    assert curves.shape == (1, 200, 16)
    assert float(curves.max()) <= 3.0
    bypassed = {**nodes, "groups": Node("channel_groups", values={"group_1": 2.0}, bypass=True)}
    assert "channel_gain" not in readings(bypassed, [wire]).step_values(0, [5])


def test_channel_groups_are_heard() -> None:
    nodes = {"groups": Node("channel_groups", values={"group_2": 2.0}), "state": Node("step_state")}
    document = patch(nodes, [Cable("groups", "surface", "state", "channel_gain")], strength=0.8)
    performer, heard = played(document, 8.0)
    gains = torch.ones(1, 1, 4)
    gains[..., 1] = 2.0
    ring = performer.session.ring(performer.source, 1)
    ring.submit(performer.session.request(performer.prompt, performer.source, strength=0.8))
    expected = ring.drain({"channel_gain": gains})[0].latent.numpy()
    np.testing.assert_allclose(heard, expected, atol=1e-5)


def test_every_clip_and_prompt_reaches_its_control() -> None:
    nodes = {
        "b": Node("prompt", values={"text": "cold"}),
        "clip": Node("composed_source", 2, values={"style": "other", "seconds": 9.0, "seed": 4}),
    }
    cables = [Cable("b", "prompt", "scheduler", "prompt_b"), Cable("clip", "source", "scheduler", "target")]
    performer = perform(patch(nodes, cables, prompt_blend=1.0), Session(toy_family()))
    assert set(performer.parts) == {"prompt_b", "target"}
    assert performer.parts["target"].latent.shape == performer.source.latent.shape  # type: ignore[union-attr]
    play(performer)
    request = performer.ring.slots[0].request
    assert request.target is not None
    assert request.second is not None


def test_a_timbre_is_heard_and_moves_with_its_share() -> None:
    clip = {"clip": Node("composed_source", 2, values={"style": "other", "seconds": 9.0, "seed": 4})}
    wire = Cable("clip", "source", "scheduler", "timbre_source")
    performer, heard = played(patch(clip, [wire], strength=0.8, timbre=0.5), 8.0)
    borrowed = {"strength": 0.8, "timbre_source": performer.parts["timbre_source"]}
    half, none = (generated(performer, **borrowed, timbre=share).numpy() for share in (0.5, 0.0))
    np.testing.assert_allclose(heard, half, atol=1e-5)
    assert float(np.abs(half - none).max()) > 0.01
    lfo, cables = square(0.5, "scheduler", "timbre")
    performer, heard = played(patch({**clip, **lfo}, [wire, *cables], strength=0.8, timbre=0.5), 8.0)
    ends = [generated(performer, **borrowed, timbre=share) for share in (0.0, 1.0)]
    share = performer.curve("timbre", len(heard))
    assert set(share) == {0.0, 1.0}
    assert float(np.mean(likeness(heard, ends) == share)) > 0.9
