"""Loads the LoRAs of a patch and gives them to the executor. Their strengths are step values of the generations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from demon_patch.engine.lora.merge import Lora
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError


class LoraRack:
    """The LoRAs of one performance. Owned by the thread of the session, whose LoRAs it sets.

    load: returns a LoRA by the name in its node. Raises DemonError for one that cannot be loaded.
    faults: by node, the error of a LoRA that an edit brought while playing; the music goes on without it.
    loaded: the LoRAs that play, or wait for a scheduled edit, in the order of their chain. In place of one that cannot
        be loaded there is one without changes.
    """

    def __init__(self, session: Session, wanted: Sequence[tuple[str, str]], load: Callable[[str], Lora]) -> None:
        self.faults: dict[str, DemonError] = {}
        self.loaded: tuple[Lora, ...] = ()
        self._session, self._load = session, load
        self._wanted: tuple[tuple[str, str], ...] | None = None
        self.follow(wanted)
        for fault in self.faults.values():
            raise fault

    def follow(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Makes sure that the executor has the LoRAs in `wanted`, pairs (node, file); called once a tick, before its
        forwards."""
        if tuple(wanted) != self._wanted:
            self._wanted = tuple(wanted)
            self.faults.clear()
            self.loaded = tuple(self._one(node, file) for node, file in wanted)
        if tuple(lora for lora, _ in self._session.executor.loras) != self.loaded:
            self._session.set_loras([(lora, 0.0) for lora in self.loaded])

    def _one(self, node: str, file: str) -> Lora:
        try:
            return self._load(file)
        except DemonError as error:
            self.faults[node] = error.located(node=node, port="file")
            return Lora(file, {})
