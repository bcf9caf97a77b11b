"""Step windows: controls that act in some steps of a generation only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from demon_patch.engine.controls import CONTROLS


def step_window(lo: float, hi: float, stage: float) -> bool:
    """Whether a generation at `stage` is inside the window from `lo` up to, but not including, `hi`.

    stage: how far it is when its next step begins, as a share of all steps (`Slot.stage`), or in steps (`Slot.step`);
    lo, hi: in the same unit. A window whose `hi` is not above its `lo` is empty.
    """
    return lo <= stage < hi


def narrowed(
    values: Mapping[str, Tensor | str], names: Iterable[str], inside: Sequence[bool]
) -> dict[str, Tensor | str]:
    """Step values in which the controls `names` are at rest for the generations that are not inside a window.

    inside: by generation in flight, in the ring's order. Numbers become [n, ...]; choices hold for all generations.
    """
    found = dict(values)
    if all(inside):
        return found
    which = torch.tensor(inside)[:, None, None]
    for name in names:
        value = values.get(name)
        if isinstance(value, Tensor):
            found[name] = torch.where(which, value, torch.tensor(CONTROLS[name].at_rest))
    return found
