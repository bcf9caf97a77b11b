"""Detects that a person touches the controls of generations. Where `focus` is `auto`, this shortens what is
generated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from torch import Tensor

from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.control_values import ControlValues

SLOW_SECONDS = 2.0  # for which a knob may go on moving after a device has sent something


class Touches:
    """Detects that what a device sends moves the controls of generations. Owned by the tick thread."""

    def __init__(self) -> None:
        self._readings: ControlValues | None = None
        self._engine_ports: list[int] = []
        self._values: list[float] = []
        self._sent: int | None = None

    def moved(self, readings: ControlValues, frame: int, sent: bool) -> bool:
        """Returns whether an engine port that a live source reaches has moved since the last call, and a device has
        sent something within the last SLOW_SECONDS. Called once a tick.

        frame: the transport frame now.
        sent: whether a device has sent something since the last call.
        """
        if readings is not self._readings:
            self._readings, self._engine_ports = readings, _held(readings.program)
            self._values = [readings.forecast.port_value(port, frame) for port in self._engine_ports]
        self._sent = frame if sent else self._sent
        before, self._values = self._values, [readings.forecast.port_value(port, frame) for port in self._engine_ports]
        lately = self._sent is not None and frame - self._sent <= SLOW_SECONDS * readings.forecast.transport.rate
        return lately and before != self._values


def _held(program: Program) -> list[int]:
    """Returns the indices of the engine ports that a live source reaches and that generations are made with."""
    return [
        number
        for number, port in enumerate(program.engine_ports)
        if (port.node, port.port) in program.held and (port.control is None or port.control.of_generations)
    ]


def alike(a: Any, b: Any) -> bool:
    """Returns whether two inputs of generations are equal: numbers, words, tensors, prompts, clips, and collections of
    them. What a clip only keeps (`Source.once`) does not count."""
    if a is b or type(a) is not type(b):
        return a is b
    match a:
        case Tensor() | np.ndarray():
            return a.shape == b.shape and bool((a == b).all())
        case dict():
            return a.keys() == b.keys() and _all_alike((a[key], b[key]) for key in a)
        case tuple() | list():
            return len(a) == len(b) and _all_alike(zip(a, b, strict=True))
        case _ if is_dataclass(a):
            return _all_alike((getattr(a, each.name), getattr(b, each.name)) for each in fields(a) if each.compare)
        case _:
            return bool(a == b)


def _all_alike(pairs: Iterable[tuple[Any, Any]]) -> bool:
    return all(alike(*pair) for pair in pairs)
