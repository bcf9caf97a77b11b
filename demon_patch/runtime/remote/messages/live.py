"""Knobs, live inputs and snapshots."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.messages.base import Fault, Heard, Id, Line, Reply, Request


class Turn(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Gives knobs live values, which are heard in place of their bases until they are kept or released.

    values: [node, port, value], each value in the port's unit.
    """

    values: Annotated[tuple[tuple[Id, Line, Value], ...], Meta(max_length=1000)]


class Turned(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The knobs are turned. heard: when it will be heard, by class of the controls that they reach."""

    heard: tuple[Heard, ...] = ()


class Feed(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Passes what a device would send on to live inputs.

    values: [node, port, number], or [node, port, [level, rises]] for a gate.
    """

    values: Annotated[tuple[tuple[Id, Line, float | tuple[float, float]], ...], Meta(max_length=1000)]


class Release(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Drops live values: those named, or all of them and the recalls that wait.

    ports: [node, port]. cables: those with a live depth or a live mute. nodes: those with a live mute.
    """

    ports: Annotated[tuple[tuple[Id, Line], ...], Meta(max_length=10_000)] = ()
    cables: Annotated[tuple[CableKey, ...], Meta(max_length=10_000)] = ()
    nodes: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()


class LiveMute(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Mutes nodes and cables for as long as this client holds them, or lets go of them. It is no edit: it is not
    undone, kept or saved; `release` drops it, and so does the end of the connection. The status lists what is held.

    nodes: ids of nodes at the top level of the patch. cables: by their ends. on: whether they are held muted.
    """

    on: bool
    nodes: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()
    cables: Annotated[tuple[CableKey, ...], Meta(max_length=10_000)] = ()


class Focus(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Says how much of the song is generated round the coming playhead: less answers faster. It is a live value of the
    Scheduler's port `focus`, which `release` drops and `keep` makes the base.

    stretch: auto is what the machine makes within 400 ms of a touch, growing to the whole song.
    """

    stretch: Literal["auto", "song", "20 s", "8 s"]


class Keep(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Makes the live values the base, in one undo step."""


class Kept(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The live values are the document's own now. revision: of the document."""

    revision: Revision


class Store(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Stores what sounds now as a snapshot; the reply `edited` has its id in `created`.

    title: its title. scope: the nodes that it stores, all by default. snapshot: the one that it replaces.
    """

    title: Line = ""
    scope: Annotated[tuple[Id, ...], Meta(max_length=10_000)] | None = None
    snapshot: Id = ""


class Recall(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Makes a snapshot's values live values. snapshot: its id. at: the grid from which they are heard."""

    snapshot: Id
    at: Grid | None = None


class Recalled(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The snapshot is recalled. skipped: what could not be set, and why."""

    skipped: tuple[Fault, ...] = ()


class Morph(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Makes the values between two snapshots live values.

    one, other: their ids. amount: 0 at the first, 1 at the second.
    """

    one: Id
    other: Id
    amount: Annotated[float, Meta(ge=0, le=1)]


class Ramp(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Moves the live values from one snapshot to another within some seconds of the transport; a ramp that is under way
    ends, and a knob that is touched leaves it. The status has it in `ramp`.

    one, other: the ids of the snapshots. seconds: how long it takes. at: the grid on which it begins.
    """

    one: Id
    other: Id
    seconds: Annotated[float, Meta(ge=0, le=3600)]
    at: Grid | None = None


class CancelRamp(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ends the ramp; its knobs stay where they are."""
