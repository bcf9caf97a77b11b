"""Commands on what plays: transport, snapshots, controllers, notes."""

from __future__ import annotations

from demon_patch.editor.dashboard.edits import added
from demon_patch.editor.hands.base_commands import BaseCommands
from demon_patch.editor.hands.notes import Notes
from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import SetMapping, SetSnapshot
from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.remote.messages.controllers import CancelLearn, Learn
from demon_patch.runtime.remote.messages.edits import Edited
from demon_patch.runtime.remote.messages.live import Keep, Morph, Ramp, Recall, Release, Store
from demon_patch.runtime.remote.messages.transport import Panic, Play


class PlayingCommands(BaseCommands):
    """Asks the host to play."""

    keyboard: Notes
    """The computer's keys as notes."""
    learning: tuple[str, str] | None = None
    """The port that waits for a controller."""

    def play(self) -> None:
        """Plays, or stops."""
        self.tools.edits.ask(Play(on=not self.tools.link.status.get("playing", True)))

    def notes(self) -> None:
        """Makes the computer's keys notes, or commands again."""
        self.keyboard.switch()

    def panic(self) -> None:
        """Silences the sound at once."""
        self.tools.edits.ask(Panic())

    # -- snapshots -----------------------------------------------------------------------------------------------
    def store(self, snapshot: str = "") -> None:
        """Stores what sounds now: as a new snapshot, of the selected nodes if there are any; or in place of one."""
        tools = self.tools
        patch = tools.edits.patch
        old = patch.snapshots.get(snapshot)
        title = old.title if old is not None else f"Snapshot {len(patch.snapshots) + 1}"
        chosen = tools.selection.nodes if tools.edits.within is None else frozenset()
        scope = (old.scope if old is not None else tuple(sorted(chosen)) or None)  # fmt: skip

        def stored(reply: object) -> None:
            if isinstance(reply, Edited):
                tools.popups.tell(f"Stored {title}", "good")

        tools.edits.ask(Store(title=title, scope=scope, snapshot=snapshot), stored)

    def recall(self, snapshot: str, at: Grid | None = None) -> None:
        """Makes a snapshot's values live values."""
        self.tools.edits.ask(Recall(snapshot=snapshot, at=at))

    def morph(self, one: str, other: str, amount: float) -> None:
        """Makes the values between two snapshots live values. amount: 0 at the first, 1 at the second."""
        self.tools.edits.ask(Morph(one=one, other=other, amount=min(1.0, max(0.0, amount))))

    def ramp(self, one: str, other: str, seconds: float, at: Grid | None = None) -> None:
        """Moves from one snapshot to another within some seconds."""
        self.tools.edits.ask(Ramp(one=one, other=other, seconds=seconds, at=at))

    def forget_snapshot(self, snapshot: str) -> None:
        """Takes a snapshot out of the patch."""
        if snapshot in self.tools.edits.patch.snapshots:
            self.tools.edits.on_patch(SetSnapshot(snapshot), label="Delete snapshot")

    def keep_live(self) -> None:
        """Makes the live values the base."""
        self.tools.edits.ask(Keep())

    def release_live(self) -> None:
        """Drops all live values."""
        self.tools.edits.ask(Release())

    # -- controllers ---------------------------------------------------------------------------------------------
    def learn(self, node: str, port: str) -> None:
        """Maps the next controller that is moved to a port."""
        if self.tools.edits.within is not None:
            self.tools.popups.tell("Promote the port first: controllers turn ports of the patch itself", "warning")
            return
        self.learning = (node, port)
        self.tools.edits.ask(Learn(node=node, port=port))
        self.tools.popups.tell("Move a knob or key of your controller; Esc ends it")

    def cancel_learning(self) -> bool:
        """Stops waiting for a controller; returns whether one was waited for."""
        waited, self.learning = self.learning is not None, None
        if waited:
            self.tools.edits.ask(CancelLearn())
        return waited

    def forget_mappings(self, node: str, port: str) -> None:
        """Takes a port away from its controllers."""
        mappings = self.tools.edits.patch.mappings
        ids = [id for id, m in sorted(mappings.items()) if (m.node, m.port) == (node, port)]
        self.tools.edits.on_patch(*(SetMapping(id) for id in ids), label="Forget the controller")

    def to_dashboard(self, node: str, port: str) -> None:
        """Puts a control of a port on the dashboard, in the next free place."""
        edits = self.tools.edits
        try:
            command = added(edits.patch, self.tools.view.facts, node, port)
        except PatchError as error:
            self.tools.popups.tell(str(error), "warning")
            return
        edits.on_patch(command, label="To the dashboard")
        self.tools.popups.tell("It is on the dashboard", "good")
