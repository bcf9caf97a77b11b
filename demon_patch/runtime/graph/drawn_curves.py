"""Computes the curves of a patch before they are played: tables over the song, drawn or made of other curves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.runtime.graph.order import topological
from demon_patch.runtime.graph.wiring import Wiring


@dataclass(frozen=True, slots=True)
class CurveInput:
    """The input of a curve node: `base` plus depth * x + offset for each curve x that is wired to it."""

    base: float
    cables: tuple[tuple[str, float, float], ...]
    """For each cable, the node id of its curve, its depth and its offset."""

    def __call__(self, tables: Mapping[str, Array], frames: int) -> Array:
        """Returns the sum [T] over the latent frames of the song. tables: the curves by node id."""
        total = np.full(frames, self.base)
        for node, depth, offset in self.cables:
            total = total + depth * tables[node] + offset
        return total


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """How the table of a curve node is computed. A bypassed node passes its first input on."""

    key: Hashable
    table: Callable[..., Any]
    inputs: tuple[CurveInput, ...] = ()
    bypass: bool = False

    def __call__(self, tables: Mapping[str, Array], frames: int, rate: float, bpm: float) -> Array:
        """Returns the table [T] over the latent frames of the song.

        tables: the curves that it is made of, by node id.
        frames: T. rate: control frames a second. bpm: beats a minute.
        """
        inputs = [curve_input(tables, frames) for curve_input in self.inputs]
        if self.bypass and inputs:
            return inputs[0]
        return np.asarray(self.table(self.key, frames, rate, bpm, inputs), dtype=np.float64)


def drawn_curves(wiring: Wiring, keys: Mapping[str, Hashable]) -> dict[str, DrawnCurve]:
    """Returns how each curve of a patch without `problems` is computed, by node id. A curve comes after the curves that
    it is made of."""
    curves = {id: d for id, d in wiring.known.items() if d.table is not None and d.kind == "resource"}
    edges = {(cable.src, id) for (id, _), cables in wiring.into.items() if id in curves for cable in cables}
    nodes = {*curves, *(start for start, _ in edges)}
    found: dict[str, DrawnCurve] = {}
    for id in topological(nodes, edges):
        if id in curves:
            declaration = curves[id]
            assert declaration.table is not None
            inputs = tuple(_curve_input(wiring, id, port.name) for port in declaration.ports if port.type == "curve")
            found[id] = DrawnCurve(keys[id], declaration.table, inputs, wiring.patch.nodes[id].bypass)
    return found


def _curve_input(wiring: Wiring, id: str, name: str) -> CurveInput:
    port = wiring.known[id].by_name[name]
    cables = wiring.into.get((id, name), [])
    base = 0.0 if any(wiring.sets(cable) for cable in cables) else wiring.knob(id, port)
    depths = [(1.0, 0.0) if wiring.sets(cable) else wiring.depth_and_offset(cable) for cable in cables]
    return CurveInput(base, tuple((cable.src, *depth) for cable, depth in zip(cables, depths, strict=True)))
