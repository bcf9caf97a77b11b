"""The gains of surfaces against a line of numpy."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Node
from tests.support.mix_weights import NOISE, weights
from tests.support.node_oracle import N, noise

GROUP = np.arange(1, 9)[:, None]


def test_channel_groups_are_as_they_are_set() -> None:
    values = {f"group_{n}": n / 3 for n in range(1, 9)} | {"channel": 5, "single": 0.25}
    found = weights(Node("channel_groups", values=values), feeds={"group_2": (NOISE, "out")})
    expected = np.repeat([[n / 3] for n in range(1, 9)] + [[5.0], [0.25]], N, axis=1)
    expected[1] = np.clip(noise(), 0, 3)
    assert np.allclose(found, expected, atol=1e-15)


def test_a_tilt_is_straight_in_decibels() -> None:
    found = weights(Node("surface_tilt", values={"level": 0.5}), feeds={"tilt": (NOISE, "out")})
    assert np.allclose(np.log(found / 0.5), np.log(3) * noise() * np.linspace(-1, 1, 8)[:, None], atol=1e-12)


def test_a_bump_is_a_gaussian_that_moves() -> None:
    values = {"width": 1.5, "gain": 2.5, "rest": 0.5}
    found = weights(Node("surface_bump", values=values), feeds={"centre": (NOISE, "out")})
    away = GROUP - np.clip(noise(), 0, 9)
    assert np.allclose(found, 0.5 + 2 * np.exp(-((away / 1.5) ** 2) / 2), atol=1e-12)


def test_a_surface_mix_weighs_by_its_law() -> None:
    amount = np.clip(noise(), 0, 1)
    for law, first in (("crossfade", 1 - amount), ("product", np.ones(N))):
        found = weights(Node("surface_mix", values={"law": law}), "ab", {"amount": (NOISE, "out")})
        assert np.allclose(found, [first, amount], atol=1e-15)
