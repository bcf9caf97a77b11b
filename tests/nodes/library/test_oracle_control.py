"""Pads, buttons, switches, macros and presets, against plain arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from demon_patch.nodes.library.control.control import button, macro, toggle, xy_pad
from demon_patch.nodes.library.control.preset import preset_switch
from tests.support.nodes_by_hand import N, gates, played, signal, struck


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
    assert rises.tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 1, 0]


def test_macro_moves_each_output_its_own_way() -> None:
    position = signal(5, 0, 1)
    ends = ((0.0, 1.0, 0.0), (0.8, 0.2, 0.0), (0.25, 0.75, 0.5), (0.0, 1.0, -1.0))
    given = {
        f"{name}{i}": x for i, row in enumerate(ends, 1) for name, x in zip(("lo", "hi", "curve"), row, strict=True)
    }
    outs = played(macro, position=position, **given)
    for out, (lo, hi, curve) in zip(outs, ends, strict=True):
        assert np.allclose(out, np.interp(position ** (4.0**curve), [0, 1], [lo, hi]), atol=1e-12)


TABLE = np.random.default_rng(9).uniform(0, 1, (4, 8))
PRESETS: dict[str, Any] = {f"{name}{n}": TABLE[i, n - 1] for i, name in enumerate("abcd") for n in range(1, 9)}


def test_preset_switch_goes_by_its_knob_and_by_gates() -> None:
    row = np.where(np.arange(12) < 6, 2.0, 7.0)
    next, previous = struck(1, 2, 2, 7, 9, n=12), struck(4, 9, 9, n=12)
    outs = played(preset_switch, 12, **PRESETS, row=row, next=next, previous=previous, reset=struck(5, n=12))
    rows = np.array([2, 3, 5, 5, 4, 2, 7, 8, 8, 7, 7, 7]) - 1
    assert np.array_equal(outs, TABLE[:, rows])


def test_preset_switch_goes_round_its_rows_with_every_rise() -> None:
    next, previous = gates(5), gates(6)
    outs = played(preset_switch, **PRESETS, rows=5.0, next=next, previous=previous)
    rows = np.cumsum([a.rises - b.rises for a, b in zip(next, previous, strict=True)]) % 5
    assert np.array_equal(outs, TABLE[:, rows.astype(int)])


def test_preset_switch_glides_from_where_it_is() -> None:
    outs = played(preset_switch, 20, **PRESETS, glide=0.4, next=struck(3, 8, n=20))
    first = TABLE[:, 0] + 0.5 * (TABLE[:, 1] - TABLE[:, 0])  # in frame 7, half way
    for out, begin, turned, end in zip(outs, TABLE[:, 0], first, TABLE[:, 2], strict=True):
        assert np.allclose(out, np.interp(range(20), [2, 7, 17], [begin, turned, end]))
