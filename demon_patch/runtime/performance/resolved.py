"""How much of each prompt or clip, by its node, a generation takes."""

from __future__ import annotations

from collections import defaultdict

from demon_patch.runtime.performance.mixes import PreparedMix
from demon_patch.runtime.performance.sounding import Sounding


def node_shares(sounding: Sounding, control: str, frame: int) -> dict[str, float]:
    """Returns the share of each prompt or clip that a control (`prompt`, `source`, ...) takes at a transport frame, by
    the id of the node that it comes from; shares of 0 are left out. Music that is fed back has none. Empty where
    nothing is wired. On the thread of the performer."""
    found: defaultdict[str, float] = defaultdict(float)
    part, node = sounding.parts.get(control), sounding.program.ring.wired.get(control)
    if part is not None and node is not None:
        _add(sounding, part, node, frame, 1.0, found)
    return dict(found)


def _add(sounding: Sounding, part: object, node: str, frame: int, share: float, found: defaultdict[str, float]) -> None:
    mixture = sounding.program.ring.mixes.get(node)
    if not isinstance(part, PreparedMix) or mixture is None:
        found[node] += share
        return
    weights = sounding.controls.weights
    shares = weights.shares_at(part, frame, False, weights.law(part))
    for (port, inner), each in zip(part.inputs, shares, strict=True):
        if each > 0:
            _add(sounding, inner, mixture.inputs[port], frame, share * float(each), found)
