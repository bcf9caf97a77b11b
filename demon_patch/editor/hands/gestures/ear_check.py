"""Mutes a cable for as long as a key is down."""

from __future__ import annotations

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.patch.model.graph import CableKey


class EarCheck(Gesture):
    """The cable under the pointer is muted while the key is down; nothing of it stays, and no undo step."""

    def __init__(self, tools: Tools, start: Pointer, wire: CableKey, held: str) -> None:
        super().__init__(tools, start)
        self._held, self.over = held, False
        tools.edits.begin("Ear check")
        cable = tools.edits.graph.cables_by_key.get(wire)
        tools.edits.set_cable(wire, "Ear check", muted=not (cable is not None and cable.muted))

    def ended(self, pointer: Pointer) -> bool:
        """When the key has come up."""
        return self.over

    def release(self, pointer: Pointer) -> None:
        """Takes the mute back."""
        self.cancel()

    def cancel(self) -> None:
        """Takes the mute back."""
        self.over = True
        self.tools.edits.cancel()

    def key(self, key: str, down: bool) -> bool:
        """The key coming up ends it; other keys wait."""
        if key == self._held and not down:
            self.cancel()
        return True
