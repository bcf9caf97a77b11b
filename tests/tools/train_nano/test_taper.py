"""The strength taper: even by distance, and slower where the chroma of recordings falls steeply."""

from __future__ import annotations

import numpy as np

from tools.train_nano.taper import LEAST, MOST, even_taper

STRENGTHS = np.linspace(0.0, 1.0, 101)


def test_without_a_fall_of_chroma_it_inverts_the_distances() -> None:
    taper = even_taper(STRENGTHS, 3 * STRENGTHS**2, np.ones((1, 101)))
    assert np.abs(np.array(taper) - np.sqrt(np.linspace(0, 1, 11))).max() < 2e-3


def test_it_is_slower_where_chroma_falls() -> None:
    steep = 1.0 - 0.2 * STRENGTHS - 0.6 / (1.0 + np.exp((0.7 - STRENGTHS) / 0.02))
    taper = np.array(even_taper(STRENGTHS, STRENGTHS, np.stack([steep, np.ones(101)])))
    plain = np.linspace(0, 1, 11)
    knob = np.linspace(0, 0.9, 901)

    def steepest(taper: np.ndarray) -> float:
        heard = [np.interp(np.interp(at, plain, taper), STRENGTHS, steep) for at in (knob, knob + 0.1)]
        return float((heard[0] - heard[1]).max())

    assert steepest(taper) < 0.9 * steepest(plain)
    assert (taper[0], taper[-1]) == (0.0, 1.0)
    shares = np.diff(taper)
    assert shares.min() > 0.99 * 0.1 / MOST
    assert shares.max() < 1.01 * 0.1 / LEAST


def test_a_fall_of_chroma_that_is_even_changes_nothing() -> None:
    taper = even_taper(STRENGTHS, STRENGTHS, np.stack([1.0 - 0.5 * STRENGTHS, 1.0 - 0.9 * STRENGTHS]))
    assert np.abs(np.array(taper) - np.linspace(0, 1, 11)).max() < 1e-3
