"""The view of a live performance in a terminal: shows the host's status and passes every key to the host."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Static

from demon_patch.errors import DemonError, visible
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.status import Status
from demon_patch.terminal import draw
from demon_patch.terminal.attached import Attached
from demon_patch.terminal.keys import BINDINGS, help_text
from demon_patch.terminal.knobs import Knob, knobs_of, value_of
from demon_patch.terminal.table import knob_table

LOOKS = 15  # times a second that the status is drawn
WISH_SECONDS = 3.0  # for which keys count from the last request, because the status may not show it yet
SEEK_SECONDS = 1.0  # the same for a song position, which moves on
LOOP_BARS = 4
GRIDS = ("none", "beat", "bar")


class View(App[None]):
    """The view of a host's performance. It runs on the thread that calls `run`, and never waits.

    path: the patch file. Recordings are written beside it, with the date in their names.
    seconds: played seconds after which the view ends.
    """

    CSS = """
    Screen { background: $background; padding: 0 1; }
    Static { height: auto; }
    #title { text-style: bold; }
    #transport, #song { height: 1; }
    #middle { height: 10; padding: 1 0; }
    #ring { width: 1fr; }
    #meters { width: 40; }
    #knobs { height: 1fr; min-height: 3; }
    #messages { height: 12%; min-height: 2; }
    #help { color: $text-muted; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Any]] = list[Binding](BINDINGS)

    def __init__(self, host: Host | Attached, path: Path, *, seconds: float | None = None) -> None:
        super().__init__()
        self.host, self.path, self._seconds = host, path, seconds
        self.grid = "beat"
        self.chosen = 0
        self.knobs: list[Knob] = []
        self._of: Patch | None = None  # the patch whose knobs these are
        self._wishes: dict[str, tuple[Any, float]] = {}
        self._shown: dict[str, Text] = {}
        self._leaving = False
        self._files = ThreadPoolExecutor(1, "files")  # writes patches and begins and ends recordings

    def compose(self) -> ComposeResult:
        for name in ("title", "transport", "song"):
            yield Static(id=name)
        with Horizontal(id="middle"):
            yield Static(id="ring")
            yield Static(id="meters")
        for name in ("knobs", "messages", "help"):
            yield Static(id=name)

    def on_mount(self) -> None:
        """Starts drawing the status LOOKS times a second."""
        self.refresh_status()
        self.set_interval(1 / LOOKS, self.refresh_status)

    def leave(self) -> None:
        """From any thread and from a signal's handler. Ends the view the next time it draws; may be called before it
        runs."""
        self._leaving = True

    def on_resize(self) -> None:
        """Draws the status for the new size."""
        self.refresh_status()

    def on_unmount(self) -> None:
        """Waits until the files in writing are complete."""
        self._files.shutdown()

    # -- drawing ------------------------------------------------------------------------------------------------
    def refresh_status(self) -> None:
        """Draws what has changed since the last call. Draws nothing before the screen exists or after it is gone."""
        if self._leaving:
            self.exit()
        if not self.query("#help"):
            return
        status, live, patch = self.host.status, self.host.live_values, self.host.patch
        if patch is not self._of:
            self._of = patch
            chosen = self.knobs[self.chosen].key if self.knobs else None
            self.knobs = knobs_of(patch)
            keys = [knob.key for knob in self.knobs]
            self.chosen = keys.index(chosen) if chosen in keys else min(self.chosen, max(len(keys) - 1, 0))
        file = visible(self.path.name)
        title = Text(visible(patch.meta.title) or file).append(f"   {file}   grid: {self.grid}", draw.FAINT)
        room = {name: self.query_one(f"#{name}").size for name in ("song", "knobs", "messages", "help")}
        self._show("title", title)
        self._show("transport", draw.transport(status))
        self._show("song", draw.song(status, room["song"].width))
        self._show("ring", draw.ring(status))
        self._show("meters", draw.meters(status))
        self._show("knobs", knob_table(self.knobs, live, self.chosen, room["knobs"].height))
        self._show("messages", draw.messages(status, *room["messages"]))
        self._show("help", Text(help_text(room["help"].width)))
        if self._seconds is not None and status.begun and status.seconds >= self._seconds:
            self.exit()

    def _show(self, name: str, text: Text) -> None:
        if self._shown.get(name) != text:
            self._shown[name] = text
            self.query_one(f"#{name}", Static).update(text)

    # -- wishes -------------------------------------------------------------------------------------------------
    def _wished(self, name: str, now: Any) -> Any:
        """Returns what a key asked for less than a few seconds ago, because the status may not show it yet; else
        `now`."""
        wish, until = self._wishes.get(name, (now, 0.0))
        return wish if monotonic() < until else now

    def _wish(self, name: str, value: Any, seconds: float = WISH_SECONDS) -> Any:
        self._wishes[name] = value, monotonic() + seconds
        return value

    def _toggled(self, name: str) -> bool:
        """Returns the opposite of a switch's state, and remembers it as asked for."""
        return self._wish(name, not self._wished(name, getattr(self.host.status, name)))

    # -- transport ----------------------------------------------------------------------------------------------
    @property
    def _grid(self) -> Grid | float:
        """The grid of quantised commands; 0 for none."""
        return 0.0 if self.grid == "none" else Grid.parsed(self.grid)

    def action_play(self) -> None:
        self.host.play(self._toggled("playing"))

    def action_seek(self, bars: int) -> None:
        """Seeks a number of bars on or back in the song; with a grid, from the last line of the grid."""
        status = self.host.status
        here = self._wished("song", _on_grid(status, self._grid))
        to = (here + bars * _bar(status)) % max(status.song_length, 1e-9)
        self.host.seek(self._wish("song", to, SEEK_SECONDS), self._grid)

    def action_home(self) -> None:
        self.host.seek(self._wish("song", 0.0, SEEK_SECONDS), self._grid)

    def action_loop(self) -> None:
        """Loops LOOP_BARS bars from the present bar on, at most the song; again: plays the whole song."""
        status = self.host.status
        if self._wished("loop", status.loop) is not None:
            self.host.loop(self._wish("loop", None), self._grid)
            return
        length = min(LOOP_BARS * _bar(status), status.song_length)
        begin = min(max(_on_grid(status, Grid("bar")), 0.0), status.song_length - length)
        self.host.loop(self._wish("loop", (begin, begin + length)), self._grid)

    def action_tap(self) -> None:
        self._wishes.pop("bpm", None)
        self.host.tap()

    def action_tempo(self, by: int) -> None:
        self.host.tempo(self._wish("bpm", round(self._wished("bpm", self.host.status.bpm)) + by), self._grid)

    def action_follow(self) -> None:
        self.host.follow(self._toggled("follow"))

    def action_grid(self) -> None:
        self.grid = GRIDS[(GRIDS.index(self.grid) + 1) % len(GRIDS)]
        self.refresh_status()

    def action_source(self) -> None:
        self.host.bypass(self._toggled("bypass"))

    def action_mute(self) -> None:
        self.host.mute(self._toggled("muted"))

    def action_panic(self) -> None:
        self._wish("muted", True)
        self.host.panic()
        self.host.add_message("panic: silent, live values released; m brings the sound back")

    # -- knobs --------------------------------------------------------------------------------------------------
    def action_choose(self, by: int) -> None:
        self.chosen = min(max(self.chosen + by, 0), max(len(self.knobs) - 1, 0))
        self.refresh_status()

    def action_turn(self, way: int, coarse: bool = False) -> None:
        if self.knobs:
            knob = self.knobs[self.chosen]
            now = value_of(knob, self.host.live_values)
            self.host.turn(*knob.key, knob.turned(now, way, coarse))
            self.refresh_status()

    def action_reset(self) -> None:
        if self.knobs:
            self.host.release(self.knobs[self.chosen].key)
            self.refresh_status()

    def action_keep(self) -> None:
        self.host.keep()
        self.host.add_message("the live values are the patch's own now; w writes the patch file")

    # -- files --------------------------------------------------------------------------------------------------
    def action_write(self) -> None:
        """Keeps the live values and writes the patch file."""
        self._file(lambda: self.host.write(self.path), f"wrote {self.path.name}")

    def action_record(self) -> None:
        if self._toggled("recording"):
            path = self.dated("recording")
            self._file(lambda: self.host.record(path))
        else:
            self._file(self.host.stop_recording)

    def action_save(self) -> None:
        self.host.save_take(self.dated("take"))

    def dated(self, what: str) -> Path:
        """Returns the path of a new sound file beside the patch, with date and time in its name."""
        name = self.path.name.split(".")[0]
        return self.path.with_name(f"{name}-{what}-{datetime.now():%Y-%m-%d-%H%M%S}.wav")

    def _file(self, work: Callable[[], object], done: str = "") -> None:
        """Runs `work`, which may take long, on the thread for files. Shows its DemonError, or else `done`, as a
        message."""

        def run() -> None:
            try:
                work()
            except DemonError as error:
                self.host.add_message(str(error))
                return
            if done:
                self.host.add_message(done)

        self._files.submit(run)

    def action_leave(self) -> None:
        self.exit()


def _bar(status: Status) -> float:
    """Returns the length of a bar in seconds."""
    return status.beats_per_bar * 60.0 / status.bpm


def _on_grid(status: Status, grid: Grid | float) -> float:
    """Returns the song position, in seconds, at the last beat or bar line; with grid 0, the present one."""
    if not isinstance(grid, Grid):
        return status.song
    line = status.beats_per_bar if grid.unit == "bar" else 1.0
    return status.song - ((status.beat - status.metre_beat) % line) * 60.0 / status.bpm
