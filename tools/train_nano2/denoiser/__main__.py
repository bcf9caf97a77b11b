"""Trains the denoiser on clips that were described (`tools.train_nano2.denoiser.describe`).

    nice -n 19 python -m tools.train_nano2.denoiser --clips FOLDER --held FOLDER --codec FILE --transcriber FILE \
        --out FOLDER --bf16 --compile --pause FILE

A stopped run goes on with the same command. OUT holds `denoiser.checkpoint`, `denoiser.log.jsonl` and, after every
checkpoint, `denoiser.safetensors`: the running mean of the weights, which plays. `--from FILE` begins with those
weights where there is no checkpoint. 20,000 steps of 12 stretches of 5 s take about 1.7 hours of one core, compiled and
in bfloat16. Gate D is measured by `python -m tools.train_nano2.denoiser.gate`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import load_into
from tools.train_nano2.codec.loading import stereo_codec
from tools.train_nano2.denoiser.batches import Chances
from tools.train_nano2.denoiser.corpus import components_hash, load, weights_hash
from tools.train_nano2.denoiser.training import RATE, train
from tools.train_nano2.training import add_habits, habits_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.denoiser", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, action="append", required=True, help="a folder of clips; may be repeated")
    parser.add_argument("--held", type=Path, action="append", default=[], help="clips on which the loss is said")
    parser.add_argument("--codec", type=Path, required=True, help="its weights, of which the components count")
    parser.add_argument("--transcriber", type=Path, help="its weights, where it has heard the clips")
    parser.add_argument("--frames", type=int, default=128, help="latent frames of a stretch")
    parser.add_argument("--from", type=Path, dest="begin", help="weights to begin with")
    parser.add_argument("--guidance", type=float, default=1.0, help="by the score, of --from; learnt into the weights")
    parser.add_argument("--rate", type=float, default=RATE, help="the highest learning rate; a third for --from")
    parser.add_argument("--played", action="store_true", help="judge what is played, of --from; the last training")
    parser.add_argument("--chance", action="append", default=[], metavar="NAME=SHARE", help="see Chances")
    add_habits(parser, steps=20_000, batch=12)
    options = parser.parse_args(arguments)
    named = {field.name for field in fields(Chances)}
    given = dict(item.partition("=")[::2] for item in options.chance)
    if unknown := given.keys() - named:
        parser.error(f"no chance is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(named))}")
    if options.guidance != 1 and options.begin is None:
        parser.error("--guidance needs the weights whose guidance is learnt: --from FILE")
    if options.played and options.begin is None:
        parser.error("--played needs the weights that are played already: --from FILE")
    codec = stereo_codec(parser, options.codec)
    heard = weights_hash(load_into(Transcriber(), options.transcriber)) if options.transcriber else None
    songs, held = (load(folders, components_hash(codec), heard) for folders in (options.clips, options.held))
    chances = Chances(**{name: float(share) for name, share in given.items()})
    played = codec.pca_decode.norm(dim=1) if options.played else None
    train(
        songs, held, habits_of(options), options.frames, chances, options.begin, options.guidance, options.rate, played
    )


if __name__ == "__main__":
    main()
