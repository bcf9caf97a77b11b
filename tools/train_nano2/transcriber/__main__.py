"""Trains the transcriber on clips of `tools.train_nano2.data`.

    nice -n 19 python -m tools.train_nano2.transcriber --clips FOLDER [--clips FOLDER] --out FOLDER --bf16 --pause FILE

Some of the clips should have chords alone: `python -m tools.train_nano2.data --only chords ...`. A stopped run goes on
with the same command. OUT holds `transcriber.checkpoint`, `transcriber.log.jsonl` and, after every checkpoint,
`transcriber.safetensors`: the running mean of the weights. Gate C is measured by
`python -m tools.train_nano2.transcriber.gate`, which also sets the thresholds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.train_nano2.crops import Crops
from tools.train_nano2.training import add_habits, habits_of
from tools.train_nano2.transcriber.training import train


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.transcriber", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, action="append", required=True, help="a folder of clips; may be repeated")
    add_habits(parser, steps=8_000, batch=6)
    options = parser.parse_args(arguments)
    train(Crops(options.clips), habits_of(options))


if __name__ == "__main__":
    main()
