"""What is odd about a patch that plays: controls that are moved and have no effect."""

from __future__ import annotations

from collections.abc import Mapping

from demon_patch.engine.controls import CONTROLS, Control
from demon_patch.errors import PatchError
from demon_patch.nodes.declare import Declaration
from demon_patch.patch.document import Patch
from demon_patch.runtime.compile import ring_plan
from demon_patch.runtime.wiring import Wiring


def remarks(patch: Patch, catalogue: Mapping[str, Declaration]) -> list[PatchError]:
    """One remark for each port of the ring's nodes that is wired or set, but whose control has no effect because the
    one that it needs is not there, and for a step window without a Step State. Never a reason not to play. For a patch
    without `problems`."""
    wiring = Wiring(patch, catalogue)
    plan = ring_plan(wiring)
    found: list[PatchError] = []
    for id in (plan.scheduler, plan.source_blend, plan.step_state, plan.decoder):
        if id is None:
            continue
        values = patch.nodes[id].values
        for port in wiring.known[id].ports:
            row = CONTROLS.get(port.control or "")
            if row is None or row.needs is None or plan.meets(row):
                continue
            if (id, port.name) in wiring.into or values.get(port.name, port.default) != port.default:
                need = CONTROLS[row.needs]
                what = f"it has no effect without {need.title.lower()}"
                found.append(PatchError(what, node=id, port=port.name, mend=_mend(need)))
    if plan.step_window is not None and plan.step_state is None:
        found.append(
            PatchError("it has no effect without a Step State", node=plan.step_window, mend="add one to the chain")
        )
    return found


def _mend(need: Control) -> str:
    node = need.carrier.replace("_", " ").title()
    if need.options:
        return f"choose another {need.title.lower()} than off on the {node}"
    if need.numeric:
        return f"wire or set {need.title.lower()} on the {node}"
    return f"wire a {need.shape} to {need.title.lower()} on the {node}"
