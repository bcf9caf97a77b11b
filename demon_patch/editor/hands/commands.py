"""What the commands of the key table do. Each row of the table has a method of its name here, or in the classes that
this one is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from demon_patch.editor.hands.arranging_commands import ArrangingCommands
from demon_patch.editor.hands.node_commands import NodeCommands
from demon_patch.editor.hands.playing_commands import PlayingCommands
from demon_patch.editor.hands.view_commands import ViewCommands
from demon_patch.editor.panels.protocol import Item
from demon_patch.runtime.remote.messages.documents import Save, Saved
from demon_patch.runtime.remote.messages.edits import Copied, Copy, Paste, Redo, Undo

SHIFT = 40.0
"""How far a text that is pasted twice at one place is shifted."""


class Commands(NodeCommands, ArrangingCommands, ViewCommands, PlayingCommands):
    """All commands. Held ones (only_cables, mute_cable) are begun by `hands.Hands`."""

    def call(self, command: str) -> None:
        """Does a command by its name; a number at its end is given to it: go_3."""
        name, _, number = command.rpartition("_")
        if number.isdigit():
            getattr(self, name)(int(number))
        else:
            getattr(self, command)()

    def item(self, command: str, do: Callable[[], object] | None = None, enabled: bool = True) -> Item:
        """Returns the line of a menu for a command, with its key."""
        keys = self.tools.keys
        return Item(keys.title(command), do or (lambda: self.call(command)), keys.shown(command), enabled=enabled)

    def items(self, commands: Iterable[str]) -> tuple[Item, ...]:
        """Returns the lines of a menu for some commands."""
        return tuple(self.item(command) for command in commands)

    # -- history -------------------------------------------------------------------------------------------------
    def undo(self) -> None:
        """Takes the last step back, and selects what it brings back."""
        self._taken(Undo())

    def redo(self) -> None:
        """Does the undone step again, and selects what it brings back."""
        self._taken(Redo())

    def _taken(self, request: Undo | Redo) -> None:
        edits, selection = self.tools.edits, self.tools.selection
        edits.end()
        before = frozenset(edits.graph.nodes)

        def select(reply: object) -> None:
            back = frozenset(edits.graph.nodes) - before
            if back:
                selection.want(back)

        edits.ask(request, select, lambda fault: self.tools.popups.tell(fault.what or fault.text))

    def history(self) -> None:
        """Opens the history."""
        self.tools.popups.show("history")

    # -- clipboard -----------------------------------------------------------------------------------------------
    def copy(self, then: Callable[[], object] | None = None) -> None:
        """Copies nodes, frames and notes as text."""
        tools = self.tools
        graph = tools.edits.graph
        ids = sorted({*tools.nodes, *(tools.selection.others - graph.probes.keys())})
        if not ids:
            return

        def copied(reply: object) -> None:
            if isinstance(reply, Copied):
                tools.clipboard(reply.text)
                if then is not None:
                    then()

        tools.edits.ask(Copy(nodes=tuple(ids), within=tools.edits.within), copied)

    def cut(self) -> None:
        """Copies, then deletes what was copied."""
        nodes, others = self.tools.nodes, self.tools.selection.others
        self.copy(lambda: self.tools.edits.remove(nodes, (), others))

    def paste(self) -> None:
        """Pastes the clipboard's text at the pointer."""
        tools = self.tools
        text = tools.clipboard(None)
        if not text.strip():
            tools.popups.tell("The clipboard is empty", "warning")
            return
        x, y = tools.world
        before = frozenset(tools.edits.graph.nodes)
        while any(abs(box.x - x) < 1 and abs(box.y - y) < 1 for box in tools.view.boxes.values()):
            x, y = x + SHIFT, y + SHIFT

        def select(reply: object) -> None:
            tools.selection.want(frozenset(tools.edits.graph.nodes) - before)

        tools.edits.ask(Paste(text=text, at=(round(x), round(y)), within=tools.edits.within), select)

    # -- file ----------------------------------------------------------------------------------------------------
    def save(self) -> None:
        """Writes the patch file."""

        def saved(reply: object) -> None:
            if isinstance(reply, Saved):
                self.tools.popups.tell(f"Saved {reply.file}", "good")

        self.tools.edits.end()
        self.tools.edits.ask(Save(), saved)

    def open(self) -> None:
        """Opens the patch browser."""
        self.tools.popups.show("browser")
