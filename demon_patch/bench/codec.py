"""Measures what the codec does to partials, attacks and notes: `demon-patch bench codec [FILE...]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from demon_patch.bench.decode import milliseconds
from demon_patch.bench.notes import f1, transcriber
from demon_patch.bench.texture import texture
from demon_patch.engine.contracts import Source
from demon_patch.engine.session import Session

SECONDS = 10.0
COMPOSED = ("house, a minor", "techno", "ambient, c major")
RUNS = 25


def measure(session: Session, recordings: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yields one row for each recording and each composed loop, 10 s each, then a row of their means and a row of
    decode times.

    onset, contrast, warble: see `texture`.
    notes: F1, 0 to 1, of the notes that a transcriber finds in the decoded sound against those that it finds in the
    original; left out where the transcriber is not installed.
    """
    heard = transcriber()
    rows: list[dict[str, Any]] = []
    for name, clip in _clips(session, recordings):
        rate = session.spec.sample_rate
        original, decoded = clip.audio.mean(axis=1), session.decode(clip.latent).mean(axis=1)
        row: dict[str, Any] = {"clip": name, **texture(original, decoded, rate)}
        if heard is not None:
            row["notes"] = f1(heard(original, rate), heard(decoded, rate))
        rows.append(row)
        yield row
    yield {"clip": "mean", **{key: float(np.nanmean([row[key] for row in rows])) for key in rows[0] if key != "clip"}}
    yield _speed(session)


def _clips(session: Session, recordings: Sequence[Path]) -> Iterator[tuple[str, Source]]:
    for path in recordings:
        yield path.stem, session.source(path, seconds=SECONDS)
    for words in COMPOSED:
        yield words, session.compose(words, seconds=SECONDS, seed=2)


def _speed(session: Session) -> dict[str, Any]:
    """Returns the processor time, in ms, of decoding 1 s of sound on one thread: without margins, and with playing
    margins."""
    spec = session.spec
    song = session.compose(COMPOSED[0], seconds=SECONDS, seed=2).latent
    start, frames = len(song) // 2, round(spec.frame_rate)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {
            "clip": "decode of 1 s",
            "alone_ms": milliseconds(lambda: session.decode(song, start=start, frames=frames, margin=0), RUNS),
            "margins_ms": milliseconds(lambda: session.decode(song, start=start, frames=frames), RUNS),
        }
    finally:
        torch.set_num_threads(threads)
