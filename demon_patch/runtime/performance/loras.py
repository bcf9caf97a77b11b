"""Keeps the LoRAs of a patch in the model's weights, at the strengths that will be heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.lora.merge import Lora
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.program import Program

_ROW = CONTROLS["lora_strength"]
MOVED = (_ROW.hi - _ROW.lo) / 64
"""A strength is merged again when it has moved by more than this, or no longer moves."""


class LoraRack:
    """The LoRAs of one performance.

    load: gives a LoRA by the name in its node.
    faults: by node, what is wrong with a LoRA that an edit brought while playing; the music goes on without it.

    Weights are shared by all generations in flight, so a tick uses each strength at one moment: halfway between the
    mean of the moments at which those will be heard and the latest. A generation then meets, over its steps, the
    strengths round its own moment, the first steps, which count most, the nearest ones.
    Owned by the thread of the session, whose weights it sets. Raises DemonError for a LoRA that cannot be loaded.
    """

    def __init__(self, session: Session, program: Program, load: Callable[[str], Lora]) -> None:
        self.faults: dict[str, DemonError] = {}
        self._session, self._load = session, load
        self._sinks: tuple[int, ...] = ()
        self._loras: tuple[Lora, ...] = ()
        self._wanted: tuple[float, ...] = ()
        self._merged: tuple[tuple[Lora, float], ...] = ()
        self.read(program)
        for fault in self.faults.values():
            raise fault

    def read(self, program: Program) -> None:
        """Takes over the LoRAs of a program; their strengths follow on the next tick."""
        self.faults.clear()
        found: dict[str, Lora] = {}
        for node, file in program.ring.loras.items():
            try:
                found[node] = self._load(file)
            except DemonError as error:
                self.faults[node] = error.located(node=node, port="file")
        self._sinks = tuple(program.sink(node, _ROW.name) for node in found)
        self._loras = tuple(found.values())
        self._wanted = ()

    @property
    def loaded(self) -> tuple[Lora, ...]:
        """The LoRAs of the program, in the chain's order."""
        return self._loras

    def follow(self, forecast: Forecast, heard_at: Sequence[int]) -> bool:
        """Once a tick, before its forwards: merges the strengths where they have moved; whether weights changed.

        heard_at: the transport frames at which the generations in flight will be heard.
        """
        moment = round((fmean(heard_at) + max(heard_at)) / 2) if heard_at else 0
        wanted = tuple(forecast.port_value(sink, moment) for sink in self._sinks)
        rests, self._wanted = wanted == self._wanted, wanted
        if not self._due(wanted, rests):
            return False
        self._merged = tuple(zip(self._loras, wanted, strict=True))
        return self._session.set_loras(self._merged)

    def _due(self, wanted: tuple[float, ...], rests: bool) -> bool:
        """Whether the weights hold other LoRAs, or strengths too far from these; at rest any distance is too far."""
        merged = self._merged
        if self._session.executor.loras != merged or tuple(lora for lora, _ in merged) != self._loras:
            return True
        away = max((abs(new - old) for new, (_, old) in zip(wanted, merged, strict=True)), default=0.0)
        return away > (0.0 if rests else MOVED)
