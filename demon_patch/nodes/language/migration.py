"""A step from one version of a type of node to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _same(values: dict[str, Any]) -> Mapping[str, Any]:
    return values


@dataclass(frozen=True, slots=True)
class Migration:
    """What an older node becomes, in this order; all functions are pure.

    ports, outs: new names of inputs and outputs by old ones: values, playing ranges, cables and whatever else names
    them follow. scaled: by the input's new name, a monotone function of its number: the knob and the ends of the
    playing range go through it. values: all that it keeps, by new names, as the next version keeps it; what is at its
    default is not there.
    """

    ports: Mapping[str, str] = field(default_factory=dict)
    outs: Mapping[str, str] = field(default_factory=dict)
    scaled: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    values: Callable[[dict[str, Any]], Mapping[str, Any]] = _same
