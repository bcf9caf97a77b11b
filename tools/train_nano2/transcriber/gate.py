"""Gate C: measures the transcriber on clips that it was not trained on.

    python -m tools.train_nano2.transcriber.gate --weights transcriber.safetensors --clips FOLDER [--tune FILE]

Wanted: F1 of notes at least .6 on renders that are not mastered, F1 of drums at least .8. A note is found where one of
its key starts within 60 ms, a stroke where one of its class does within 30 ms. `--tune FILE` writes the weights with
the thresholds that are best on these clips; then measure on others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.bench.notes import Note, f1
from demon_patch.engine.families.nano.score.notes import DRUM_CLASSES
from demon_patch.engine.families.nano.score.roll import BASS, DRUMS, LEAD, MOMENTS, ROLL
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import load_into
from tools.train_nano2.crops import Crops
from tools.train_nano2.transcriber.training import Labels, write

PARTS = {"notes": ROLL, "bass": BASS, "lead": LEAD, "drums": DRUMS}
_NEAR_STROKE = 0.03
_TRIED = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)


def events(starts: Samples, part: str) -> list[Note]:
    """What starts in columns of hints [frames, 144] that are above 0 where something does."""
    columns = starts[:, PARTS[part]]
    if part == "drums":
        columns = columns.reshape(len(columns) * MOMENTS, len(DRUM_CLASSES))
    step = 0.04 / (MOMENTS if part == "drums" else 1)
    return [Note(float(at) * step, int(key)) for at, key in np.argwhere(columns > 0)]


def scores(net: Transcriber, heard: Sequence[tuple[Tensor, Samples]]) -> list[dict[str, float]]:
    """F1 of each part for each of some clips: log odds [1, n, 144] of what starts, and what truly starts [n, 144]."""
    rows = []
    for log_odds, true in heard:
        found = net.starts(log_odds)[0].numpy()
        row = {}
        for part in PARTS:
            near = _NEAR_STROKE if part == "drums" else 0.06
            row[part] = f1(events(true, part), events(found, part), near)
        rows.append(row)
    return rows


def tuned(net: Transcriber, heard: Sequence[tuple[Tensor, Samples]]) -> None:
    """Sets the thresholds of starts to the best that are tried."""
    for place, parts in ((0, ("notes",)), (2, ("drums",)), (3, ("bass", "lead"))):
        best = (-1.0, 0.5)
        for threshold in _TRIED:
            net.thresholds[place] = threshold
            found = [np.nanmean([row[part] for part in parts]) for row in scores(net, heard) if _some(row, parts)]
            best = max(best, (float(np.mean(found)), threshold))
        net.thresholds[place] = best[1]


def _some(row: dict[str, float], parts: Sequence[str]) -> bool:
    return any(np.isfinite(row[part]) for part in parts)


def main(arguments: Sequence[str] | None = None, report: Callable[[str], None] = print) -> dict[str, dict[str, float]]:
    """Prints the table and returns it."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.transcriber.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--most", type=int, default=80, help="renders that are measured")
    parser.add_argument("--tune", type=Path, help="write the weights there with the best thresholds")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    net, crops = load_into(Transcriber(), options.weights), Crops([options.clips])
    labels, heard, names = Labels(crops), [], []
    for place, clip, renders, frames in crops.clips[: options.most]:
        render = clip % renders
        tags = crops.folders[place].tags(clip)[render]
        audio = crops.stretch(place, clip, render, 0, frames).audio
        heard.append((net.heard(audio.T).start, labels.clip(place, clip)[0][:frames]))
        names.append(("all", "mastered" if tags["mastered"] else "clean", tags["source"]))
    if options.tune:
        tuned(net, heard)
        write(net, options.tune, {"tuned on": len(heard)})
    rows = scores(net, heard)
    table: dict[str, dict[str, float]] = {}
    for name in sorted({name for group in names for name in group}):
        chosen = [row for row, group in zip(rows, names, strict=True) if name in group]
        found = {part: [row[part] for row in chosen if np.isfinite(row[part])] for part in PARTS}
        table[name] = {part: float(np.mean(values)) for part, values in found.items() if values}
        report(f"{name:10s} {len(chosen):3d} " + ", ".join(f"{key} {value:.3f}" for key, value in table[name].items()))
    report(f"thresholds {[round(float(value), 2) for value in net.thresholds]}")
    return table


if __name__ == "__main__":
    main()
