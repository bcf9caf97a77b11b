"""Names that files are given inside a pack: where an asset lies beside its patch, or what it holds.

samples/break.wav                    a path within the patch's folder
samples/break.wav.tempo.json         the tempo that is kept beside a sound
sha256:2cf24d…9824.wav               an asset of the store, by the SHA-256 of its bytes

A pack holds sounds, their tempi and LoRAs, and nothing that another program would run, load or obey.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeGuard

from demon_patch.errors import PatchError, first_hidden_character
from demon_patch.patch.model.json_values import quoted

LONGEST = 240  # bytes of a name, and so of each of its parts

DEEPEST = 16  # folders and file of a name
SOUNDS = frozenset(
    (".wav", ".wave", ".w64", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au")
) | {".snd", ".caf"}
"""Suffixes of the sounds that can be read, in small letters."""
WEIGHTS = ".safetensors"
TEMPO = ".tempo.json"
"""What follows the name of a sound in that of its tempo."""

_HASH = re.compile(r"sha256:([0-9a-f]{64})(\.[A-Za-z0-9]{1,16})?")
_UNFIT = re.compile(r'[<>:"|?*\\]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def name_of_hash(hash: str, suffix: str = "") -> str:
    """The name of an asset of the store with that SHA-256; suffix: of the file, as ".wav"."""
    named = f"sha256:{hash}{suffix}"
    return named if _HASH.fullmatch(named) else named[: len("sha256:") + 64]


def hash_in(name: str) -> str | None:
    """The hash in the name of an asset of the store; None for a path. PatchError for a hash that is none."""
    if not name.startswith("sha256:"):
        return None
    if (match := _HASH.fullmatch(name)) is None:
        raise PatchError(f"{quoted(name)} is no hash", mend="write sha256: and 64 of 0-9 a-f, then the suffix")
    return match[1]


def checked(name: object) -> str:
    """A name as it was given, which stays within its folder on every system, shows all of its characters and is not
    hidden; raises PatchError for any other."""
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
    """The name of a file that a pack may bring: `checked`, of a sound, of a sound's tempo, or of a LoRA. PatchError for
    any other."""
    kind = suffix(checked(name).removesuffix(TEMPO))
    if kind in SOUNDS or (kind == WEIGHTS and not is_tempo(name)) or (not kind and hash_in(str(name)) is not None):
        return str(name)
    raise PatchError(
        f"{quoted(name)} is no sound and no LoRA by its name", mend=f"give it its suffix: .wav, .flac, … or {WEIGHTS}"
    )


def is_tempo(name: object) -> TypeGuard[str]:
    """Whether a file holds the tempo of the sound whose name its own begins with."""
    return isinstance(name, str) and name.endswith(TEMPO)


def suffix(name: str) -> str:
    """The last suffix of a name, in small letters: ".wav"."""
    last = name.rpartition("/")[2]
    return f".{last.rpartition('.')[2].lower()}" if "." in last else ""


def folded_name(name: str) -> str:
    """What two names have in common that mean one file on some systems: case and the form of accents do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _fit(part: str) -> bool:
    """Whether a folder or file may be called so on every system; what begins with a point is hidden on many, with a
    hyphen an option of commands, and with a tilde somebody's home folder."""
    return bool(part) and part[-1] not in ". " and part[0] not in ". -~" and not _DEVICE.fullmatch(part)
