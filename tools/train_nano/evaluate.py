"""The evaluation table: what the codec keeps, and how well covers keep the music and take on the style."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from demon_patch.engine.contracts import Conditioning, Family, Source
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.stft import band_bank, stft
from demon_patch.engine.families.nano.tags import STYLES
from tools.train_nano.data import RENDERS, Clip, Corpus
from tools.train_nano.judges import (
    StyleClassifier,
    chroma_correlation,
    onset_correlation,
    pulse_clarity,
    statistics,
)
from tools.train_nano.measure import cover

_CASES = (("cover", 1.0, 1.0), ("cover at strength 0.5", 0.5, 1.0), ("without hints", 1.0, 0.0))


def band_error(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the mean difference of two loops [samples] in the codec's bands, in dB; levels below -70 dB count as -70
    dB."""
    levels = [stft(torch.from_numpy(audio)[None], cyclic=True).abs() @ band_bank() for audio in (first, second)]
    a, b = (20 * (level + 3e-4).log10() for level in levels)
    return (a - b).abs().mean().item()


def decoded(family: Family, latent: torch.Tensor) -> np.ndarray:
    """Returns the sound [samples] of a whole cyclic song's latent, decoded with a margin across its seam."""
    hop, margin = SPEC.samples_per_frame, SPEC.exact_margin
    frames = torch.arange(-margin, len(latent) + margin) % len(latent)
    audio = family.codec.decode(latent[frames], frames)[margin * hop : -margin * hop, 0]
    return audio.numpy().copy()


def evaluate(
    family: Family, corpus: Corpus, compositions: int = 4, out: Path | None = None
) -> dict[str, dict[str, float]]:
    """Returns a table of measures by case, each by name, over the first held-out compositions, each covered in all
    eight styles. out: also writes it there as JSON."""
    known = [corpus.clips[i] for i in corpus.training[: 40 * RENDERS]]
    rounds = [decoded(family, corpus.latents(clip)) for clip in known]
    judge = StyleClassifier([statistics(audio) for audio in rounds], [clip.style for clip in known])
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name, _, _ in _CASES}
    pairs, strangers, errors = [], [], []
    groups = [corpus.held[i : i + RENDERS] for i in range(0, len(corpus.held), RENDERS)]
    for number, group in enumerate(groups[:compositions]):
        clips = [corpus.clips[i] for i in group]
        source = _source(corpus, clips[0])
        original = source.audio[:, 0]
        twin, stranger = corpus.audio(clips[1]), corpus.audio(corpus.clips[groups[number - 1][0]])
        length = min(len(original), len(stranger))
        pairs.append((onset_correlation(original, twin), chroma_correlation(original, twin)))
        strangers.append(
            (
                onset_correlation(original[:length], stranger[:length]),
                chroma_correlation(original[:length], stranger[:length]),
            )
        )
        errors.append(band_error(original, decoded(family, source.latent)))
        for name, strength, structure in _CASES:
            tokens = [torch.tensor([1 + k, *clips[0].tokens[1:]]) for k in range(len(STYLES))]
            prompts = [Conditioning(words) for words in tokens]
            latents = cover(family, source, prompts, [strength] * len(prompts), number, structure)
            for k, latent in enumerate(latents):
                audio = decoded(family, latent)
                chance = judge.probabilities(audio)
                judged = (float(chance.argmax() == k), float(chance[k]))
                kept = (onset_correlation(audio, original), chroma_correlation(audio, original))
                rows[name].append((*judged, *kept, pulse_clarity(audio), latent.std().item()))
    names = ("style accuracy", "p(style)", "onset correlation", "chroma correlation", "pulse", "spread")
    table = {case: _means(names, values) for case, values in rows.items()}
    table["true pair"] = _means(names[2:4], pairs)
    table["unrelated"] = _means(names[2:4], strangers)
    table["codec"] = {"band error dB": round(float(np.mean(errors)), 3)}
    if out is not None:
        out.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    return table


def _source(corpus: Corpus, clip: Clip) -> Source:
    return Source(corpus.latents(clip), corpus.hints(clip), corpus.audio(clip)[:, None])


def _means(names: tuple[str, ...], rows: list[tuple[float, ...]]) -> dict[str, float]:
    return {name: round(float(value), 3) for name, value in zip(names, np.mean(rows, axis=0), strict=True)}


def as_text(table: dict[str, dict[str, float]]) -> str:
    """Returns the table as text, one line for each case."""
    lines = [
        f"{case:22s} " + ", ".join(f"{name} {value:.2f}" for name, value in row.items()) for case, row in table.items()
    ]
    return "\n".join(lines)
