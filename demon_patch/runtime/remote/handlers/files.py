"""Files beside the patch, missing assets, and uploads."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import msgspec
import soundfile

from demon_patch.errors import DemonError, PatchError, SourceError
from demon_patch.patch.files import asset_names
from demon_patch.patch.files.embed import extract
from demon_patch.patch.files.format import SIZE
from demon_patch.patch.files.pack import SUFFIX as PACK
from demon_patch.patch.files.sketch import sketch as sketched
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import place
from demon_patch.patch.model.walk import nodes_of
from demon_patch.runtime.assets import asset_store
from demon_patch.runtime.assets.assets import PATCH, assets_of, load_patch
from demon_patch.runtime.assets.named_files import of_file
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Done, Fault
from demon_patch.runtime.remote.messages.files import (
    Abandon,
    About,
    Asset,
    Assets,
    Entry,
    FileFacts,
    Folder,
    Listing,
    Piece,
    Resolve,
    Sketch,
    Sketched,
    Upload,
    Uploading,
)
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost
from demon_patch.runtime.remote.uploads import Upload as Incoming
from demon_patch.runtime.remote.versions import ago

MOST = 2000  # entries of a listing


@slow
def folder(served: ServedHost, peer: Peer, message: Folder) -> Listing:
    """Lists a folder within the patch's own; hidden files and what links lead out of it to are left out."""
    home = (served.root if message.songs else served.host.folder).resolve()
    path = served.within(message.folder or ".", folder=home)
    try:
        with os.scandir(path) as scanned:
            found = sorted((entry.name for entry in scanned if not entry.name.startswith(".")), key=str.casefold)
    except OSError as error:
        raise SourceError(f"{message.folder!r} cannot be listed: {error.strerror}", mend="name a folder") from None
    entries = [entry for name in found[:MOST] if (entry := _entry(path / name, home)) is not None]
    return Listing(entries=tuple(entries), more=max(len(found) - MOST, 0))


@slow
def about(served: ServedHost, peer: Peer, message: About) -> FileFacts:
    """Says what a file is."""
    path = _listed(served, message.file)
    if path.suffix.lower() not in asset_names.SOUNDS:
        return _facts_of(load_patch(path))
    try:
        sound = soundfile.info(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise SourceError(f"cannot be read: {error}", file=message.file, mend="name a sound file") from None
    try:
        facts = _facts_of(extract(path))
    except DemonError:
        facts = FileFacts(patch=False)
    return msgspec.structs.replace(facts, seconds=sound.duration, rate=sound.samplerate, channels=sound.channels)


@slow
def sketch(served: ServedHost, peer: Peer, message: Sketch) -> Sketched:
    """Gives a sketch of the patch in a file. Pictures are asked for often, so a large pack is not read for one."""
    path = _listed(served, message.file)
    with place(message.file):
        if path.suffix.lower() in asset_names.SOUNDS:
            return Sketched(patch=sketched(extract(path)))
        if path.stat().st_size > SIZE:
            raise SourceError(f"above {SIZE // 2**20} MiB it is not read for a small picture", mend="open it to see it")
        return Sketched(patch=sketched(load_patch(path)))


def _listed(served: ServedHost, name: str) -> Path:
    """Returns the path of a file of the patch's folder. Raises DemonError where there is none of that name."""
    path = served.within(name)
    if not path.is_file():
        raise SourceError("there is no such file", file=name, mend="name a file that `folder` lists")
    return path


def _facts_of(patch: Patch) -> FileFacts:
    meta = patch.meta
    return FileFacts(
        patch=True,
        title=meta.title,
        author=meta.author,
        licence=meta.licence,
        tags=meta.tags,
        description=meta.description,
        model=meta.model,
        bpm=patch.song.bpm or 0.0,
        types=dict(Counter(node.type for _, node in nodes_of(patch))),
    )


@slow
def resolve(served: ServedHost, peer: Peer, message: Resolve) -> Assets:
    """Lists the files that the patch names."""
    return Assets(assets=tuple(_asset(name, node, port, served) for name, node, port in assets_of(served.host.patch)))


@slow
def upload(served: ServedHost, peer: Peer, message: Upload) -> Uploading:
    """Begins an upload; the store may have the file already."""
    incoming = Incoming(message.hash, message.bytes, message.suffix)
    name = asset_names.name_of_hash(message.hash, incoming.suffix)
    try:
        asset_store.located(name, served.host.folder)
    except SourceError:
        pass
    else:
        incoming.close()
        return Uploading(received=message.bytes, name=name)
    if len(peer.uploads) >= limits.UPLOADS and message.hash not in peer.uploads:
        incoming.close()
        raise PatchError(f"{limits.UPLOADS} uploads are open", mend="finish or abandon one")
    if (before := peer.uploads.pop(message.hash, None)) is not None:
        before.close()
    peer.uploads[message.hash] = incoming
    return Uploading()


@slow
def piece(served: ServedHost, peer: Peer, message: Piece) -> Uploading:
    """Takes the next bytes of an upload; the last ones make it an asset."""
    incoming = peer.uploads.get(message.hash)
    if incoming is None:
        raise PatchError("no upload of that hash is open", mend="begin it with `upload`")
    try:
        incoming.add(message.content)
        if not incoming.whole:
            return Uploading(received=incoming.received)
        name = incoming.store()
    except DemonError:
        peer.uploads.pop(message.hash).close()
        raise
    peer.uploads.pop(message.hash).close()
    return Uploading(received=incoming.received, name=name)


@slow
def abandon(served: ServedHost, peer: Peer, message: Abandon) -> Done:
    """Forgets an upload."""
    if (incoming := peer.uploads.pop(message.hash, None)) is not None:
        incoming.close()
    return Done()


def _entry(path: Path, home: Path) -> Entry | None:
    """Returns what a listing says of a file; None for one that is neither file nor folder, or lies elsewhere."""
    try:
        real = path.resolve()
        about = real.stat()
    except (OSError, RuntimeError):
        return None
    if not real.is_relative_to(home) or not (real.is_file() or real.is_dir()):
        return None
    name = path.relative_to(home).as_posix()
    suffix = path.suffix.lower()
    if real.is_dir():
        return Entry(name=name, kind="folder", seconds=ago(about.st_mtime))
    kind = "other"
    if name.endswith(PATCH):
        kind = "patch"
    elif suffix == PACK:
        kind = "pack"
    elif suffix in asset_names.SOUNDS:
        kind = "sound"
    elif suffix == asset_names.WEIGHTS:
        kind = "lora"
    return Entry(name=name, kind=kind, bytes=about.st_size, seconds=ago(about.st_mtime))


def _asset(name: str, node: str, port: str, served: ServedHost) -> Asset:
    hash = ""
    try:
        with of_file(name, node, port):
            hash = asset_names.hash_in(name) or ""
            path = asset_store.located(name, served.host.folder)
            return Asset(name=name, node=node, port=port, hash=hash, bytes=path.stat().st_size)
    except (DemonError, OSError) as error:
        wrong = error if isinstance(error, DemonError) else SourceError(str(error), node=node, port=port)
        return Asset(name=name, node=node, port=port, hash=hash, fault=Fault.of(wrong))
