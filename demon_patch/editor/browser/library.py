"""The patches that can be opened: what is known of each, search, tags and order. Reads files of this machine only when
it is asked to, a few at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from demon_patch import shipped
from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.files.format import loads
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.assets.previews import preview_of, stem
from demon_patch.runtime.remote.messages.files import Entry as Listed

Place = Literal["shipped", "folder"]
Order = Literal["as given", "title", "newest"]
ORDERS: tuple[Order, ...] = ("as given", "title", "newest")
OLD = 1e9  # seconds ago, of a file whose age is not known


@dataclass(frozen=True, slots=True)
class Entry:
    """A patch.

    name: of its file, without its suffix. file: its name for the host, within the patch's folder; empty for a shipped
    one. path: where it lies on this machine, if it does. seconds: how long ago it was changed.
    patch: what is in it, once it was read; of one on another machine a sketch (`patch.files.sketch`). fault: why it
    cannot be read. unseen: why the host gives no sketch of it. preview: its sound, if there is one.
    """

    name: str
    place: Place
    file: str = ""
    path: Path | None = None
    seconds: float = OLD
    patch: Patch | None = None
    fault: str = ""
    preview: Path | None = None
    unseen: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.place, self.file or self.name

    @property
    def title(self) -> str:
        """Its title, or its file's name."""
        return (self.patch.meta.title if self.patch is not None else "") or self.name

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self.patch.meta.tags if self.patch is not None else ()

    @property
    def author(self) -> str:
        """Who made it."""
        return self.patch.meta.author if self.patch is not None else ""

    @property
    def description(self) -> str:
        """What is told of it."""
        if self.patch is not None:
            return self.patch.meta.description
        return self.fault or self.unseen or ("" if self.path is not None else "On the host's machine")

    @property
    def waits(self) -> bool:
        """Whether it can be read, and was not yet."""
        return self.patch is None and not self.fault and self.path is not None

    @property
    def lies_elsewhere(self) -> bool:
        """Whether only the host can say what is in it, and has not been asked yet."""
        return self.patch is None and self.path is None and self.file != "" and not self.unseen


def of_program() -> list[Entry]:
    """Returns the patches that come with the program."""
    return [Entry(name, "shipped", path=path, preview=preview_of(path)) for name, path in shipped.shipped().items()]


def of_listing(listed: Iterable[Listed], home: Path | None) -> list[Entry]:
    """Returns the patches among the files of the host's folder. home: that folder, where it is on this machine."""
    made = []
    for each in listed:
        if each.kind not in ("patch", "pack"):
            continue
        path = None if home is None else home / each.name
        path = path if path is not None and path.is_file() else None
        made.append(Entry(stem(each.name), "folder", each.name, path, each.seconds, None, "", preview_of(path)))
    return made


def read(entry: Entry) -> Entry:
    """Returns an entry with its patch, or with why that cannot be read."""
    if entry.path is None:
        return entry
    try:
        return replace(entry, patch=load_patch(entry.path))
    except DemonError as error:
        return replace(entry, fault=error.what)
    except OSError as error:
        return replace(entry, fault=str(error))


@dataclass
class Library:
    """All patches, and which of them are asked for.

    text: what is searched. tags: those that all shown patches have. order: of those that match equally well.
    """

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    text: str = ""
    tags: frozenset[str] = frozenset()
    order: Order = "as given"
    version: int = 0

    def take(self, entries: Iterable[Entry], place: Place) -> None:
        """Takes the patches of a place anew; those that are the same and as old stay read."""
        known = {key: old for key, old in self.entries.items() if key[0] == place}
        self.entries = {key: old for key, old in self.entries.items() if key[0] != place}
        for entry in entries:
            old = known.get(entry.key)
            same = old is not None and old.path == entry.path and abs(old.seconds - entry.seconds) < 2.0
            kept = replace(entry, patch=old.patch, fault=old.fault) if old is not None and same else entry
            self.entries[entry.key] = kept
        self.version += 1

    def read_some(self, count: int = 2) -> bool:
        """Reads a few patches that were not read yet; returns whether there were any."""
        waiting = [entry for entry in self.entries.values() if entry.waits][:count]
        for entry in waiting:
            self.entries[entry.key] = read(entry)
        self.version += bool(waiting)
        return bool(waiting)

    def learn(self, key: tuple[str, str], text: str) -> None:
        """Takes the host's sketch of a patch on its machine."""
        try:
            patch = loads(text)
        except PatchError as error:
            self.forgo(key, error.what)
            return
        if (old := self.entries.get(key)) is not None:
            self.entries[key] = replace(old, patch=patch)
            self.version += 1

    def forgo(self, key: tuple[str, str], why: str) -> None:
        """Notes why the host gives no sketch of a patch; it is not asked again."""
        if (old := self.entries.get(key)) is not None:
            self.entries[key] = replace(old, unseen=why or "The host gives no picture of it")
            self.version += 1

    def toggle(self, tag: str) -> None:
        """Asks for a tag, or no longer."""
        self.tags ^= {tag}
        self.version += 1

    @property
    def shown(self) -> list[Entry]:
        """Those that are asked for, the best first."""
        wanted = [entry for entry in self.entries.values() if self.tags <= set(entry.tags)]
        ranked = [(score, entry) for entry in wanted if (score := rank(entry, self.text)) is not None]
        match self.order:
            case "title":
                ranked.sort(key=lambda kept: (kept[0], kept[1].title.casefold()))
            case "newest":
                ranked.sort(key=lambda kept: (kept[0], kept[1].seconds))
            case _:
                ranked.sort(key=lambda kept: (kept[0], kept[1].place == "shipped"))
        return [entry for _, entry in ranked]

    def counts(self, most: int = 14) -> list[tuple[str, int]]:
        """Returns the tags of the patches that are shown, the most frequent first; those that are asked for before
        all."""
        counted = Counter(tag for entry in self.shown for tag in entry.tags)
        counted.update(dict.fromkeys(self.tags, 0))
        order = sorted(counted.items(), key=lambda kept: (kept[0] not in self.tags, -kept[1], kept[0]))
        return order[:most]


def rank(entry: Entry, text: str) -> int | None:
    """Returns how well a patch matches a text, 0 best; None for one that does not. Every word must be found."""
    words = text.casefold().split()
    if not words:
        return 0
    title, name = entry.title.casefold(), entry.name.casefold()
    tags = " ".join(entry.tags).casefold()
    rest = f"{entry.author} {entry.description} {entry.file}".casefold()
    worst = 0
    for word in words:
        if title.startswith(word) or name.startswith(word):
            found = 0
        elif word in title or word in name:
            found = 1
        elif word in tags:
            found = 2
        elif word in rest:
            found = 3
        else:
            return None
        worst = max(worst, found)
    return worst


def groups(entries: Collection[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yields headings with their patches: the player's own first."""
    titles: Mapping[Place, str] = {"folder": "In this folder", "shipped": "Come with demon_patch"}
    for place, title in titles.items():
        found = [entry for entry in entries if entry.place == place]
        if found:
            yield title, found
