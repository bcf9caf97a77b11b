"""Previews: some seconds of how a patch sounds, in a small file beside the patch, which a browser of patches offers."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from demon_patch.arrays import Samples
from demon_patch.errors import DemonError
from demon_patch.patch.files import atomic_file, embed, page_pack
from demon_patch.patch.files.pack import SUFFIX
from demon_patch.runtime.assets.assets import PATCH

PREVIEW = ".preview.flac"
"""The end of a preview's name; the rest is that of the patch."""
SECONDS = 8.0
FADE = 0.05  # seconds at both ends
_TAPS = 127  # of the filter below half of the new rate
SOFTWARE = "demon-patch preview"


def stem(name: str) -> str:
    """Returns the name of a patch's file without folders and suffix."""
    last = name.rsplit("/", 1)[-1]
    for suffix in (PATCH, SUFFIX, *page_pack.SUFFIXES):
        last = last.removesuffix(suffix)
    return last


def path_of(patch: Path) -> Path:
    """Returns where the preview of a patch file lies, whether it is there or not."""
    return patch.with_name(f"{stem(patch.name)}{PREVIEW}")


def preview_of(patch: Path | None) -> Path | None:
    """Returns the preview of a patch file, if there is one."""
    found = None if patch is None else path_of(patch)
    return found if found is not None and found.is_file() else None


def cut(sound: Samples, rate: int, seconds: float = SECONDS) -> tuple[Samples, int]:
    """Returns the loudest seconds of a sound [samples, channels], faded at both ends, and their rate: half of the
    sound's, where that is 40 kHz or more."""
    wide = min(len(sound), round(seconds * rate))
    if not wide:
        return sound, rate
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64).sum(axis=1))])
    starts = np.arange(0, len(sound) - wide + 1, max(1, rate // 2))
    start = int(starts[np.argmax(energy[starts + wide] - energy[starts])])
    found = np.array(sound[start : start + wide], dtype=np.float64)
    ramp = np.minimum(1.0, (np.arange(wide) + 0.5) / max(1, round(FADE * rate)))
    found *= np.minimum(ramp, ramp[::-1])[:, None]
    if rate < 40_000:
        return found.astype(np.float32), rate
    taps = np.sinc((np.arange(_TAPS) - _TAPS // 2) / 2) * np.hanning(_TAPS + 2)[1:-1]
    low = np.stack([np.convolve(channel, taps / taps.sum(), "same") for channel in found.T], axis=1)
    return np.clip(low[::2], -1.0, 1.0).astype(np.float32), rate // 2


def write_preview(patch: Path, sound: Samples, rate: int) -> Path:
    """Writes the preview of a patch file, also over an earlier one; returns its path. sound: [samples, channels].
    Raises DemonError where there is another file of that name, or where it cannot be written."""
    path = path_of(patch)
    if os.path.lexists(path) and not _own(path):
        raise DemonError("there is such a file already, and it is no preview", file=path, mend="move it elsewhere")
    made, its_rate = cut(sound, rate)
    draft = path.with_name(f".{path.name}.part")
    try:
        with soundfile.SoundFile(draft, "w", its_rate, made.shape[1], "PCM_16", format="FLAC") as file:
            file.software = SOFTWARE
            file.write(made)
        atomic_file.write(path, draft.read_bytes())
    except (OSError, soundfile.LibsndfileError) as error:
        raise DemonError(f"cannot be written: {error}", file=path, mend="make room, or allow writing there") from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def _own(path: Path) -> bool:
    try:
        return embed.carried(path).software.startswith(SOFTWARE)
    except (DemonError, OSError, ValueError):
        return False
