"""Finds what has no effect in a patch because its song has a source, or has none."""

from __future__ import annotations

from collections.abc import Iterator

from demon_patch.engine.alone import OF_SOURCE, length_alone
from demon_patch.engine.contracts import FamilySpec
from demon_patch.errors import PatchError
from demon_patch.nodes.library.engine.engine import LENGTH
from demon_patch.runtime.graph.ring_plan import RingPlan
from demon_patch.runtime.graph.wiring import Wiring


def source_remarks(wiring: Wiring, plan: RingPlan, spec: FamilySpec, clip: bool) -> Iterator[PatchError]:
    """Yields the remarks on a patch's source; a family that needs a source and has none is a mistake, and told as such.

    - A song without a source: it is made from its prompt alone. Each control that acts on the source and is wired or
      set has no effect then.
    - A length that is set, where the source has one or the family needs a source.

    clip: whether a clip replaces the patch's own source.
    """
    covers, values = clip or plan.source is not None, wiring.patch.nodes[plan.scheduler].values
    if covers or spec.needs_source:
        if LENGTH in values:
            why = "the song is as long as its source" if covers else f"the model {spec.name} needs a source"
            yield PatchError(
                f"it has no effect: {why}", node=plan.scheduler, port=LENGTH, mend="set the length on the source node"
            )
        return
    yield PatchError(
        f"nothing is covered: {length_alone(spec, *plan.alone)} of music are made from the prompt alone",
        node=plan.scheduler,
        port="source",
        mend=f"wire a source node to it to cover one, or set {LENGTH} for another length",
    )
    for id in (plan.scheduler, plan.source_blend):
        if id is None:
            continue
        for port in wiring.known[id].ports:
            moved = (id, port.name) in wiring.into or port.name in wiring.patch.nodes[id].values
            if port.control in OF_SOURCE and moved:
                yield PatchError("it has no effect without a source", node=id, port=port.name, mend="wire a source")
