"""Plays a real host for a long time while others edit it at random, and watches that nothing wears out.

A `demon-patch host` process plays on the embedded model. Players (clients of the wire, on threads of this process) do
what `soak_actions` lists, drawn by a seed. At the end of each minute all of them but one go, and what the host and its
audio process use is noted: so two minutes compare.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from demon_patch.bench.cover import cover
from demon_patch.bench.played_host import PlayedHost, played_host, until
from demon_patch.bench.process_figures import Used, busy_seconds, used
from demon_patch.bench.soak_actions import ACTIONS, Action, Stage
from demon_patch.bench.soak_editor import shown_editor
from demon_patch.bench.soak_midi import midi_player
from demon_patch.bench.soak_players import open_another_song
from demon_patch.errors import DemonError
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Cable, Node, Patch, Song
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.documents import Document, Snapshot
from demon_patch.runtime.remote.messages.telemetry import StatusChange

SONG_MINUTES = 5  # that a song plays
GIVEN_BACK_SECONDS = 4.0  # after an edit, in which a host that stands gives back what it does not need
LANDING_SECONDS = 5.0  # in which edits that wait for a beat or a bar are heard
PACE_SECONDS = 0.5  # of rest between two actions, as fast as one player edits
HISTORY_SECONDS = 600.0  # after which everything that a host keeps by time is full
TOLD = 10  # times of starving, the longest, that are told with their actions
OTHERS = 0.1  # of the processors
SLOPE_MB = 1.0  # the most that memory may grow in 10 minutes once history is full
GROWTH_MB = 250.0  # the same within the second half of a short soak, in which caches and history still fill
BROKEN = ("an error of the program", "the engine starts again", "telemetry failed", "telemetry of", "Traceback")

SHOWN = (
    "minute",
    "host_mb",
    "audio_mb",
    "host_threads",
    "host_handles",
    "starved_s",
    "shortfalls",
    "xruns",
    "late",
    "beside_xruns",
    "reconnects",
    "refusals",
    "actions",
    "alone",
)
"""The columns of a row that a person is shown."""

Row = dict[str, Any]


def patch() -> Patch:
    """Returns a cover with a controller, whose ring has all kinds of nodes."""
    nodes, cables = cover(
        {"style": "ambient in a minor", "seconds": 24.0, "seed": 7},
        "acid, a minor, 120 bpm",
        {"strength": 0.6, "seed": 7, "focus": "8 s"},
        {"blend": Node("source_blend"), "state": Node("step_state")},
    )
    nodes |= {"wave": Node("lfo", values={"rate": 0.5}), "wheel": Node("midi_cc")}
    cables.append(Cable("wave", "out", "scheduler", "strength", mode="add", depth=0.3))
    mappings = {"dial": ControlMapping(Controller("cc", number=3), "wave", "rate")}
    return Patch(song=Song(bpm=120.0), nodes=nodes, cables=tuple(cables), mappings=mappings)


@dataclass
class Soak:
    """A soak under way.

    bases: the songs as they were at first: the one that plays first, then those that are opened in turn.
    editor: the process of the editor that is shown; 0 for none. stays: the clients that are there throughout.
    rows: one a minute. faults: what must not happen, each with the number of its action. starved: when, and in which
    action. doing: the name of the present one.
    """

    host: PlayedHost
    stage: Stage
    seed: int
    bases: tuple[Patch, ...]
    editor: int
    stays: frozenset[str]
    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: int = 0
    songs: int = 0
    doing: str = ""
    starved: list[str] = field(default_factory=list)
    _told: int = 0
    _starved: float = 0.0

    def hear(self, event: Event) -> None:
        """On the receiving thread. Notes what was done while the host starved."""
        if isinstance(event, StatusChange) and "starved" in event.fields:
            now = float(str(event.fields["starved"]))
            if now > self._starved:
                beside = ", ".join(self.stage.beside_now.values())
                what = f"action {self.stage.number} ({self.doing}){' beside ' if beside else ''}{beside}"
                self.starved.append(f"{now - self._starved:.2f} s in {what}")
            self._starved = now

    def act(self, action: Action) -> None:
        """Does one action. An error is a fault, but not a refusal that may be or that a takeover has caused."""
        self.counts[action.name] += 1
        self.stage.number, self.doing = self.counts.total(), action.name
        document = self.stage.client.revision.epoch
        try:
            action.do(self.stage)
        except DemonError as error:
            self.refusals += 1
            self.stage.client.refresh()
            may_be = action.refused or self.stage.client.revision.epoch != document
            if not may_be or any(word in str(error) for word in BROKEN):
                self._fault(action.name, error)
        except Exception as error:
            self._fault(action.name, error)
        if self.stage.client.gone is not None:
            raise DemonError(f"the connection has gone: {self.stage.client.gone}; {self.host.said[-2000:]}")

    def _fault(self, name: str, error: object) -> None:
        self.faults.append(f"seed {self.seed}, action {self.counts.total()} ({name}): {error}")

    def run(self, minutes: float, tell: Callable[[Row], object] = lambda row: None) -> None:
        """Acts for so many minutes, and calls `tell` with the row of each."""
        began, rng = monotonic(), self.stage.rng
        weights = [action.weight for action in ACTIONS]
        before, at = self._counters(), monotonic()
        for minute in range(1, max(round(minutes), 1) + 1):
            end = monotonic() + 60.0  # a rest that takes long leaves the next minute whole
            if minute > 1 and minute % SONG_MINUTES == 1:
                self.songs += open_another_song(self.stage)
            while monotonic() < end:
                self.act(rng.choices(ACTIONS, weights)[0])
                sleep(PACE_SECONDS)
            self._rest()
            with self._plain_song():
                now = self._counters()
                self.rows.append(self._row(minute, monotonic() - began, monotonic() - at, before, now))
            before, at = now, monotonic()
            tell(self.rows[-1])

    @property
    def _song(self) -> int:
        """The number of the song that plays, in `bases`."""
        return 1 + self.stage.song % len(self.stage.songs) if self.songs else 0

    def _rest(self) -> None:
        """Ends all that is under way, waits until the music is new and no edit waits, and compares the document with
        the host's."""
        stage = self.stage
        stage.rest()
        for error in stage.errors:
            self._fault("another player", error)
        stage.errors.clear()
        client = stage.client
        for end in (client.release, client.stop_recording, lambda: client.play(True), lambda: client.mute(False)):
            end()
        until(lambda: self.stays.issuperset(client.clients), 30.0)
        completions = client.status.get("completions", 0)
        if not until(lambda: client.status.get("completions", 0) > completions + 2, 60.0):
            self._fault("the music goes on", f"no generation in a minute: {client.status}")
        sleep(LANDING_SECONDS)
        client.refresh()
        whole = client.ask(Document(), Snapshot)
        if whole.patch and whole.revision == client.revision and loads(whole.patch) != client.patch:
            self._fault("the document", "a client that followed all edits has another document than the host")
        for notice in client.notices:
            if notice.number > self._told and any(word in notice.fault.text for word in BROKEN):
                self._fault("the host says", notice.fault.text)
        self._told = max([self._told, *(notice.number for notice in client.notices)])
        if "Traceback" in self.host.said:
            raise DemonError(f"the host has printed a traceback: {self.host.said[-3000:]}")

    @contextmanager
    def _plain_song(self) -> Iterator[None]:
        """Makes the document the song as it was at first, stops the transport, and waits until the host has given
        memory back: so two minutes compare. What was edited is there again afterwards."""
        client = self.stage.client
        command = difference(client.patch, self.bases[self._song])
        if command is not None:
            client.do(command, "The song as it was")
        client.play(False)
        sleep(GIVEN_BACK_SECONDS)
        yield
        client.play(True)
        if command is not None:
            client.undo()

    def _counters(self) -> Counter[str]:
        """Returns what only grows, at this moment."""
        status, beside = self.stage.client.status, self.host.beside()
        found: Counter[str] = Counter({name: int(status.get(name, 0)) for name in ("late", "shortfalls", "restarts")})
        found["starved_ms"] = round(1e3 * float(status.get("starved", 0.0)))
        found["xruns"] = int(status.get("xruns", 0)) - found["shortfalls"]
        found["completions"] = int(status.get("completions", 0))
        found["beside_late"], found["beside_xruns"] = beside.get("late", 0), beside.get("xruns", 0)
        found["actions"], found["refusals"] = self.counts.total(), self.refusals
        found["reconnects"], found["faults"] = self.stage.reconnects, len(self.faults)
        host, audio = self.host.used()
        found["cpu_ms"], found["waited_ms"] = round(1e3 * host.cpu_s), round(1e3 * host.waited_s)
        ours = host.cpu_s + audio.cpu_s + sum(used(pid).cpu_s for pid in (*self.host.helpers, os.getpid()))
        found["others_cpu_ms"] = round(1e3 * (busy_seconds() - ours))
        found["audio_cpu_ms"], found["audio_waited_ms"] = round(1e3 * audio.cpu_s), round(1e3 * audio.waited_s)
        return found

    def _row(self, minute: int, seconds: float, elapsed: float, before: Counter[str], now: Counter[str]) -> Row:
        host, audio = self.host.used()
        grown = {name: now[name] - before[name] for name in sorted(now)}
        others = grown["others_cpu_ms"] / (1e3 * elapsed * (os.cpu_count() or 1))
        return {
            "minute": minute,
            "song": self._song,
            "song_minute": (minute - 1) % SONG_MINUTES,
            **_columns("host", host),
            **_columns("audio", audio),
            **(_columns("editor", used(self.editor)) if self.editor else {}),
            "starved_s": grown.pop("starved_ms") / 1e3,
            **grown,
            "others_share": others,
            "alone": not (grown["beside_late"] or grown["beside_xruns"]) and others < OTHERS,
            "nodes": len(self.stage.patch.nodes),
            "edits": self.stage.client.revision.counter,
            "full": seconds >= HISTORY_SECONDS and self.songs >= len(self.bases),
        }


def _columns(name: str, process: Used) -> Row:
    return {
        f"{name}_mb": process.rss_mb,
        f"{name}_own_mb": process.own_mb,
        f"{name}_threads": process.threads,
        f"{name}_handles": process.handles,
    }


def told(row: Row) -> str:
    """Returns a row as a line of text."""
    return " ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in (*SHOWN, "editor_mb") if name in row)


def slope(rows: list[Row], name: str) -> float:
    """Returns by how much a column grows in 10 minutes: the median of the slopes between pairs of rows; 0 for less than
    two rows. Rows are compared of the same minute of the same song; all rows, where no song has come again."""
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[i + 1 :]]
    pairs = [(a, b) for a, b in pairs if _state(a) == _state(b)] or pairs
    slopes = sorted(10.0 * (b[name] - a[name]) / (b["minute"] - a["minute"]) for a, b in pairs)
    return slopes[len(slopes) // 2] if slopes else 0.0


def _state(row: Row) -> tuple[Any, Any]:
    return row.get("song"), row.get("song_minute")


def verdict(rows: list[Row], faults: list[str]) -> tuple[Row, list[str]]:
    """Returns the figures of a whole soak, and what is wrong, in words; nothing where it is passed.

    History is full once what is kept by time is, and each song has been played: the first time a song makes its clips.
    Starved seconds, shortfalls and xruns of a minute count as ours where the silent client beside had no xrun and was
    never late in it, and other programs took less than OTHERS of the processors. Memory, threads and handles are
    compared once history is full; in a soak too short for that, over its second half, where memory may still fill.
    """
    wrong = list(faults)
    full = [row for row in rows if row["full"]]
    settled = full if len(full) >= 5 else rows[len(rows) // 2 :]
    ours = [row for row in rows if row["alone"]]
    figures: Row = {
        "minutes": len(rows),
        "actions": sum(row["actions"] for row in rows),
        "reconnects": sum(row["reconnects"] for row in rows),
        "refusals": sum(row["refusals"] for row in rows),
        "starved_s": sum(row["starved_s"] for row in rows),
        "starved_ours_s": sum(row["starved_s"] for row in ours),
        "shortfalls": sum(row["shortfalls"] for row in rows),
        "shortfalls_ours": sum(row["shortfalls"] for row in ours),
        "xruns": sum(row["xruns"] for row in rows),
        "xruns_ours": sum(row["xruns"] for row in ours),
        "minutes_alone": len(ours),
        "restarts": sum(row["restarts"] for row in rows),
        "measured_minutes": len(settled),
        "host_mb_in_10_minutes": slope(settled, "host_mb"),
        "audio_mb_in_10_minutes": slope(settled, "audio_mb"),
        **({"editor_mb_in_10_minutes": slope(settled, "editor_mb")} if "editor_mb" in settled[-1] else {}),
        "faults": len(faults),
    }
    judged = {
        "starved_ours_s": "seconds starved",
        "shortfalls_ours": "buffers not filled in time",
        "xruns_ours": "xruns",
    }
    for name, what in judged.items():
        if figures[name]:
            wrong.append(f"{figures[name]:g} {what} while the machine was ours")
    if figures["restarts"]:
        wrong.append(f"the audio process was started anew {figures['restarts']} times")
    for process in ("host", "audio", *(("editor",) if "editor_mb" in settled[-1] else ())):
        grown = settled[-1][f"{process}_mb"] - settled[0][f"{process}_mb"]
        if full and settled is full and figures[f"{process}_mb_in_10_minutes"] > SLOPE_MB:
            wrong.append(f"{process}: {figures[f'{process}_mb_in_10_minutes']:.2f} MB more in 10 minutes")
        if settled is not full and grown > GROWTH_MB:
            wrong.append(f"{process}: {grown:.1f} MB more in the second half of the soak")
        for what in ("threads", "handles"):
            first, last = settled[0][f"{process}_{what}"], settled[-1][f"{process}_{what}"]
            figures[f"{process}_{what}"] = f"{first} to {last}"
            if last > first:
                wrong.append(f"{process}: {last} {what} at the end, {first} before")
    return figures, wrong


def soak(
    folder: Path,
    minutes: float,
    seed: int = 1,
    device: str | None = None,
    tell: Callable[[Row], object] = lambda row: None,
    editor: bool = False,
) -> tuple[list[Row], Row, list[str]]:
    """Runs a soak in a folder; returns its rows, its figures and what is wrong. Raises DemonError where the host or the
    editor goes.

    device: see `played_host`. tell: called with each row. editor: whether the editor is shown meanwhile.
    """
    file = folder / "soak.dpatch.json"
    file.write_text(dumps(patch()), encoding="utf-8")
    with ExitStack() as ends:
        host = ends.enter_context(played_host(file, device))
        heard: list[Callable[[Event], object]] = []
        client = ends.enter_context(
            Client(host.url, name="soak", hear=lambda event: [hear(event) for hear in tuple(heard)])
        )
        if not until(lambda: client.status.get("begun") and client.status.get("completions", 0) > 4, 120.0):
            raise DemonError(f"the host does not play: {client.status} {host.said}")
        shown = ends.enter_context(shown_editor(host.url)) if editor else 0
        if editor and not until(lambda: len(client.clients) > 1, 60.0):
            raise DemonError("the editor did not come to the host")
        host.helpers += [shown] if editor else []
        stays = frozenset((client.welcome.client, *client.clients))
        stage = Stage(random.Random(seed), client, host.url, folder, _songs(folder), midi_player())
        ends.callback(stage.close)
        bases = (patch(), *(loads(song.read_text(encoding="utf-8")) for song in stage.songs))
        run = Soak(host, stage, seed, bases, shown, stays)
        heard.append(run.hear)
        run.run(minutes, tell)
        client.close()
        if (status := host.end()) not in (0, 130, 143, -15):
            run.faults.append(f"the host ended with {status}: {host.said[-500:]}")
        if "Traceback" in host.said:
            run.faults.append(f"the host has printed a traceback: {host.said[-3000:]}")
    figures, wrong = verdict(run.rows, run.faults)
    figures |= {
        "songs": run.songs,
        "device": host.device,
        "seed": seed,
        "starved": sorted(run.starved, key=_seconds)[-TOLD:],
    }
    return run.rows, figures, wrong


def _seconds(starved: str) -> float:
    return float(starved.partition(" ")[0])


def _songs(folder: Path) -> tuple[Path, ...]:
    """Returns patch files of other songs in the folder."""
    found = []
    for number, (style, seconds) in enumerate((("dub in e minor", 16.0), ("house in a minor", 32.0))):
        made = patch()
        source = Node("composed_source", 2, values={"style": style, "seconds": seconds, "seed": number})
        path = folder / f"song-{number}.dpatch.json"
        path.write_text(dumps(Patch(song=made.song, nodes={**made.nodes, "source": source}, cables=made.cables)))
        found.append(path)
    return tuple(found)
