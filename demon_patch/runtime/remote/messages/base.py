"""Base classes of messages, and the small structs that several messages contain."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.edit.session import Revision

Side = Literal["in", "out", "state"]
Point = tuple[str, str, Side]
"""A signal: node, port, and "in" for what arrives at an input, "out" for an output, the weight of a
mix or the gain of a surface, "state" for a state variable of the node. A node within a subpatch is named
by the path of ids that leads to it, with slashes."""
Id = Annotated[str, Meta(max_length=200)]
Line = Annotated[str, Meta(max_length=200)]
FileName = Annotated[str, Meta(max_length=1000)]
Seconds = Annotated[float, Meta(ge=-1e7, le=1e7)]


def tag(name: str) -> str:
    """Returns the name of a message on the wire for the name of its struct: `stop_recording` for `StopRecording`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A struct within a message."""


class Request(
    Part, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="verb", tag=tag
):
    """What a client asks for.

    id: a number of the client's choice; the reply has the same.
    """

    id: int = 0


class Event(Part, frozen=True, kw_only=True, omit_defaults=True, tag_field="is", tag=tag):
    """What the host sends."""


class Reply(Event, frozen=True, kw_only=True, omit_defaults=True, tag=tag):
    """The answer to a request.

    id: the number of the request.
    """

    id: int = 0


class Done(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The request is done, and there is nothing else to say."""


class Fault(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A mistake in words and where it is.

    text: the whole sentence, as a person reads it.
    what: what is wrong, without the place and the mend.
    node, port, file: where it is wrong, as far as it is known.
    mend: what can be done about it.
    """

    text: str
    what: str = ""
    node: str = ""
    port: str = ""
    file: str = ""
    mend: str = ""

    @classmethod
    def of(cls, error: DemonError) -> Fault:
        """Returns an error as a fault."""
        file = "" if error.file is None else str(error.file)
        return cls(
            text=str(error), what=error.what, node=error.node or "", port=error.port or "", file=file, mend=error.mend
        )


def as_error(fault: Fault) -> DemonError:
    """Returns a fault as the error that it was on the host."""
    return PatchError(
        fault.what or fault.text, file=fault.file or None, node=fault.node or None, port=fault.port or None,
        mend=fault.mend,
    )  # fmt: skip


Kind = Literal["version", "message", "limit", "refused", "internal"]


class Refused(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The request was not done, and nothing has changed.

    kind: `version` for a client of another version, `message` for what is no request, `limit` for a limit that is
        reached, `refused` for a mistake in what was asked for, `internal` for an error of the program.
    fault: the mistake.
    """

    kind: Kind
    fault: Fault


class Heard(Part, frozen=True, kw_only=True, omit_defaults=True):
    """When a change will be heard, as it is expected now.

    propagation: the class of the controls that the change reaches (docs/controls.md).
    frame: the control frame (transport frame) from which it is heard; the status has the present one.
    seconds: the time until then.
    """

    propagation: str
    frame: int
    seconds: float


class Conflict(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An edit of another client that set the same thing, which the client had not seen yet.

    client, label, revision: those of the other edit.
    """

    client: str
    label: str
    revision: Revision
