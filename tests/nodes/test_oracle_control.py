"""Pads, buttons, switches and macros, against plain arithmetic."""

from __future__ import annotations

import numpy as np

from demon_patch.nodes.control import button, macro, toggle, xy_pad
from tests.nodes.by_hand import N, gates, played, signal, struck


def test_xy_pad_gives_both_ways_and_the_distance() -> None:
    x, y = signal(1, 0, 1), signal(2, 0, 1)
    out_x, out_y, centre = played(xy_pad, x=x, y=y)
    assert np.array_equal(out_x, x)
    assert np.array_equal(out_y, y)
    assert np.allclose(centre, np.clip(1 - np.hypot(2 * x - 1, 2 * y - 1), 0, 1))


def test_button_is_a_gate() -> None:
    pressed = np.zeros(N)
    pressed[[0, 1, 2, 40, 90, 91]] = 1
    level, rises = played(button, pressed=pressed)
    assert np.array_equal(level, pressed)
    assert np.flatnonzero(rises).tolist() == [0, 40, 90]


def test_toggle_turns_with_the_switch_and_with_every_rise() -> None:
    flips = gates(4)
    switch = (np.arange(N) // 7) % 2.0
    level, rises = played(toggle, on=switch, flip=flips)
    turns = np.cumsum([g.rises for g in flips] + np.abs(np.diff(switch, prepend=0)))
    assert np.array_equal(level, turns % 2)
    assert np.array_equal(np.cumsum(rises), (turns + 1) // 2)


def test_toggle_goes_back_to_its_switch() -> None:
    level, rises = played(toggle, 10, on=1.0, flip=struck(2, 6, n=10), reset=struck(4, 8, n=10))
    assert level.tolist() == [1, 1, 0, 0, 1, 1, 0, 0, 1, 1]
    assert rises.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def test_macro_moves_each_output_its_own_way() -> None:
    position = signal(5, 0, 1)
    ends = ((0.0, 1.0, 0.0), (0.8, 0.2, 0.0), (0.25, 0.75, 0.5), (0.0, 1.0, -1.0))
    given = {
        f"{name}_{i}": x for i, row in enumerate(ends, 1) for name, x in zip(("lo", "hi", "curve"), row, strict=True)
    }
    outs = played(macro, position=position, **given)
    for out, (lo, hi, curve) in zip(outs, ends, strict=True):
        assert np.allclose(out, np.interp(position ** (4.0**curve), [0, 1], [lo, hi]), atol=1e-12)
