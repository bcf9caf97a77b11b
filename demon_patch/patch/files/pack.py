"""One self-contained file, `*.dpatch`: a patch and the files that it names.

msgpack of `{"pack": 1, "patch": text of the patch file, "assets": [{"name", "sha256", "size", "data", …}]}`. A WAV file
of 16 or 24 bits stands in it as FLAC (`coding`), with the bytes before and after its samples (`head`, `tail`); every
other file as it is. What comes out of a pack is, byte for byte, what went in: SHA-256 says so.

A pack is hostile until it is read: reading it ends in a valid patch and files with harmless names (see `names`), or in
one PatchError. A sound is unfolded a block at a time, so that a small pack takes little memory, whatever it says.
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
"""The version of packs that this version writes."""

SUFFIX = ".dpatch"
SIZE = 512 * 2**20  # bytes of a pack, and of all its assets together
ASSETS = 1000  # assets of a pack
TEMPO_SIZE = 4096  # bytes of the tempo of a sound

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
    """The files of a pack by name: each is what was packed, and is made when it is asked for."""

    def __init__(self, assets: Mapping[str, _Asset]) -> None:
        self._assets = assets

    def __getitem__(self, name: str) -> bytes:
        return b"".join(self.blocks(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._assets)

    def __len__(self) -> int:
        return len(self._assets)

    def blocks(self, name: str) -> Iterator[bytes]:
        """A file in pieces of little memory."""
        return _pieces(self._assets[name])

    def hash(self, name: str) -> str:
        """The SHA-256 of a file."""
        return self._assets[name].sha256


def packed(patch: Patch, assets: Mapping[str, bytes]) -> bytes:
    """The bytes of a pack: a patch and the contents of files by name (see `names`). Equal input gives equal bytes.

    Raises PatchError for a name that no pack holds, too many files, and too much in them: what is packed, unpacks.
    """
    _within({name: len(content) for name, content in assets.items()}.items())
    whole = _Pack(PACK, dumps(patch), [_asset(name, content) for name, content in sorted(assets.items())])
    packed = msgspec.msgpack.encode(whole)
    if len(packed) > SIZE:
        raise PatchError(f"the pack takes {len(packed)} bytes", mend=f"keep it within {SIZE // 2**20} MiB")
    return packed


def unpacked(content: bytes) -> tuple[Patch, Files]:
    """The patch and the files of a pack, by name; raises PatchError for anything that no pack holds.

    Each file has been compared with its SHA-256, and is unfolded anew when it is asked for.
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
    """The text of the patch file in a pack, as it was packed; raises PatchError for no pack."""
    return _decoded(content, _Pack).patch


def _decoded(content: bytes, kind: type[V]) -> V:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        what = " ".join(str(error).split())[:LINE]
        raise PatchError(f"this is no pack: {what[:1].lower()}{what[1:]}", mend=_ANEW) from None


def _within(given: Iterable[tuple[str, int]]) -> None:
    """Refuses names that no pack holds or that stand in each other's way, and more than a pack holds."""
    known: dict[str, str] = {}
    total = 0
    for name, size in given:
        one = asset_names.folded_name(asset_names.checked(name))
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
    """The file that an asset was, in pieces."""
    if asset.coding == "flac":
        return wav_blocks(FlacParts(asset.head, asset.data, asset.tail), asset.size)
    return iter((asset.data,))


def _verify(asset: _Asset) -> None:
    """PatchError for an asset that has changed since; in little memory."""
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
