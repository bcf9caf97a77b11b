"""What the hands of a journey do in menus."""

from __future__ import annotations

import math

from demon_patch.patch.model.document import Patch
from tests.editor.journeys.stage import Stage


def choose(stage: Stage, title: str) -> None:
    """Clicks a line of the menu that is open, whose title begins so; or opens its submenu."""
    editor = stage.editor

    def found() -> list[list[float]]:
        return [place for name, *place in editor.ask("menu") if name.startswith(title)]

    editor.until(found, title)
    editor.click(found()[-1])


def held(patch: Patch, node: str, port: str) -> float:
    """The number that a port holds; NaN where it has its default."""
    found = patch.nodes[node].values.get(port)
    return float(found) if isinstance(found, (int, float)) else math.nan
