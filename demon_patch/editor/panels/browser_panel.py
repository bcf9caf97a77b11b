"""The patch browser as a panel: search, tags and order above, cards with a picture of each patch below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from demon_patch.editor.browser import playing
from demon_patch.editor.browser.cards import PICTURE, Cards, laid_out
from demon_patch.editor.browser.library import ORDERS, Entry, Library, of_listing, of_program
from demon_patch.editor.browser.miniature import Miniature, miniature
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade, mix
from demon_patch.editor.panels.protocol import Item, Popups
from demon_patch.editor.panels.sheet import Paper, Sheet
from demon_patch.editor.share.doing import Doing
from demon_patch.editor.share.exporting import Exporting
from demon_patch.editor.share.opening import look_at, offers
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.files import Folder, Listing, Sketch, Sketched
from demon_patch.runtime.remote.messages.opening import Open

WIDTH, TOP, FIELD = 760.0, 124.0, 34.0
"""The width of the panel, the height of what stands above the cards, and of the search field."""
MOST = 80
"""The most characters of a search."""


class BrowserPanel:
    """Lists patches; a click asks what to do with one.

    home: returns the host's folder where it is on this machine; None for a host elsewhere.
    """

    def __init__(
        self,
        paper: Paper,
        link: Link,
        facts: Facts,
        popups: Popups,
        acts: Doing,
        exporting: Exporting,
        home: Callable[[], Path | None] = lambda: None,
        at: Callable[[], Point] = lambda: (0.0, 0.0),
    ) -> None:
        self.sheet = Sheet(paper, (0.0, 0.0, WIDTH, 100.0))
        self.sheet.show(False)
        self.library = Library()
        self._link, self._facts, self._popups, self._acts = link, facts, popups, acts
        self._exporting = exporting
        self._home, self._at = home, at
        self._pictures: dict[tuple[str, str], tuple[Patch, float, Miniature]] = {}
        self._cards, self._scroll = Cards(), 0.0
        self._lit: Entry | None = None
        self._in_view: list[tuple[str, str]] = []
        self._asked: tuple[str, str] | None = None  # whose sketch the host was asked for
        self._buttons: list[tuple[Rect, Callable[[], object]]] = []
        self._was, self._face = NOWHERE, object()

    # -- as a panel ----------------------------------------------------------------------------------------------
    def opened(self) -> None:
        """It is shown now: asks the host for its folder."""
        self.sheet.show(True)
        self._face, self._asked = object(), None
        if not any(entry.place == "shipped" for entry in self.library.entries.values()):
            self.library.take(of_program(), "shipped")
        self._link.ask(Folder(), self._listed, lambda fault: None)

    def closed(self) -> None:
        """It is hidden now."""
        self.sheet.show(False)

    def _listed(self, reply: Reply) -> None:
        if isinstance(reply, Listing):
            self.library.take(of_listing(reply.entries, self._home()), "folder")

    def _ask_for_one(self) -> None:
        """Asks the host for a sketch of the next patch in view that lies on its machine, one at a time."""
        entries = self.library.entries
        waiting = [key for key in self._in_view if key in entries and entries[key].lies_elsewhere]
        if self._asked is not None or not waiting:
            return
        key = self._asked = waiting[0]

        def learned(reply: Reply) -> None:
            self._asked = None
            self.library.learn(key, reply.patch if isinstance(reply, Sketched) else "")

        def refused(fault: Fault) -> None:
            self._asked = None
            self.library.forgo(key, fault.what or fault.text)

        self._link.ask(Sketch(file=entries[key].file), learned, refused)

    def place(self, rect: Rect) -> None:
        """Lays it out on the right side."""
        left, top, right, bottom = rect
        self.sheet.place((max(left, right - WIDTH), top, right, bottom))
        self._face = object()

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel of the window lies on it."""
        return self.sheet.holds(x, y)

    def key(self, press: KeyPress) -> bool:
        """Takes a key: letters search while the pointer is on the panel. Returns whether it was for the panel."""
        library = self.library
        if not press.down or press.ctrl or press.alt or not self.holds(self._was.x, self._was.y):
            return False
        if press.name == "escape" and library.text:
            library.text = ""
        elif press.name == "backspace":
            library.text = library.text[:-1]
        elif press.name == "enter":
            shown = library.shown
            if shown:
                self._choose(shown[0])
        elif press.char and press.char.isprintable() and len(library.text) < MOST:
            library.text += press.char
        else:
            return False
        library.version += 1
        self._scroll = 0.0
        return True

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the window."""
        before, self._was = self._was, look
        x, y = look.x - self.sheet.x, look.y - self.sheet.y
        if look.wheel:
            room = max(0.0, self._cards.tall - (self.sheet.h - TOP) + 10)
            self._scroll = min(max(self._scroll - 70.0 * look.wheel, 0.0), room)
        self._lit = self._cards.at(x, y - TOP + self._scroll) if y >= TOP else None
        if look.left and not before.left:
            for (left, top, right, low), act in self._buttons:
                if left <= x < right and top <= y < low:
                    act()
                    return
            if self._lit is not None:
                self._choose(self._lit)

    # -- what is done --------------------------------------------------------------------------------------------
    def _choose(self, entry: Entry) -> None:
        pixel = (self._was.x, self._was.y)
        preview = Item("Hear the preview", partial(self._hear, entry), enabled=entry.preview is not None)
        if entry.path is not None:
            found = look_at(entry.path)
            if found.fault:
                self._popups.tell(found.fault, "fault")
                return
            items = (
                Item("Open it as the song", partial(self._do, "open", entry)),
                Item("Add its nodes to this song", partial(self._do, "merge", entry)), preview,
            )  # fmt: skip
            self._popups.menu(pixel, items)
        else:
            self._popups.menu(pixel, (Item("Open it as the song", partial(self._open_there, entry)),))

    def _do(self, what: str, entry: Entry) -> None:
        assert entry.path is not None
        found = look_at(entry.path)
        offer = next((offer for offer in offers(found) if offer.do == what), None)
        if offer is not None:
            self._acts.do(offer, found, self._at())

    def _open_there(self, entry: Entry) -> None:
        self._link.ask(Open(file=entry.file), None, self._refused)

    def _refused(self, fault: Fault) -> None:
        self._popups.tell(fault.text or fault.what, "fault")

    def _hear(self, entry: Entry) -> None:
        if entry.preview is not None and (wrong := playing.play(entry.preview)):
            self._popups.tell(wrong, "fault")

    def _order(self) -> None:
        library = self.library
        library.order = ORDERS[(ORDERS.index(library.order) + 1) % len(ORDERS)]
        library.version += 1

    # -- drawing -------------------------------------------------------------------------------------------------
    def draw(self, now: float) -> bool:
        """Draws it if that is needed; returns whether it was."""
        self.library.read_some()
        self._ask_for_one()
        lit = None if self._lit is None else self._lit.key
        face = (self.library.version, self._scroll, lit, self.sheet.w, self.sheet.h)
        if face == self._face:
            return False
        self._face = face
        s, t = self.sheet, self.sheet.theme
        shown = self.library.shown
        self._cards = laid_out(shown, s.w)
        s.clear()
        self._buttons, self._in_view = [], []
        s.box((0, 0, s.w, s.h), fill=fade(t.panel, 0.98))
        for title, y in self._cards.headings:
            if -20 < (at := y + TOP - self._scroll) < s.h:
                s.text(16, at, title, 13.5, t.accent, bold=True)
        for entry, (left, top, right, low) in self._cards.cards:
            y = TOP - self._scroll
            if low + y > TOP - 10 and top + y < s.h:
                self._in_view.append(entry.key)
                self._card(entry, (left, top + y, right, low + y))
        self._head(len(shown))
        return True

    def _head(self, count: int) -> None:
        s, t, library = self.sheet, self.sheet.theme, self.library
        s.box((0, 0, s.w, TOP - 4), fill=t.panel)
        s.line((0.5, 0), (0.5, s.h), t.edge, 1.5)
        s.text(16, 24, "Patches", 17, t.text, bold=True)
        s.text(100, 24, f"{count} of {len(library.entries)}", 13, t.faint)
        share = (s.w - 140, 9.0, s.w - 14, 35.0)
        s.box(share, fill=fade(t.accent, 0.18), rounding=7)
        s.text((share[0] + share[2]) / 2, 22, "Share this song …", 14, t.accent, align=0.5)
        self._buttons.append((share, lambda: self._popups.menu((self._was.x, self._was.y), self._exporting.items)))
        s.box((14, 42, s.w - 150, 42 + FIELD), fill=t.field, edge=t.track, rounding=7)
        said = library.text or "type to search title, tag, author, words"
        s.text(26, 42 + FIELD / 2, said, 15, t.text if library.text else t.faint, wide=s.w - 200)
        rect = (s.w - 140, 42, s.w - 14, 42 + FIELD)
        s.box(rect, fill=t.raised, rounding=7)
        s.text((rect[0] + rect[2]) / 2, 42 + FIELD / 2, f"sort: {library.order}", 14, t.label, align=0.5)
        self._buttons.append((rect, self._order))
        x = 14.0
        for tag, number in library.counts():
            label = f"{tag} {number}" if number else tag
            wide = font.width(label, 13) + 20
            if x + wide > s.w - 14:
                break
            rect, on = (x, 86.0, x + wide, 110.0), tag in library.tags
            s.box(rect, fill=fade(t.accent, 0.28) if on else t.raised, rounding=12)
            s.text(x + wide / 2, 98, label, 13, t.accent if on else t.label, align=0.5)
            self._buttons.append((rect, partial(library.toggle, tag)))
            x += wide + 8

    def _card(self, entry: Entry, rect: Rect) -> None:
        s, t = self.sheet, self.sheet.theme
        left, top, right, low = rect
        lit = self._lit is not None and self._lit.key == entry.key
        s.box(rect, fill=t.raised if lit else t.body, edge=t.accent if lit else t.edge, rounding=9, line=1.3)
        s.box((left + 8, top + 8, right - 8, top + PICTURE), fill=t.ground, rounding=6)
        self._picture(entry, left + 8, top + 8, right - left - 16, PICTURE - 8)
        ink = t.text if not entry.fault else t.fault
        s.text(left + 12, top + PICTURE + 18, entry.title, 15.5, ink, bold=True, wide=right - left - 44)
        if entry.preview is not None:
            x, y = right - 22, top + PICTURE + 18
            s.shape([(x - 4, y - 6), (x - 4, y + 6), (x + 6, y)], t.port("audio"))
        for place, line in enumerate(font.wrapped(entry.description, 13, right - left - 24, 2)):
            s.text(left + 12, top + PICTURE + 38 + 16 * place, line, 13, t.label)
        said = " · ".join(part for part in (", ".join(entry.tags[:3]), entry.author) if part)
        s.text(left + 12, low - 13, said, 12.5, t.faint, wide=right - left - 24)

    def _picture(self, entry: Entry, left: float, top: float, wide: float, tall: float) -> None:
        if entry.patch is None:
            return
        key, kept = entry.key, self._pictures.get(entry.key)
        if kept is None or kept[0] is not entry.patch or kept[1] != wide:
            kept = self._pictures[key] = (entry.patch, wide, miniature(entry.patch, self._facts, wide, tall))
        s, t, picture = self.sheet, self.sheet.theme, kept[2]
        for points, type in picture.cables:
            s.path([(left + x, top + y) for x, y in points], fade(t.port(type), 0.9), 1.3)
        for (a, b, c, d), head, category, own in picture.blocks:
            colour = t.category(category, own)
            s.box((left + a, top + b, left + c, top + d), fill=t.body, edge=fade(colour, 0.55), rounding=2.5)
            s.box((left + a, top + b, left + c, top + b + head), fill=mix(t.body, colour, 0.55), rounding=2.5)
