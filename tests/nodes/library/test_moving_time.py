"""What divides time by a length that moves: strokes are its integral; where it rests they are on the grid again. And
where ratios are turned: strokes that belong apart in time are never let out together."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from demon_patch.codegen.frame import Gate
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.library.sequence.pulses import counter, divider, multiplier
from demon_patch.nodes.library.sequence.sequence import clock, step_sequencer
from demon_patch.nodes.library.shape.delay import gate_delay
from demon_patch.runtime.graph.clock import Transport
from tests.support.effort import tries
from tests.support.node_bench import BENCH
from tests.support.nodes_by_hand import gates, played, struck

RATE, BPM = 25.0, 120.0
DBEAT = BPM / 60 / RATE
LONG = 5000  # 400 beats
STEPPED: dict[str, dict[str, Any]] = {
    "clock": {},
    "step_sequencer": {},
    "pattern": {"pattern": "x"},
    "euclid": {"steps": 5.0, "strokes": 5.0},
}
"""What strikes once for each of its steps, which its port `beats` makes long."""
K = np.arange(LONG)
SWEEPS = {
    "sine": 1.25 + 0.25 * np.sin(2 * np.pi * K / RATE / 16),
    "wide sine": np.exp2(2 * np.sin(2 * np.pi * K / RATE / 7.3)),
    "hand": np.exp2(np.interp(K, [0, 700, 780, 2000, 2010, 3300, 3400, 3401], [0, 0, 1, 1, -1.3, -1.3, 0.4, 0])),
    "jumps": np.exp2(np.random.default_rng(3).uniform(-2, 2, LONG // 40 + 1))[K // 40],
    "trembling": np.exp2(np.random.default_rng(4).uniform(-1, 1, LONG)),
}


def strokes(id: str, beats: Any, n: int = LONG, transport: Transport | None = None, **more: Any) -> np.ndarray:
    settings = {p.name: p.default for p in BENCH[id].settings} | {"by": "transport"} | STEPPED[id] | more
    if id == "clock":
        settings.pop("by")
    transport = transport or Transport(RATE, BPM, 4, 150)
    outs = played(BENCH[id], n, transport, beats=beats, **settings)
    return outs[2] if id == "step_sequencer" else outs[1]


@pytest.mark.parametrize("id", STEPPED)
@pytest.mark.parametrize("sweep", SWEEPS)
def test_strokes_of_a_moving_length_are_its_integral(id: str, sweep: str) -> None:
    beats = SWEEPS[sweep]
    rises = strokes(id, beats)
    integral = np.concatenate([[0.0], np.cumsum(DBEAT / beats[:-1])])
    assert np.abs(np.cumsum(rises) - integral - 1e-9).max() <= 1 + 1e-6  # the first frame strikes: after it 1 to 0
    assert rises.max() == 1
    struck_at = np.flatnonzero(rises)
    between = integral[struck_at[1:]] - integral[struck_at[:-1]]
    assert between.min() > 0.3  # none twice: at half again its pace, and to a frame
    if sweep in ("sine", "wide sine", "trembling"):  # which never rests
        assert np.array_equal(np.cumsum(rises), np.floor(integral + 1e-9) + 1)


def test_the_example_ticks_105_times_wherever_in_the_song() -> None:
    for first in (0, 2500, 10000):
        k = np.arange(first, first + 1600)
        ticks = strokes("clock", 1.25 + 0.25 * np.sin(2 * np.pi * k / RATE / 16), 1600)
        assert abs(ticks.sum() - 105) <= 1


@pytest.mark.parametrize("id", STEPPED)
def test_a_length_that_rests_is_on_the_grid_again_within_two_strokes(id: str) -> None:
    chance = np.random.default_rng(7)
    for trial in range(tries(20)):
        before, after = np.exp2(chance.uniform(-1.5, 2, 2))
        begin, end = sorted(chance.integers(50, 400, 2))
        beats = np.interp(K[:1500], [begin, end], [before, after])
        rises = strokes(id, beats, 1500)
        on_grid = np.diff(np.floor(K[:1500] * DBEAT / after + 1e-9), prepend=-1)
        settled = end + math.ceil(2 * after / DBEAT) + 2
        assert np.array_equal(rises[settled:], on_grid[settled:]), trial


@pytest.mark.parametrize("id", STEPPED)
@pytest.mark.parametrize("beats", [0.0625, 0.3, 0.8, 1.0, 4 / 3, 7.0])
def test_a_constant_length_is_on_the_grid_through_tempi_seeks_and_loops(id: str, beats: float) -> None:
    plain = Transport(RATE, BPM, 4, 150)
    song = Transport(RATE, BPM, 4, 400, follow=True)
    for transport in (plain, plain.at_tempo(300, 77.0), song.looped(100, 50, 330).sought(600, 20), song.sought(333, 7)):
        beat = np.array([transport.frame(k).beat for k in range(1000)])
        paces = np.array([transport.frame(k).dbeat for k in range(1000)])
        smooth = np.abs(np.diff(beat, prepend=beat[0] - paces[0]) - paces) < 1e-9  # no leap, no change of tempo
        rises = strokes(id, beats, 1000, transport)
        grid = np.diff(np.floor(beat / beats + 1e-9), prepend=-1)
        assert np.array_equal(rises[smooth], grid[smooth])
        assert rises.max() <= math.floor(DBEAT / beats) + 1


def test_parts_of_a_sequence_follow_the_integral_too() -> None:
    bars = SWEEPS["sine"] / 2
    parts = played(BENCH["weighed_prompt_sequence"], LONG, Transport(RATE, BPM, 4, 150), bars=bars, glide=0.0,
                   by="transport", **{f"part_{i}": inlet for i, inlet in enumerate(_inlets(2), 1)})  # fmt: skip
    turns = np.cumsum(np.abs(np.diff(parts[0], prepend=parts[0][0])))
    integral = np.concatenate([[0.0], np.cumsum(DBEAT / 4 / bars[:-1])])
    assert np.array_equal(turns, np.floor(integral + 1e-9))


def _inlets(wired: int) -> list[Any]:
    seen = CATALOGUE["prompt_sequence"].mix_inputs_seen(frozenset(f"part_{i}" for i in range(wired + 1, 9)))
    return [seen[f"part_{i}"] for i in range(1, 9)]


# -- derived: any port that counts time ----------------------------------------------------------------------------
TIMES = ("rate", "speed", "length", "time", "beats", "attack", "hold", "decay")
PACED = [
    pytest.param(d, p, id=f"{d.id}-{p.name}")
    for d in CATALOGUE.values()
    if d.kind == "computed" and not d.live and any(o.type == "gate" for o in d.outs)
    for p in d.ports
    if p.type == "value" and (p.unit in ("beats", "s", "bars") or p.name in TIMES) and p.unit != "steps"
]


def between(port: Port) -> tuple[float, float]:
    """Two numbers of a port, 16 times apart if it reaches so far."""
    lo, hi = (port.lo, port.hi) if port.bounded else (0.25, 4.0)
    lo, hi = max(lo, 0.04), min(hi, 16.0)
    middle = math.sqrt(lo * hi)
    return max(lo, middle / 4), min(hi, middle * 4)


@pytest.mark.parametrize(("declaration", "port"), PACED)
def test_a_time_that_moves_makes_no_more_strokes_than_where_it_is_quickest(
    declaration: Declaration, port: Port
) -> None:
    chance = random.Random(declaration.id + port.name)
    options = [p for p in declaration.settings if p.choices]
    usual = {p.name: p.default for p in options}
    inputs = {p.name: gates(5, 1500) for p in declaration.ports if p.type == "gate" and p.name not in ("reset", "step")}
    lo, hi = between(port)
    moving = lo * (hi / lo) ** ((1 + np.sin(np.arange(1500) / 9)) / 2)
    gated = np.flatnonzero([half for o in declaration.outs for half in ((0, 1) if o.type == "gate" else (0,))])
    for trial in range(tries(4)):
        settings = usual | ({p.name: chance.choice(p.choices) for p in options} if trial else {})
        still = [np.array(played(declaration, 1500, **settings, **inputs, **{port.name: x})) for x in (lo, hi)]
        came = np.array(played(declaration, 1500, **settings, **inputs, **{port.name: moving}))
        most = np.maximum(still[0], still[1])
        for place in gated:
            assert came[place].sum() <= max(run[place].sum() for run in still) + 1, settings
            assert came[place].max() <= most[place].max() + (1 if inputs else 0), settings


# -- ratios that are turned ----------------------------------------------------------------------------------------
EVERY_20 = struck(*range(0, 600, 20), n=600)


@pytest.mark.parametrize(("old", "new"), [(2, 8), (1, 16), (8, 2), (16, 1), (3, 4), (7, 9)])
@pytest.mark.parametrize("frame", [58, 59, 60, 61, 65, 70])
def test_a_multiplier_that_is_turned_makes_no_burst(old: int, new: int, frame: int) -> None:
    by = np.where(np.arange(600) < frame, old, new)
    rises = played(multiplier, 600, gate=EVERY_20, by=by)[1]
    assert rises[: 20 + 1].tolist() == [1] + [0] * 19 + [1]
    assert rises.max() == 1
    assert rises[80:].reshape(-1, 20).sum(axis=1).tolist() == [new] * 26  # the new ratio from the next stroke on
    assert rises[20:frame].sum() == sum(math.ceil(m * 20 / old - 1e-9) % 20 < 20 and 20 + m * 20 / old <= frame - 1
                                        for m in range(2 * old + old))  # fmt: skip
    apart = np.diff(np.flatnonzero(rises[: frame + 60]))
    assert apart.min() >= math.floor(20 / max(old, new))


def test_a_multiplier_whose_ratio_trembles_makes_no_more_than_the_integral() -> None:
    by = np.random.default_rng(2).integers(2, 9, 600)
    rises = played(multiplier, 600, gate=struck(*range(0, 600, 150), n=600), by=by)[1]
    assert rises.max() == 1
    assert rises[150:].sum() <= 8 * 3


def test_strokes_that_really_are_quicker_than_frames_are_still_counted() -> None:
    assert strokes("clock", 0.0625, 100).max() == 2
    fast = played(multiplier, 400, gate=struck(*range(0, 400, 4), n=400), by=16)[1]
    assert (fast[8:].reshape(-1, 4).sum(axis=1) == 16).all()


def test_a_step_whose_strokes_are_turned_makes_no_burst() -> None:
    for seed in range(tries(30)):
        draw = np.random.default_rng(seed)
        hits = {f"strokes{i}": draw.integers(0, 9, 600 // 7 + 1)[np.arange(600) // 7] for i in range(1, 9)}
        rises = played(step_sequencer, 600, by="transport", beats=2.0, **hits)[2]
        assert rises.max() == 1


def test_a_leap_into_a_step_of_many_strokes_is_one_stroke() -> None:
    eight = {f"strokes{i}": 8.0 for i in range(1, 9)}
    song = Transport(RATE, BPM, 4, 800, follow=True)
    for position in (3, 30, 45, 77, 380):
        rises = played(step_sequencer, 300, song.sought(110, position), by="transport", beats=4.0, **eight)[2]
        assert rises.max() == 1
        assert rises[:110].sum() == 18


def test_dividers_and_counters_that_are_turned_pay_nothing_back() -> None:
    turned = np.random.default_rng(1).integers(1, 20, 600)
    assert played(divider, 600, gate=EVERY_20, by=turned, late=turned[::-1])[1].max() == 1
    few = np.where(np.arange(600) < 500, 64, 1)
    wraps = played(counter, 600, up=EVERY_20, modulus=few)[4]
    assert wraps[:500].sum() == 0
    assert wraps.max() == 1


def test_a_gate_delay_whose_time_moves_tells_no_stroke_twice() -> None:
    every_7 = [Gate(int(k % 7 < 3), int(k % 7 == 0)) for k in range(1500)]
    for seed in range(10):
        draw = np.random.default_rng(seed)
        for time in (
            1 + 0.9 * np.sin(np.arange(1500) / draw.uniform(5, 80)),
            draw.uniform(0.04, 3, 1500 // 50)[np.arange(1500) // 50],
        ):
            rises = played(gate_delay, 1500, gate=every_7, time=time)[1]
            assert rises.max() == 1
            assert rises.sum() <= 1500 / 7 + 1
    echoed = played(gate_delay, 1500, gate=every_7, time=np.interp(np.arange(1500), [200, 400], [0.4, 2.0]))[1]
    assert abs(echoed.sum() - (1500 - 50) / 7) <= 1  # as the time only grows, each comes once
    assert clock.by_name["beats"].unit == "beats"
