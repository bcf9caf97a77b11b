"""The weights of mixes against a few lines of numpy."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.patch.model.document import Node
from demon_patch.runtime.performance.mixes import shares
from tests.support.mix_weights import NOISE, weights
from tests.support.node_oracle import BEAT, K, N, noise


def test_a_blend_weighs_its_two_prompts() -> None:
    found = weights(Node("prompt_blend"), "ab", {"blend": (NOISE, "out")})
    b = np.clip(noise(), 0, 1)
    assert np.allclose(found, [1 - b, b], atol=1e-15)


@pytest.mark.parametrize("law", ["linear", "power", "cut"])
def test_a_crossfade_follows_its_law(law: str) -> None:
    found = weights(Node("source_crossfade", values={"law": law}), "ab", {"position": (NOISE, "out")})
    p = np.clip(noise(), 0, 1)
    expected = {
        "linear": [1 - p, p],
        "power": [np.sqrt(1 - np.sin(np.pi / 2 * p) ** 2), np.sin(np.pi / 2 * p)],
        "cut": [p < 0.5, p >= 0.5],
    }
    assert np.allclose(found, expected[law], atol=1e-7)


def test_feedback_weighs_the_clip_against_what_was_played() -> None:
    found = weights(Node("feedback", values={"tap": 3}), "p", {"amount": (NOISE, "out")})
    f = np.clip(noise(), 0, 1)
    assert np.allclose(found, [1 - f, f, np.full(N, 3)], atol=1e-15)


@pytest.mark.parametrize("type", ["prompt_sequence", "source_sequence"])
def test_a_sequence_gives_each_wired_part_its_bars(type: str) -> None:
    found = weights(Node(type, values={"bars": 0.5}), "257")
    turn = np.floor(BEAT / 2 + 1e-9) % 3
    expected = np.zeros((8, N))
    expected[[1, 4, 6]] = turn == np.arange(3)[:, None]
    assert np.array_equal(found[[1, 4, 6]], expected[[1, 4, 6]])


def test_a_sequence_glides_from_part_to_part() -> None:
    found = weights(Node("prompt_sequence", values={"bars": 1.0, "glide": 0.5}), "12")
    turn = np.floor(BEAT / 4 + 1e-9)
    g = np.where(turn < 1, 1.0, np.clip((K % 50) / 25, 0, 1))
    first = np.where(turn % 2 == 0, g, 1 - g)
    assert np.allclose(found[:2], [first, 1 - first], atol=1e-9)


def test_a_gate_moves_a_sequence_on_and_a_reset_begins_it_again() -> None:
    clock = (Node("clock", values={"beats": 1.0}), "gate")
    back = (Node("clock", values={"beats": 5.0}), "gate")
    found = weights(Node("prompt_sequence", values={"by": "gate"}), "123", {"step": clock, "reset": back})
    beat = np.floor(BEAT + 1e-9)
    part = (beat - np.floor(beat / 5) * 5) % 3  # a beat that resets begins with the first part
    assert np.array_equal(found[:3], part == np.arange(3)[:, None])


@pytest.mark.parametrize("focus", [0.5, 2.0, 4.0])
def test_a_surface_weighs_its_prompts_by_their_distance_to_the_listener(focus: float) -> None:
    places = {"at_x1": 0.2, "at_y1": 0.3, "at_x4": 0.9, "at_y4": 0.8, "at_x6": 0.4, "at_y6": 1.0}
    node = Node("prompt_surface", values={**places, "y": 0.25, "focus": focus})
    found = shares(weights(node, "146", {"x": (NOISE, "out")})[[0, 3, 5]])
    x = np.clip(noise(), 0, 1)
    expected = [((x - px) ** 2 + (0.25 - py) ** 2 + 1e-6) ** -focus for px, py in ((0.2, 0.3), (0.9, 0.8), (0.4, 1.0))]
    assert np.allclose(found, expected / np.sum(expected, axis=0), atol=1e-9)


def test_a_prompt_under_the_listener_is_heard_alone_however_far_the_others_are() -> None:
    found = shares(weights(Node("prompt_surface", values={"x": 0.9, "y": 0.1, "focus": 4.0}), "14")[[0, 3]])
    assert np.allclose(found, [[0.0], [1.0]], atol=1e-9)
