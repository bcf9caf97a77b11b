"""What the probe says of a signal. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Hit
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.ranges import Range, declared
from demon_patch.editor.look import numbers
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Point

CLASSES = {
    "request": "taken once a generation", "step": "taken at every step", "late step": "taken at the late steps",
    "frame": "one number for each frame of the song",
    "decode": "taken as it is decoded", "source": "taken with the source", "session": "taken when the engine begins",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Probed:
    """A signal that is looked at.

    point: what is watched. title: its node and port. type, unit: of it. range: in which it is drawn.
    words: what else there is to say: class, rate.
    """

    point: Point
    title: str
    type: str
    unit: str
    range: Range
    words: str


def probed(hit: Hit, facts: Facts, patch: Patch, within: str | None, path: str = "") -> Probed | None:
    """Returns the signal under the pointer; None where there is none. path: of the subpatch that is shown."""
    if hit.kind in ("wire", "depth") and hit.wire is not None:
        node, name, out = hit.wire.src, hit.wire.out, True
    elif hit.kind in ("pin", "knob", "number"):
        node, name, out = hit.id, hit.port, hit.out
    else:
        return None
    found = patch.graph(within).nodes.get(node)
    if found is None or (declaration := facts.declaration(found.type)) is None:
        return None
    title = f"{found.label or declaration.title} · {name.replace('_', ' ')}"
    if out:
        made = next((each for each in (*declaration.outs, *declaration.hidden) if each.name == name), None)
        if made is None or made.type not in ("value", "gate"):
            return None
        range_ = declared(declaration, name, "out")
        return Probed((path + node, name, "out"), title, made.type, made.unit, range_, "")
    port = declaration.by_name.get(name)
    if port is None or port.type not in ("value", "gate", "curve"):
        return None
    words = CLASSES.get(facts.propagation(found.type, name), facts.propagation(found.type, name))
    rate = facts.rate(found.type, name)
    if rate:
        words = f"{words}, {rate:.3g} times a second" if words else f"read {rate:.3g} times a second"
    return Probed((path + node, name, "in"), title, port.type, port.unit, (port.lo, port.hi), words)


def span(values: Array, range_: Range) -> Range:
    """Returns the lowest and highest number of a picture: of the signal, with a little air, within its range."""
    known = values[np.isfinite(values)]
    if not len(known):
        return (0.0, 1.0) if not np.isfinite(range_).all() else range_
    lo, hi = float(known.min()), float(known.max())
    air = max(0.08 * (hi - lo), 1e-6, 0.02 * abs(hi))
    return lo - air, hi + air


def numbers_of(values: Array, now: float, unit: str) -> str:
    """Returns the number now, and the lowest and highest."""
    known = values[np.isfinite(values)]
    if not len(known):
        return "nothing is known yet"
    said = [numbers.said(float(x), unit, "linear") for x in (known.min(), known.max())]
    here = numbers.said(now, unit, "linear") if np.isfinite(now) else "–"
    return f"{here}   from {said[0]} to {said[1]}"


def held(ahead: Array) -> bool:
    """Whether a forecast stands still, so that it may be one of a live source: its newest number."""
    known = ahead[np.isfinite(ahead)]
    return bool(len(known) > 1 and float(np.ptp(known)) < 1e-9)
