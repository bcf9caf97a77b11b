"""Fills the tables of docs/performance.md from kept measurements; the text between them is written by hand.

The page marks each table by `<!-- table: NAME -->` before it and `<!-- end -->` after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_PLACE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_CODEC = (
    ("contrast", "contrast of partials lost", "{:.1f} dB"),
    ("warble", "more warble than the original", "{:.2f} dB"),
    ("onset", "sharpness of attacks, original = 1", "{:.2f}"),
    ("notes", "note F1 against the notes heard in the original", "{:.2f}"),
)
_SPEED = (
    ("alone_ms", "decode of 1 s (25 frames), one thread, processor time", "{:.1f} ms"),
    ("margins_ms", "the same with playing margins on both sides", "{:.1f} ms"),
)


Tables = Mapping[str, Callable[[Path], Iterator[str]]]
"""By name, what makes the lines of a table from the measurements kept in a folder."""


def filled(page: str, folder: str | Path, tables: Tables | None = None) -> str:
    """Returns the page with each table replaced by one from the measurements kept in a folder. tables: those of
    docs/performance.md by default."""
    known = _TABLES if tables is None else tables

    def table(match: re.Match[str]) -> str:
        head, name, foot = match.groups()
        return "\n".join([head, *known[name](Path(folder)), "", foot])

    return _PLACE.sub(table, page)


def rows_of(folder: Path, name: str) -> list[Row]:
    """Returns the rows of a kept report."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["rows"]


def drawn(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yields the lines of a table."""
    for line in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(line)} |"


def _tenths(folder: Path, key: str, form: str, last: str, worst: Callable[[list[float]], float]) -> Iterator[str]:
    """Yields a table with a row for each recording: a figure at every tenth of the knob position, and the worst of
    them."""
    heads = ["knob", *(f"{tenth / 10:g}" for tenth in range(11)), last]
    rows = [(row["clip"], row[key]) for row in rows_of(folder, "sound")]
    return drawn(heads, [[name, *(form.format(x + 0.0) for x in (*xs, worst(xs)))] for name, xs in rows])


def _largest_step(values: list[float]) -> float:
    return max(a - b for a, b in pairwise(values))


def _chroma(folder: Path) -> Iterator[str]:
    return _tenths(folder, "chroma", "{:.2f}", "largest step", _largest_step)


def _level(folder: Path) -> Iterator[str]:
    return _tenths(folder, "level", "{:+.2f}", "farthest", lambda values: max(values, key=abs))


def _itself(folder: Path) -> Iterator[str]:
    heads = ["", "largest difference of samples", "swing under the LFO", "chroma at knob 0, decoded alone"]
    rows = rows_of(folder, "sound")
    return drawn(
        heads,
        [[r["clip"], f"{r['samples']:.1e}", f"{r['swing']:.2f} LU", f"{r['decoded'][0]:.2f}"] for r in rows],
    )


def _codec(folder: Path) -> Iterator[str]:
    """Yields the table of the means of all clips and of decode times, before and after the codec's phase was
    repaired."""

    def by_clip(name: str) -> dict[str, Row]:
        return {row["clip"]: row for row in rows_of(folder, name)}

    both = [by_clip(name) for name in ("codec-before", "codec")]
    notes = [by_clip(name)["mean"] for name in ("notes-before", "notes")]
    rows = [[what, *(form.format(clips["mean"][key]) for clips in both)] for key, what, form in _CODEC]
    written = f"note F1 against the notes written, the render itself {notes[1]['render']:.2f}"
    rows.append([written, *(f"{mean['codec']:.2f}" for mean in notes)])
    rows += [[what, *(form.format(clips["decode of 1 s"][key]) for clips in both)] for key, what, form in _SPEED]
    return drawn(["", "before", "after"], rows)


def _gallery(folder: Path) -> Iterator[str]:
    rows = [
        [
            row["title"],
            row["control"],
            row["descriptor"],
            f"{row['correlation']:+.2f}",
            f"{1e3 * row['lag']:+.0f} ms" + (" (held)" if row["held"] else ""),
        ]
        for row in rows_of(folder, "gallery")
    ]
    return drawn(["patch", "control", "heard in", "correlation", "lag"], rows)


_TABLES: Tables = {
    "gallery": _gallery,
    "chroma": _chroma,
    "level": _level,
    "itself": _itself,
    "codec": _codec,
}
