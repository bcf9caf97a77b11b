"""The command `demon-patch bench nano-quality`."""

from __future__ import annotations

from pathlib import Path

from demon_patch.bench.tables import keep_rows
from demon_patch.console import JsonFlag


def nano_quality(model: str = "nano", *, save: Path | None = None, as_json: JsonFlag = False) -> None:
    """Measures how good an embedded model is: codec, notes, style, key and tempo, strength, speed. Takes ten minutes.

    Notes are judged where basic-pitch is installed.

    Parameters:
        model: The model.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
    """
    from demon_patch.bench.quality.measure import measure

    keep_rows(f"quality of {model}", list(measure(model)), save, as_json)
