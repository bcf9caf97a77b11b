"""Curves made of curves against a few lines of plain arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.library.modulation.curve import bump, draw, shifted, smoothed
from demon_patch.patch.model.document import Node
from tests.support.node_oracle import K, N, noise, play

T, RATE, BPM = 120, 25.0, 100.0
X = np.random.default_rng(4).uniform(-1, 1, T)
NOISE = Node("noise", values={"lo": -1.0, "hi": 1.0, "seed": 3.0})
OTHER = Node("noise", values={"lo": -1.0, "hi": 1.0, "seed": 4.0})
FRAMES = {"s": RATE, "beats": 15.0, "fraction": float(T)}  # a beat at 100 bpm is 0.6 s


def key(type: str, **values: Any) -> Any:
    return CATALOGUE[type].resolve(values)


@pytest.mark.parametrize(("by", "unit"), [(0.2, "s"), (-2.0, "beats"), (0.25, "fraction"), (9.0, "s")])
def test_a_shift_by_whole_frames_moves_them(by: float, unit: str) -> None:
    n = round(by * FRAMES[unit])
    cyclic = shifted(key("curve_shift", by=by, unit=unit), T, RATE, BPM, [X])
    assert np.allclose(cyclic, np.roll(X, n), atol=1e-9)
    level = shifted(key("curve_shift", by=by, unit=unit, ends="level"), T, RATE, BPM, [X])
    assert np.allclose(level, [X[min(max(i - n, 0), T - 1)] for i in range(T)], atol=1e-9)


def test_a_shift_by_half_a_frame_is_the_mean_of_two() -> None:
    found = shifted(key("curve_shift", by=0.5 / RATE), T, RATE, BPM, [X])
    assert np.allclose(found, (X + np.roll(X, 1)) / 2, atol=1e-12)


@pytest.mark.parametrize("ends", ["cyclic", "level"])
def test_an_average_is_the_mean_of_the_frames_around(ends: str) -> None:
    found = smoothed(key("curve_smooth", width=5 / RATE, shape="average", ends=ends), T, RATE, BPM, [X])
    for i in range(T):
        at = np.arange(i - 2, i + 3)
        assert found[i] == pytest.approx(X[at % T if ends == "cyclic" else np.clip(at, 0, T - 1)].mean(), abs=1e-12)


def test_an_average_counts_the_part_of_a_frame_that_it_covers() -> None:
    found = smoothed(key("curve_smooth", width=2 / RATE, shape="average"), T, RATE, BPM, [X])
    assert np.allclose(found, X / 2 + (np.roll(X, 1) + np.roll(X, -1)) / 4, atol=1e-12)


def test_a_gaussian_is_a_gaussian_and_keeps_the_mean() -> None:
    found = smoothed(key("curve_smooth", width=8 / RATE), T, RATE, BPM, [X])
    bell = [math.exp(-0.5 * (min(d, T - d) / 4) ** 2) for d in range(T)]
    expected = [sum(bell[(i - j) % T] * X[j] for j in range(T)) / sum(bell) for i in range(T)]
    assert np.allclose(found, expected, atol=1e-3)  # cut at four standard deviations
    assert found.mean() == pytest.approx(X.mean(), abs=1e-12)
    assert np.array_equal(smoothed(key("curve_smooth", width=0), T, RATE, BPM, [X]), X)


def test_a_smooth_wider_than_the_song_is_its_mean() -> None:
    found = smoothed(key("curve_smooth", width=60, shape="average"), T, RATE, BPM, [X])
    assert np.allclose(found, X.mean(), atol=0.05)


@pytest.mark.parametrize("start", [1.0, 4.0])  # the second lies round the seam
def test_a_window_rises_holds_and_falls(start: float) -> None:
    found = bump(key("curve_window", start=start, length=2.0, rise=0.4, fall=0.8), T, RATE, BPM)
    into = np.arange(50)
    expected = np.zeros(T)
    expected[(round(start * RATE) + into) % T] = np.minimum(np.minimum(into / 10, (50 - into) / 20), 1)
    assert np.allclose(found, expected, atol=1e-9)
    smooth = bump(key("curve_window", start=start, length=2.0, rise=0.4, fall=0.8, shape="smooth"), T, RATE, BPM)
    assert np.allclose(smooth, 3 * expected**2 - 2 * expected**3, atol=1e-9)


def test_a_window_without_slopes_is_one_or_nothing() -> None:
    found = bump(key("curve_window", start=0.25, length=0.5, unit="fraction"), T, RATE, BPM)
    assert np.array_equal(found, (np.arange(T) >= 30) & (np.arange(T) < 90))
    assert not bump(key("curve_window", length=0), T, RATE, BPM).any()
    assert bump(key("curve_window", length=600), T, RATE, BPM).all()


def test_a_mask_lets_through_where_the_other_is_high() -> None:
    values = {"threshold": 0.1, "level": 0.25}
    feeds = {"a": (NOISE, "out"), "b": (OTHER, "out")}
    found = play(Node("curve_mask", values=values), "out", feeds=feeds)[0]
    assert np.allclose(found, np.where(noise(4.0) > 0.1, noise(), 0.25), atol=1e-15)
    soft = play(Node("curve_mask", values={**values, "soft": 0.5}), "out", feeds=feeds)[0]
    assert np.allclose(soft, 0.25 + (noise() - 0.25) * np.clip((noise(4.0) - 0.1) / 0.5 + 0.5, 0, 1), atol=1e-15)


def test_a_blend_lies_between_two_and_takes_drawn_curves() -> None:
    feeds = {"a": (Node("drawn_curve"), "curve"), "b": (NOISE, "out"), "amount": (OTHER, "out")}
    found = play(Node("curve_blend"), "out", feeds=feeds)[0]
    drawn = draw(key("drawn_curve"), 150, 25.0).astype(float)[K % 150]
    amount = np.clip(noise(4.0), 0, 1)
    assert np.allclose(found, drawn + (noise() - drawn) * amount, atol=1e-12)
    assert len(found) == N
