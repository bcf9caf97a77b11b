"""Writes and reads packs, `*.dpatch`: one file with a patch and the files that it names.

A pack is msgpack of `{"pack": 1, "patch": text of the patch file, "assets": [{"name", "sha256", "size", "data", …}]}`.
A WAV file of 16 or 24 bits is stored as FLAC (`coding`), with the bytes before and after its samples (`head`, `tail`);
every other file is stored unchanged. Unpacked files equal the packed ones byte for byte; SHA-256 checks that.

Packs may be hostile: reading one ends in a valid patch and files with harmless names (`asset_names`), or in one
PatchError. A sound is decoded a block at a time, so a small pack takes little memory whatever size it claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Literal, TypeVar

import msgspec

from demon_patch.errors import PatchError
from demon_patch.patch.files import asset_names
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.files.wav_flac import FlacParts, as_flac, wav_blocks
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import LINE, quoted

PACK = 1
"""The pack version that this program reads and writes."""

SUFFIX = ".dpatch"
SIZE = 512 * 2**20  # the most bytes of a pack, and of all its assets together
ASSETS = 1000  # the most assets of a pack
TEMPO_SIZE = 4096  # the most bytes of a sound's tempo file

_ANEW = "get the file anew"

V = TypeVar("V", bound="_Version")


class _Asset(msgspec.Struct, omit_defaults=True):
    name: str
    sha256: str
    size: int
    data: bytes
    coding: Literal["plain", "flac"] = "plain"
    head: bytes = b""
    tail: bytes = b""


class _Version(msgspec.Struct):
    pack: int


class _Pack(_Version):
    patch: str
    assets: Annotated[list[_Asset], msgspec.Meta(max_length=ASSETS)]


class Files(Mapping[str, bytes]):
    """The files of a pack: their bytes by name. Each file is decoded when it is read, and is not kept."""

    def __init__(self, assets: Mapping[str, _Asset]) -> None:
        self._assets = assets

    def __getitem__(self, name: str) -> bytes:
        return b"".join(self.blocks(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._assets)

    def __len__(self) -> int:
        return len(self._assets)

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yields the bytes of a file in pieces; of a WAV file stored as FLAC, one block of samples at a time."""
        return _pieces(self._assets[name])

    def hash(self, name: str) -> str:
        """Returns the SHA-256 of a file, 64 hex digits."""
        return self._assets[name].sha256


def packed(patch: Patch, assets: Mapping[str, bytes]) -> bytes:
    """Returns the bytes of a pack with a patch and files. Equal input gives equal bytes.

    assets: the files' bytes by name (`asset_names`).
    Raises PatchError for a name that is not safe, more than ASSETS files, and more than SIZE bytes, so that `unpacked`
    accepts every pack that this function makes.
    """
    _within({name: len(content) for name, content in assets.items()}.items())
    whole = _Pack(PACK, dumps(patch), [_asset(name, content) for name, content in sorted(assets.items())])
    packed = msgspec.msgpack.encode(whole)
    if len(packed) > SIZE:
        raise PatchError(f"the pack takes {len(packed)} bytes", mend=f"keep it within {SIZE // 2**20} MiB")
    return packed


def unpacked(content: bytes) -> tuple[Patch, Files]:
    """Reads a pack: returns its patch and its files by name. Raises PatchError if it is no valid pack.

    Each file has been compared with its SHA-256. It is decoded again whenever it is read.
    """
    if len(content) > SIZE:
        raise PatchError(f"the pack is larger than {SIZE // 2**20} MiB", mend="share it in parts")
    version = _decoded(content, _Version).pack
    if version != PACK:
        raise PatchError(
            f"the pack has version {quoted(version)}, this program knows {PACK}", mend="update demon-patch"
        )
    whole = _decoded(content, _Pack)
    patch = loads(whole.patch)
    _within((asset.name, asset.size) for asset in whole.assets)
    for asset in whole.assets:
        _verify(asset)
    return patch, Files({asset.name: asset for asset in whole.assets})


def patch_text(content: bytes) -> str:
    """Returns the text of the patch file in a pack, unchanged; raises PatchError if it is no pack."""
    return _decoded(content, _Pack).patch


def _decoded(content: bytes, kind: type[V]) -> V:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        what = " ".join(str(error).split())[:LINE]
        raise PatchError(f"this is no pack: {what[:1].lower()}{what[1:]}", mend=_ANEW) from None


def _within(given: Iterable[tuple[str, int]]) -> None:
    """Raises PatchError for unsafe names, names that mean the same file or a folder of another, and files that are too
    many or too large. given: (name, bytes) of each file."""
    known: dict[str, str] = {}
    total = 0
    for name, size in given:
        one = asset_names.folded_name(asset_names.safe_name(name))
        if one in known:
            raise _twice(known[one])
        known[one] = name
        if size < 0:
            raise PatchError("a file in it has less than no bytes", mend=_ANEW)
        if asset_names.is_tempo(name) and size > TEMPO_SIZE:
            raise PatchError(f"the tempo {quoted(name)} takes {size} bytes", mend=f"keep it within {TEMPO_SIZE}")
        total += size
    if len(known) > ASSETS:
        raise PatchError(f"there are {len(known)} files", mend=f"keep a pack within {ASSETS}")
    if total > SIZE:
        raise PatchError(f"the files take {total} bytes", mend=f"keep a pack within {SIZE // 2**20} MiB")
    folders = {name[:at] for name in known for at, c in enumerate(name) if c == "/"}
    for one in known.keys() & folders:
        raise _twice(known[one])


def _twice(name: str) -> PatchError:
    return PatchError(f"two files are called {quoted(name)} where case does not count", mend="rename one")


def _asset(name: str, content: bytes) -> _Asset:
    hash, parts = sha256(content).hexdigest(), as_flac(content)
    if parts is None:
        return _Asset(name, hash, len(content), content)
    return _Asset(name, hash, len(content), parts.flac, "flac", parts.head, parts.tail)


def _pieces(asset: _Asset) -> Iterator[bytes]:
    """Yields the bytes of an asset's file in pieces."""
    if asset.coding == "flac":
        return wav_blocks(FlacParts(asset.head, asset.data, asset.tail), asset.size)
    return iter((asset.data,))


def _verify(asset: _Asset) -> None:
    """Raises PatchError if an asset's size or SHA-256 is not that of its bytes. Reads it piece by piece."""
    try:
        digest, size = sha256(), 0
        for piece in _pieces(asset):
            size += len(piece)
            if size > asset.size:
                break
            digest.update(piece)
        if size != asset.size or digest.hexdigest() != asset.sha256:
            raise PatchError("it is not what was packed", mend=_ANEW)
        if asset_names.hash_in(asset.name.removesuffix(asset_names.TEMPO)) not in (None, asset.sha256):
            raise PatchError("it holds another file than its name says", mend=_ANEW)
    except PatchError as error:
        error.what = f"asset {quoted(asset.name)}: {error.what}"
        raise
