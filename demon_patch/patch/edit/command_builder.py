"""Commands put together step by step, each on the patch as the ones before it left it."""

from __future__ import annotations

import random
from collections.abc import Container

from demon_patch.patch.edit.commands import Command, Within, apply, together
from demon_patch.patch.model import ids
from demon_patch.patch.model.document import Graph, Patch


class CommandBuilder:
    """A patch with some edits done, and the one command that does them all.

    within: the definition whose graph is edited; none for the patch itself. rng: where fresh ids are drawn from; the
    system's randomness by default.
    """

    def __init__(self, patch: Patch, within: str | None = None, rng: random.Random | None = None) -> None:
        self.patch, self.within, self._rng = patch, within, rng
        self._commands: list[Command] = []
        self._drawn: set[str] = set()

    @property
    def graph(self) -> Graph:
        """The graph under edit, as it stands."""
        return self.patch.graph(self.within)

    @property
    def command(self) -> Command:
        """All that was done."""
        return together(tuple(self._commands))

    def do(self, *commands: Command) -> None:
        """Edits the graph; PatchError if that cannot be done."""
        for command in commands:
            self.do_on_patch(command if self.within is None else Within(self.within, command))

    def do_on_patch(self, command: Command) -> None:
        """Edits the patch itself."""
        self.patch, _ = apply(command, self.patch)
        self._commands.append(command)

    def fresh(self, taken: Container[str]) -> str:
        """An id that is neither taken nor drawn before."""
        while (drawn := ids.fresh(taken, self._rng)) in self._drawn:
            pass
        self._drawn.add(drawn)
        return drawn
