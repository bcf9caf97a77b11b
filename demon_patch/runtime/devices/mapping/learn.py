"""Learns a mapping from the next controller that is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from demon_patch.patch.edit.commands import SetMapping
from demon_patch.patch.model import ids
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.devices.mapping.mappings import sources_in
from demon_patch.runtime.devices.midi.decode import HELD, Batch

FAR = 3
"""How far a controller of 7 bits moves before it is learned, so that one that trembles is not."""
WAIT_FRAMES = 2
"""Control frames for which the fine half of a controller of 14 bits is waited for."""


@dataclass(frozen=True, slots=True)
class LearnTarget:
    """What a controller is learned for.

    node, port: what it will turn.
    client: whose undo step it will be.
    add: whether the port keeps the mappings that it has; otherwise the new one takes the place of the first.
    mapping: the fields of the mapping beside node, port and source (`ControlMapping`).
    """

    node: str
    port: str
    client: str
    add: bool = False
    mapping: ControlMapping | None = None


class Learn:
    """Waits for a controller. Owned by one thread.

    target: what it is learned for; None while nothing is learned.
    """

    def __init__(self) -> None:
        self.target: LearnTarget | None = None
        self._first: dict[tuple[str, str, int, int], int] = {}  # where controllers stood when they were first seen
        self._found: Controller | None = None
        self._frames = 0

    def arm(self, target: LearnTarget | None) -> None:
        """Waits from now on; None ends it."""
        self.target, self._found = target, None
        self._first.clear()

    def offer(self, device: str, batch: Batch) -> None:
        """Looks at what a device sent."""
        if self.target is None:
            return
        for source, values in sources_in(batch):
            if source.kind == "cc" and source.number in HELD and source.number > 64:
                continue  # all notes off and the like
            named = structs.replace(source, device=device)
            if self._found is not None:
                self._widen(named)
            elif self._has_moved(device, source, values):
                self._found, self._frames = named, WAIT_FRAMES if self._may_be_wide(named) else 0

    def offer_named(self, source: Controller) -> None:
        """Looks at an OSC message or a key."""
        if self.target is not None and self._found is None:
            self._found, self._frames = source, 0

    def _has_moved(self, device: str, source: Controller, values: Sequence[int]) -> bool:
        """A step of an endless knob and a press count at once, a knob when it has moved a little."""
        if source.kind == "note":
            return True
        far = FAR << 7 if source.kind == "bend" else FAR
        first = self._first.setdefault((device, source.kind, source.channel, source.number), values[0])
        form = None if self.target is None else self.target.mapping
        relative = form is not None and form.mode != "absolute"
        switch = source.kind == "cc" and values[-1] in (0, 127)
        fine = source.kind == "cc" and (device, "cc", source.channel, source.number - 32) in self._first
        return (relative or switch or max(abs(value - first) for value in values) >= far) and not fine

    def _may_be_wide(self, source: Controller) -> bool:
        absolute = self.target is None or self.target.mapping is None or self.target.mapping.mode == "absolute"
        return source.kind == "cc" and source.number < 32 and absolute

    def _widen(self, source: Controller) -> None:
        found = self._found
        if found is None or source.kind != "cc" or source.number < 32:
            return
        if structs.replace(source, number=source.number - 32) == found:
            self._found, self._frames = structs.replace(found, wide=True), 0

    def learned(self, patch: Patch) -> tuple[LearnTarget, SetMapping] | None:
        """Once a control frame: returns the command that stores the new mapping, if a controller was found; then
        nothing is learned any more."""
        if self.target is None or self._found is None:
            return None
        self._frames -= 1
        if self._frames >= 0:
            return None
        target, source = self.target, self._found
        self.arm(None)
        here = (target.node, target.port)
        of_port = [id for id, kept in sorted(patch.mappings.items()) if (kept.node, kept.port) == here]
        replaced = None if target.add or not of_port else of_port[0]
        form = target.mapping or (patch.mappings[replaced] if replaced else None)
        if form is None:
            mapping = ControlMapping(source, target.node, target.port)
        else:
            source = structs.replace(source, coding=form.source.coding)
            mapping = structs.replace(form, source=source, node=target.node, port=target.port)
        return target, SetMapping(replaced or ids.fresh(patch.mappings), mapping)
