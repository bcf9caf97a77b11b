"""Effects, which every denoising step applies to the predicted clean latent before it goes on to the next timestep.

An effect is a function of the rows of a chunk and their clean prediction x0 [R, T, C], which it changes in place. It
reads a step control with `rows.value(name)`, [1 | R, 1 | T, 1 | C], which is None while the control is off. It reads a
control of a request with `slot.request.controls.number(name)` for each of `rows.slots`. It must not change a row that
it does not concern, not even in the last bit, so that a generation does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from demon_patch.engine.step import formulas
from demon_patch.engine.step.chunk_rows import ChunkRows

Effect: TypeAlias = Callable[[ChunkRows, Tensor], None]


def target_pull(rows: ChunkRows, x0: Tensor) -> None:
    """Pulls the clean prediction x0 [R, T, C] to each row's target, in place. The amount is the target curve if it is
    set, else target strength. A row without a target keeps its prediction."""
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
"""All effects, in the order in which they act. They act after the mask and before source blend."""
