"""Another song while one plays: opening it, a new one, another model, and how far that is."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from demon_patch.patch.edit.session import Revision
from demon_patch.runtime.live.progress import Stage
from demon_patch.runtime.remote.messages.base import Event, Fault, FileName, Line, Reply, Request
from demon_patch.runtime.remote.messages.session import Model

PatchText = Annotated[str, Meta(max_length=2**24)]


class Open(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Prepares another song while this one plays. It takes over on the next bar, by a fade of 20 ms; at once while the
    transport stands. Events `opening` tell how far it is. One that was asked for before, and does not play yet, is
    replaced. After an error all goes on as it is.

    The song's document has a history of its own: clients get it as an `edit` of a new epoch. Nodes of the same id and
    type keep their state. Give one of the first three fields.

    file: a patch file or pack, within the folder of the file that the host began with. patch: the text of a patch file
        instead. pack: the name of an uploaded pack instead (`upload`), as `uploading` gave it.
    title: what players are told that a text or a pack is; a file is told by its name.
    discard: see `new`.
    """

    file: FileName = ""
    patch: PatchText = ""
    pack: FileName = ""
    title: Line = ""
    discard: bool = False


class New(Request, frozen=True, kw_only=True, omit_defaults=True):
    """As `open`, for a new song: a composed clip, a prompt, a scheduler, a decoder and a speaker.

    discard: lets go of the edits that no file holds. Without it they come back when their file is opened again, and
        where the document has no file, the request is refused. With it they only stay a kept version.
    """

    discard: bool = False


class SetModel(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Prepares the present document on another model, which takes over as with `open`; with the name of the one that
    plays, loads that anew. Place in the song, beats, history and live values stay. model: its name."""

    model: Line


class CancelOpening(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ends what is prepared, unless it takes over already."""


class Begun(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The preparation has begun.

    number: of the preparation, counted from 1; its events have the same.
    kept: what becomes of the edits that no file holds; empty where there are none.
    """

    number: int
    kept: str = ""


class Opening(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How far the performance is that is prepared while another one plays: after `open`, `new`, `set_model`, and by
    itself after an edit that asks for another model or another length of the song.

    number: of the preparation. title: what is prepared. stage: what it does now; `playing` once it is heard.
    seconds: until it is heard, at `taking over`.
    fault: why it has failed.
    file: the name of the patch file that plays then, at `playing`; empty where there is none.
    revision: of the document, at `playing`. model: what plays it, at `playing`.
    """

    number: int
    title: str
    stage: Stage
    seconds: float = 0.0
    fault: Fault | None = None
    file: str = ""
    revision: Revision | None = None
    model: Model | None = None
