"""What the hands of a journey do in menus."""

from __future__ import annotations

from tests.editor.journeys.stage import Stage


def choose(stage: Stage, title: str) -> None:
    """Clicks a line of the menu that is open, whose title begins so; or opens its submenu."""
    editor = stage.editor

    def found() -> list[list[float]]:
        return [place for name, *place in editor.ask("menu") if name.startswith(title)]

    editor.until(found, title)
    editor.click(found()[-1])
