"""The command that shows and corrects the tempo of an audio file: `demon-patch clip`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from demon_patch.console import JsonFlag, Switch, examples, show, tell

EXAMPLES = examples("demon-patch clip my-song.mp3", "demon-patch clip my-song.mp3 --bpm 124 --downbeat 0.31")


def clip(
    file: Path,
    *,
    bpm: float | None = None,
    downbeat: float | None = None,
    forget: Switch = False,
    as_json: JsonFlag = False,
) -> None:
    """Shows the tempo and the first bar line of an audio file, which are detected once and kept beside it.

    Parameters:
        file: An audio file.
        bpm: Sets its tempo, 20 to 400 beats a minute.
        downbeat: Sets its first bar line, in seconds from its start.
        forget: Drops what was set or detected before.
        as_json: Prints JSON: bpm, downbeat, edited; or null.
    """
    from demon_patch.engine.sound.clips import forget_tempo, set_tempo, tempo_with_notes

    if forget:
        forget_tempo(file)
    if bpm is not None or downbeat is not None:
        set_tempo(file, bpm, downbeat)
    tempo, told, of_file = tempo_with_notes(file)
    for note in (*of_file, *told):
        tell(note, "yellow")
    if as_json:
        print(json.dumps(asdict(tempo) if tempo else None, sort_keys=True))
    elif tempo is None:
        show(f"{file}: no rhythm is heard; --bpm gives it a tempo")
    else:
        known = "edited" if tempo.edited else "detected"
        show(f"{file}: {tempo.bpm:.2f} bpm, first bar line at {tempo.downbeat:.3f} s ({known})")
