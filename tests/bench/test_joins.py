"""The figures of joins find what they are for: a dip, a click, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np

from demon_patch.bench.joins import figures, of_seams
from demon_patch.runtime.audio.lay_window import Seam

PER, RATE = 1280, 32_000
JOINS = np.arange(10, 390, 4)


def noise() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((400 * PER, 1)).astype(np.float32) * 0.1


def test_smooth_joins_are_like_all_other_places() -> None:
    row = figures(noise(), JOINS, PER, RATE)
    assert row["joins"] == len(JOINS)
    assert abs(row["dips_at_joins"] - row["dips_elsewhere"]) < 0.05
    assert abs(row["sudden_db_at_joins"] - row["sudden_db_elsewhere"]) < 1.0


def test_dips_and_clicks_at_joins_are_seen() -> None:
    dipped, clicked = noise(), noise()
    for join in JOINS * PER:
        dipped[join - 320 : join + 320] *= 0.7
        clicked[join] += 4.0
    assert figures(dipped, JOINS, PER, RATE)["dips_at_joins"] > 0.9
    row = figures(clicked, JOINS, PER, RATE)
    assert row["sudden_db_at_joins"] > row["sudden_db_elsewhere"] + 3.0


def test_joins_are_counted_by_what_they_did_to_their_own_sides() -> None:
    row = of_seams([Seam(0.9, -0.2, 0.0)] * 98 + [Seam(0.1, -2.5, 1.0), Seam(0.2, -1.5, 30.0)])
    assert row["dipping"] == 0.02
    assert row["worst_dip_db"] == -2.5
    assert row["click_p99_db"] > 1.0
