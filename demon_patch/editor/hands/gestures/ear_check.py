"""Mutes a cable for as long as a key is down."""

from __future__ import annotations

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.live import LiveMute


class EarCheck(Gesture):
    """The cable under the pointer is muted while the key is down; nothing of it stays, and no undo step.

    The host holds the mute as a live value, and drops it if the window ends. It does so at the top level of the patch;
    inside a subpatch, and for a cable that is muted and is heard while the key is down, an edit is taken back instead.
    """

    def __init__(self, tools: Tools, start: Pointer, wire: CableKey, held: str) -> None:
        super().__init__(tools, start)
        self._held, self._wire, self.over = held, wire, False
        cable = tools.edits.graph.cables_by_key.get(wire)
        muted = cable is not None and cable.muted
        self._live = tools.edits.within is None and not muted
        if self._live:
            tools.edits.ask(LiveMute(on=True, cables=(wire,)))
        else:
            tools.edits.begin("Ear check")
            tools.edits.set_cable(wire, "Ear check", muted=not muted)

    def ended(self, pointer: Pointer) -> bool:
        """When the key has come up."""
        return self.over

    def release(self, pointer: Pointer) -> None:
        """Takes the mute back."""
        self.cancel()

    def cancel(self) -> None:
        """Takes the mute back."""
        if self.over:
            return
        self.over = True
        if self._live:
            self.tools.edits.ask(LiveMute(on=False, cables=(self._wire,)))
        else:
            self.tools.edits.cancel()

    def key(self, key: str, down: bool) -> bool:
        """The key coming up ends it; other keys wait."""
        if key == self._held and not down:
            self.cancel()
        return True
