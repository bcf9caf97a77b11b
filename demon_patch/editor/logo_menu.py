"""The menu of the logo: what is done with the file, the window and the program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from demon_patch.editor.look.theme import DARK, LIGHT, THEMES, Theme
from demon_patch.editor.panels.bar_words import HEIGHT
from demon_patch.editor.panels.protocol import Item
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.documents import Save, Saved
from demon_patch.runtime.remote.messages.opening import New
from demon_patch.runtime.remote.messages.rendering import Render, Rendering

if TYPE_CHECKING:
    from demon_patch.editor.app import Editor
    from demon_patch.editor.panels.settings_file import EditorSettings

SUFFIX = ".dpatch.json"
LONGEST = 3600.0
"""Seconds of a rendering, at most."""


@dataclass(frozen=True, slots=True)
class LogoMenu:
    """Makes the menu and does what no other part does."""

    editor: Editor

    def show(self, name: str) -> bool:
        """Opens the menu, or changes the theme, by the name of it; returns whether there is such a name."""
        if name == "menu":
            self.editor.popups.menu((10.0, HEIGHT + 2), self.items())
        elif name == "theme":
            self.other_theme()
        else:
            return False
        return True

    def items(self) -> tuple[Item, ...]:
        """The lines of the menu."""
        editor, popups, keys = self.editor, self.editor.popups, self.editor.hands.keys
        commands = editor.hands.commands
        linked = editor.link.connected
        other = (LIGHT if editor.scene.theme.name == "dark" else DARK).name.capitalize()
        return (
            Item("New song", self.new, enabled=linked),
            Item("Open …", commands.open, keys.shown("open")),
            Item("Save", commands.save, keys.shown("save"), enabled=linked),
            Item("Save as …", self.save_as, enabled=linked),
            Item("Versions and recent files", lambda: popups.show("versions"), keys.shown("versions")),
            Item("Share", items=(*editor.more.exporting.items, Item("Sound (WAV) …", self.render, enabled=linked))),
            Item(""),
            Item("History", lambda: popups.show("history"), keys.shown("history")),
            Item("Dashboard", lambda: popups.show("dashboard")),
            Item("Snapshots", lambda: popups.show("snapshots")),
            Item("Settings", lambda: popups.show("settings"), keys.shown("settings")),
            Item(f"{other} colours", self.other_theme, keys.shown("theme")),
            Item("Keys", lambda: popups.show("keys"), keys.shown("cheat_sheet")),
            Item(""),
            Item("Quit", editor.window.ask_to_close),
        )

    # -- songs ---------------------------------------------------------------------------------------------------
    def new(self) -> None:
        """Begins a new song; where edits would be let go of, asks first."""
        editor = self.editor

        def asked(fault: Fault) -> None:
            anyway = Item("Begin anyway; the edits stay as a version", lambda: editor.link.ask(New(discard=True)))
            editor.popups.tell(fault.text or fault.what, "warning")
            editor.popups.menu((10.0, HEIGHT + 2), (anyway, Item("Stay")))

        editor.link.ask(New(), None, asked)

    def save_as(self) -> None:
        """Asks for a name, and saves under it."""
        editor = self.editor
        file = editor.state.file

        def commit(text: str) -> str:
            name = text.strip()
            if not name:
                return "write a name"
            name = name if name.endswith(SUFFIX) else name + SUFFIX
            editor.link.ask(Save(file=name), self._saved, lambda fault: self._refused(fault, name))
            return ""

        editor.popups.field((10.0, HEIGHT + 2), "Name of the patch file", file.removesuffix(SUFFIX), commit)

    def _saved(self, reply: Reply) -> None:
        if isinstance(reply, Saved):
            self.editor.popups.tell(f"Saved {reply.file}", "good")

    def _refused(self, fault: Fault, name: str) -> None:
        """The host does not write over the file: asks."""
        editor = self.editor
        over = Item(f"Write over {name}", lambda: editor.link.ask(Save(file=name, over=True), self._saved))
        editor.popups.tell(fault.text or fault.what, "warning")
        editor.popups.menu((10.0, HEIGHT + 2), (over, Item("Stay")))

    def render(self) -> None:
        """Asks for how many seconds, and has the host render them."""
        editor = self.editor

        def begun(reply: Reply) -> None:
            if isinstance(reply, Rendering):
                editor.popups.tell(f"{reply.file} is rendered while the music goes on.")

        def commit(text: str) -> str:
            try:
                seconds = float(text.removesuffix("s").replace(",", ".").strip())
            except ValueError:
                return "write seconds, such as 60"
            if not 0.0 < seconds <= LONGEST:
                return f"write 1 to {LONGEST:.0f} seconds"
            editor.link.ask(Render(seconds=seconds), begun)
            return ""

        editor.popups.field((10.0, HEIGHT + 2), "Seconds to render", "60", commit)

    # -- the window ----------------------------------------------------------------------------------------------
    def other_theme(self) -> None:
        """Changes between dark and light, and keeps that."""
        made = LIGHT if self.editor.scene.theme.name == "dark" else DARK
        self.editor.work.settings.change(theme=made.name)
        if made.name != self.editor.scene.theme.name:  # the settings had it already, and the command line another one
            self.restyle(made)

    def take_over(self, settings: EditorSettings) -> bool:
        """Takes the editor's settings over; returns whether that was done at once. The scale needs a new window."""
        editor = self.editor
        theme = THEMES[settings.theme]
        if theme.name != editor.scene.theme.name:
            self.restyle(theme)
        return settings.scale in (0.0, editor.window.scale)

    def restyle(self, theme: Theme) -> None:
        """Draws everything in another theme."""
        editor = self.editor
        editor.scene.restyle(theme)
        editor.window.restyle(theme)
        editor.chrome.restyle(theme)
        editor.more.exporting.theme = theme
        editor.options = replace(editor.options, theme=theme)
        editor.again()
