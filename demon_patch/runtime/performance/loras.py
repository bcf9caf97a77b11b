"""Loads the LoRAs and steering vectors of a patch and gives them to executor and ring. Strengths and depths are step
values of the generations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch

from demon_patch.engine.lora.merge import Lora
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.session import Session
from demon_patch.engine.steering.vector import Steerable, Steering, shape_of
from demon_patch.errors import DemonError
from demon_patch.runtime.performance.control_values import LORA, STEER, Sides

T = TypeVar("T")


class LoraRack:
    """The LoRAs and steering vectors of one performance. Owned by the thread of the session, whose LoRAs it sets.

    lora, steering: return a LoRA and a steering vector by the name in its node. They raise DemonError for one that
        cannot be loaded.
    faults: by node, the error of one that an edit brought while playing; the music goes on without it.
    told: from any thread: by node, what the player should know of its LoRA, such as how far it moves the model; nothing
        of those that come with the model.
    loaded, steers: those that play, or wait for a scheduled edit, in the order of their chain. In place of one that
        cannot be loaded there is one that changes nothing.
    """

    def __init__(
        self, session: Session, wanted: Sides, lora: Callable[[str], Lora], steering: Callable[[str], Steering]
    ) -> None:
        self.faults: dict[str, DemonError] = {}
        self.told: Mapping[str, tuple[str, ...]] = {}
        self.loaded: tuple[Lora, ...] = ()
        self.steers: tuple[Steering, ...] = ()
        self._session, self._lora, self._steering = session, lora, steering
        self._wanted: Sides | None = None
        self.follow(wanted, None)
        for fault in self.faults.values():
            raise fault

    def follow(self, wanted: Sides, ring: Ring | None) -> None:
        """Makes sure that the executor and the ring have those in `wanted` (`ControlValues.sides`); called once a tick,
        before its forwards."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.faults.clear()
            self.loaded = self._all(wanted[LORA], self._lora, lambda file: Lora(file, {}))
            self.steers = self._all(wanted[STEER], self._steering, self._still)
            own, named = self._session.family.loras, zip(wanted[LORA], self.loaded, strict=True)
            self.told = {node: lora.notes for (node, file), lora in named if file not in own}
        if tuple(lora for lora, _ in self._session.executor.loras) != self.loaded:
            self._session.set_loras([(lora, 0.0) for lora in self.loaded])
        if ring is not None and ring.steering != self.steers:
            ring.steering = self.steers

    def _all(
        self, keys: Sequence[tuple[str, str]], load: Callable[[str], T], without: Callable[[str], T]
    ) -> tuple[T, ...]:
        found: list[T] = []
        for node, file in keys:
            try:
                found.append(load(file))
            except DemonError as error:
                self.faults[node] = error.located(node=node, port="file")
                found.append(without(file))
        return tuple(found)

    def _still(self, file: str) -> Steering:
        denoiser = self._session.family.denoiser
        return Steering(file, torch.zeros(shape_of(denoiser) if isinstance(denoiser, Steerable) else (0, 0)))
