"""Gate A: measures a folder of clips, and how much of a folder of recordings it covers.

    python -m tools.train_nano2.data.measure --clips FOLDER [--recordings FOLDER]

Wanted: a median crest of 12 to 16 dB, a median side/mid of -4 to -10 dB, and a coverage of .75 by 200 renders.
Recordings are only measured, never learnt from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.synth import RATE
from tools.train_nano2.data.measures import above, coverage, crest, side_to_mid, statistics
from tools.train_nano2.data.store import ClipFolder

_EXCERPTS = (0.3, 0.65)  # where in a recording
_SECONDS = 10.0
_ENDINGS = (".ogg", ".flac", ".wav", ".mp3")


def excerpts(folder: Path, most: int) -> list[Samples]:
    """Returns two excerpts of 10 s [2, samples] at 48 kHz of each of at most `most` recordings, which last half a
    minute or more."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    long = [path for path in paths if soundfile.info(path).duration >= 3 * _SECONDS]
    chosen = long[:: max(len(long) // most, 1)][:most]
    found = []
    for path in chosen:
        info = soundfile.info(path)
        for share in _EXCERPTS:
            count = int(_SECONDS * info.samplerate)
            sound = soundfile.read(path, count, int(info.frames * share), dtype="float32", always_2d=True)[0]
            wide = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2]
            found.append(np.asarray(soxr.resample(wide, info.samplerate, RATE), np.float32).T)
    return found


def row(name: str, sounds: Sequence[Samples]) -> str:
    """Returns a line of the table: the medians of a set of sounds."""
    values = [np.median([measure(sound) for sound in sounds]) for measure in (crest, side_to_mid)]
    bright = np.median([above(sound, 10_000) for sound in sounds])
    return f"{name:<22}{len(sounds):>6}{values[0]:>9.1f}{values[1]:>10.1f}{bright:>10.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.data.measure", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--pieces", type=int, default=20, help="recordings to take excerpts of")
    options = parser.parse_args(arguments)
    clips = ClipFolder(options.clips)
    sets: dict[str, list[Samples]] = {"all": []}
    for number in clips.numbers():
        for render, tags in enumerate(clips.tags(number)):
            sound = clips.audio(number, render)
            if np.abs(sound).max() > 1e-4:
                level = "mastered" if tags["mastered"] else "plain"
                for name in ("all", tags["source"], level, tags["font"] or "no font"):
                    sets.setdefault(name, []).append(sound)
    print(f"{'median of':<22}{'clips':>6}{'crest dB':>9}{'side/mid':>10}{'> 10 kHz':>10}")
    for name, sounds in sets.items():
        print(row(name, sounds))
    if options.recordings:
        recordings = excerpts(options.recordings, options.pieces)
        print(row("recordings", recordings))
        real = np.stack([statistics(sound) for sound in recordings])
        for name, sounds in sets.items():
            share, distance = coverage(real, np.stack([statistics(sound) for sound in sounds]))
            print(f"{name}: {len(sounds)} renders cover {share:.2f} of the recordings, nearest at {distance:.2f}")


if __name__ == "__main__":
    main()
