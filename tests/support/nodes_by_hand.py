"""Runs one node by its plain Python call, frame after frame, on signals and gates made by hand.

The derived tests hold all other spellings of a node to that call, so that an oracle may stand on it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from demon_patch.codegen.frame import Gate
from demon_patch.nodes.language.declare import Declaration
from demon_patch.runtime.graph.clock import Transport

N = 300
TRANSPORT = Transport(25.0, 120.0, 4, 150)
REST = Gate()


def played(
    declaration: Declaration, n: int = N, transport: Transport = TRANSPORT, /, **inputs: Any
) -> list[np.ndarray]:
    """The outputs over n frames, two for a gate: level, rises.

    inputs: by port a number, a choice, an array [n] or a list of n gates; ports not given have their knob, or rest.
    """
    state = dict(declaration.states)
    given: dict[str, Any] = {p.name: REST if p.type == "gate" else p.default for p in declaration.ports} | inputs
    moving = [p.name for p in declaration.ports if p.type == "gate" or isinstance(given[p.name], np.ndarray)]
    rows: list[list[float]] = []
    for k in range(n):
        now = {name: given[name][k] for name in moving if isinstance(given[name], (list, np.ndarray))}
        values = given | now
        result = declaration(transport.frame(k), **values, **state)
        parts: Sequence[Any] = result if len(declaration.outs) + len(state) > 1 else (result,)
        state = dict(zip(state, parts[len(declaration.outs) :], strict=True))
        outs = zip(declaration.outs, parts, strict=False)
        rows.append(list(chain.from_iterable(part if out.type == "gate" else [part] for out, part in outs)))
    return list(np.array(rows, dtype=np.float64).T)


def signal(seed: int, lo: float = -1.0, hi: float = 1.0, n: int = N) -> np.ndarray:
    """A new random number in every frame."""
    return np.random.default_rng(seed).uniform(lo, hi, n)


def gates(seed: int, n: int = N) -> list[Gate]:
    """A gate at random: frames at rest, single edges, triggers, and up to three rises in a frame; its level goes up
    only with a rise."""
    draw, level, made = np.random.default_rng(seed), 0, []
    for _ in range(n):
        before, level = level, int(draw.integers(2))
        least = 1 if level > before else 0
        rises = least + (int(draw.integers(3)) if draw.random() < 0.4 else 0)
        made.append(Gate(level, rises))
    return made


def struck(*frames: int, n: int = N) -> list[Gate]:
    """Triggers in these frames, one for each time that a frame is named."""
    return [Gate(min(frames.count(k), 1), frames.count(k)) for k in range(n)]


def held(lo: int, hi: int, n: int = N) -> list[Gate]:
    """A gate that is high from frame lo until before frame hi."""
    return [Gate(int(lo <= k < hi), int(k == lo)) for k in range(n)]


def course(gate: Sequence[Gate], k: int) -> list[int]:
    """The levels of a gate within frame k, edge by edge, from the level before it to the one at its end."""
    before = int(gate[k - 1].level) if k else 0
    levels = [before] + [0, 1] * int(gate[k].rises) + [int(gate[k].level)]
    return [level for i, level in enumerate(levels) if i == 0 or level != levels[i - 1]]


def upward(levels: Sequence[float]) -> int:
    """The rising edges of a course."""
    return sum(b > a for a, b in pairwise(levels))
