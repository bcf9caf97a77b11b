"""The document as a whole, its file and its versions."""

from __future__ import annotations

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import dumps
from demon_patch.runtime.assets.named_files import inspect_files
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
from demon_patch.runtime.remote.desk import Desk
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.documents import (
    Check,
    Document,
    KeptVersions,
    Problems,
    Reload,
    Restore,
    Save,
    Saved,
    Snapshot,
    Version,
    Versions,
)
from demon_patch.runtime.remote.messages.edits import Edit, Edited
from demon_patch.runtime.remote.messages.recordings import Record, SaveTake, StopRecording, Written
from demon_patch.runtime.remote.naming import sound_name
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.versions import ago


@slow
def document(desk: Desk, peer: Peer, message: Document) -> Snapshot:
    """Gives the document, or the edits since a revision."""
    with desk.host.document.session() as session:
        revision, patch = session.snapshot()
        news = None if message.since is None else session.edits_since(message.since)
        waiting = tuple(waiting.revision for waiting in session.pending)
    live = desk.host.document.live
    return Snapshot(
        revision=revision,
        patch=dumps(patch) if news is None else "",
        edits=tuple(map(Edit.of, news or ())),
        live=tuple((node, port, value) for (node, port), value in live.values.items()),
        depths=tuple(live.depths.items()),
        waiting=waiting,
        saved=desk.saved.is_saved,
    )


@slow
def check(desk: Desk, peer: Peer, message: Check) -> Problems:
    """Checks the document."""
    host = desk.host
    patch, spec = host.patch, host.performer.spec
    wrong = [*problems(patch, CATALOGUE, spec)]
    files = inspect_files(patch, host.folder, CATALOGUE, known=patch)
    odd = [] if wrong else [*warnings_of(patch, CATALOGUE), *unknown_words(patch, CATALOGUE, spec.name)]
    faults = (Fault(text=f"node {node}: {text}", what=text, node=node) for node, text in host.status.faults.items())
    return Problems(
        problems=tuple(map(Fault.of, (*wrong, *files.mistakes))),
        remarks=tuple(map(Fault.of, (*odd, *files.remarks))),
        faults=tuple(faults),
    )


@slow
def save(desk: Desk, peer: Peer, message: Save) -> Saved:
    """Writes the patch file."""
    name = desk.within(message.file, written=True) if message.file else None
    path, revision = desk.saved.save(peer.name, name, over=message.over)
    desk.host.add_message(f"wrote {path.name}", stage="file")
    return Saved(file=desk.in_words(path), revision=revision)


@slow
def reload(desk: Desk, peer: Peer, message: Reload) -> Edited:
    """Takes the file as it is on the disk."""
    desk.saved.reload(peer.name)
    with desk.host.document.session() as session:
        return Edited(revision=session.revision, label="Reload")


@slow
def versions(desk: Desk, peer: Peer, message: Versions) -> KeptVersions:
    """Lists the kept versions."""
    kept = desk.saved.versions.kept()
    return KeptVersions(versions=tuple(Version(name=v.name, seconds=ago(v.at), bytes=v.bytes) for v in kept))


@slow
def restore(desk: Desk, peer: Peer, message: Restore) -> Edited:
    """Brings a kept version back."""
    patch = desk.saved.versions.read(message.version)
    with desk.host.document.session() as session:
        desk.host.document.edit(patch, peer.name, "Restore")
        return Edited(revision=session.revision, label="Restore")


# -- recordings -----------------------------------------------------------------------------------------------------
@slow
def record(desk: Desk, peer: Peer, message: Record) -> Written:
    """Begins a recording."""
    path = desk.within(message.file or sound_name(desk.saved.file, "recording"), written=True)
    desk.host.record(path)
    return Written(file=desk.in_words(path))


@slow
def stop_recording(desk: Desk, peer: Peer, message: StopRecording) -> Written:
    """Ends the recordings."""
    desk.host.stop_recording()
    return Written()


@slow
def save_take(desk: Desk, peer: Peer, message: SaveTake) -> Written:
    """Writes the last two minutes."""
    path = desk.within(message.file or sound_name(desk.saved.file, "take"), written=True)
    desk.host.save_take(path).result()
    return Written(file=desk.in_words(path))
