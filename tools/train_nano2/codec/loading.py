"""Loads the codec that a command line names."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from demon_patch.engine.families.nano.codecs import load_codec
from demon_patch.engine.families.nano.stereo_codec import StereoCodec


def stereo_codec(parser: ArgumentParser, path: Path) -> StereoCodec:
    """Returns the stereo codec whose weights are in a file; ends the program with one sentence for the mono codec's.

    Raises WeightsError for an unusable file.
    """
    codec = load_codec(path)
    if not isinstance(codec, StereoCodec):
        parser.error(f"{path} holds the mono codec; name the stereo codec's weights")
    return codec
