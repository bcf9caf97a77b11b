"""Reads and writes steering vectors without torch: one small safetensors file.

block.N             float16 or float32 [hidden], the direction in block N; it is scaled to length 1
metadata            format, model, title, about, and as JSON `magnitudes` {N: length} and `steps` [from, to]
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.engine.tensor_file import AGAIN, TensorFile, shown
from demon_patch.errors import WeightsError

FORMAT = "steering-1"
MOST_BLOCKS = 256
MOST_HIDDEN = 65_536
MOST_MAGNITUDE = 1e4
_BLOCK = re.compile(r"block\.(0|[1-9][0-9]{0,2})")
_FIND = "find the vector again with demon-patch steer find"


@dataclass(frozen=True, slots=True, eq=False)
class SteeringFile:
    """A steering vector as it is stored.

    vectors: by number of the block, a direction of length 1, float32 [hidden].
    magnitudes: by number of the block, how far depth 1 goes along it.
    steps: the stages (shares of all steps, 0 to 1) from which and before which it acts.
    model: the model family whose blocks are meant. about: how it was found.
    """

    vectors: Mapping[int, NDArray[np.float32]] = field(repr=False)
    magnitudes: Mapping[int, float]
    steps: tuple[float, float] = (0.0, 1.0)
    model: str = ""
    title: str = ""
    about: str = ""


def read(path: Path, model: str, shape: tuple[int, int]) -> SteeringFile:
    """Reads a steering vector for a model. Raises WeightsError that names the file and the mend.

    model: the name of the model family. shape: its number of blocks, and the width of their outputs.
    """
    try:
        if not path.is_file():
            raise WeightsError("there is no such file", mend="name a steering vector of the model, or its file")
        return _read(TensorFile(path), model, shape)
    except WeightsError as error:
        raise error.located(file=path) from None
    except (OSError, ValueError, MemoryError) as error:
        raise WeightsError(f"it cannot be read: {error}", file=path, mend=AGAIN) from error


def write(steering: SteeringFile, path: Path) -> None:
    """Writes a steering vector: directions in float16, a few kilobytes."""
    from safetensors.numpy import save_file  # noqa: PLC0415

    about = {
        "format": FORMAT, "model": steering.model, "title": steering.title, "about": steering.about,
        "magnitudes": json.dumps({str(n): round(size, 6) for n, size in sorted(steering.magnitudes.items())}),
        "steps": json.dumps(list(steering.steps)),
    }  # fmt: skip
    save_file({f"block.{n}": steering.vectors[n].astype(np.float16) for n in sorted(steering.vectors)}, path, about)


def _read(file: TensorFile, model: str, shape: tuple[int, int]) -> SteeringFile:
    about = file.metadata
    if about.get("format") != FORMAT:
        raise WeightsError("it is no steering vector", mend="name a file of steer find; a LoRA has another node")
    if about.get("model") != model:
        raise WeightsError(
            f"it is a steering vector of the model {shown(about.get('model', ''))}, not of {model}", mend=_FIND
        )
    blocks, hidden = shape
    vectors: dict[int, NDArray[np.float32]] = {}
    for name, stored in file.tensors.items():
        match = _BLOCK.fullmatch(name)
        if match is None or int(match[1]) >= blocks:
            raise WeightsError(f"{shown(name)} is no block of {model}, which has {blocks}", mend=_FIND)
        if stored.shape != (hidden,):
            raise WeightsError(f"{shown(name)} has shape {list(stored.shape)}, wanted [{hidden}]", mend=_FIND)
        vector = file.read(name)
        length = float(np.linalg.norm(vector.astype(np.float64)))
        if not math.isfinite(length) or length == 0:
            raise WeightsError(f"{shown(name)} has length {length:g}", mend=AGAIN)
        vectors[int(match[1])] = (vector / length).astype(np.float32)
    if not vectors:
        raise WeightsError("it holds no direction", mend=_FIND)
    magnitudes = _magnitudes(about.get("magnitudes", ""), vectors)
    return SteeringFile(
        vectors, magnitudes, _steps(about.get("steps", "")), model, about.get("title", ""), about.get("about", "")
    )


def _magnitudes(text: str, vectors: Mapping[int, Any]) -> dict[int, float]:
    given = _json(text, "magnitudes")
    if not isinstance(given, dict) or given.keys() != {str(n) for n in vectors}:
        raise WeightsError("its magnitudes are not those of its blocks", mend=AGAIN)
    found = {int(n): _number(size, f"the magnitude of block {n}") for n, size in given.items()}
    if any(abs(size) > MOST_MAGNITUDE for size in found.values()):
        raise WeightsError(f"it has a magnitude above {MOST_MAGNITUDE:g}", mend=AGAIN)
    return found


def _steps(text: str) -> tuple[float, float]:
    given = _json(text or "[0, 1]", "steps")
    if not isinstance(given, list) or len(given) != 2:
        raise WeightsError("its steps are not [from, to]", mend=AGAIN)
    lo, hi = (_number(end, "its steps") for end in given)
    if not 0 <= lo < hi <= 1:
        raise WeightsError(f"its steps are from {lo:g} to {hi:g}", mend="give them from 0 to 1, the first one lower")
    return lo, hi


def _json(text: str, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise WeightsError(f"its {what} are no JSON", mend=AGAIN) from None


def _number(given: object, what: str) -> float:
    number = float(given) if isinstance(given, int | float) and not isinstance(given, bool) else math.nan
    if not math.isfinite(number):
        raise WeightsError(f"{what} is no number", mend=AGAIN)
    return number
