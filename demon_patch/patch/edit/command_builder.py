"""Builds one command from several, each of which is applied to the result of those before it."""

from __future__ import annotations

import random
from collections.abc import Container

from demon_patch.patch.edit.commands import Command, Within, apply, together
from demon_patch.patch.model import ids
from demon_patch.patch.model.document import Graph, Patch


class CommandBuilder:
    """A draft: a patch to which edits are applied one by one, and the one command that does them all.

    within: the id of the definition whose graph is edited; None for the patch itself.
    rng: the source of fresh ids; the system's randomness by default.
    """

    def __init__(self, patch: Patch, within: str | None = None, rng: random.Random | None = None) -> None:
        self.patch, self.within, self._rng = patch, within, rng
        self._commands: list[Command] = []
        self._drawn: set[str] = set()

    @property
    def graph(self) -> Graph:
        """The edited graph, after the edits so far."""
        return self.patch.graph(self.within)

    @property
    def command(self) -> Command:
        """One command that does all edits so far."""
        return together(tuple(self._commands))

    def do(self, *commands: Command) -> None:
        """Applies commands to the graph, in order; PatchError if one cannot be done."""
        for command in commands:
            self.do_on_patch(command if self.within is None else Within(self.within, command))

    def do_on_patch(self, command: Command) -> None:
        """Applies a command to the patch itself; PatchError if it cannot be done."""
        self.patch, _ = apply(command, self.patch)
        self._commands.append(command)

    def fresh(self, taken: Container[str]) -> str:
        """Returns a new random id that is neither in `taken` nor returned before."""
        while (drawn := ids.fresh(taken, self._rng)) in self._drawn:
            pass
        self._drawn.add(drawn)
        return drawn
