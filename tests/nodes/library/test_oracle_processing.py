"""Nodes that mix, compute, bend and step a signal, against a line or a few of numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from demon_patch.nodes.library.math.arithmetic import math
from demon_patch.nodes.library.math.mixing import crossfade, mix, mod_matrix, select
from demon_patch.nodes.library.shape.quantise import quantise, scale_quantise
from demon_patch.nodes.library.shape.shape import fold, shaper
from tests.support.nodes_by_hand import N, played, signal

X, Y = signal(1, -3, 3), signal(2, -3, 3)
EDGES = [0.0, -0.0, 1e-13, -1e-13, 1e-300, 1e9, -1e9, 1e300, -1e300, 0.5, -0.5, 1.0, -1.0, 1e308, -1e308]
SIGNALS = [signal(i, -3, 3) for i in range(4)]


def test_mix_sums_by_level() -> None:
    levels = (1.0, 0.5, 0.25, 0.0)
    given: dict[str, Any] = {f"x{i}": x for i, x in enumerate(SIGNALS, 1)}
    given |= {f"level{i}": level for i, level in enumerate(levels, 1)}
    total = np.array(levels) @ np.array(SIGNALS)
    assert np.allclose(played(mix, **given)[0], total, atol=1e-12)
    assert np.allclose(played(mix, **given, by="average")[0], total / 1.75, atol=1e-12)
    silent = {name: 0.0 if name.startswith("level") else x for name, x in given.items()}
    assert not played(mix, **silent, by="average")[0].any()


def test_mod_matrix_is_a_matrix() -> None:
    amounts = np.random.default_rng(8).uniform(-1, 1, (4, 4))
    given: dict[str, Any] = {f"x{i}": x for i, x in enumerate(SIGNALS, 1)}
    given |= {f"out{i + 1}_from{j + 1}": amounts[i, j] for i in range(4) for j in range(4)}
    assert np.allclose(played(mod_matrix, **given), amounts @ np.array(SIGNALS), atol=1e-12)


def test_select_takes_one_or_blends_two() -> None:
    signals = np.array([signal(20 + i) for i in range(8)])
    given: dict[str, Any] = {f"x{i}": x for i, x in enumerate(signals, 1)}
    index = np.concatenate([np.arange(1, 9), signal(4, 1, 8, N - 8)])
    nearest = signals[np.floor(index - 0.5).astype(int), np.arange(N)]
    assert np.array_equal(played(select, **given, index=index, hysteresis=0.0)[0], nearest)
    blend = [np.interp(at, range(1, 9), column) for at, column in zip(index, signals.T, strict=True)]
    assert np.allclose(played(select, **given, index=index, between="blend")[0], blend, atol=1e-12)


def test_crossfade_goes_from_a_to_b() -> None:
    p = signal(5, 0, 1)
    assert np.allclose(played(crossfade, a=X, b=Y, position=p)[0], (1 - p) * X + p * Y, atol=1e-12)
    equal = played(crossfade, a=X, b=Y, position=p, law="equal_power")[0]
    assert np.allclose(equal, np.sqrt(1 - np.sin(p * np.pi / 2) ** 2) * X + np.sin(p * np.pi / 2) * Y, atol=1e-12)
    for law in ("linear", "equal_power"):
        assert np.allclose(played(crossfade, a=X, b=Y, position=1.0, law=law)[0], Y, atol=1e-12)


OF_TWO: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "subtract": lambda a, b: a - b,
    "divide": lambda a, b: a / b,
    "modulo": lambda a, b: a - b * np.floor(a / b),
    "power": lambda a, b: np.sign(a) * np.exp(b * np.log(np.abs(a))),
    "minimum": np.minimum,
    "maximum": np.maximum,
    "mean": lambda a, b: 0.5 * (a + b),
    "distance": lambda a, b: np.abs(a - b),
}
OF_ONE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "absolute": np.abs,
    "negate": np.negative,
    "reciprocal": lambda x: 1 / x,
    "sign": np.sign,
    "positive": lambda x: (x + np.abs(x)) / 2,
    "square": lambda x: x * x,
    "root": lambda x: np.sign(x) * np.abs(x) ** 0.5,
    "exponential": np.exp,
    "logarithm": lambda x: np.sign(x) * np.log1p(np.abs(x)),
    "round": np.round,
    "floor": np.floor,
    "ceiling": np.ceil,
    "fraction": lambda x: np.mod(x, 1.0),
    "sine": lambda x: np.sin(2 * np.pi * x),
}


def test_every_operation_has_an_oracle() -> None:
    assert (*OF_TWO, *OF_ONE) == math.by_name["operation"].choices


@pytest.mark.parametrize("operation", OF_TWO)
def test_math_of_two_signals(operation: str) -> None:
    out = played(math, a=X, b=Y, operation=operation)[0]
    assert np.allclose(out, OF_TWO[operation](X, Y), rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("operation", OF_ONE)
def test_math_of_one_signal(operation: str) -> None:
    assert np.allclose(played(math, a=X, b=Y, operation=operation)[0], OF_ONE[operation](X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("a", EDGES)
def test_what_has_no_value_has_one_here(a: float) -> None:
    for b in EDGES:
        for operation in (*OF_TWO, *OF_ONE):
            assert abs(played(math, 1, a=a, b=b, operation=operation)[0][0]) <= 1e12
    for operation in ("divide", "modulo"):
        assert played(math, 1, a=a, b=0.0, operation=operation)[0][0] == 0
    assert played(math, 1, a=1e-13, operation="reciprocal")[0][0] == 0
    assert played(math, 1, a=0.0, b=-2.0, operation="power")[0][0] == 0


@pytest.mark.parametrize("way", ["clamp", "fold", "wrap"])
def test_fold_keeps_a_signal_between_its_ends(way: str) -> None:
    out = played(fold, x=4 * X, lo=-1.0, hi=2.0, way=way)[0]
    oracle = {
        "clamp": np.clip(4 * X, -1, 2),
        "fold": -1 + 3 / np.pi * np.arccos(np.cos(np.pi * (4 * X + 1) / 3)),
        "wrap": (4 * X + 1) % 3 - 1,
    }
    assert np.allclose(out, oracle[way], atol=1e-9)
    assert (played(fold, x=X, lo=1.0, hi=1.0, way=way)[0] == 1).all()
    assert (played(fold, x=X, lo=1.0, hi=-1.0, way=way)[0] == 1).all()


@pytest.mark.parametrize("amount", [-1.0, -0.3, 0.0, 0.7, 1.0])
def test_shaper_bends_both_halves_alike(amount: float) -> None:
    x = np.concatenate([np.linspace(-1, 1, 21), signal(3)])
    m, p, g = np.abs(x), 4.0**amount, 8.0**amount
    with np.errstate(divide="ignore"):
        oracle = {
            "bend": m**p,
            "s_curve": 1 / (1 + (1 / m - 1) ** p),
            "steps": np.floor(5 * m + 0.5) / 5,
            "drive": (1 - np.exp(-2 * g * m)) / (1 + np.exp(-2 * g * m)) * (1 + np.exp(-2 * g)) / (1 - np.exp(-2 * g)),
        }
    for shape, bent in oracle.items():
        out = played(shaper, len(x), x=x, amount=amount, steps=5.0, shape=shape)[0]
        assert np.allclose(out, np.sign(x) * bent, atol=1e-9)
        assert np.allclose(played(shaper, 2, x=np.array([-7.0, 2.0]), amount=amount, shape=shape)[0], [-1, 1])


def test_quantise_takes_the_nearest_level() -> None:
    out, level, rises = played(quantise, x=X, lo=2.0, hi=-1.0, levels=7.0, hysteresis=0.0)
    levels = np.linspace(2, -1, 7)
    assert np.allclose(out, levels[np.abs(X[:, None] - levels).argmin(axis=1)])
    changed = np.concatenate([[True], np.abs(np.diff(out)) > 1e-6])
    assert np.array_equal(rises, changed)
    assert np.array_equal(level, rises)
    assert (played(quantise, x=X, lo=0.5, hi=0.5)[0] == 0.5).all()


SCALES = {
    "chromatic": range(12),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major_pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "suspended": (0, 2, 5, 7, 10),
    "octatonic": (0, 2, 3, 5, 6, 8, 9, 11),
    "whole_tone": (0, 2, 4, 6, 8, 10),
    "major_triad": (0, 4, 7),
    "minor_triad": (0, 3, 7),
    "fifths": (0, 7),
    "octaves": (0,),
}


def test_every_scale_has_an_oracle() -> None:
    assert set(SCALES) == set(scale_quantise.by_name["scale"].choices)


@pytest.mark.parametrize("scale", SCALES)
def test_scale_quantise_takes_the_nearest_note_of_the_scale(scale: str) -> None:
    x = np.concatenate([signal(6, -30, 30), np.arange(-30, 30) / 2.0])
    notes = np.array([12 * octave + step + 3 for octave in range(-5, 5) for step in SCALES[scale]])
    out, level, rises = played(scale_quantise, len(x), x=x, root=3.0, scale=scale, hysteresis=0.0)
    assert np.array_equal(out, notes[np.abs(x[:, None] - notes).argmin(axis=1)])  # the lower one of two as near
    assert np.array_equal(rises, np.concatenate([[True], np.diff(out) != 0]))
    assert np.array_equal(level, rises)


def test_a_held_signal_is_quantised_once() -> None:
    assert played(quantise, x=0.3)[2].sum() == played(scale_quantise, x=0.0)[2].sum() == 1
    assert played(quantise, N, x=0.3)[2][0] == 1
