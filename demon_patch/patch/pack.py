"""One self-contained file, `*.dpatch`: a patch and the files that it names.

msgpack of `{"pack": 1, "patch": text of the patch file, "assets": [{"name", "sha256", "size", "data", …}]}`. A WAV file
of 16 or 24 bits stands in it as FLAC (`coding`), with the bytes before and after its samples (`head`, `tail`); every
other file as it is. What comes out of a pack is, byte for byte, what went in: SHA-256 says so.

A pack is hostile until it is read: reading it ends in a valid patch and files with harmless names, or in one
PatchError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Literal, TypeVar

import msgspec

from demon_patch.errors import PatchError
from demon_patch.patch import names
from demon_patch.patch.data import LINE, quoted
from demon_patch.patch.document import Patch
from demon_patch.patch.format import dumps, loads
from demon_patch.patch.squeeze import Squeezed, restored, squeezed

PACK = 1
"""The version of packs that this version writes."""

SUFFIX = ".dpatch"
SIZE = 512 * 2**20  # bytes of a pack, and of all its assets together
ASSETS = 1000  # assets of a pack

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


def packed(patch: Patch, assets: Mapping[str, bytes]) -> bytes:
    """The bytes of a pack: a patch and the contents of files by name (see `names`). Equal input gives equal bytes.

    Raises PatchError for a name that does not work everywhere, too many files, and too much in them.
    """
    _within(assets, sum(map(len, assets.values())))
    whole = _Pack(PACK, dumps(patch), [_asset(name, content) for name, content in sorted(assets.items())])
    packed = msgspec.msgpack.encode(whole)
    if len(packed) > SIZE:
        raise PatchError(f"the pack takes {len(packed)} bytes", mend=f"keep it within {SIZE // 2**20} MiB")
    return packed


def unpacked(content: bytes) -> tuple[Patch, dict[str, bytes]]:
    """The patch and the files of a pack, by name; raises PatchError for anything that no pack holds."""
    if len(content) > SIZE:
        raise PatchError(f"the pack is larger than {SIZE // 2**20} MiB", mend="share it in parts")
    version = _decoded(content, _Version).pack
    if version != PACK:
        raise PatchError(
            f"the pack has version {quoted(version)}, this program knows {PACK}", mend="update demon-patch"
        )
    whole = _decoded(content, _Pack)
    patch = loads(whole.patch)
    sizes = [asset.size for asset in whole.assets]
    if any(size < 0 for size in sizes):
        raise PatchError("a file in it has less than no bytes", mend=_ANEW)
    _within([asset.name for asset in whole.assets], sum(sizes))
    return patch, {asset.name: _content(asset) for asset in whole.assets}


def _decoded(content: bytes, kind: type[V]) -> V:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        what = " ".join(str(error).split())[:LINE]
        raise PatchError(f"this is no pack: {what[:1].lower()}{what[1:]}", mend=_ANEW) from None


def _within(given: Iterable[str], size: int) -> None:
    """Refuses names that do not work everywhere or stand in each other's way, and more than a pack holds."""
    known = [names.checked(name).casefold() for name in given]
    if len(known) > ASSETS:
        raise PatchError(f"there are {len(known)} files", mend=f"keep a pack within {ASSETS}")
    if size > SIZE:
        raise PatchError(f"the files take {size} bytes", mend=f"keep a pack within {SIZE // 2**20} MiB")
    folders = {name[:at] for name in known for at, c in enumerate(name) if c == "/"}
    for name in known:
        if known.count(name) > 1 or name in folders:
            raise PatchError(f"two files are called {quoted(name)} where case does not count", mend="rename one")


def _asset(name: str, content: bytes) -> _Asset:
    hash, parts = sha256(content).hexdigest(), squeezed(content)
    if parts is None:
        return _Asset(name, hash, len(content), content)
    return _Asset(name, hash, len(content), parts.flac, "flac", parts.head, parts.tail)


def _content(asset: _Asset) -> bytes:
    """The file that an asset was; PatchError for one that has changed since."""
    try:
        parts = Squeezed(asset.head, asset.data, asset.tail)
        content = asset.data if asset.coding == "plain" else restored(parts, asset.size)
        if len(content) != asset.size or sha256(content).hexdigest() != asset.sha256:
            raise PatchError("it is not what was packed", mend=_ANEW)
        if names.hash_in(asset.name) not in (None, asset.sha256):
            raise PatchError("it holds another file than its name says", mend=_ANEW)
    except PatchError as error:
        error.what = f"asset {quoted(asset.name)}: {error.what}"
        raise
    return content
