"""The law of gates, over every gate output of the catalogue; and envelopes behind them.

In a control frame a gate falls before it rises. Before the first frame it is low. So its falls, the level before +
rises - its level, are never below 0: a level that goes from 0 to 1 has at least one rise in that frame. The level is 0
or 1 and the rises are a whole number from 0 on.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from demon_patch.codegen.frame import Gate
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.library.modulation.envelope import adsr, ahd
from demon_patch.nodes.library.sequence.pulses import divider
from demon_patch.runtime.graph.clock import Transport
from tests.support.effort import tries
from tests.support.nodes_by_hand import held, played

FRAMES, ROUNDS = 300, 10
GATED = [d for d in CATALOGUE.values() if d.kind == "computed" and any(o.type == "gate" for o in d.outs)]
TRANSPORTS = (
    Transport(25.0, 126.0, 4, 97),
    Transport(25.0, 90.0, 3, 60, downbeat=0.7, follow=True),
    Transport(25.0, 120.0, 4, 400, follow=True).looped(50, 20, 70).sought(200, 110),
    Transport(25.0, 60.0, 4, 400).at_tempo(150, 300.0),
)


class Hand:
    """What arrives at a port: it rests, moves by jumps, glides or trembles; gates keep the law."""

    def __init__(self, port: Port, chance: random.Random) -> None:
        self.port, self.chance = port, chance
        self.lo, self.hi = (max(port.lo, -3.0), min(port.hi, 3.0)) if not port.bounded else (port.lo, port.hi)
        self.x = float(port.default) if isinstance(port.default, (int, float)) else 0.0
        self.restless = chance.choice((0.0, 0.02, 0.3, 1.0))
        self.level = 0

    def number(self) -> float:
        if self.chance.random() < self.restless:
            share = self.chance.random()
            if self.port.taper == "log":
                self.x = self.lo * (self.hi / self.lo) ** share
            else:
                self.x = self.lo + (self.hi - self.lo) * share
        x = round(self.x) if self.port.taper == "int" else self.x
        return min(max(x, self.port.lo), self.port.hi)

    def gate(self) -> Gate:
        before = self.level
        if self.chance.random() < 0.2:
            self.level = 1 - self.level
        more = self.chance.choice((0, 0, 0, 1, 2)) if self.chance.random() < 0.2 else 0
        return Gate(self.level, max(self.level - before, 0) + more)


def run(declaration: Declaration, seed: int) -> dict[str, np.ndarray]:
    """Levels and rises of all gate outputs over FRAMES, [2, FRAMES] by output."""
    chance = random.Random(f"{declaration.id} {seed}")
    transport = chance.choice(TRANSPORTS)
    settings: dict[str, Any] = {p.name: chance.choice(p.choices) for p in declaration.settings if p.choices}
    hands = {p.name: Hand(p, chance) for p in declaration.ports if p.type in ("gate", "value")}
    wired = {name: chance.random() < 0.8 for name in hands}
    state: dict[str, Any] = dict(declaration.states)
    found: dict[str, list[Gate]] = {o.name: [] for o in declaration.outs if o.type == "gate"}
    for k in range(FRAMES):
        if transport.follow and chance.random() < 0.04:
            transport = transport.sought(k, chance.randrange(transport.song_frames))
        if chance.random() < 0.01:  # an option that is turned while it plays; the state is kept
            settings |= {p.name: chance.choice(p.choices) for p in declaration.settings if p.choices}
        values = {
            name: (hand.gate() if hand.port.type == "gate" else hand.number()) if wired[name] else
            (Gate() if hand.port.type == "gate" else hand.port.default)
            for name, hand in hands.items()
        }  # fmt: skip
        result = declaration(transport.frame(k), **values, **settings, **state)
        parts = result if len(declaration.outs) + len(state) > 1 else (result,)
        state = dict(zip(state, parts[len(declaration.outs) :], strict=True))
        for out, part in zip(declaration.outs, parts, strict=False):
            if out.type == "gate":
                found[out.name].append(Gate(*part))
    return {name: np.array(gates, dtype=float).T for name, gates in found.items()}


def lawless(level: np.ndarray, rises: np.ndarray) -> np.ndarray:
    """The frames in which a gate breaks the law."""
    before = np.concatenate([[0.0], level[:-1]])
    bad = ~np.isin(level, (0.0, 1.0)) | (rises < 0) | (rises != np.floor(rises)) | (before + rises - level < 0)
    return np.flatnonzero(bad)


def attacks(level: np.ndarray, rises: np.ndarray) -> bool:
    """Whether an ADSR behind it that climbs, but never in one frame, gets its attack each time that it opens."""
    gate = [Gate(a, b) for a, b in zip(level, rises, strict=True)]
    out = played(adsr, len(gate), gate=gate, attack=0.2, decay=0.2, sustain=1.0, release=0.001)[0]
    opens = np.flatnonzero((level > 0) & (np.concatenate([[0.0], level[:-1]]) == 0))
    return all(out[k] <= (out[k - 1] if k else 0) + 0.2 + 1e-9 for k in opens)


@pytest.mark.parametrize("declaration", GATED, ids=lambda d: d.id)
def test_a_level_never_goes_up_without_a_rise(declaration: Declaration) -> None:
    for seed in range(tries(ROUNDS)):
        for name, (level, rises) in run(declaration, seed).items():
            assert lawless(level, rises).tolist() == [], (name, seed)
            assert attacks(level, rises), (name, seed)


def test_the_law_catches_what_breaks_it() -> None:
    assert lawless(np.array([1.0, 1.0, 0.0]), np.zeros(3)).tolist() == [0]
    assert lawless(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0])).tolist() == []
    assert lawless(np.array([0.0, 0.5]), np.array([-1.0, 0.5])).tolist() == [0, 1]


def test_a_divider_that_is_reset_while_its_clock_is_high_is_shut_until_its_next_stroke() -> None:
    strokes = [Gate(max(a.level, b.level, c.level), a.rises + b.rises + c.rises)
               for a, b, c in zip(held(2, 8), held(12, 18), held(22, 28), strict=True)]  # fmt: skip
    level, rises = played(divider, 40, gate=strokes, by=2, late=1, reset=held(5, 6))
    assert np.flatnonzero(level).tolist() == list(range(22, 28))
    assert np.flatnonzero(rises).tolist() == [22]


def test_an_adsr_struck_again_climbs_on_from_where_it_is() -> None:
    gate = [Gate(a.level + b.level, a.rises + b.rises) for a, b in zip(held(2, 20), held(24, 40), strict=True)]
    out = played(adsr, 50, gate=gate, attack=0.2, decay=0.2, sustain=0.5, release=0.4)[0]
    assert np.allclose(out[23:29], [0.1, 0.3, 0.5, 0.7, 0.9, 1.0], atol=1e-9)


def test_an_adsr_whose_gate_is_high_when_it_is_wired_gets_its_attack() -> None:
    out = played(adsr, 8, gate=[Gate()] * 3 + [Gate(1, 0)] * 5, attack=0.2, sustain=1.0)[0]
    assert np.allclose(out, [0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1], atol=1e-9)


def test_an_ahd_struck_again_in_its_hold_holds_anew() -> None:
    gate = [Gate(int(k in (0, 6)), int(k in (0, 6))) for k in range(40)]
    out = played(ahd, 40, gate=gate, attack=0.04, hold=0.4, decay=0.4)[0]
    assert (out[:16] == 1).all()
    assert out[17] < 1
