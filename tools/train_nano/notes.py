"""How many of the notes that were written are heard in the sound: in the render, and through the codec.

`python -m tools.train_nano.notes [--clips N] [--save FILE]` composes clips of 8 s without drums, in all styles in turn,
and counts notes with a transcriber (`demon_patch/bench/notes.py` says how to install it).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from demon_patch.bench.machine import machine
from demon_patch.bench.notes import Note, f1, transcriber
from demon_patch.bench.page import keep
from demon_patch.engine.families.nano import load
from demon_patch.engine.families.nano.compose import Composition, compose_song
from demon_patch.engine.families.nano.compose import instruments as play
from demon_patch.engine.families.nano.compose.styles import SOUNDS
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.tags import STYLES, Tags

FRAMES = 200
PARTS = {"drums": False, "bass": True, "chords": True, "arp": True, "lead": True}


def written(score: Composition, frames: int) -> list[Note]:
    """Returns the notes of a composition of `frames` latent frames, as its renders play them."""
    grid = play.StepGrid(score, frames * SPEC.samples_per_frame)
    voices = [play.bass_voice(score, grid), play.arp_voice(score, grid), play.lead_voice(score, grid)]
    voices += play.chord_voices(score, SOUNDS[score.style], grid)
    starts = grid.position / SPEC.sample_rate
    return sorted(Note(float(starts[at]), key) for voice in voices for at, key in zip(*voice, strict=True))


def measure(clips: int) -> Iterator[dict[str, object]]:
    """Yields one row for each clip, then their means: the note F1 (0 to 1) of the render, and of the render after the
    codec."""
    heard = transcriber()
    if heard is None:
        raise SystemExit("basic-pitch is not installed: demon_patch/bench/notes.py says how")
    codec = load().codec
    every = torch.arange(-SPEC.exact_margin, FRAMES + SPEC.exact_margin) % FRAMES
    inside = slice(SPEC.exact_margin * SPEC.samples_per_frame, -SPEC.exact_margin * SPEC.samples_per_frame)
    found = []
    for number in range(clips):
        style = STYLES[number % len(STYLES)]
        song = compose_song(Tags(style, instruments=PARTS), FRAMES, 100 + number)
        true = written(song.composition, FRAMES)
        decoded = codec.decode(codec.encode(song.audio[:, None])[every], every)[inside, 0].numpy()
        found.append([f1(true, heard(sound, SPEC.sample_rate)) for sound in (song.audio, decoded)])
        yield {"clip": f"{style} {100 + number}", "notes": len(true), "render": found[-1][0], "codec": found[-1][1]}
    render, through = np.mean(found, axis=0)
    yield {"clip": "mean", "clips": clips, "render": float(render), "codec": float(through)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the rows, and keeps them where a file is named."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano.notes", description=__doc__)
    parser.add_argument("--clips", type=int, default=24, help="24 by default")
    parser.add_argument("--save", type=Path, help="a JSON file for the rows")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for row in measure(options.clips):
        print(json.dumps(row), flush=True)
        rows.append(row)
    if options.save is not None:
        keep({"title": "notes: F1 of composed clips without drums", "machine": machine(), "rows": rows}, options.save)


if __name__ == "__main__":
    main()
