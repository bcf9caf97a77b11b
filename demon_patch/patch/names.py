"""Names that files are given inside a pack: where an asset lies beside its patch, or what it holds.

samples/break.wav                    a path within the patch's folder
sha256:2cf24d…9824.wav               an asset of the store, by the SHA-256 of its bytes
"""

from __future__ import annotations

import re
from hashlib import sha256

from demon_patch.errors import PatchError
from demon_patch.patch.data import quoted

LONGEST = 240  # bytes of a name, and so of each of its parts

_HASH = re.compile(r"sha256:([0-9a-f]{64})(\.[A-Za-z0-9]{1,16})?")
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def by_hash(content: bytes, suffix: str = "") -> str:
    """The name of an asset of the store; suffix: of the file, as ".wav"."""
    named = f"sha256:{sha256(content).hexdigest()}{suffix}"
    return named if _HASH.fullmatch(named) else named[: len("sha256:") + 64]


def hash_in(name: str) -> str | None:
    """The hash in the name of an asset of the store; None for a path. PatchError for a hash that is none."""
    if not name.startswith("sha256:"):
        return None
    if (match := _HASH.fullmatch(name)) is None:
        raise PatchError(f"{quoted(name)} is no hash", mend="write sha256: and 64 of 0-9 a-f, then the suffix")
    return match[1]


def checked(name: object) -> str:
    """A name as it was given, which stays within its folder on every system; raises PatchError for any other."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST:
        raise PatchError(f"{quoted(name)} is no name of a file", mend=f"use 1 to {LONGEST} characters")
    if hash_in(name) is not None:
        return name
    parts = name.split("/")
    if _UNFIT.search(name) or len(name.encode()) > LONGEST or not all(map(_fit, parts)):
        raise PatchError(
            f"the name {quoted(name)} does not work on every system, or leads out of its folder",
            mend="use folder/file, in letters, digits, spaces . _ -",
        )
    return name


def _fit(part: str) -> bool:
    """Whether a folder or file may be called so on every system."""
    return bool(part) and part[-1] not in ". " and part[0] != " " and not _DEVICE.fullmatch(part)
