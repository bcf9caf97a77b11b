"""Migration of a node from one version of its node type to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _same(values: dict[str, Any]) -> Mapping[str, Any]:
    return values


@dataclass(frozen=True, slots=True)
class Migration:
    """The changes that turn a node into one of the next version, made in this order. All functions are pure.

    ports, outs: new names of ports and outputs, by old name. Values, playing ranges, cables and all other records that
        name them get the new names.
    scaled: by new port name, a monotone function from the old number to the new one. It is applied to the knob and to
        both ends of the playing range.
    values: takes all stored values by new port name and returns those that the next version stores. Values at their
        default are not stored, so they are not passed.
    """

    ports: Mapping[str, str] = field(default_factory=dict)
    outs: Mapping[str, str] = field(default_factory=dict)
    scaled: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    values: Callable[[dict[str, Any]], Mapping[str, Any]] = _same
