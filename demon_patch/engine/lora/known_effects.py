"""The distances to off of LoRAs that were measured before, kept on disk: by what a LoRA's file and the model's weights
hold, so that a figure is measured once and is there before the model is loaded. Torch-free."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from demon_patch.engine.lora.file import weights_in
from demon_patch.engine.lora.scale import CONFIG

FOLDER = "DEMON_PATCH_CACHE"
"""The environment variable that names another folder for what can be computed again."""

FORM = "1"
"""Changes when figures of an older version must not be used."""

FAINT = 0.01
"""Below this distance to off a LoRA is called faint: less than a hundredth of what the model predicts."""

_BEGIN, _END, _LONGEST = 1 << 20, 1 << 16, 64  # bytes


def folder() -> Path:
    """Returns the folder of the figures; it need not exist."""
    named = os.environ.get(FOLDER, "").strip()
    return (Path(named).expanduser() if named else user_cache_path("demon-patch", appauthor=False)) / "effects"


def weights_stamp(files: Iterable[Path]) -> str:
    """Returns a text that differs for other weights: a hash of the size, begin and end of each file. The begin of a
    file of weights has its names, shapes and checksum. Raises OSError."""
    total = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            total.update(f"{path.name}:{size}:".encode())
            stream.seek(0)
            total.update(stream.read(_BEGIN))
            stream.seek(max(size - _END, 0))
            total.update(stream.read())
    return total.hexdigest()


def effect_key(lora: Path, stamp: str) -> str:
    """Returns the name of the figure of a LoRA, a file or a folder, on weights with a stamp. Raises OSError, and
    WeightsError for a folder without a LoRA."""
    weights, total = weights_in(lora), hashlib.sha256(f"{FORM}:{stamp}:".encode())
    config = weights.with_name(CONFIG)
    for path in (weights, config) if config.is_file() else (weights,):
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:32]


def known(key: str) -> float | None:
    """Returns the distance to off of a name; None where it was not measured."""
    try:
        with (folder() / key).open(encoding="ascii") as stream:
            found = float(stream.read(_LONGEST))
    except (OSError, ValueError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def keep(key: str, effect: float) -> None:
    """Keeps a distance to off. Does nothing where it cannot be written: it is measured again then."""
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        draft = folder() / f"{key}.{os.getpid()}"
        draft.write_text(repr(effect), encoding="ascii")
        draft.replace(folder() / key)


def effect_note(effect: float) -> str:
    """Returns a sentence for the player about a distance to off."""
    if effect < FAINT:
        return f"at strength 1 it moves the model by {effect:.2%} only, which is hardly heard: is it for this model?"
    return f"at strength 1 it moves the model by {effect:.0%}"
