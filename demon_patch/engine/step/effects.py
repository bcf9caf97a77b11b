"""Effects on the clean prediction of a step: what every step does to it before the way to the next timestep.

An effect is a function of the rows that step together and their clean prediction x0 [R, T, C], which it changes in
place. A step control is `rows.value(name)`, [1 | R, 1 | T, 1 | C], and None while it is off; a control that a
generation is made with is `slot.request.controls.number(name)` of each of `rows.slots`. A row that an effect does not
concern must stay exactly as it is, so that a generation does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from demon_patch.engine.step import formulas
from demon_patch.engine.step.chunk_rows import ChunkRows

Effect: TypeAlias = Callable[[ChunkRows, Tensor], None]


def target_pull(rows: ChunkRows, x0: Tensor) -> None:
    """Pulls the prediction to each row's target: by the target curve where it is set, else by target strength."""
    slots = rows.slots
    curve, strength = rows.value("target_curve"), rows.fader("target_strength")
    amount = strength if curve is None else curve
    if amount is None:
        return
    factors = [
        0.0
        if slot.request.target is None
        else formulas.late(slot.position, slot.request.plan.steps)
        if curve is None
        else formulas.ramp(slot.position, slot.request.plan.steps, slot.request.controls.number("target_gate"))
        for slot in slots
    ]
    if any(factors):
        pulled = rows.scaled("target amount", rows.scalars("target factor", factors), amount)
        target = rows.collect(
            "target", [(slot.x if slot.request.target is None else slot.request.target)[None] for slot in slots]
        )
        formulas.pull(x0, target, pulled, out=x0)


EFFECTS: list[Effect] = [target_pull]
"""All of them, in the order in which they act: after the mask, before source blend."""
