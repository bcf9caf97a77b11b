"""How often frames are drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.pacing import SHARE, SLOWEST, STORE, Pacing


def run(cost: float, seconds: float, *, gesture: bool = False, moving: bool = True) -> tuple[int, float]:
    """Frames and processor seconds of a window whose frames cost so much."""
    pacing, now, drawn, frames = Pacing(), 0.0, 0.0, 0
    while now < seconds:
        if gesture:
            pacing.touched(now)
        now += pacing.wait(now, drawn, moving=moving, focused=True, gesture=gesture) + cost
        drawn = now
        pacing.drawn(now, cost)
        frames += 1
    return frames, frames * cost


@given(st.floats(0.001, 0.15), st.booleans())
def test_a_third_of_a_core_at_most(cost: float, gesture: bool) -> None:
    _, used = run(cost, 30.0, gesture=gesture)
    assert used <= max(SHARE, SLOWEST * cost) * 30.0 + STORE + 1.0


def test_a_card_draws_all_that_is_wanted() -> None:
    assert run(0.002, 10.0, gesture=True)[0] > 500
    assert 250 <= run(0.002, 10.0)[0] <= 310


def test_a_slow_machine_draws_few_but_a_gesture_begins_quickly() -> None:
    assert run(0.08, 20.0)[0] <= 20 * SHARE / 0.08 + 25
    assert run(0.08, 1.0, gesture=True)[0] >= 5


def test_idle_and_unfocused_windows_rest() -> None:
    pacing = Pacing()
    assert pacing.rate(100.0, moving=False, focused=True, gesture=False) == 4.0
    assert pacing.rate(100.0, moving=True, focused=False, gesture=False) == 10.0
    assert pacing.rate(100.0, moving=True, focused=True, gesture=False) == 30.0
    pacing.touched(100.0)
    assert pacing.rate(100.1, moving=False, focused=True, gesture=False) == 60.0
