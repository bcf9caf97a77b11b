"""Makes training clips from nothing: scores, renders in two or three sounds, and exact hints.

    python -m tools.train_nano2.data --out FOLDER --hours H

What it needs besides the package: FluidSynth's library and two soundfonts (Debian: libfluidsynth3,
musescore-general-soundfont-lossless, fluid-soundfont-gm) and Sonic Pi's one-shots (sonic-pi-samples). `--synth-only`
needs none of them. A stopped run goes on with the same command; `--pause FILE` holds it while that file exists. For two
cores run it twice, with `--part 1/2` and `--part 2/2`. An hour of sound takes 1.5 minutes of one core (25 hours: 40
minutes) and 350 MB of FLAC. Gate A is measured by `python -m tools.train_nano2.data.measure`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from demon_patch.engine.families.nano.score import PARTS
from tools.train_nano2.data.clips import Recipe, make_clip
from tools.train_nano2.data.fluid import FluidError
from tools.train_nano2.data.fonts import FontError, find_fonts
from tools.train_nano2.data.one_shots import FOLDER, ShotError, Shots
from tools.train_nano2.data.pacing import Pacing
from tools.train_nano2.data.sounds import Studio
from tools.train_nano2.data.store import FORMATS, ClipFolder


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.data", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--hours", type=float, required=True, help="of sound, all renders together")
    parser.add_argument("--seed", type=int, default=0, help="of the whole set")
    parser.add_argument("--seconds", type=float, nargs=2, default=(8.0, 20.0), help="shortest and longest clip")
    parser.add_argument("--audio", choices=FORMATS, default="flac", help="how sound is stored")
    parser.add_argument("--pause", type=Path, help="a file: while it exists, no new clip is begun")
    parser.add_argument("--part", type=_part, default=(1, 1), help="k/n: only every n-th clip, from the k-th")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=(), help="keep these parts of each score alone")
    parser.add_argument("--fonts", type=Path, action="append", default=[], help="a folder of soundfonts")
    parser.add_argument("--shots", type=Path, default=FOLDER, help="the folder of Sonic Pi's one-shots")
    parser.add_argument("--synth-only", action="store_true", help="no soundfonts and no one-shots")
    found = parser.parse_args(arguments)
    if not 0.5 <= found.seconds[0] <= found.seconds[1] <= 60:
        parser.error("--seconds needs two lengths from 0.5 to 60, the shorter one first")
    if found.hours <= 0:
        parser.error("--hours must be above 0")
    return found


def _part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 1/2")
    return int(number), int(count)


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes what is missing of the clips; returns the exit status."""
    options = parse_arguments(arguments)
    clips = ClipFolder(options.out)
    try:
        studio = _studio(options)
        recipe = Recipe(options.seed, *options.seconds, only=tuple(options.only))
        first, step = options.part
        numbers = [number for number in recipe.numbers(options.hours) if number % step == first - 1]
        pacing = Pacing(sum(map(recipe.seconds, numbers)), options.pause)
        for number in numbers:
            if clips.has(number):
                pacing.skipped(recipe.seconds(number))
                continue
            pacing.wait()
            clips.write(make_clip(recipe, number, studio), options.audio)
            pacing.made(recipe.seconds(number))
    except (FontError, ShotError, FluidError) as error:
        print(error)
        return 1
    return 0


def _studio(options: argparse.Namespace) -> Studio:
    if options.synth_only:
        return Studio({}, None)
    fonts = find_fonts(tuple(options.fonts), options.out / "fonts.json")
    return Studio(fonts, Shots(options.shots))


if __name__ == "__main__":
    raise SystemExit(main())
