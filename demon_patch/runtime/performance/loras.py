"""Merges the LoRAs of a patch into the model's weights, at the strengths that will be heard."""

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
"""LoRA strengths are merged again once one has moved by more than this, and once they no longer move."""


class LoraRack:
    """The LoRAs of one performance. Owned by the thread of the session, whose weights it sets.

    All generations in flight share the weights, so each tick reads every strength for one transport frame: halfway
    between the mean and the latest of the frames at which those generations will be heard. Over its steps a
    generation so meets strengths from around its own moment, nearest to it in the first steps, which count most.

    load: returns a LoRA by the name in its node. Raises DemonError for one that cannot be loaded.
    faults: by node, the error of a LoRA that an edit brought while playing; the music goes on without it.
    """

    def __init__(self, session: Session, program: Program, load: Callable[[str], Lora]) -> None:
        self.faults: dict[str, DemonError] = {}
        self._session, self._load = session, load
        self._engine_ports: tuple[int, ...] = ()
        self._loras: tuple[Lora, ...] = ()
        self._wanted: tuple[float, ...] = ()
        self._merged: tuple[tuple[Lora, float], ...] = ()
        self.read(program)
        for fault in self.faults.values():
            raise fault

    def read(self, program: Program) -> None:
        """Loads the LoRAs of a program; the next tick merges their strengths."""
        self.faults.clear()
        found: dict[str, Lora] = {}
        for node, file in program.ring.loras.items():
            try:
                found[node] = self._load(file)
            except DemonError as error:
                self.faults[node] = error.located(node=node, port="file")
        self._engine_ports = tuple(program.engine_port(node, _ROW.name) for node in found)
        self._loras = tuple(found.values())
        self._wanted = ()

    @property
    def loaded(self) -> tuple[Lora, ...]:
        """The LoRAs of the program, in the order of their chain."""
        return self._loras

    def follow(self, forecast: Forecast, heard_at: Sequence[int]) -> bool:
        """Merges the LoRAs again where strengths have moved far enough; called once a tick, before its forwards.
        Returns whether the weights changed.

        heard_at: the transport frames at which the generations in flight will be heard.
        """
        moment = round((fmean(heard_at) + max(heard_at)) / 2) if heard_at else 0
        wanted = tuple(forecast.port_value(engine_port, moment) for engine_port in self._engine_ports)
        rests, self._wanted = wanted == self._wanted, wanted
        if not self._due(wanted, rests):
            return False
        self._merged = tuple(zip(self._loras, wanted, strict=True))
        return self._session.set_loras(self._merged)

    def _due(self, wanted: tuple[float, ...], rests: bool) -> bool:
        """Returns whether the merged weights have other LoRAs than the program, or strengths that differ from `wanted`
        by more than MOVED; where strengths no longer move (`rests`), any difference counts."""
        merged = self._merged
        if self._session.executor.loras != merged or tuple(lora for lora, _ in merged) != self._loras:
            return True
        away = max((abs(new - old) for new, (_, old) in zip(wanted, merged, strict=True)), default=0.0)
        return away > (0.0 if rests else MOVED)
