"""The command `demon-patch` without another word: the window where there is a display, else the help."""

from __future__ import annotations

from cyclopts import App

from demon_patch.console import tell
from demon_patch.editor.command import check_display, edit
from demon_patch.errors import DemonError


def start(app: App) -> None:
    """Opens the editor on what plays already, else on First Light. Without a display, prints the help of the program,
    and why there is no window."""
    try:
        check_display()
    except DemonError as error:
        app.help_print([])
        tell(error, "yellow")
        return
    edit()
