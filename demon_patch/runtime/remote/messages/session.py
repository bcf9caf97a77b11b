"""The beginning of a connection, and who else is there."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from demon_patch.engine.contracts import FamilySpec
from demon_patch.patch.edit.session import Revision
from demon_patch.runtime.remote.messages.base import Event, Fault, Line, Part, Reply, Request


class Hello(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Begins a connection: the first message of every client.

    version: the version of the wire that the client has.
    client: a name for the client, by which its undo history is found again after it comes back.
    once: whether the client asks for one thing and goes, as a command in a shell does. Such clients share a name and
        its undo history, also when two are there at once, and can open no gesture. Any other client of the same name
        gets a number.
    """

    version: int
    client: Line = "client"
    once: bool = False


class Model(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The model that plays.

    sample_rate: samples a second. frame_rate: control frames a second. song_frames: the song's length in such frames.
    """

    name: str
    title: str
    sample_rate: int
    channels: int
    frame_rate: int
    song_frames: int

    @classmethod
    def of(cls, spec: FamilySpec, song_frames: int) -> Model:
        """Returns a family, and the length of the song that it plays."""
        return cls(
            name=spec.name,
            title=spec.title,
            sample_rate=spec.sample_rate,
            channels=spec.channels,
            frame_rate=spec.frame_rate,
            song_frames=song_frames,
        )


class Limits(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What the host takes from one client.

    message_bytes: of one message. messages_per_second: on average; burst: at once. points: signals of one subscription.
    piece_bytes, upload_bytes: of one piece of an upload, and of a whole one. clients: of the host.
    """

    message_bytes: int
    messages_per_second: int
    burst: int
    points: int
    piece_bytes: int
    upload_bytes: int
    clients: int


class Welcome(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The connection has begun.

    version: of the wire.
    client: the client's name here; another than it asked for where a client of that name is connected.
    program: the version of the program.
    revision: of the document.
    model: what plays. limits: what the host takes.
    file: the name of the patch file, without its folder; empty where there is none.
    clients: the names of all that are connected.
    """

    version: int
    client: str
    program: str
    revision: Revision
    model: Model
    limits: Limits
    file: str = ""
    clients: tuple[str, ...] = ()


class Ping(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for a `done`, after all that was asked before is done."""


class Catalogue(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for all node types."""


class Nodes(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """All node types, as `demon-patch nodes --json` prints them, and what the editor needs besides.

    nodes: the node types. A port of the engine also has `control`, `propagation` (its class) and `rate` (times a second
        at which it is read now); an option with the choice `auto` has `auto`: the gate, and what it stands for with and
        without a cable.
    fits: by type of an output, the types of ports that a cable from it may lead to.
    adapters: the node types that a cable between two types passes through, as [from, to, node type].
    depth: the usual depth of a cable into a port with a finite range.
    lacks: the controls that the model does not have.
    family_taper: what the model makes of a knob with the taper `family`: the strengths at equally spaced positions of
        the knob from 0 to 1.
    formulas: what a formula may use, by heading: [how it is written, what it means], functions with their arguments.
    """

    nodes: list[dict[str, Any]]
    fits: dict[str, tuple[str, ...]]
    adapters: tuple[tuple[str, str, str], ...] = ()
    depth: float = 0.5
    lacks: tuple[str, ...] = ()
    family_taper: tuple[float, ...] = ()
    formulas: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


class Words(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the words of prompts that the model reads, and which words of a text it does not.

    text: a prompt; empty for the words alone.
    """

    text: str = ""


class Vocabulary(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The words of the model.

    page: all words that it reads, as a page (Markdown).
    unread: the words of the text that it does not read, each with advice.
    """

    page: str = ""
    unread: tuple[tuple[str, str], ...] = ()


class Clients(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A client has come or gone. clients: the names of those who are there now."""

    clients: tuple[str, ...]


class Notice(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Something that the player should know.

    number: counts the notices of a performance from 1.
    fault: the words, and where something is wrong.
    stage: what it belongs to: `edit`, `engine`, `sound`, `recording`, `file`, `device`, or empty.
    """

    number: int
    fault: Fault
    stage: str = ""


class Clear(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Forgets notices for all clients, also for those who come later. until: the number of the last one."""

    until: Annotated[int, Meta(ge=0, le=2**53)]


class Cleared(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A client has cleared notices. until: those up to this number are gone. client: who did it."""

    until: int
    client: str = ""


class Bye(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The host ends the connection. fault: why."""

    fault: Fault
