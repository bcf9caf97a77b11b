"""How a node of one version of its type becomes a node of the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _same(values: dict[str, Any]) -> Mapping[str, Any]:
    return values


@dataclass(frozen=True, slots=True)
class Migration:
    """What is changed in a node of the version before, field by field in this order. All functions are pure.

    ports, outs: new names of ports and outputs, by old name. Values, playing ranges, cables and all else that names
        them follow.
    scaled: by new name of a port, a monotone function of its number, which changes the knob and both ends of the
        playing range.
    values: takes all stored values, by new name, and returns what the next version stores. What is at its default is
        not among them.
    """

    ports: Mapping[str, str] = field(default_factory=dict)
    outs: Mapping[str, str] = field(default_factory=dict)
    scaled: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    values: Callable[[dict[str, Any]], Mapping[str, Any]] = _same
