"""Plays one live node that a test feeds, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.live_inputs import Fed
from tests.support.node_bench import BENCH, playable

N, RATE = 200, 25.0
K = np.arange(N)
TRANSPORT = Transport(RATE, 120.0, 4, 150)


def play_fed(node: Node, fed: Mapping[str, Sequence[Fed]], *outs: str) -> list[np.ndarray]:
    """The outputs of the node over N frames; of a gate (its name with a star) the rises, with two stars its level.

    fed: by port what arrives in each frame.
    """
    names = [f"{'g' if out.endswith('*') else 'x'}{i}" for i, out in enumerate(outs)]
    cables = [Cable("n", out.rstrip("*"), "p", name) for out, name in zip(outs, names, strict=True)]
    program = compile(playable({"n": node, "p": Node("probe")}, tuple(cables)), BENCH, Geometry(RATE, 150))
    forecast = Forecast(program, TRANSPORT)
    for port, arriving in fed.items():
        for k, value in enumerate(arriving):
            forecast.feed("n", port, value, at=k)
    forecast.advance(N)
    kinds = ["level" if out.endswith("**") else None for out in outs]
    sinks = [program.engine_port("p", name, kind) for name, kind in zip(names, kinds, strict=True)]  # type: ignore[arg-type]
    return [forecast.span(sink, 0, N) for sink in sinks]


def noise(lo: float, hi: float, seed: int = 1) -> list[float]:
    """A number in each frame."""
    return np.random.default_rng(seed).uniform(lo, hi, N).tolist()


def gates(seed: int = 1) -> list[tuple[float, float]]:
    """A gate in each frame that opens and closes at random, with a rise where it opens."""
    level = (np.convolve(np.random.default_rng(seed).normal(size=N), np.ones(9), "same") > 0).astype(float)
    return [(high, float(high > before)) for before, high in zip([0.0, *level[:-1]], level, strict=True)]


def levels(given: Sequence[tuple[float, float]]) -> np.ndarray:
    """The levels of a gate."""
    return np.array([level for level, _ in given])


def rises(given: Sequence[tuple[float, float]]) -> np.ndarray:
    """The rises of a gate."""
    return np.array([each for _, each in given])


def pole(x: Sequence[float], seconds: float, first: float = 0.0) -> np.ndarray:
    """One pole with that time constant, by the sum of its impulse response."""
    a = np.exp(-1 / (RATE * seconds)) if seconds else 0.0
    powers = a ** np.arange(N)
    return (1 - a) * np.convolve(x, powers)[:N] + first * a ** (K + 1)
