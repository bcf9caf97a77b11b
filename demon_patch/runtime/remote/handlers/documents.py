"""The document as a whole, its file and its versions."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import dumps
from demon_patch.runtime.assets.named_files import inspect_files
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
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
from demon_patch.runtime.remote.served_host import ServedHost
from demon_patch.runtime.remote.versions import ago


@slow
def document(served: ServedHost, peer: Peer, message: Document) -> Snapshot:
    """Gives the document, or the edits since a revision."""
    with served.host.document.session() as session:
        revision, patch = session.snapshot()
        news = None if message.since is None else session.edits_since(message.since)
        waiting = tuple(waiting.revision for waiting in session.pending)
    live = served.host.document.live
    return Snapshot(
        revision=revision,
        patch=dumps(patch) if news is None else "",
        edits=tuple(map(Edit.of, news or ())),
        live=tuple((node, port, value) for (node, port), value in live.values.items()),
        depths=tuple(live.depths.items()),
        waiting=waiting,
        saved=served.saved.is_saved,
    )


@slow
def check(served: ServedHost, peer: Peer, message: Check) -> Problems:
    """Checks the document."""
    host = served.host
    patch, spec = host.patch, host.performer.spec
    wrong = [*problems(patch, CATALOGUE, spec)]
    files = inspect_files(patch, host.folder, CATALOGUE, known=patch)
    odd = [] if wrong else [*warnings_of(patch, CATALOGUE, spec.name), *unknown_words(patch, CATALOGUE, spec.name)]
    odd += [
        PatchError(note, node=node, port="file") for node, notes in host.performer.loras.told.items() for note in notes
    ]
    faults = (Fault(text=f"node {node}: {text}", what=text, node=node) for node, text in host.status.faults.items())
    return Problems(
        problems=tuple(map(Fault.of, (*wrong, *files.mistakes))),
        remarks=tuple(map(Fault.of, (*odd, *files.remarks))),
        faults=tuple(faults),
    )


@slow
def save(served: ServedHost, peer: Peer, message: Save) -> Saved:
    """Writes the patch file."""
    name = served.within(message.file, written=True) if message.file else None
    path, revision = served.saved.save(peer.name, name, over=message.over)
    served.host.add_message(f"wrote {path.name}", stage="file")
    return Saved(file=served.in_words(path), revision=revision)


@slow
def reload(served: ServedHost, peer: Peer, message: Reload) -> Edited:
    """Takes the file as it is on the disk."""
    served.saved.reload(peer.name)
    with served.host.document.session() as session:
        return Edited(revision=session.revision, label="Reload")


@slow
def versions(served: ServedHost, peer: Peer, message: Versions) -> KeptVersions:
    """Lists the kept versions."""
    kept = served.saved.versions.kept()
    return KeptVersions(versions=tuple(Version(name=v.name, seconds=ago(v.at), bytes=v.bytes) for v in kept))


@slow
def restore(served: ServedHost, peer: Peer, message: Restore) -> Edited:
    """Brings a kept version back."""
    patch = served.saved.versions.read(message.version)
    with served.host.document.session() as session:
        served.host.document.edit(patch, peer.name, "Restore")
        return Edited(revision=session.revision, label="Restore")


# -- recordings -----------------------------------------------------------------------------------------------------
@slow
def record(served: ServedHost, peer: Peer, message: Record) -> Written:
    """Begins a recording."""
    path = served.within(message.file or sound_name(served.saved.file, "recording"), written=True)
    served.host.record(path)
    return Written(file=served.in_words(path))


@slow
def stop_recording(served: ServedHost, peer: Peer, message: StopRecording) -> Written:
    """Ends the recordings."""
    served.host.stop_recording()
    return Written()


@slow
def save_take(served: ServedHost, peer: Peer, message: SaveTake) -> Written:
    """Writes the last two minutes."""
    path = served.within(message.file or sound_name(served.saved.file, "take"), written=True)
    served.host.save_take(path).result()
    return Written(file=served.in_words(path))
