"""Hysteresis of what chooses a step by a value; the Shift Register beside a row of Sample and Holds."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.vocabulary import hash01
from demon_patch.nodes.library.math.mixing import select
from demon_patch.nodes.library.shape.quantise import SCALES, quantise, scale_quantise
from demon_patch.nodes.library.shape.sample_and_hold import sample_hold, shift_register
from tests.support.nodes_by_hand import gates, played, signal, struck

TREMBLING = np.array([0.004 * (hash01(k, 1) - 0.5) for k in range(250)])  # ten seconds
SLOW = np.sin(2 * np.pi * np.arange(1000) / 1000)


def test_noise_at_a_border_strikes_once() -> None:
    assert played(quantise, 250, x=0.375 + TREMBLING)[2].sum() == 1
    assert played(quantise, 250, x=0.375 + TREMBLING, hysteresis=0.0)[2].sum() > 100
    for scale in SCALES:
        for note in range(12):
            rises = played(scale_quantise, 250, x=note + 0.5 + TREMBLING, scale=scale)[2]
            assert rises.sum() == 1, (scale, note)
    assert played(scale_quantise, 250, x=0.5 + TREMBLING, scale="chromatic", hysteresis=0.0)[2].sum() > 100
    chosen = played(select, 250, x1=1.0, x2=2.0, index=1.5 + TREMBLING)[0]
    assert len(set(chosen)) == 1
    assert len(set(played(select, 250, x1=1.0, x2=2.0, index=1.5 + TREMBLING, hysteresis=0.0)[0])) == 2


def test_a_slow_sweep_with_noise_strikes_once_a_step() -> None:
    noise = 0.01 * signal(3, -1, 1, 1000)
    out, _, rises = played(quantise, 1000, x=0.5 + 0.5 * SLOW + noise, levels=9)
    assert rises.sum() == 1 + 4 + 8 + 4
    assert set(out) == set(np.linspace(0, 1, 9))
    out, _, rises = played(scale_quantise, 1000, x=6 * SLOW + 0.05 * noise, scale="chromatic")
    assert rises.sum() == 1 + 6 + 12 + 6


@pytest.mark.parametrize("hysteresis", [0.0, 0.2, 0.5, 0.9])
def test_a_step_stays_for_half_a_step_and_half_the_hysteresis(hysteresis: float) -> None:
    x = np.concatenate([np.linspace(0, 4, 2001), np.linspace(4, 0, 2001)])
    out = played(quantise, len(x), x=x / 4, levels=5, hysteresis=hysteresis)[0] * 4
    up, down = out[:2001], out[2001:]
    margin = hysteresis / 2
    assert np.abs(up - np.clip(np.floor(x[:2001] + 0.5 - margin), 0, 4)).mean() < 0.002
    assert np.abs(down - np.clip(np.ceil(x[2001:] - 0.5 + margin), 0, 4)).mean() < 0.002
    index = played(select, len(x), index=1 + x, hysteresis=hysteresis, **{f"x{i}": float(i) for i in range(1, 9)})[0]
    assert np.abs(index - out - 1).mean() < 0.002
    notes = played(scale_quantise, len(x), x=3 * x, scale="whole_tone", hysteresis=hysteresis)[0] / 2
    assert np.abs(notes[:2001] - np.floor(1.5 * x[:2001] + 0.5 - margin)).mean() < 0.002
    assert np.abs(notes[2001:] - np.ceil(1.5 * x[2001:] - 0.5 + margin)).mean() < 0.002


def test_a_hysteresis_leaves_no_step_that_is_none() -> None:
    """Where the levels or the root move, what it holds on to is one of today's steps."""
    for seed in range(5):
        levels = np.random.default_rng(seed).integers(2, 9, 300)
        out = played(quantise, 300, x=signal(seed, 0, 1, 300), levels=levels, hysteresis=0.9)[0]
        assert np.allclose(out * (levels - 1), np.round(out * (levels - 1)), atol=1e-9)
        assert out.max() <= 1
        roots = np.random.default_rng(seed).integers(0, 12, 300)
        notes = played(scale_quantise, 300, x=signal(seed, -9, 9, 300), root=roots, scale="major", hysteresis=0.9)[0]
        assert all((note - root) % 12 in (0, 2, 4, 5, 7, 9, 11) for note, root in zip(notes, roots, strict=True))


def test_a_shift_register_passes_on_what_the_stage_before_had() -> None:
    hits, back, x = gates(5), gates(6), signal(7)
    back = [gate if k % 40 == 0 else type(gate)() for k, gate in enumerate(back)]
    stages = np.array(played(shift_register, x=x, clock=hits, reset=back))
    row = [0.0] * 8
    for k, (hit, reset) in enumerate(zip(hits, back, strict=True)):
        row = [0.0] * 8 if reset.rises > 0 else row
        for _ in range(int(hit.rises)):
            row = [x[k], *row[:-1]]
        assert stages[:, k].tolist() == row, k
    crowd = played(shift_register, 4, x=np.arange(4.0), clock=struck(*[2] * 30, n=4))
    assert all(stage.tolist() == [0, 0, 2, 2] for stage in crowd)


def test_a_row_of_sample_and_holds_jumps_together_and_a_shift_register_does_not() -> None:
    hits, count = struck(0, 10, 20, n=30), np.floor(np.arange(30) / 10) + 1
    first = played(sample_hold, 30, x=count, take=hits)[0]
    second = played(sample_hold, 30, x=first, take=hits)[0]
    assert np.array_equal(first, second)
    stages = played(shift_register, 30, x=count, clock=hits)
    assert [stage[[0, 10, 20]].tolist() for stage in stages[:3]] == [[1, 2, 3], [0, 1, 2], [0, 0, 1]]
    assert "Shift Register" in sample_hold.doc
