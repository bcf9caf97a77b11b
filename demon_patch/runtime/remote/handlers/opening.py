"""Another song while one plays."""

from __future__ import annotations

from pathlib import Path

from demon_patch.errors import PatchError
from demon_patch.nodes.editing.update import updated
from demon_patch.patch.files.format import loads
from demon_patch.patch.files.pack import SUFFIX as PACK
from demon_patch.runtime.assets import asset_store
from demon_patch.runtime.assets.assets import PATCH
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.opening import Begun, CancelOpening, New, Open, SetModel
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


@slow
def open_song(served: ServedHost, peer: Peer, message: Open) -> Begun:
    """Prepares another song."""
    if sum(map(bool, (message.file, message.patch, message.pack))) != 1:
        raise PatchError("it must be said what to open", mend="give one of file, patch and pack")
    if message.patch:
        patch = updated(loads(message.patch, "the patch"))
        kept, change = served.change_document(None, message.discard)
        title = message.title or "the patch"
        number = served.host.load(patch, title=title, client=peer.name, landed=change.landed, left=change.left)
        return Begun(number=number, kept=kept)
    path = _file(served, message.file) if message.file else _pack(served, message.pack)
    kept, change = served.change_document(path if message.file else None, message.discard)
    number = served.host.open(
        path,
        title="" if message.file else message.title or "the uploaded pack",
        into=None if message.file else served.root,
        client=peer.name,
        landed=change.landed,
        left=change.left,
    )
    return Begun(number=number, kept=kept)


@slow
def new(served: ServedHost, peer: Peer, message: New) -> Begun:
    """Prepares a new song."""
    kept, change = served.change_document(None, message.discard)
    return Begun(number=served.host.new(client=peer.name, landed=change.landed, left=change.left), kept=kept)


@slow
def set_model(served: ServedHost, peer: Peer, message: SetModel) -> Begun:
    """Prepares another model."""
    return Begun(number=served.host.set_model(message.model, client=peer.name))


def cancel_opening(served: ServedHost, peer: Peer, message: CancelOpening) -> Done:
    """Ends what is prepared."""
    served.host.cancel_opening()
    return Done()


def _file(served: ServedHost, name: str) -> Path:
    path = served.within(name, folder=served.root)
    if not path.name.endswith((PATCH, PACK)):
        raise PatchError("it is no patch", file=name, mend=f"open a file that ends in {PATCH} or {PACK}")
    if not path.is_file():
        raise PatchError("there is no such file", file=name, mend="`folder` lists those that there are")
    return path


def _pack(served: ServedHost, name: str) -> Path:
    if not name.startswith("sha256:") or not name.endswith(PACK):
        raise PatchError(f"{name!r} is no uploaded pack", mend=f"upload a file that ends in {PACK}, then name it")
    return asset_store.located(name, served.root)
