"""Gate B: measures a codec on a folder of clips that it was not trained on.

    python -m tools.train_nano2.codec.gate --codec codec.safetensors --clips FOLDER [--most N] [--save FILE]

Wanted: mel at most 1.2 for sounds with a soundfont and 1.1 for the synthesizer (by plain phase and 8 steps, as when the
limit was set), then for what is played: mr at most .65, onset at least .75, contrast at most 5, warble at most .8, kick
at most 2.3, stereo at most 3.5; 1 s decoded in less than 25 ms, and windows exact with a margin of 13.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.bench.quality.spectra import mel_error
from demon_patch.bench.texture import texture
from demon_patch.engine.families.nano.grid import STEPS_PER_FRAME, STEREO
from demon_patch.engine.families.nano.phase import anchored, frequencies, griffin_lim
from demon_patch.engine.families.nano.stereo_codec import FRAME, StereoCodec
from demon_patch.engine.families.nano.stft import from_log
from demon_patch.engine.families.nano.synth import RATE
from tools.train_nano2.codec.loading import stereo_codec
from tools.train_nano2.codec.measures import kick_error, resolutions_error, stereo_error
from tools.train_nano2.crops import Crops

_SECONDS, _MARGIN = 5.0, 13
_WINDOW = 25  # frames that are timed, of 1 s


@torch.inference_mode()
def measure(codec: StereoCodec, sound: Samples) -> dict[str, float]:
    """All measures of one clip [2, samples], by name."""
    latent = codec.encode(sound.T)
    frames = torch.arange(len(latent))
    played = codec.decode(latent, frames).numpy().T
    magnitude = from_log(codec(latent[None])[0][0])
    steps = torch.arange(len(latent) * STEPS_PER_FRAME)
    none = torch.zeros_like(magnitude, dtype=torch.bool)
    plain = griffin_lim(magnitude, anchored(frequencies(magnitude), steps, STEREO.anchor), none, 8, STEREO).numpy()
    mid, ours = sound.mean(0), played.mean(0)
    return {
        "mel": mel_error(mid, plain),
        "mel played": mel_error(mid, ours),
        "mr": resolutions_error(mid, ours),
        **texture(mid, ours, RATE),
        "kick": kick_error(mid, ours),
        "stereo": stereo_error(sound, played),
    }


@torch.inference_mode()
def milliseconds(codec: StereoCodec, latent: Tensor, runs: int = 25) -> tuple[float, float]:
    """The least processor time of encoding and of decoding 1 s of sound, in ms."""
    frames = torch.arange(_WINDOW)
    sound = codec.decode(latent[:_WINDOW], frames).numpy()
    work = (lambda: codec.encode(sound), lambda: codec.decode(latent[:_WINDOW], frames))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for call, found in zip(work, times, strict=True):
            start = time.process_time()
            call()
            found.append(time.process_time() - start)
    return 1e3 * min(times[0]), 1e3 * min(times[1])


@torch.inference_mode()
def window_error(codec: StereoCodec, latent: Tensor, margin: int = _MARGIN, windows: int = 8) -> float:
    """The largest difference between windows of 8 frames, decoded with a margin, and the whole, of its peak."""
    whole = codec.decode(latent, torch.arange(len(latent)))
    places = np.linspace(40, len(latent) - 48, windows).astype(int)
    worst = 0.0
    for first in places.tolist():
        frames = torch.arange(first - margin, first + 8 + margin)
        found = codec.decode(latent[frames], frames)[margin * FRAME : (margin + 8) * FRAME]
        worst = max(worst, (found - whole[first * FRAME : (first + 8) * FRAME]).abs().max().item())
    return worst / whole.abs().max().item()


def main(arguments: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Prints the table and returns it."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.codec.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--codec", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--most", type=int, default=64, help="renders that are measured")
    parser.add_argument("--save", type=Path, help="write the table there as JSON")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    codec = stereo_codec(parser, options.codec)
    crops = Crops([options.clips])
    rows: dict[str, list[dict[str, float]]] = {}
    latent = torch.zeros(0, 64)
    for place, clip, renders, frames in crops.clips[: options.most]:
        render = clip % renders
        sound = crops.stretch(place, clip, render, 0, min(frames, round(_SECONDS * 25))).audio
        if np.abs(sound).max() < 1e-3:
            continue
        row = measure(codec, sound)
        for name in ("all", crops.folders[place].tags(clip)[render]["source"]):
            rows.setdefault(name, []).append(row)
        latent = codec.encode(sound.T)
    table = {name: {"renders": float(len(found)), **means(found)} for name, found in rows.items()}
    encode, decode = milliseconds(codec, latent)
    table["codec"] = {"encode ms": encode, "decode ms": decode, "window error": window_error(codec, latent)}
    for name, values in table.items():
        print(f"{name:8s} " + ", ".join(f"{key} {value:.3g}" for key, value in values.items()))
    if options.save:
        options.save.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    return table


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each measure, where it could be taken."""
    return {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]}


if __name__ == "__main__":
    main()
