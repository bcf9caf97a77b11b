"""The panel of snapshots: eight keys, when and how fast a recall comes, and the list with its menu."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from demon_patch.editor.dashboard.snapshots import GRIDS, PADS, TIMES, Pad, Snapshots
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Item, Popups, Tone
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import HEADING, Row, SidePanel


class SnapshotsPanel(SidePanel):
    """Lists the snapshots. While it is open, 1 to 8 recall.

    selected: returns the nodes that are selected on the canvas, which a snapshot may keep alone.
    """

    title, hint = "Snapshots", "1 to 8 recall · right click: more"

    def __init__(
        self, paper: Paper, link: Link, popups: Popups, selected: Callable[[], Collection[str]] = lambda: ()
    ) -> None:
        super().__init__(paper)
        self._popups, self._selected, self._link = popups, selected, link
        self.snapshots = Snapshots(link, self._tell)
        self._ids: list[str] = []

    def _tell(self, text: str, tone: str) -> None:
        known: dict[str, Tone] = {"plain": "plain", "warning": "warning", "fault": "fault"}
        self._popups.tell(text, known.get(tone, "plain"))

    def rows(self) -> Sequence[Row]:
        """Returns the lines: what to store, when and how fast, then the snapshots."""
        made, self._ids = rows(self.snapshots, self._selected(), self._changed)
        return made

    def face(self) -> object:
        """Returns what the rows come from."""
        shots = self.snapshots
        moving = shots.moving
        shown = None if moving is None else (*moving[:2], round(moving[2], 2), round(moving[3], 1))
        return tuple(shots.pads), shots.grid, shots.time, shots.last, shown, len(self._selected())

    def _changed(self) -> None:
        self._face = None

    def key(self, press: KeyPress) -> bool:
        """Takes a key; returns whether it was for the panel."""
        plain = press.down and not (press.ctrl or press.alt)
        if plain and press.char.isdecimal() and press.char.isascii() and 1 <= int(press.char) <= PADS:
            return self.snapshots.pad(int(press.char))
        return False

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer."""
        before = self._was
        super().pointer(look)
        if look.right and not before.right:
            y = look.y - self.sheet.y
            line = next((n for n, (top, low) in enumerate(self._tops) if top <= y < low and y > HEADING), None)
            id = self._ids[line] if line is not None and line < len(self._ids) else ""
            pad = next((pad for pad in self.snapshots.pads if pad.id == id), None)
            if pad is not None:
                self._popups.menu((look.x, look.y), self.menu(pad, (look.x, look.y)))

    def menu(self, pad: Pad, at: tuple[float, float]) -> tuple[Item, ...]:
        """Returns what can be done with a snapshot."""
        shots = self.snapshots

        def rename() -> None:
            self._popups.field(at, "Name", pad.title, partial(shots.rename, pad.id))

        return (
            Item("Recall", partial(shots.go, pad.id), key=str(pad.number or "")),
            Item("Store what sounds now here", partial(shots.store_over, pad.id)),
            Item("Rename …", rename),
            Item("Delete", partial(shots.delete, pad.id)),
        )


def rows(
    shots: Snapshots, selected: Collection[str], changed: Callable[[], object] = lambda: None
) -> tuple[list[Row], list[str]]:
    """Returns the lines of the panel, and the id of the snapshot of each line, empty for the others."""

    def stepped(step: Callable[[], object]) -> None:
        step()
        changed()

    made = [Row("Store what sounds now", "+", "accent", do=shots.store)]
    if selected:
        chosen = partial(shots.store, tuple(selected))
        made.append(Row(f"Store only what is selected ({len(selected)})", "+", "accent", do=chosen))
    made += [
        Row("Recall on", GRIDS[shots.grid][0], "label", do=partial(stepped, shots.step_grid)),
        Row("Way there", TIMES[shots.time][0], "label", do=partial(stepped, shots.step_time)),
    ]
    if (moving := shots.moving) is not None:
        titles = {"": "What sounded", **{pad.id: pad.title for pad in shots.pads}}
        said = f"{titles.get(moving[0], '?')} → {titles.get(moving[1], '?')}: {100 * moving[2]:.0f} %"
        made.append(Row(said, f"{moving[3]:.1f} s", "good"))
        made.append(Row("Stop here", "", "accent", do=shots.stop))
    made.append(Row("Kept" if shots.pads else "None is kept yet", heading=True))
    ids = [""] * len(made)
    for pad in shots.pads:
        count = f"{pad.count} value{'' if pad.count == 1 else 's'}{' of some nodes' if pad.scoped else ''}"
        right = f"{pad.number} · {count}" if pad.number else count
        made.append(
            Row(pad.title, right, bold=pad.id == shots.last, marked=pad.id == shots.last, do=partial(shots.go, pad.id))
        )
        ids.append(pad.id)
    return made, ids
