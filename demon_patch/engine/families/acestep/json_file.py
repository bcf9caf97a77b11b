"""Reads small JSON files of a checkpoint, whose content is not trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demon_patch.errors import WeightsError

MOST = 16 * 2**20
"""Bytes of a JSON file that is read."""


def read_object(path: Path, mend: str) -> Mapping[str, Any]:
    """Returns the object in a JSON file. Raises WeightsError, with `mend`, for a file that is missing, longer than MOST
    or holds no object."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MOST + 1)
    except OSError as error:
        raise WeightsError(f"it cannot be read: {error.strerror or error}", file=path, mend=mend) from None
    if len(text) > MOST:
        raise WeightsError(f"it has more than {MOST >> 20} MiB", file=path, mend=mend)
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WeightsError("it is no JSON, or it was cut off", file=path, mend=mend) from None
    if not isinstance(found, dict):
        raise WeightsError("it holds no JSON object", file=path, mend=mend)
    return found


BAKED = "baked.json"
"""The file by which a folder says that LoRAs were baked into a model in it, and which ones."""


def baked_in(name: str, folder: Path) -> tuple[str, ...]:
    """Returns the LoRAs that were baked into a model in a folder, each with its strength; none where there are none."""
    try:
        told = read_object(folder / BAKED, "")
    except WeightsError:
        return ()
    loras = told.get("baked")
    here = any((folder / each).exists() for each in (name, f"{name}.safetensors"))
    if told.get("model") != name or not isinstance(loras, list) or not here:
        return ()
    return tuple(each for each in loras if isinstance(each, str))
