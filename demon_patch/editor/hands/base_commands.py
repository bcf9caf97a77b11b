"""What all groups of commands have in common."""

from __future__ import annotations

from demon_patch.editor.hands.asking import Asking
from demon_patch.editor.hands.fields import Fields
from demon_patch.editor.hands.glide import Glide
from demon_patch.editor.hands.tools import Tools


class BaseCommands:
    """The parts that commands work with.

    glide: the nodes that glide to new places.
    asking: the palette. fields: what is typed elsewhere. way: the definitions around the one that is shown, from the
    patch on, each with where the camera was when it was left.
    """

    def __init__(self, tools: Tools, asking: Asking, fields: Fields) -> None:
        self.tools, self.asking, self.fields = tools, asking, fields
        self.glide = Glide(tools.view, tools.clock)
        self.way: list[tuple[str | None, tuple[float, float, float]]] = []
