"""The strength taper: nearly even by distance, and slower where the chroma of recordings falls steeply."""

from __future__ import annotations

import numpy as np
import pytest

from tools.train_nano.taper import LEAST, LIMIT, MOST, even_taper

STRENGTHS = np.linspace(0.0, 1.0, 101)


def _fall(taper: np.ndarray, chroma: np.ndarray) -> float:
    return float(-np.diff(np.interp(taper, STRENGTHS, chroma)).min())


def test_it_follows_the_distances() -> None:
    taper = np.array(even_taper(STRENGTHS, 3 * STRENGTHS**2, {}, {"even": 1.0 - 0.5 * STRENGTHS**2}))
    assert np.abs(taper - np.sqrt(np.linspace(0, 1, 11))).max() < 2e-3


def test_it_is_slower_where_chroma_falls() -> None:
    steep = 1.0 - 0.2 * STRENGTHS - 0.5 * np.clip((STRENGTHS - 0.6) / 0.3, 0.0, 1.0)
    taper = np.array(even_taper(STRENGTHS, STRENGTHS, {}, {"steep": steep}))
    assert _fall(taper, steep) < 0.8 * _fall(np.linspace(0, 1, 11), steep)
    assert (taper[0], taper[-1]) == pytest.approx((0.0, 1.0))
    shares = np.diff(taper)
    assert shares.min() > LEAST - 1e-6
    assert shares.max() < MOST + 1e-6


def test_a_recording_that_must_keeps_the_limit() -> None:
    steep = 1.0 - 0.16 / 0.1 * np.clip(STRENGTHS - 0.5, 0.0, 0.4)
    assert _fall(np.linspace(0, 1, 11), steep) > LIMIT
    taper = np.array(even_taper(STRENGTHS, STRENGTHS, {"kept": steep}, {"other": 1.0 - STRENGTHS}))
    assert _fall(taper, steep) < LIMIT + 1e-4


def test_what_cannot_be_is_said() -> None:
    cliff = np.where(STRENGTHS < 0.5, 1.0, 0.2)
    with pytest.raises(ValueError, match="no taper"):
        even_taper(STRENGTHS, STRENGTHS, {"cliff": cliff}, {})
