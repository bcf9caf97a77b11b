"""What the players of a soak do: one action after the other, drawn by a seed.

An action is a function of the stage, with how often it comes. `refused` says that the host may answer it by a refusal,
because what is drawn does not always fit the document; any other refusal is a fault.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import NamedTuple

from demon_patch.bench.soak_midi import MidiPlayer
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands import AddNodes, Command, Disconnect, SetBypass, SetCable, SetMuted, SetValue
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model import ids
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages import documents, edits, files, live, session
from demon_patch.runtime.remote.messages.base import Point
from demon_patch.runtime.remote.messages.telemetry import What

MOST_NODES = 60  # of the document; above it nodes are removed
KNOB_SECONDS, MIDI_SECONDS, WATCH_SECONDS, STALL_SECONDS = 2.0, 3.0, 4.0, 8.0
ADDED = (
    "lfo", "smooth_noise", "random_walk", "slew", "scale", "quantise", "adsr", "divider", "euclid", "delay", "compare",
    "knob", "midi_cc", "midi_notes", "step_sequencer", "sample_hold", "clock",
)  # fmt: skip
ENDS = (("scheduler", "structure"), ("blend", "source_blend"), ("state", "velocity_scale"), ("scheduler", "strength"))
WATCHED: tuple[What, ...] = ("status", "signals", "forecast", "knobs", "ring", "strip", "profile")


@dataclass
class Stage:
    """What the actions work with.

    rng: draws. client: the player whose connection stays. url: of the host. folder: of the patch file.
    songs: patch files to open in turn. reconnects: connections that were made and ended.
    number: of the present action. beside_now: by number, the actions that run on while others follow.
    errors: what went wrong in these.
    """

    rng: random.Random
    client: Client
    url: str
    folder: Path
    songs: tuple[Path, ...] = ()
    midi: MidiPlayer | None = None
    reconnects: int = 0
    song: int = 0
    number: int = 0
    errors: list[str] = field(default_factory=list)
    beside_now: dict[int, str] = field(default_factory=dict)
    _others: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(3, "players"))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: list[Future[None]] = field(default_factory=list)

    @property
    def patch(self) -> Patch:
        """The document."""
        return self.client.patch

    def beside(self, work: Callable[[], None]) -> None:
        """Has another player do something while the actions go on, at most three of them at once."""
        self._running = [each for each in self._running if not each.done()]
        if len(self._running) < 3:
            self._running.append(self._others.submit(self._told, work, self.number))

    def _told(self, work: Callable[[], None], number: int) -> None:
        with self._lock:
            self.beside_now[number] = work.__qualname__.partition(".")[0].replace("_", " ")
        try:
            work()
        except Exception as error:
            self.errors.append(f"of action {number}: {type(error).__name__}: {error}")
        finally:
            with self._lock:
                self.beside_now.pop(number, None)

    def rest(self) -> None:
        """Waits until the other players are done."""
        for each in self._running:
            each.result(120)
        self._running.clear()

    def close(self) -> None:
        """Ends the other players."""
        self._others.shutdown(cancel_futures=True)

    def knob(self) -> tuple[str, Port]:
        """Draws a knob of the document: a node and its port."""
        found = [(id, port) for id in sorted(self.patch.nodes) for port in _knobs(self.patch.nodes[id])]
        return self.rng.choice(found)

    def value(self, port: Port) -> float:
        """Draws a number within the range of a port."""
        drawn = self.rng.uniform(port.lo, port.hi)
        return float(round(drawn)) if port.taper == "int" else drawn

    def other(self) -> Client:
        """Returns a new client, which the action closes."""
        with self._lock:
            self.reconnects += 1
            name = f"guest {self.reconnects % 3}"
        return Client(self.url, name=name)


class Action(NamedTuple):
    """An action. weight: how often it comes. refused: whether the host may refuse it."""

    name: str
    do: Callable[[Stage], None]
    weight: float
    refused: bool


ACTIONS: list[Action] = []


def action(weight: float, *, refused: bool = False) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Puts a function on the list of actions."""

    def put(do: Callable[[Stage], None]) -> Callable[[Stage], None]:
        ACTIONS.append(Action(do.__name__.replace("_", " "), do, weight, refused))
        return do

    return put


def _knobs(node: Node) -> list[Port]:
    declaration = CATALOGUE.get(node.type)
    if declaration is None or node.type.endswith("source"):  # a source's numbers are the song's length and seed
        return []
    return [
        port for port in declaration.ports if port.type == "value" and port.bounded and not (port.live or port.fixed)
    ]


def _do(stage: Stage, command: Command, at: Grid | None = None) -> None:
    stage.client.do(command, at=at)


# -- the document -------------------------------------------------------------------------------------------------
@action(24)
def set_a_value(stage: Stage) -> None:
    """Sets a number of a node, now and then on the next beat or bar."""
    node, port = stage.knob()
    at = stage.rng.choice((None, None, None, Grid("beat"), Grid("bar")))
    _do(stage, SetValue(node, port.name, stage.value(port)), at)


@action(12, refused=True)
def add_a_node(stage: Stage) -> None:
    """Adds a node with a cable into the engine, or removes one where there are many."""
    if len(stage.patch.nodes) >= MOST_NODES:
        return remove_a_node(stage)
    type, id = stage.rng.choice(ADDED), ids.fresh(stage.patch.nodes, stage.rng)
    ends = [end for end in ENDS if end[0] in stage.patch.nodes]
    outs = CATALOGUE[type].outs
    cables = ()
    if ends and outs:
        end, out = stage.rng.choice(ends), stage.rng.choice(outs).name
        cables = (Cable(id, out, *end, mode="add", depth=stage.rng.uniform(0.0, 0.3)),)
    _do(stage, AddNodes({id: Node(type, at=(stage.rng.uniform(0, 900), 500.0))}, cables))
    return None


@action(8)
def remove_a_node(stage: Stage) -> None:
    """Removes a node that an action has added."""
    added = sorted(id for id, node in stage.patch.nodes.items() if node.type in ADDED)
    if added:
        stage.client.edit(edits.Remove(nodes=(stage.rng.choice(added),), heal=stage.rng.random() < 0.5))


@action(6, refused=True)
def plug_a_cable(stage: Stage) -> None:
    """Plugs the output of a node that was added into a knob."""
    added = sorted(id for id, node in stage.patch.nodes.items() if node.type in ADDED and CATALOGUE[node.type].outs)
    if added:
        src, (dst, port) = stage.rng.choice(added), stage.knob()
        out = stage.rng.choice(CATALOGUE[stage.patch.nodes[src].type].outs).name
        stage.client.edit(edits.Plug(cable=Cable(src, out, dst, port.name, depth=stage.rng.uniform(-0.3, 0.3))))


@action(8)
def change_a_cable(stage: Stage) -> None:
    """Unplugs a modulating cable, or changes its depth or whether it is muted."""
    found = [cable for cable in stage.patch.cables if stage.patch.nodes[cable.src].type in ADDED]
    if found:
        key, drawn = stage.rng.choice(found).key, stage.rng.random()
        if drawn < 0.2:
            _do(stage, Disconnect(*key))
        elif drawn < 0.6:
            _do(stage, SetCable(*key, depth=stage.rng.uniform(-0.5, 0.5)))
        else:
            _do(stage, SetCable(*key, muted=drawn < 0.8))


@action(4)
def bypass_or_mute_a_node(stage: Stage) -> None:
    """Bypasses or mutes a modulating node, or ends that."""
    found = sorted(id for id, node in stage.patch.nodes.items() if node.type in ADDED)
    if found:
        command = stage.rng.choice((SetBypass, SetMuted))
        _do(stage, command(stage.rng.choice(found), stage.rng.random() < 0.4))


@action(10, refused=True)
def undo_or_redo(stage: Stage) -> None:
    """Undoes up to four steps, or does one again."""
    if stage.rng.random() < 0.6:
        for _ in range(stage.rng.randint(1, 4)):
            stage.client.undo()
    else:
        stage.client.redo()


@action(4)
def move_in_a_gesture(stage: Stage) -> None:
    """Drags a knob: many edits that are one undo step; now and then given up."""
    node, port = stage.knob()
    stage.client.begin("Drag")
    for _ in range(stage.rng.randint(10, 40)):
        _do(stage, SetValue(node, port.name, stage.value(port)))
    if stage.rng.random() < 0.3:
        stage.client.cancel()
    else:
        stage.client.end()


@action(3)
def ask_what_there_is(stage: Stage) -> None:
    """Asks for history, problems, catalogue, files and versions."""
    ask = stage.client.ask
    ask(edits.History(), edits.Steps)
    ask(documents.Check(), documents.Problems)
    ask(documents.Versions(), documents.KeptVersions)
    ask(files.Folder(), files.Listing)
    ask(files.Resolve(), files.Assets)
    ask(session.Words(text="acid banjo"), session.Vocabulary)


# -- knobs and devices --------------------------------------------------------------------------------------------
@action(10)
def turn_knobs(stage: Stage) -> None:
    """Another player turns up to eight knobs, each 50 times a second, for KNOB_SECONDS."""
    knobs = [stage.knob() for _ in range(stage.rng.randint(1, 8))]
    values = [[stage.value(port) for _, port in knobs] for _ in range(round(50 * KNOB_SECONDS))]

    def turn() -> None:
        with stage.other() as player:
            for row in values:
                turned = zip(knobs, row, strict=True)
                _turn(player, tuple((node, port.name, value) for (node, port), value in turned))
                sleep(0.02)

    stage.beside(turn)


def _turn(player: Client, moves: tuple[tuple[str, str, Value], ...]) -> None:
    """Turns knobs of nodes that are there. Raises DemonError for a refusal, unless the document has changed meanwhile:
    a node may have been removed, and brought back."""
    while True:
        before = player.revision
        there = tuple(move for move in moves if move[0] in player.patch.nodes)
        try:
            if there:
                player.ask(live.Turn(values=there), live.Turned)
            return
        except DemonError:
            revision = player.ask(documents.Document(since=player.revision), documents.Snapshot).revision
            player.wait(lambda: player.revision >= revision)  # noqa: B023
            if player.revision == before:
                raise


@action(5)
def release_or_keep(stage: Stage) -> None:
    """Drops the live values, or makes them the base."""
    if stage.rng.random() < 0.7:
        stage.client.release()
    else:
        stage.client.keep()


@action(4, refused=True)
def play_snapshots(stage: Stage) -> None:
    """Stores, recalls and morphs snapshots; at most eight are kept."""
    kept = sorted(stage.patch.snapshots)
    if len(kept) < 8:
        stage.client.edit(live.Store(title="soak", snapshot=""))
    else:
        stage.client.edit(live.Store(title="soak again", snapshot=stage.rng.choice(kept)))
    if len(kept) >= 2:
        one, other = stage.rng.sample(kept, 2)
        drawn = stage.rng.random()
        if drawn < 0.4:
            stage.client.recall(one, stage.rng.choice((None, Grid("bar"))))
        elif drawn < 0.7:
            stage.client.ask(live.Ramp(one=one, other=other, seconds=stage.rng.uniform(0.5, 6)))
        else:
            stage.client.ask(live.Morph(one=one, other=other, amount=stage.rng.random()))


@action(4)
def play_midi(stage: Stage) -> None:
    """A MIDI device comes, plays notes and controllers for MIDI_SECONDS, and goes."""
    if stage.midi is not None:
        midi, seed = stage.midi, stage.rng.random()
        stage.beside(lambda: midi.play(MIDI_SECONDS, random.Random(seed)))


def watched_points(patch: Patch, most: int = 200) -> tuple[Point, ...]:
    """Returns signals of a patch: knobs and outputs."""
    found: list[Point] = []
    for id in sorted(patch.nodes):
        declaration = CATALOGUE.get(patch.nodes[id].type)
        if declaration is not None:
            found.extend((id, port.name, "in") for port in declaration.ports if port.type == "value" and not port.live)
            found.extend((id, out.name, "out") for out in declaration.outs if out.type in ("value", "gate"))
    return tuple(found[:most])
