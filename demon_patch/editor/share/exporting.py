"""Shares the song that plays: as one file with its clips, as one HTML page, for which the host renders the sound, or as
a picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.look.theme import DARK, Theme
from demon_patch.editor.panels.protocol import Item, Popups
from demon_patch.editor.share.graph_svg import graph_svg
from demon_patch.editor.share.html_page import html_page
from demon_patch.editor.share.sound_of import sound_of
from demon_patch.errors import DemonError
from demon_patch.patch.files import atomic_file
from demon_patch.patch.files.pack import SUFFIX
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.rendering import Render, Rendering, RenderProgress

SECONDS = 30.0


class Exporting:
    """Writes packs, pages and pictures of the song. All methods: the window's thread.

    home: returns the host's folder, where it is on this machine. Packs and pages need it, for the clips and for the
        sound that the host renders; pictures lie in the working folder without it.
    """

    def __init__(self, link: Link, facts: Facts, popups: Popups, home: Callable[[], Path | None]) -> None:
        self._link, self._facts, self._popups, self._home = link, facts, popups, home
        self._waits = ""
        self.theme: Theme = DARK

    @property
    def items(self) -> tuple[Item, ...]:
        """What can be done, as lines of a menu."""
        return (
            Item("One file with its clips (.dpatch)", self.pack),
            Item(f"One HTML page with {SECONDS:.0f} s of sound", self.page, enabled=not self._waits),
            Item("Picture of the graph (SVG)", self.picture),
        )

    def pack(self) -> None:
        """Writes the patch and the files that it names as one file."""

        def made(folder: Path) -> bytes:
            from demon_patch.runtime.assets.assets import pack_of  # noqa: PLC0415 (it reads clips)

            return pack_of(self._link.patch, folder)

        if self._here("demon-patch pack"):
            self._write(SUFFIX, made)

    def picture(self) -> None:
        """Writes the graph as a picture."""
        self._write(".svg", lambda folder: graph_svg(self._link.patch, self.theme, self._facts).encode())

    def page(self) -> None:
        """Asks the host to render the sound; the page is written when it is there."""
        if not self._here("demon-patch share"):
            return
        self._waits = "?"
        self._link.ask(Render(seconds=SECONDS, format="flac"), self._begun, self._refused)

    def _here(self, command: str) -> bool:
        """Returns whether the host's folder is on this machine; else says which command does the same there."""
        if self._home() is None:
            said = f"The host's folder is not on this machine: save the patch, and use {command} over there."
            self._popups.tell(said, "warning")
            return False
        return True

    def _begun(self, reply: Reply) -> None:
        if isinstance(reply, Rendering):
            self._waits = reply.file
            self._popups.tell("The sound is rendered while the music goes on; then the page is written.")

    def _refused(self, fault: Fault) -> None:
        self._waits = ""
        self._popups.tell(fault.text or fault.what, "fault")

    def hear(self, event: object) -> None:
        """Takes what the host tells: the page is written once its sound is rendered."""
        if not isinstance(event, RenderProgress) or event.file != self._waits or event.state == "runs":
            return
        self._waits = ""
        if event.state != "done":
            why = event.fault.text if event.fault is not None else "it was cancelled"
            self._popups.tell(f"The sound is not rendered: {why}", "warning")
            return

        def made(folder: Path) -> bytes:
            from demon_patch.runtime.assets.assets import pack_of  # noqa: PLC0415 (it reads clips)

            sound = sound_of(folder / event.file)
            page = html_page(self._link.patch, pack_of(self._link.patch, folder), sound, self.theme, self._name)
            return page.encode()

        self._write(".html", made)

    @property
    def _name(self) -> str:
        title = self._link.patch.meta.title or "untitled"
        kept = "".join(char if char.isalnum() else "-" for char in title.casefold())
        return "-".join(part for part in kept.split("-") if part)[:60] or "untitled"

    def _write(self, suffix: str, make: Callable[[Path], bytes]) -> None:
        """Writes a new file; one that is there stays."""
        folder = self._home() or Path.cwd()
        names = (f"{self._name}{number}{suffix}" for number in ("", *(f"-{n}" for n in range(2, 1000))))
        path = next((folder / name for name in names if not os.path.lexists(folder / name)), None)
        try:
            if path is None:
                raise DemonError("there are a thousand such files already", file=folder, mend="move some of them")
            atomic_file.write(path, make(folder))
        except (DemonError, OSError) as error:
            self._popups.tell(str(error), "fault")
            return
        self._popups.tell(f"wrote {path}", "good")
