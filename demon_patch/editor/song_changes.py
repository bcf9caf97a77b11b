"""Another song, length or model that takes over while the window is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demon_patch.runtime.remote.messages.opening import Opening

if TYPE_CHECKING:
    from demon_patch.editor.app import Editor


@dataclass(slots=True)
class SongChanges:
    """Says when it is heard; once it is, shows it. epoch: of the document that plays."""

    editor: Editor
    epoch: int = -1

    def hear(self, event: Opening) -> None:
        """Takes how far it is."""
        editor = self.editor
        if event.stage == "taking over":
            editor.popups.tell(f"{event.title} takes over in {event.seconds:.0f} s.")
        if event.stage != "playing" or event.model is None or event.revision is None:
            return
        editor.telemetry.change_song(event.model)
        editor.show_model(event.model)
        editor.again()
        if event.revision.epoch != self.epoch:  # another document
            self.epoch = event.revision.epoch
            editor.fit_next()
            editor.state.connected(event.file)
            editor.more.opened()
