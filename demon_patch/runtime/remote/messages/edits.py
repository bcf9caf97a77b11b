"""Edits of the document, undo, and the events that tell every client of them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from demon_patch.patch.edit.commands import Command
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Delta, Revision
from demon_patch.patch.model.graph import Cable, CableKey, Node
from demon_patch.runtime.remote.messages.base import Conflict, Event, Fault, Heard, Id, Line, Part, Reply, Request

Ids = Annotated[tuple[Id, ...], Meta(max_length=10_000)]
Place = tuple[float, float]


class Do(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Edits the document by a command (`demon-patch schema --commands` prints the schema of all commands).

    command: what is done.
    label: what the undo step is called; by default the title of the command.
    at: the grid from which the edit is heard; at once by default.
    base: the revision that the client has seen. With it, the reply names edits of other clients since then that set the
        same thing.
    """

    command: Command
    label: Line = ""
    at: Grid | None = None
    base: Revision | None = None


class Edited(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """An edit is done.

    revision: of the document afterwards.
    label: of the undo step.
    heard: when it will be heard, by class of the controls that it reaches; empty for an edit with a grid, whose landing
        is told by `landed`, and for one that is not heard at all.
    conflicts: edits of other clients that the client had not seen, and whose values this edit has replaced.
    skipped: what an undo or a redo has left alone, and why.
    created: the id of what an edit has made: a subpatch, a snapshot.
    """

    revision: Revision
    label: str = ""
    heard: tuple[Heard, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    skipped: tuple[Fault, ...] = ()
    created: str = ""


class Undo(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Takes the client's latest undo step back; refused where there is none.

    at: the grid from which it is heard.
    """

    at: Grid | None = None


class Redo(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Does the client's latest undone step again; refused where there is none. at: as in `undo`."""

    at: Grid | None = None


class UndoTo(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Undoes or redoes steps until the client's history has a number of steps done; heard as one edit.

    steps: how many steps remain done, 0 for none; `history` lists them.
    """

    steps: Annotated[int, Meta(ge=0, le=10_000)]


class History(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the undo steps of a client.

    client: its name; the client that asks by default.
    """

    client: Line = ""


class Step(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An undo step.

    label: what it is called. seconds: how long ago it was made. nodes: the nodes that it touched.
    """

    label: str
    seconds: float = 0.0
    nodes: tuple[str, ...] = ()


class Steps(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The undo steps of a client. done: oldest first. undone: the next one to redo first."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()


class Begin(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Opens a gesture: all edits of the client until `end` become one undo step. It is closed as it stands if the
    client goes.

    label: of the undo step.
    """

    label: Line


class End(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Closes the client's gesture."""


class Cancel(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Takes an edit back that is not heard yet, or the open gesture.

    revision: of the edit that waits for its grid (`edit` has it); the client's open gesture without it.
    """

    revision: Revision | None = None


class Insert(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Puts a new node into a cable. The cables on its sides keep the old one's settings where they fit.

    cable: the cable. type: of the node. node: the new node's id; a fresh one by default. out, port: its output and its
        port; the first that fit by default. at: its place. within: the subpatch's definition.
    """

    cable: CableKey
    type: Line
    node: Id = ""
    at: Place = (0.0, 0.0)
    within: Id | None = None


class Plug(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Plugs a cable; one that is in the way, where a port takes one only, is unplugged. Refused where it does not fit.

    cable: the cable. within: the subpatch's definition.
    """

    cable: Cable
    within: Id | None = None


class LoopMovement(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Lets a Loop repeat the movement that was just played on a knob, in time with the beat that was heard. A Loop that
    moves the knob already gets the new movement.

    node, port: the knob. moves: [seconds ago, position 0 to 1], the oldest first. at: the place of a new Loop.
    within: as in `plug`.
    """

    node: Id
    port: Line
    moves: Annotated[tuple[tuple[float, float], ...], Meta(min_length=2, max_length=20_000)]
    at: Place = (0.0, 0.0)
    within: Id | None = None


class Remove(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Removes nodes.

    nodes: their ids. heal: whether cables on both sides of a node become one where they fit. within: as in `plug`.
    """

    nodes: Ids
    heal: bool = True
    within: Id | None = None


class Exchange(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Puts another node in the place of one, and keeps what fits: place, label, values, cables.

    node: the old one's id. new: the new one. within: as in `plug`.
    """

    node: Id
    new: Node
    within: Id | None = None


class Bend(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Puts a reroute into a cable. cable: the cable. at: its place. within: as in `plug`."""

    cable: CableKey
    at: Place
    within: Id | None = None


class Subpatch(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Moves nodes into a subpatch. nodes: their ids. title: the subpatch's title. within: as in `plug`."""

    nodes: Ids
    title: Line = ""
    within: Id | None = None


class OfSubpatch(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Does something with one subpatch.

    what: `expand` puts its contents in its place, `unique` gives it a definition of its own.
    node: the subpatch's id. within: as in `plug`.
    """

    what: Literal["expand", "unique"]
    node: Id
    within: Id | None = None


class Promote(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Shows a port of a node within a subpatch on the subpatch. within: the definition. node, port: what is shown.

    side: "in" for a port, "out" for an output.
    """

    within: Id
    node: Id
    port: Line
    side: Literal["in", "out"] = "in"


class Paste(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Pastes what `copy` gave, of this or another patch. text: what was copied. at: the place. within: as in `plug`."""

    text: Annotated[str, Meta(max_length=16 * 2**20)]
    at: Place
    within: Id | None = None


class Copy(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for nodes, with the cables between them, as a text for `paste`. nodes: their ids. within: as in `plug`."""

    nodes: Ids
    within: Id | None = None


class Copied(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What was copied. text: of a patch file."""

    text: str


class Edit(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The document was edited, by this client or another one. The edits come in order and without gaps.

    revision: of the document afterwards. client: who edited. label: of the undo step. command: what was done.
    at: the grid from which it is heard. cancels: whether it takes back what was not heard yet.
    """

    revision: Revision
    client: str
    label: str
    command: Command
    at: Grid | None = None
    cancels: bool = False

    @classmethod
    def of(cls, delta: Delta) -> Edit:
        """Returns the event for an edit of the document's session."""
        return cls(
            revision=delta.revision,
            client=delta.client,
            label=delta.label,
            command=delta.command,
            at=delta.at,
            cancels=delta.cancels,
        )


class Landed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An edit or a recall that waited for its grid is heard now.

    revision: of the edit; None for a recall. frame: the control frame.
    """

    revision: Revision | None = None
    frame: int = 0
