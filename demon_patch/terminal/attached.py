"""A performance on a running host, for the view: it has what the view uses of a `Host`, and goes through a client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from itertools import count
from pathlib import Path
from typing import Any

from demon_patch.errors import DemonError
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.overlay import Key
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.live.messages import SHOWN
from demon_patch.runtime.live.scheduled_edits import NextEdit
from demon_patch.runtime.live.status import SlotStatus, Status
from demon_patch.runtime.remote.client import Client

AGAIN_SECONDS = 1.0  # between two attempts to connect again
KEPT = 1000  # messages


class Attached:
    """A performance on another process's host; a context manager. What the host refuses becomes a message. Where the
    connection ends, it is made again as soon as there is a host at that address.

    url: of the host. Raises DemonError where there is none.
    """

    def __init__(self, url: str, name: str = "terminal") -> None:
        self._name = name
        self._client = Client(url, name=name)
        self._own: list[str] = []  # messages that the host does not have
        self._numbers = count(1)
        self._told: list[tuple[int, str]] = []
        self._heard = 0  # the number of the host's newest notice that is told
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._stay, name="attached", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the connection; the host plays on."""
        self._ended.set()
        self._thread.join()
        self._client.close()

    def __enter__(self) -> Attached:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def file(self) -> str:
        """The name of the patch file."""
        return self._client.file or "untitled"

    # -- what is shown ------------------------------------------------------------------------------------------
    @property
    def status(self) -> Status:
        """From any thread. The latest status."""
        return replace(
            status_of(self._client.status), messages=tuple(text for _, text in self.numbered_messages[-SHOWN:])
        )

    @property
    def numbered_messages(self) -> tuple[tuple[int, str], ...]:
        """From any thread. The messages of the host and of the connection, oldest first, as (number, text)."""
        with self._lock:
            for notice in self._client.notices:
                if notice.number > self._heard:
                    self._heard = notice.number
                    self._told.append((next(self._numbers), notice.fault.text))
            self._told += [(next(self._numbers), text) for text in self._own]
            self._own.clear()
            del self._told[:-KEPT]
            return tuple(self._told)

    @property
    def patch(self) -> Patch:
        """From any thread. The document."""
        return self._client.patch

    @property
    def live_values(self) -> dict[Key, Value]:
        """From any thread. The live values by (node, port)."""
        return self._client.live_values

    def add_message(self, message: str) -> None:
        """From any thread. Adds a message that only this view shows."""
        with self._lock:
            self._own.append(message)

    # -- what is asked for --------------------------------------------------------------------------------------
    def turn(self, node: str, port: str, value: Value) -> None:
        """From any thread. Gives a knob a live value."""
        self._ask(lambda client: client.turn(node, port, value))

    def release(self, *keys: Key) -> None:
        """From any thread. Drops live values."""
        self._ask(lambda client: client.release(*keys))

    def keep(self) -> Patch:
        """From any thread. Makes live values the base."""
        self._ask(lambda client: client.keep())
        return self.patch

    def play(self, on: bool) -> None:
        """From any thread. Lets the transport run, or stops it."""
        self._ask(lambda client: client.play(on))

    def seek(self, seconds: float, beats: float | Grid = 0.0) -> None:
        """From any thread. Jumps within the song."""
        self._ask(lambda client: client.seek(seconds, beats))

    def loop(self, region: tuple[float, float] | None, beats: float | Grid = 0.0) -> None:
        """From any thread. Loops a stretch of the song, or the whole."""
        self._ask(lambda client: client.loop(region, beats))

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        """From any thread. Sets the tempo by hand."""
        self._ask(lambda client: client.tempo(bpm, beats))

    def tap(self) -> None:
        """From any thread. Taps a beat."""
        self._ask(lambda client: client.tap())

    def follow(self, on: bool) -> None:
        """From any thread. Follows the song's beats, or not."""
        self._ask(lambda client: client.follow(on))

    def bypass(self, on: bool) -> None:
        """From any thread. Plays the source unchanged, or not."""
        self._ask(lambda client: client.bypass(on))

    def mute(self, on: bool) -> None:
        """From any thread. Silences the sound, or ends the silence."""
        self._ask(lambda client: client.mute(on))

    def panic(self) -> None:
        """From any thread. Silences the sound and releases live values."""
        self._ask(lambda client: client.panic())

    def record(self, path: str | Path) -> None:
        """From any thread. Begins a recording on the host's machine, beside the patch there."""
        self._ask(lambda client: client.record(Path(path).name))

    def stop_recording(self) -> None:
        """From any thread. Ends all recordings."""
        self._ask(lambda client: client.stop_recording())

    def save_take(self, path: str | Path) -> None:
        """From any thread. Writes the last two minutes on the host's machine, beside the patch there."""
        self._ask(lambda client: client.save_take(Path(path).name))

    def write(self, path: Path) -> None:
        """From any thread. Keeps the live values and has the host write its patch file. Raises DemonError."""
        self._client.save()

    def _ask(self, request: Callable[[Client], object]) -> None:
        try:
            request(self._client)
        except DemonError as error:
            self.add_message(str(error))

    # -- the connection -----------------------------------------------------------------------------------------
    def _stay(self) -> None:
        """On a thread of its own. Connects again whenever the connection has ended."""
        while not self._ended.wait(AGAIN_SECONDS):
            if self._client.gone is None:
                continue
            with suppress(DemonError):
                found = Client(self._client.url, name=self._name)
                self._client.close()
                self._client, self._heard = found, 0
                self.add_message(f"connected to {found.url} again")


def status_of(given: dict[str, Any]) -> Status:
    """Returns the status from its fields as a host sends them; a field that did not come has its default."""
    known = {field.name for field in fields(Status)}
    found = {name: value for name, value in given.items() if name in known}
    if "slots" in found:
        found["slots"] = tuple(SlotStatus(**slot) for slot in found["slots"])
    if "waiting" in found:
        found["waiting"] = tuple(
            NextEdit(each["label"], Grid.parsed(each["at"]), each["seconds"]) for each in found["waiting"]
        )
    if "live_values" in found:
        found["live_values"] = {(node, port): value for node, port, value in found["live_values"]}
    return Status(**found)


def play(url: str, *, plain: bool, seconds: float | None, say: Callable[[str], object]) -> None:
    """Shows the performance of a running host, and obeys the keys, until the player ends it; the host plays on. Raises
    DemonError where there is no host.

    plain, seconds, say: as in `terminal.play.perform`.
    """
    from demon_patch.terminal.lasting_output import lasting_output
    from demon_patch.terminal.plain import report

    with Attached(url) as attached, suppress(KeyboardInterrupt):
        if plain:
            report(attached, say, seconds)
            return
        from demon_patch.terminal.view import View

        with lasting_output():
            View(attached, Path(attached.file), seconds=seconds).run()
