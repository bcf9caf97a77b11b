"""The document as a whole: asking for it, saving it, its versions and its file."""

from __future__ import annotations

from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.messages.base import Event, Fault, FileName, Line, Part, Reply, Request
from demon_patch.runtime.remote.messages.edits import Edit


class Document(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the document with its live values.

    since: a revision that the client has; the reply then has only the edits after it, if they are still kept.
    """

    since: Revision | None = None


class Snapshot(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The document at a revision.

    patch: the text of a patch file (docs/format.md); empty where `edits` has all that is new.
    edits: the edits since the revision that was asked for.
    live: the live values, as [node, port, value]. depths: the live depths of cables.
    waiting: the revisions of the edits that are not heard yet.
    saved: whether the file holds this document.
    """

    revision: Revision
    patch: str = ""
    edits: tuple[Edit, ...] = ()
    live: tuple[tuple[str, str, Value], ...] = ()
    depths: tuple[tuple[CableKey, float | None], ...] = ()
    waiting: tuple[Revision, ...] = ()
    saved: bool = False


class Check(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks what is wrong or odd about the document."""


class Problems(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong or odd about the document.

    problems: what keeps a part of it from playing. remarks: what is odd. faults: nodes that stand still now.
    """

    problems: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


class Save(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Keeps the live values and writes the patch file. The old file stays whole until the new one is.

    file: another name within the patch's folder, which then is the patch's file.
    over: whether the file may be replaced where it was changed on the disk since, or where there is one of that name.
    """

    file: FileName = ""
    over: bool = False


class Saved(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The patch file is written. file: its name. revision: of the document that it holds."""

    file: str
    revision: Revision


class Reload(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Makes the document equal to its file, in one undo step."""


class Versions(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the versions of the document that were kept by themselves."""


class Version(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A version of the document. name: for `restore`. seconds: how long ago it was kept. bytes: its size."""

    name: str
    seconds: float
    bytes: int


class KeptVersions(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The versions that are kept, the newest first."""

    versions: tuple[Version, ...] = ()


class Restore(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Makes the document equal to a kept version, in one undo step. version: its name."""

    version: Line


class FileChanged(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The patch file was changed on the disk by something else; `reload` takes it, `save` with `over` replaces it.

    file: its name. gone: whether it was deleted.
    """

    file: str
    gone: bool = False
