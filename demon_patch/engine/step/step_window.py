"""Step windows: controls that act only in some denoising steps of a generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from demon_patch.engine.controls import CONTROLS


def step_window(lo: float, hi: float, stage: float) -> bool:
    """Returns whether a generation at `stage` is inside the window from `lo` up to, but not including, `hi`.

    stage: how far the generation is when its next step begins, as a share of all steps (`Slot.stage`) or in steps
        (`Slot.step`).
    lo, hi: in the unit of `stage`. A window whose `hi` is not above its `lo` is empty.
    """
    return lo <= stage < hi


def narrowed(
    values: Mapping[str, Tensor | str], names: Iterable[str], inside: Sequence[bool]
) -> dict[str, Tensor | str]:
    """Returns step values in which the controls `names` do nothing for the generations outside a window.

    inside: for each of the n generations in flight, in the ring's order, whether it is inside the window.
    Outside, the tensor of a control is `Control.at_rest`; the returned tensors of `names` are [n, ...] unless all
    generations are inside. Options cannot differ between generations and are not changed.
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
