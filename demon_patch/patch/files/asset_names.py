"""Names of files inside a pack. A name is a path beside the patch, or the SHA-256 of the file's bytes.

samples/break.wav                    a path within the patch's folder
samples/break.wav.tempo.json         the tempo that is kept beside a sound
sha256:2cf24d…9824.wav               an asset of the store, by the SHA-256 of its bytes

A pack contains sounds, their tempi and LoRAs, and no file that another program would execute or load as settings.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeGuard

from demon_patch.errors import PatchError, first_hidden_character
from demon_patch.patch.model.json_values import quoted

LONGEST = 240  # the most characters and UTF-8 bytes of a name

DEEPEST = 16  # the most parts of a name between slashes
SOUNDS = frozenset(
    (".wav", ".wave", ".w64", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au")
) | {".snd", ".caf"}
"""Suffixes of the sounds that can be read, in small letters."""
WEIGHTS = ".safetensors"
TEMPO = ".tempo.json"
"""The suffix that is added to a sound's name to get the name of its tempo file."""

_HASH = re.compile(r"sha256:([0-9a-f]{64})(\.[A-Za-z0-9]{1,16})?")
_UNFIT = re.compile(r'[<>:"|?*\\]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def name_of_hash(hash: str, suffix: str = "") -> str:
    """Returns the name by which a patch refers to a file of the asset store: `sha256:`, the hash, and the suffix, as in
    "sha256:2cf2....wav". It is not the name of a file on disk.

    hash: the SHA-256 of the file's bytes, 64 hex digits.
    suffix: with its dot, or "". One that is not a dot and 1 to 16 letters or digits is left out of the name.
    """
    named = f"sha256:{hash}{suffix}"
    return named if _HASH.fullmatch(named) else named[: len("sha256:") + 64]


def hash_in(name: str) -> str | None:
    """Returns the SHA-256, 64 hex digits, in the name of a file of the asset store; None for a path. Raises PatchError
    for a name that begins with "sha256:" and goes on with anything else."""
    if not name.startswith("sha256:"):
        return None
    if (match := _HASH.fullmatch(name)) is None:
        raise PatchError(f"{quoted(name)} is no hash", mend="write sha256: and 64 of 0-9 a-f, then the suffix")
    return match[1]


def safe_name(name: object) -> str:
    """Returns `name` if it may name a file of a pack: a safe path or the name of an asset. Raises PatchError otherwise.

    A safe path stays within its folder on every system, has no invisible characters and names no hidden file.
    """
    if not isinstance(name, str) or not 0 < len(name.removesuffix(TEMPO)) <= LONGEST:
        raise PatchError(f"{quoted(name)} is no name of a file", mend=f"use 1 to {LONGEST} characters")
    if hash_in(name) is not None:
        return name
    if (unseen := next((c for c in name if first_hidden_character(c) is not None), None)) is not None:
        raise PatchError(
            f"the name {quoted(name)} holds U+{ord(unseen):04X}, which is not seen", mend="rename the file"
        )
    parts = name.split("/")
    if (
        _UNFIT.search(name)
        or len(name.removesuffix(TEMPO).encode()) > LONGEST
        or len(parts) > DEEPEST
        or not all(map(_fit, parts))
    ):
        raise PatchError(
            f"the name {quoted(name)} does not work on every system, or leads out of its folder",
            mend="use folder/file, in letters, digits, spaces . _ -",
        )
    return name


def packable(name: object) -> str:
    """Returns the name if a pack may contain such a file: a safe name (`safe_name`) of a sound, its tempo or a LoRA.
    Raises PatchError otherwise."""
    kind = suffix(safe_name(name).removesuffix(TEMPO))
    if kind in SOUNDS or (kind == WEIGHTS and not is_tempo(name)) or (not kind and hash_in(str(name)) is not None):
        return str(name)
    raise PatchError(
        f"{quoted(name)} is no sound and no LoRA by its name", mend=f"give it its suffix: .wav, .flac, … or {WEIGHTS}"
    )


def is_tempo(name: object) -> TypeGuard[str]:
    """Returns whether `name` is the name of a tempo file: the name of a sound, followed by TEMPO."""
    return isinstance(name, str) and name.endswith(TEMPO)


def suffix(name: str) -> str:
    """Returns the last suffix of a name with its dot, in small letters, as in ".wav"; "" if it has none."""
    last = name.rpartition("/")[2]
    return f".{last.rpartition('.')[2].lower()}" if "." in last else ""


def folded_name(name: str) -> str:
    """Returns a form of the name for comparing. It is equal for two names that mean the same file on some system: case
    and the Unicode form of accents make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _fit(part: str) -> bool:
    """Returns whether a folder or file may have this name on every system. Names that begin with a point (hidden
    files), a hyphen (options of commands) or a tilde (home folders) may not."""
    return bool(part) and part[-1] not in ". " and part[0] not in ". -~" and not _DEVICE.fullmatch(part)
