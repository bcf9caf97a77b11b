"""Gate D: measures a denoiser on clips that it was not trained on.

    python -m tools.train_nano2.denoiser.gate --weights FILE --codec FILE --clips FOLDER [--transcriber FILE] [--save F]

The clips have no drums (`data --only bass chords arp lead`), since those confuse the judge of notes (basic-pitch, see
`demon_patch.bench.notes`). Wanted, with 4 steps: F1 at least .9 of the codec's, recall of the lead at least .8 of the
codec's, mel to the true render at most 3.3 dB, chroma at least .78, spread at least .92, change at least .85; at
strength .7 nearer to the wanted render than to the one it starts from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.bench.notes import Note, f1, transcriber
from demon_patch.bench.quality.spectra import mel_error
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.score import Score
from demon_patch.engine.families.nano.stereo_codec import FRAME, StereoCodec
from demon_patch.engine.families.nano.synth import RATE
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import load_into
from demon_patch.engine.families.nano2.denoiser import denoiser
from tools.train_nano2.codec.loading import stereo_codec
from tools.train_nano2.data.store import ClipFolder
from tools.train_nano2.denoiser.corpus import components_hash, load, weights_hash
from tools.train_nano2.denoiser.solve import Way, drawn

FRAMES = 128
_PARTS = ("lead", "chords", "arp", "bass")


@dataclass(frozen=True, slots=True)
class Case:
    """One way of asking for the held-out renders.

    hints, score: whose they are: "own" render, the "other" render, what the transcriber "heard" of the other render, or
    "" for none.
    """

    way: Way
    hints: str = "own"
    score: str = "own"
    tagged: bool = True


CASES = {
    "4 steps": Case(Way()),
    "4 ab2": Case(Way(second_order=True)),
    "4 ab2 shift 1": Case(Way(second_order=True, shift=1.0)),
    "4 score x 1.5": Case(Way(guidance=1.5)),
    "4 ab2 score x 1.5": Case(Way(second_order=True, guidance=1.5)),
    "4 ab2 shift 1 score x 1.5": Case(Way(second_order=True, shift=1.0, guidance=1.5)),
    "8 steps": Case(Way(steps=8)),
    "other hints, ab2": Case(Way(second_order=True), hints="other"),
    "other hints, heard score, ab2": Case(Way(second_order=True), hints="other", score="heard"),
    "score only, ab2": Case(Way(second_order=True), hints=""),
    "hints only, ab2": Case(Way(second_order=True), score=""),
    "no tags, ab2": Case(Way(second_order=True), tagged=False),
    "strength .5, ab2 shift 1": Case(Way(second_order=True, shift=1.0, strength=0.5), hints="other"),
    "strength .7, ab2 shift 1": Case(Way(second_order=True, shift=1.0, strength=0.7), hints="other"),
}


class Held:
    """The first 5 s of held-out clips: two renders of each, what is said of them, and their notes."""

    def __init__(self, folder: Path, codec: StereoCodec, heard: str | None, most: int) -> None:
        clips = ClipFolder(folder)
        songs = load([folder], components_hash(codec), heard)
        chosen = [
            (song, n)
            for song, n in zip(songs, clips.numbers(), strict=True)
            if song.frames >= FRAMES and song.score[:FRAMES].any()
        ][:most]
        self.count = len(chosen)

        def stacked(arrays: Sequence[np.ndarray]) -> Tensor:
            return torch.from_numpy(np.stack([np.asarray(array[:FRAMES], np.float32) for array in arrays]))

        self.latent, self.other = (stacked([song.latents[k] for song, _ in chosen]) for k in (0, 1))
        self.hints = {"own": stacked([song.hints[0] for song, _ in chosen])}
        self.hints["other"] = stacked([song.hints[1] for song, _ in chosen])
        self.scores = {"own": stacked([song.score for song, _ in chosen])}
        if heard:
            self.scores["heard"] = stacked([song.heard[1] for song, _ in chosen if song.heard is not None])
        self.tokens = torch.from_numpy(np.stack([song.tokens[0] for song, _ in chosen]))
        sounds = [[clips.audio(n, render)[:, : FRAMES * FRAME] for render in (0, 1)] for _, n in chosen]
        self.sounds = [pair[0].mean(0) for pair in sounds]
        self.starts = [pair[1].mean(0) for pair in sounds]
        self.notes = [_notes(clips.score(n)) for _, n in chosen]

    def context(self, case: Case) -> Tensor:
        """What the denoiser is given, [B, T, 248]."""
        parts = [torch.zeros(self.count, FRAMES, self.latent.shape[2] + 1)]
        for name, known in ((case.hints, self.hints), (case.score, self.scores)):
            found = known[name] if name else torch.zeros_like(known["own"])
            parts += [found, torch.full((self.count, FRAMES, 1), float(bool(name)))]
        return torch.cat(parts, 2)


def _notes(score: Score) -> dict[str, list[Note]]:
    found = {part: [Note(note.start, note.pitch) for note in score.of(part)] for part in _PARTS}
    return {part: [note for note in notes if note.start < FRAMES / 25 - 0.1] for part, notes in found.items()}


def _chroma(sound: Samples) -> Samples:
    spectrum = _spectrum(sound)
    hertz = np.arange(spectrum.shape[1]) * RATE / 2048
    inside = (hertz > 160) & (hertz < 2200)
    classes = np.round(69 + 12 * np.log2(hertz[inside] / 440)).astype(int) % 12
    folded = np.sqrt(spectrum[:, inside]) @ np.eye(12, dtype=np.float32)[classes]
    smooth = np.stack([np.convolve(column, np.ones(8) / 8, "valid")[::4] for column in folded.T], 1)
    return smooth / (np.linalg.norm(smooth, axis=1, keepdims=True) + 1e-3)


def _spectrum(sound: Samples) -> Samples:
    wave = torch.from_numpy(np.ascontiguousarray(sound, np.float32))
    return torch.stft(wave, 2048, 480, window=torch.hann_window(2048), return_complex=True).abs().T.numpy()


def _onsets(sound: Samples) -> Samples:
    level = np.log(np.square(_spectrum(sound)[:, 20:]).sum(1) + 1e-6)
    return np.maximum(np.diff(level), 0)


def _alike(first: Samples, second: Samples) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def judged(
    true: Samples, ours: Samples, notes: dict[str, list[Note]], hear: Callable[[Samples, int], list[Note]] | None
) -> dict[str, float]:
    """Measures of a mono sound against the true one, and of the notes that are heard in it."""
    row = {
        "mel": mel_error(true, ours),
        "chroma": _alike(_chroma(true), _chroma(ours)),
        "onset": _alike(_onsets(true), _onsets(ours)),
    }
    if hear:
        heard = hear(ours, RATE)
        row["f1"] = f1([note for part in notes.values() for note in part], heard)
        for part in ("lead", "chords", "bass"):
            row[part] = _recall(notes[part], heard)
    return row


def _recall(true: Sequence[Note], heard: Sequence[Note]) -> float:
    """The share of true notes that are heard; nan for none."""
    if not true:
        return float("nan")
    found = f1(true, heard) if heard else 0.0
    return found * (len(true) + len(heard)) / 2 / len(true)


def measure(
    net: NanoDenoiser, codec: StereoCodec, held: Held, cases: dict[str, Case], report: Callable[[str], None] = print
) -> dict[str, dict[str, float]]:
    """The table: a row for the true sound, one for the codec, one for each case."""
    hear = transcriber()
    noise = torch.randn(held.latent.shape, generator=torch.Generator().manual_seed(3))
    frames = torch.arange(FRAMES)
    table: dict[str, dict[str, float]] = {}

    def row(name: str, sounds: Sequence[Samples], latent: Tensor | None = None) -> None:
        found = [judged(*each, hear) for each in zip(held.sounds, sounds, held.notes, strict=True)]
        kept = {key: [one[key] for one in found if np.isfinite(one[key])] for key in found[0]}
        table[name] = {key: float(np.mean(values)) for key, values in kept.items() if values}
        table[name]["mel to start"] = float(np.mean(list(map(mel_error, held.starts, sounds))))
        if latent is not None:
            table[name]["spread"] = _share(latent, held.latent, lambda part: part.std())
            table[name]["change"] = _share(latent, held.latent, lambda part: part.diff(dim=0).abs().mean())
        report(f"{name:32s} " + " ".join(f"{key} {value:.3f}" for key, value in table[name].items()))

    def decoded(latent: Tensor) -> list[Samples]:
        return [codec.decode(each, frames).numpy().mean(1) for each in latent]

    row("true", held.sounds)
    row("codec", decoded(held.latent), held.latent)
    for name, case in cases.items():
        if case.score in held.scores or not case.score:
            tokens = held.tokens if case.tagged else torch.zeros_like(held.tokens)
            start = held.other if case.way.strength < 1 else None
            latent = drawn(net, case.way, tokens, held.context(case), noise, start)
            row(name, decoded(latent), latent)
    return table


def _share(found: Tensor, true: Tensor, of: Callable[[Tensor], Tensor]) -> float:
    return float(np.mean([(of(ours) / of(own)).item() for ours, own in zip(found, true, strict=True)]))


def main(arguments: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Prints the table and returns it."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.denoiser.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--codec", type=Path, required=True)
    parser.add_argument("--transcriber", type=Path)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--most", type=int, default=32, help="clips that are measured")
    parser.add_argument("--case", action="append", choices=CASES, default=[], help="only these")
    parser.add_argument("--save", type=Path, help="write the table there as JSON")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    codec = stereo_codec(parser, options.codec)
    heard = weights_hash(load_into(Transcriber(), options.transcriber)) if options.transcriber else None
    net = load_into(denoiser(), options.weights)
    held = Held(options.clips, codec, heard, options.most)
    table = measure(net, codec, held, {name: CASES[name] for name in options.case or CASES})
    if options.save:
        options.save.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    return table


if __name__ == "__main__":
    main()
