"""The commands `demon-patch bench nano-quality` and `demon-patch bench told-notes`."""

from __future__ import annotations

from pathlib import Path

from demon_patch.bench.tables import keep_rows
from demon_patch.console import JsonFlag, Threads
from demon_patch.engine.families import DEFAULT_MODEL


def nano_quality(model: str = DEFAULT_MODEL, *, save: Path | None = None, as_json: JsonFlag = False) -> None:
    """Measures how good an embedded model is: codec, notes, style, key and tempo, strength, speed. Takes ten minutes.

    Notes are judged where basic-pitch is installed.

    Parameters:
        model: The model.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
    """
    from demon_patch.bench.quality.measure import measure

    keep_rows(f"quality of {model}", measure(model), save, as_json, by=("about", "of"))


def told_notes(
    model: str = "nano2", *, save: Path | None = None, as_json: JsonFlag = False, threads: Threads = None
) -> None:
    """Measures how well a model plays the notes of a sequencer, and how soon those of a keyboard. Takes ten minutes.

    It needs basic-pitch, which looks for the notes, and a sound device.

    Parameters:
        model: A model that can be told notes.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.quality.told_notes import measure

    rows = measure(model, threads)
    keep_rows(f"notes told to {model}", rows, save, as_json, by=("about", "structure"))
