"""Trains the family from nothing: data, codec, latents and hints, denoiser, evaluation.

    python -m tools.train_nano --out DIR [--minutes M] [--compositions N]

A stopped run goes on where its last checkpoint left it. The folder then holds `codec.safetensors` and
`denoiser.safetensors`, which `nano.load(DIR)` opens, their logs, and `evaluation.json`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from demon_patch.engine.families.nano import load
from tools.train_nano.budget import Budget
from tools.train_nano.codec_training import train_codec
from tools.train_nano.data import Corpus, make_audio, make_hints, make_latents
from tools.train_nano.denoiser_training import train_denoiser
from tools.train_nano.evaluate import as_text, evaluate

_CODEC_SHARE = 0.15


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=180, help="of training, codec and denoiser together")
    parser.add_argument("--compositions", type=int, default=1500, help="of the data set, three renderings each")
    parser.add_argument("--codec-steps", type=int, help="train the codec for so many steps, whatever they take")
    parser.add_argument("--denoiser-steps", type=int, help="train the denoiser for so many steps")
    parser.add_argument("--batch", type=int, default=12, help="crops of a training step")
    parser.add_argument("--frames", type=int, default=256, help="of the denoiser's crops, an even number")
    parser.add_argument("--evaluate", type=int, default=4, help="held-out compositions of the evaluation, 0 for none")
    parser.add_argument("--threads", type=int, help="of the processor")
    found = parser.parse_args(arguments)
    if found.compositions < 4:
        parser.error("--compositions must be at least 4: two are held out, and two are trained on")
    return found


def main(arguments: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Runs what is missing of every stage and returns the evaluation table (empty with `--evaluate 0`)."""
    options = parse_arguments(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    data: Path = options.out / "data"
    make_audio(data, options.compositions)
    make_hints(data)
    corpus = Corpus(data)
    codec = train_codec(corpus, options.out, Budget(options.minutes * _CODEC_SHARE, options.codec_steps), options.batch)
    make_latents(data, codec)
    budget = Budget(options.minutes * (1 - _CODEC_SHARE), options.denoiser_steps)
    train_denoiser(corpus, options.out, budget, options.batch, options.frames)
    if not options.evaluate:
        return {}
    table = evaluate(load(options.out), corpus, options.evaluate, options.out / "evaluation.json")
    print(as_text(table))
    return table


if __name__ == "__main__":
    main()
