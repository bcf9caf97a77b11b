"""Makes the tables of docs/reliability.md from kept measurements: the soak, and what a host costs its clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from demon_patch.bench.page import kept_report
from demon_patch.bench.performance import Row, Tables, drawn

_HEADS = (
    "minute", "host MB", "audio MB", "host threads", "host handles", "audio threads", "audio handles", "starved s",
    "shortfalls", "xruns", "xruns beside", "late", "connections", "refusals", "actions", "processor seconds of others",
)  # fmt: skip
_WHOLE = (
    ("minutes", "minutes", "{}"),
    ("actions", "actions", "{}"),
    ("reconnects", "connections made and ended", "{}"),
    ("songs", "other songs opened", "{}"),
    ("refusals", "refusals in words", "{}"),
    ("faults", "faults", "{}"),
    ("restarts", "audio process started anew", "{}"),
    ("host_mb_in_10_minutes", "memory of the host in 10 minutes, history full", "{:+.2f} MB"),
    ("audio_mb_in_10_minutes", "memory of the audio process in 10 minutes, history full", "{:+.2f} MB"),
    ("measured_minutes", "minutes in which memory was compared", "{}"),
    ("host_threads", "threads of the host", "{}"),
    ("host_handles", "handles of the host", "{}"),
    ("audio_threads", "threads of the audio process", "{}"),
    ("audio_handles", "handles of the audio process", "{}"),
    ("starved_s", "seconds starved", "{:.2f}"),
    ("shortfalls", "buffers not filled in time", "{}"),
    ("minutes_alone", "minutes in which the machine was the host's own", "{}"),
    ("starved_ours_s", "seconds starved in these", "{:.2f}"),
    ("shortfalls_ours", "buffers not filled in time in these", "{}"),
)


def _kept(folder: Path, name: str) -> list[Row]:
    """Returns the rows of a kept report; none where nothing was measured yet."""
    return kept_report(folder / f"{name}.json")["rows"]


def _minutes(folder: Path) -> Iterator[str]:
    rows = [row for row in _kept(folder, "soak") if "minute" in row]
    return drawn(_HEADS, [_minute(row) for row in rows])


def _minute(row: Row) -> list[str]:
    numbers = [row[name] for name in (
        "minute", "host_mb", "audio_mb", "host_threads", "host_handles", "audio_threads", "audio_handles", "starved_s",
        "shortfalls", "xruns", "beside_xruns", "late", "reconnects", "refusals", "actions",
    )]  # fmt: skip
    return [*(f"{number:.4g}" for number in numbers), f"{row['others_cpu_ms'] / 1e3:.0f}"]


def _whole(folder: Path) -> Iterator[str]:
    wholes = [row for row in _kept(folder, "soak") if "minute" not in row]
    return drawn(["", ""], [[what, form.format(whole[name])] for whole in wholes for name, what, form in _WHOLE])


def _host(folder: Path) -> Iterator[str]:
    """Yields the table of answers: a row for each engine and kind of request."""
    rows = [row for row in _kept(folder, "host") if "answer_ms" in row]
    spans = ("answer", "host", "program", "playing")
    titles = ("answer", "of that the host's", "program", "playing")
    heads = ["", *(head for title in titles for head in (f"{title}, median", "p99"))]
    names = [name for span in spans for name in (f"{span}_ms", f"{span}_p99_ms")]
    return drawn(heads, [[row["clip"], *(_milliseconds(row, name) for name in names)] for row in rows])


def _milliseconds(row: Row, name: str) -> str:
    return f"{row[name]:.2f} ms" if name in row else ""


def _crowd(folder: Path) -> Iterator[str]:
    """Yields the table of stretches: a row for each engine and crowd."""
    rows = [row for row in _kept(folder, "host") if "starved_s" in row]
    heads = ["", "starved s", "shortfalls", "xruns", "xruns beside", "completions", "tick"]
    return drawn(
        heads,
        [
            [
                row["clip"],
                f"{row['starved_s']:.2f}",
                *(str(row.get(name, "")) for name in ("shortfalls", "xruns", "beside_xruns", "completions")),
                f"{row['tick_ms']:.0f} ms",
            ]
            for row in rows
        ],
    )


def _telemetry(folder: Path) -> Iterator[str]:
    """Yields the table of telemetry: a row for each engine."""
    rows = [row for row in _kept(folder, "host") if "wire_with" in row]
    names = ("wire_without", "wire_with", "more")
    heads = ["", "thread of the wire, without", "with", "difference"]
    return drawn(heads, [[row["clip"], *(f"{100 * row[name]:.2f} % of a core" for name in names)] for row in rows])


TABLES: Tables = {
    "minutes": _minutes,
    "whole": _whole,
    "host": _host,
    "crowd": _crowd,
    "telemetry": _telemetry,
}
