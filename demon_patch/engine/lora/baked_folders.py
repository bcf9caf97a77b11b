"""Finds the folders of weights that `demon-patch lora bake` wrote on this machine. Torch-free.

A list beside the models says where they were written; folders within that of the models are found without it. The list
is not trusted: what is no such folder (any more) is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from demon_patch.engine.families import NAMES, baked_loras
from demon_patch.engine.model_folder import model_folder

LIST = "baked.json"
MOST = 1000
"""Folders that the list holds; the oldest are dropped first."""

_LONGEST = 4 << 20  # bytes of the list


@dataclass(frozen=True, slots=True)
class Baked:
    """A folder of weights. model: whose they are. loras: those that are in them, as "tape at 0.8"."""

    folder: Path
    model: str
    loras: tuple[str, ...]


def remember(folder: Path) -> None:
    """Adds a folder to the list. Does nothing where the list cannot be written: the folder plays all the same."""
    path = model_folder() / LIST
    named = [*(each for each in _listed() if each != folder.resolve()), folder.resolve()][-MOST:]
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{LIST}.{os.getpid()}")
        draft.write_text(json.dumps([str(each) for each in named], indent=1) + "\n", encoding="utf-8")
        draft.replace(path)


def baked_folders() -> tuple[Baked, ...]:
    """Returns every folder of baked weights that is still there, each once: those of the list in its order, then those
    within the folder of the models."""
    return tuple(_known([*_listed(), *_within()]))


def _known(folders: list[Path]) -> Iterator[Baked]:
    for folder in dict.fromkeys(folders):
        for model in NAMES:
            if loras := baked_loras(model, folder):
                yield Baked(folder, model, loras)
                break


def _within() -> list[Path]:
    try:
        return sorted(each.resolve() for each in model_folder().iterdir() if each.is_dir())
    except OSError:
        return []


def _listed() -> list[Path]:
    """Returns the folders of the list; none where it is missing or damaged."""
    try:
        with (model_folder() / LIST).open("rb") as stream:
            found = json.loads(stream.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return []
    texts = found if isinstance(found, list) else []
    return [Path(each) for each in texts if isinstance(each, str) and "\0" not in each and Path(each).is_absolute()]
