"""The panel of versions: what was kept, what has happened to the document, the recent files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from demon_patch.editor.panels.history import ago
from demon_patch.editor.panels.recent_files import RecentFiles
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.editor.panels.versions_model import Lifelines

SHOWN = 8  # differences that are named


class VersionsPanel(SidePanel):
    """Lists the versions; a click brings one back. open: opens a patch of this machine."""

    title, hint = "Versions", "kept by themselves"

    def __init__(self, paper: Paper, lines: Lifelines, recent: RecentFiles, open: Callable[[Path], object]) -> None:
        super().__init__(paper)
        self._lines, self._recent, self._open = lines, recent, open

    def draw(self, now: float) -> bool:
        """Draws it; asks for the versions where they are old."""
        self._lines.ask(now)
        return super().draw(now)

    def rows(self) -> Sequence[Row]:
        """Returns the lines."""
        return [*life_rows(self._lines), *recent_rows(self._recent.paths, self._open)]

    def face(self) -> object:
        """Returns what the rows come from."""
        return self._lines.changes, tuple(self._recent.paths), self._lit


def life_rows(lines: Lifelines) -> Iterator[Row]:
    """Yields the lines on the document: what has changed on the disk, what has happened, what is kept."""
    changed = lines.changed
    if changed is not None:
        yield Row("On the disk", heading=True)
        what = "was deleted." if changed.gone else "was changed by another program."
        yield Row(f"{changed.file} {what}", tone="warning")
        yield from _named(lines.differs)
        if not changed.gone:
            yield Row("Take the file", "undoable", "accent", do=lines.reload)
        yield Row("Write ours over it" if not changed.gone else "Write it again", "", "accent", do=lines.keep_ours)
        yield Row("Later", "", "accent", do=lines.later)
    if lines.said:
        yield Row("What has happened", heading=True)
    for said in lines.said:
        yield Row(said.title, tone="good" if said.undo else "text")
        yield from _named(said.lines)
        if said.undo:
            yield Row("Take it back", "", "accent", do=lines.take_back)
    if lines.said:
        yield Row("Clear this list", "", "faint", do=lines.forget)
    yield Row("Kept by themselves", heading=True)
    if not lines.versions.versions:
        yield Row("None yet: a version is kept some seconds after an edit.", tone="faint")
    for number, version in enumerate(lines.versions.versions):
        words = f"{ago(version.seconds)} ago"
        size = f"{version.bytes / 1000:.1f} kB"
        yield Row(words, size, bold=number == 0, detail="the newest" if not number else "",
                  do=partial(lines.restore, version.name, f"from {words}"))  # fmt: skip


def _named(differs: Sequence[str]) -> Iterator[Row]:
    for line in differs[:SHOWN]:
        yield Row(line, tone="label")
    if len(differs) > SHOWN:
        yield Row(f"and {len(differs) - SHOWN} more", tone="faint")


def recent_rows(paths: Sequence[Path], open: Callable[[Path], object]) -> Iterator[Row]:
    """Yields the recent files."""
    if not paths:
        return
    yield Row("Recent files", heading=True)
    for path in paths:
        here = path.is_file()
        name = path.name.removesuffix(".dpatch.json").removesuffix(".dpatch")
        where = str(path.parent) if here else f"{path.parent}, gone"
        yield Row(name, tone="text" if here else "faint", detail=where, do=partial(open, path) if here else None)
