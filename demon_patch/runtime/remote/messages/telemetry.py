"""What a client watches: status, signals, knobs, ring and song. Each subscription has its own rate; what a slow client
does not take in time is dropped, the oldest first, and counted."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.messages.base import Event, Part, Point, Reply, Request

What = Literal["status", "signals", "forecast", "knobs", "ring", "strip", "profile"]
POINTS = 400  # the most signals of one subscription
AHEAD = 250  # the most control frames of a forecast


class Watch(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Subscribes to something, or changes the subscription. There is one of each kind; a new client has `status` at 10.

    what: `status`, `signals` (the past of points), `forecast` (their future), `knobs` (base, live and modulated numbers
        of points that are inputs), `ring` (the generations), `strip` (the song), `profile` (microseconds by node).
    rate: times a second, up to 60; 0 ends it. A forecast comes 10 times a second at most.
    points: the signals, in the order in which their numbers come.
    ahead: of a forecast, in control frames.
    """

    what: What
    rate: Annotated[float, Meta(ge=0, le=60)]
    points: Annotated[tuple[Point, ...], Meta(max_length=POINTS)] = ()
    ahead: Annotated[int, Meta(ge=1, le=AHEAD)] = 75


class Watching(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The subscription is changed. unknown: the places of points that no signal of the patch has, from 0."""

    unknown: tuple[int, ...] = ()


class Telemetry(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all telemetry.

    frame: the control frame at the loudspeaker.
    dropped: how much telemetry this client has missed since it came, because it was slow.
    """

    frame: int = 0
    dropped: int = 0


class StatusChange(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of the performance's status that have changed since the last one; at first all of them.

    fields: by name; docs/protocol.md lists them.
    """

    fields: dict[str, object]


class Signals(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The numbers of the subscribed points in the control frames since the last message.

    first: the first control frame. count: how many control frames.
    values: float32, little-endian, [points, count], in each signal's unit; NaN where nothing is known. A gate has its
        level, or 1 where it rose.
    """

    first: int
    count: int
    values: bytes


class Forecast(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The numbers of the subscribed points in coming control frames, as they are known now; live inputs keep their
    newest number. first, count, values: as in `signals`."""

    first: int
    count: int
    values: bytes


class Knobs(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The knobs that have changed since the last message; at first all subscribed ones.

    knobs: [place in the subscription's points, base, live value, modulated number]; null where there is none. The
        modulated number is what arrives at the port now, float32.
    """

    knobs: tuple[tuple[int, Value, Value, float | None], ...]


class Bead(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A generation in flight.

    slot: its number, which no other generation of the performance has. step: the steps done, of `steps`.
    heard_at: the control frame from which it will be heard. seed: of its noise. strength: now, 0 to 1.
    position: how far it is, 0 to 1. stretch: [from, length] in song frames that it makes.
    prompt: what it was asked for, of a mix the first. prompts, sources: the share of each prompt and each clip, by the
        node that it comes from. taken: the controls of class `request` that it took, by name. steps_with: all numbers
        with which it is made now, those of class `step` included, by control.
    """

    slot: int
    step: int
    steps: int
    heard_at: int
    seed: int = 0
    strength: float = 1.0
    position: float = 0.0
    stretch: tuple[int, int] | None = None
    prompt: str = ""
    prompts: dict[str, float] = field(default_factory=dict)
    sources: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    steps_with: dict[str, float] = field(default_factory=dict)


class Finished(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A generation that is finished. heard_at: the control frame from which it is heard. taken: all numbers that it was
    made with, by control."""

    heard_at: int
    taken: dict[str, float]


class Ring(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The ring. depth: its slots. beads: the generations in flight. finished: those finished since the last message."""

    depth: int
    beads: tuple[Bead, ...] = ()
    finished: tuple[Finished, ...] = ()


class Waiting(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An edit or a recall that is not heard yet.

    at: its grid. seconds: until it is heard. frame: the control frame from which it is heard; song_frame: the place of
        the song there.
    revision: by which `cancel` takes it back; None for a recall. client: who made it. nodes: those that it touches.
    """

    label: str
    at: str
    seconds: float
    revision: Revision | None = None
    frame: int = 0
    song_frame: int = 0
    client: str = ""
    nodes: tuple[str, ...] = ()


class Strip(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The song. Peaks are float32, little-endian, one for each of `columns` equal stretches of the song.

    song: the peaks of the sound that plays. source: those of the recordings that are covered, mixed as they are
        covered; empty when they are as before.
    dry: the dry share of each column: how much of the recording itself is heard, 0 to 1, float32.
    loop: [from, to) in song frames. laid: [from, to) in control frames of the newest decoded windows.
    lanes: by control that has a number for each frame of the song, those numbers: float32, one for each column.
    waiting: the edits and recalls that wait, with the song frames on which they begin to be heard.
    """

    columns: int
    song: bytes
    source: bytes = b""
    dry: bytes = b""
    loop: tuple[int, int] = (0, 0)
    laid: tuple[tuple[int, int], ...] = ()
    lanes: dict[str, bytes] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()


class Profile(Telemetry, frozen=True, kw_only=True, omit_defaults=True):
    """The microseconds that each node takes in a control frame, by id."""

    micros: dict[str, float]
