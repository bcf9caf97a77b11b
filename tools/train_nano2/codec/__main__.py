"""Trains the stereo codec on clips of `tools.train_nano2.data`.

    nice -n 19 python -m tools.train_nano2.codec --clips FOLDER --out FOLDER --bf16 --pause FILE

The components are fitted to an hour of crops and never changed again; then the network is trained. A stopped run goes
on with the same command. OUT holds `codec.checkpoint`, `codec.log.jsonl` and, after every checkpoint,
`codec.safetensors`: the running mean of the weights, which plays. 22,000 steps of 6 crops of 1.28 s take about 1.5
hours of one core.
Gate B is measured by `python -m tools.train_nano2.codec.gate`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.train_nano2.codec.training import train
from tools.train_nano2.crops import Crops
from tools.train_nano2.training import add_habits, habits_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.codec", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, action="append", required=True, help="a folder of clips; may be repeated")
    parser.add_argument("--fit-hours", type=float, default=1.0, help="of sound that the components are fitted to")
    add_habits(parser, steps=22_000, batch=6)
    options = parser.parse_args(arguments)
    train(Crops(options.clips), habits_of(options), options.fit_hours)


if __name__ == "__main__":
    main()
