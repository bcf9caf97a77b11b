"""Computes the latents and hints of clips, from which the denoiser learns.

    python -m tools.train_nano2.denoiser.describe --clips FOLDER --codec codec.safetensors [--transcriber FILE]

It goes on where it was stopped. An hour of sound takes about a minute of one core, and two more with a transcriber.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import load_into
from tools.train_nano2.codec.loading import stereo_codec
from tools.train_nano2.data.pacing import hold
from tools.train_nano2.data.store import ClipFolder
from tools.train_nano2.denoiser.corpus import describe


def main(arguments: Sequence[str] | None = None) -> None:
    """Computes what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.denoiser.describe", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, action="append", required=True, help="a folder of clips; may be repeated")
    parser.add_argument("--codec", type=Path, required=True, help="its weights, of which the components count")
    parser.add_argument("--transcriber", type=Path, help="its weights")
    parser.add_argument("--pause", type=Path, help="a file: while it exists, no clip is begun")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    codec = stereo_codec(parser, options.codec)
    transcriber = load_into(Transcriber(), options.transcriber) if options.transcriber else None
    for folder in options.clips:
        clips = ClipFolder(folder)
        for done, number in enumerate(clips.numbers(), 1):
            hold(options.pause, print)
            describe(clips, number, codec, transcriber)
            if done % 100 == 0:
                print(f"{folder}: {done} clips", flush=True)


if __name__ == "__main__":
    main()
