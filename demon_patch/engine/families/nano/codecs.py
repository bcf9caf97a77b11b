"""The codecs of nano: which of them a weights file holds, and loading it."""

from __future__ import annotations

from pathlib import Path

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.weights import load_into, metadata
from demon_patch.errors import WeightsError

CODECS: dict[str, type[NanoCodec] | type[StereoCodec]] = {kind.NAME: kind for kind in (NanoCodec, StereoCodec)}
"""Every codec by the name that its weights file states."""


def load_codec(path: Path, spec: FamilySpec | None = None) -> NanoCodec | StereoCodec:
    """Returns the codec whose weights are in `path`, ready to play.

    spec: of the family that it shall serve. Raises WeightsError for an unusable file, for the weights of no codec, and
    for a codec of another sample rate or number of channels than the family's.
    """
    name = metadata(path).get("name", "")
    if name not in CODECS:
        raise WeightsError(
            f"these are weights of {name or 'nothing named'!r}, not of a codec",
            file=path,
            mend=f"name a file that holds one of: {', '.join(CODECS)}",
        )
    codec = load_into(CODECS[name](), path)
    if spec is not None and (codec.sample_rate, codec.channels) != (spec.sample_rate, spec.channels):
        raise WeightsError(
            f"a codec of {codec.sample_rate} Hz and {codec.channels} channels, where {spec.name} has "
            f"{spec.sample_rate} Hz and {spec.channels}",
            file=path,
            mend="use the codec and the denoiser that were trained together",
        )
    return codec
