"""Makes the weights of the stereo model from nothing: clips, codec, transcriber, denoiser, and their gates.

    nice -n 19 python -m tools.train_nano2 --out FOLDER [--pause FILE] [--bf16] [--compile]

It needs what `python -m tools.train_nano2.data` and `demon_patch.bench.notes` name. A stopped run goes on with the same
command. On two cores with bfloat16, with `--bf16 --compile`: clips 25 minutes, codec 30, transcriber 35, latents and
heard scores 90, denoiser 150: five and a half hours; about twice that without. Weights lie in OUT/codec,
OUT/transcriber and OUT/denoiser, tables of the gates in OUT/gates.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "tools.train_nano2"


@dataclass(frozen=True, slots=True)
class Stage:
    """A command: a module of this package with its arguments. made: the file whose presence says that it is done, None
    for a command that finds out by itself."""

    module: str
    arguments: tuple[str, ...]
    made: Path | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything: hours of clips, and steps of each training."""

    hours: float = 26.0
    chords: float = 0.4
    held: float = 0.35
    judged: float = 0.16
    codec: int = 14_000
    transcriber: int = 2_400
    denoiser: int = 11_000
    finish: int = 3_500
    guided: int = 2_500
    played: int = 1_700


def stages(out: Path, habits: Sequence[str], sizes: Sizes) -> Iterator[Stage]:
    """Yields all stages in order. habits: options that every training takes."""
    clips, held, tonal, chords = (out / name for name in ("clips", "held", "tonal", "chords"))
    tonal_parts = ("--only", "bass", "chords", "arp", "lead")
    yield _clips(clips, sizes.hours, 0)
    yield _clips(chords, sizes.chords, 94, "--only", "chords", "--seconds", "8", "12")
    yield _clips(held, sizes.held, 91, "--seconds", "8", "14")
    yield _clips(tonal, sizes.judged, 92, "--seconds", "6", "7", *tonal_parts)
    pause = tuple(habits)
    codec, untuned = out / "codec/codec.safetensors", out / "transcriber/untuned/transcriber.safetensors"
    transcriber, gates = out / "transcriber/transcriber.safetensors", out / "gates"
    yield Stage("codec", ("--clips", str(clips), "--out", str(codec.parent), "--steps", str(sizes.codec), *pause))
    yield Stage("codec.gate", _named(codec=codec, clips=held, save=gates / "codec.json"), gates / "codec.json")
    heard = ("--clips", str(clips), "--clips", str(chords))
    yield Stage("transcriber", (*heard, "--out", str(untuned.parent), "--steps", str(sizes.transcriber), *pause))
    yield Stage("transcriber.gate", _named(weights=untuned, clips=held, tune=transcriber), transcriber)
    folders = tuple(word for folder in (clips, held, tonal) for word in ("--clips", str(folder)))
    files = _named(codec=codec, transcriber=transcriber)
    yield Stage("denoiser.describe", (*folders, *files))
    learnt = ("--clips", str(clips), "--held", str(held), *files)
    parts = ("first/", "long/", "guided/", "")
    first, long, far, last = (out / f"denoiser/{part}denoiser.safetensors" for part in parts)
    yield Stage("denoiser", (*learnt, "--out", str(first.parent), "--steps", str(sizes.denoiser), *pause))
    finish = ("--frames", "512", "--batch", "4", "--chance", "starts=0.2", "--rate", "4e-4")
    guided = ("--frames", "256", "--batch", "7", "--chance", "starts=0.25", "--rate", "5e-4", "--guidance", "1.5")
    played = ("--frames", "128", "--batch", "6", "--rate", "2.5e-4", "--played")
    for chance in ("starts=0.3", "heard=0.5", "no_hints=0.15", "no_score=0.12"):
        played += ("--chance", chance)
    for begin, made, steps, more in (
        (first, long, sizes.finish, finish),
        (long, far, sizes.guided, guided),
        (far, last, sizes.played, played),
    ):
        paths = ("--from", str(begin), "--out", str(made.parent))
        yield Stage("denoiser", (*learnt, *paths, "--steps", str(steps), *more, *pause))
    judged = _named(weights=last, clips=tonal, save=gates / "denoiser.json")
    yield Stage("denoiser.gate", (*judged, *files), gates / "denoiser.json")


def _clips(folder: Path, hours: float, seed: int, *more: str) -> Stage:
    return Stage("data", ("--out", str(folder), "--hours", str(hours), "--seed", str(seed), *more))


def _named(**options: Path) -> tuple[str, ...]:
    return tuple(word for name, value in options.items() for word in (f"--{name}", str(value)))


def run(stage: Stage) -> None:
    """Runs a stage. Raises CalledProcessError where it fails."""
    if stage.made is not None:
        stage.made.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", f"{_PACKAGE}.{stage.module}", *stage.arguments], check=True)


def main(arguments: Sequence[str] | None = None, do: Callable[[Stage], None] = run) -> int:
    """Makes what is missing; returns the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {_PACKAGE}", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pause", type=Path, help="a file: while it exists, trainings stand still")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16, where the processor has it")
    parser.add_argument("--compile", action="store_true", help="compile the networks; needs a C++ compiler")
    options = parser.parse_args(arguments)
    habits = ["--bf16"] * options.bf16 + ["--compile"] * options.compile
    habits += ["--pause", str(options.pause)] if options.pause else []
    for stage in stages(options.out, habits, Sizes()):
        if stage.made is not None and stage.made.exists():
            continue
        print(f"{stage.module} {' '.join(stage.arguments)}", flush=True)
        try:
            do(stage)
        except subprocess.CalledProcessError as error:
            print(f"{stage.module} failed (exit status {error.returncode}); the same command goes on from there")
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
