"""Writes docs/controls.md: the declaration of every control, and the measurements of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from demon_patch.bench import trials
from demon_patch.bench.machine import MODEL
from demon_patch.bench.propagation import STEPS
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, FAMILY, TABLE, Control
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.errors import DemonError
from demon_patch.patch.files import atomic_file
from demon_patch.runtime.graph.rates import Rates

Measured = Mapping[tuple[str, int], Mapping[str, Any]]

TITLES = {
    "propagation": "propagation: forwards to the first difference and to convergence",
    "seen": f"seen, t50, t90: last steps that must use a new value, {MODEL}",
    "modulation": f"modulation: how far each control moves its descriptor, {MODEL}",
}
"""The reports from which the page is made, by name, each with its title."""
BY = ("control", "clip", "steps")
"""The columns that say what a row of a report is about."""
_NODES = {
    "scheduler": "Scheduler",
    "source_blend": "Source Blend",
    "step_state": "Step State",
    "decoder": "Decoder",
    "lora": "LoRA",
    "steer": "Steer",
}
_HEAD = """# Controls

Made by `demon-patch bench page` from `demon_patch/engine/controls.py` and `docs/measured/`; do not edit.

**First difference**: forwards from a write to the first delivered latent that differs, the delivering forward included,
as best/mean/worst over the phases of the write, for ring depths 1, 2, 4 and 8, as far as a generation has so many steps
(an exact family; equal in every family). **Seen, t50, t90**: how many of a generation's last steps must use the new
value before a quarter, half and nine tenths of its final change are in the latent ({model}). **Change**: of the named
descriptor between the control's two ends, the greatest over LFO periods of 1/4, 1/2, 1 and 2 bars ({model}, {usual},
8 seconds of song; for choices, clips and controls that gather, held at either end). **Ratio**: that change over the
descriptor's spread over 8 seeds at the same song frames; below 3 a control is *subtle*. **Lag**: frames by which the
sound follows the slowest LFO. A dash: it does not apply.

**Class** says when a control is taken: `request` once a generation, `step` and `late step` with every step, controls
*per frame* for every frame. What moves faster than half of that sounds like another, slower movement; `check` remarks
on it, and pictures show what was taken over what was sent. {rates} Jumps are apart: a
generation begins on each that stands a generation from the next.
"""


def _usual() -> tuple[FamilySpec, int, int]:
    """Returns the spec of the family that ships with the engine, its default ring depth and its default steps."""
    spec = spec_of(DEFAULT_MODEL)
    depth, steps = (int(spec.default(CONTROLS[name]) or 0) for name in ("depth", "steps"))
    return spec, depth, steps


def _rates() -> str:
    """Returns a sentence on the highest frequency, in Hz, that controls of each class follow, for the family that ships
    with the engine at its default ring depth and steps."""
    spec, depth, steps = _usual()
    rates = Rates.nominal(spec, depth, steps)
    follows = (f"{name} {often / 2:.3g} Hz" for name, often in (
        ("a generation", rates.generation), ("a step", rates.step), ("a frame", rates.frame),
    ))  # fmt: skip
    return f"With {spec.name}, depth {depth} and {steps} steps these follow up to: {', '.join(follows)}."


def load(folder: str | Path) -> dict[str, dict[str, Any]]:
    """Returns the reports kept in a folder, by name; a report without a file has no rows."""
    found: dict[str, dict[str, Any]] = {}
    for name in TITLES:
        path = Path(folder) / f"{name}.json"
        found[name] = kept_report(path)
    return found


def keep(report: Mapping[str, Any], path: str | Path, by: Sequence[str] = BY) -> None:
    """Writes a report {title, machine, rows} as JSON, with the machine in each row.

    by: the columns that say what a row is about; a row has at least one of them.

    Rows of the existing file stay, with the machine that they were measured on, where the report has no row about the
    same. Rows of controls that the table no longer has are dropped.
    """
    path = Path(path)
    old = kept_report(path)
    fresh = {**report, "rows": [_rounded(row) for row in report["rows"]]}
    about = partial(_about, by)
    rows = {about(row): {**row, "machine": machine_of(row, kept)} for kept in (old, fresh) for row in kept["rows"]}
    order = {row.name: place for place, row in enumerate(TABLE)}
    known = [row for row in rows.values() if row.get("control", TABLE[0].name) in order]
    known.sort(key=lambda row: (int(row.get("steps", 0)), order.get(row.get("control", ""), 0)))
    lines = ",\n".join(f"  {json.dumps(row)}" for row in known)
    title = json.dumps(report["title"])
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_file.write(path, f'{{\n "title": {title},\n "rows": [\n{lines}\n ]\n}}\n'.encode())


def kept_report(path: Path) -> dict[str, Any]:
    """Returns a report that was kept; one without rows where there is no file. Raises DemonError for another file,
    which therefore is never written over."""
    try:
        with atomic_file.opened(path) as stream:
            kept = json.loads(stream.read())
    except FileNotFoundError:
        return {"rows": []}
    except (OSError, ValueError) as error:
        raise DemonError(f"cannot be read as a report: {error}", file=path, mend="name another file") from None
    if not isinstance(kept, dict) or not isinstance(kept.get("rows"), list):
        raise DemonError("this is no report of measurements", file=path, mend="name another file")
    return kept


def machine_of(row: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Returns the machine on which a row was measured: the row's own, else its report's (in older files), else ""."""
    return str(row.get("machine", report.get("machine", "")))


def _about(by: Sequence[str], row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns what a row is about: its values in the columns `by` that it has. Raises ValueError where it has none."""
    found = tuple((name, str(row[name])) for name in by if name in row)
    if not found:
        raise ValueError(f"a row without {' and '.join(by)}: {row}")
    return found


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}


def page(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the whole page as Markdown, from the reports of `load`."""
    rows = {
        name: {(row["control"], int(row.get("steps", 0))): row for row in report["rows"]}
        for name, report in reports.items()
    }
    parts = [_HEAD.format(rates=_rates(), model=MODEL, usual=f"depth {trials.DEPTH} and {trials.STEPS} steps")]
    machines = sorted({machine_of(row, report) for report in reports.values() for row in report["rows"]} - {""})
    if machines:
        parts.append(f"Measured on: {'; '.join(machines)}.\n")
    for carrier, controls in groupby(TABLE, key=lambda row: row.carrier):
        parts.append("\n".join(_section(_NODES[carrier], tuple(controls), rows)))
    return "\n".join(parts) + "\n"


def _section(title: str, controls: Sequence[Control], rows: Mapping[str, Measured]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| control | what it does | range | default | class |"
    yield "|---|---|---|---|---|"
    for row in controls:
        yield f"| `{row.name}` | {row.doc} | {_range(row)} | {_default(row)} | {row.propagation} |"
    yield ""
    counted = [f"{what} ({steps} steps)" for steps in STEPS for what in ("first difference", "converged")]
    seen = [f"seen, t50, t90 ({steps} steps)" for steps in STEPS]
    heads = ["control", *counted, *seen, "heard by", "change", "ratio", "lag", "verdict"]
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in controls:
        yield f"| `{row.name}` | {' | '.join(_measured(row, rows))} |"
    yield ""


def _range(row: Control) -> str:
    if row.options:
        return ", ".join(row.options)
    if row.shape == "score":
        return "notes"
    if row.shape in ("prompt", "source", "gate"):
        return f"a {row.shape}"
    unit = f" {row.unit}" if row.unit else ""
    unit = " of the knob" if row.taper == "family" else unit
    return f"{row.lo:g} to {row.hi:g}{unit}" + (", per frame" if row.per_frame else "")


def _default(row: Control) -> str:
    spec = spec_of(DEFAULT_MODEL)
    default = spec.default(row)
    if default is None:
        return ""
    if row.taper == "family":
        return of_knob(row, float(default))
    text = default if isinstance(default, str) else f"{default:g}"
    return f"{text} ({spec.name})" if row.default == FAMILY else text


def of_knob(row: Control, position: float) -> str:
    """Returns text with a knob position, 0 to 1, of a control with the family taper, and the number that the first
    family has there."""
    spec = spec_of(DEFAULT_MODEL)
    return f"{position:g} of the knob ({spec.name}: {row.name} {spec.at_position(row, position):.2f})"


def _unheard(row: Control) -> str:
    """Returns why a control has no measured change."""
    if row.shape == "gate":
        return "it switches to the source"
    if not row.measured:
        return "when the sound comes, not what it is"
    spec = spec_of(MODEL)
    return "not measured" if spec.has(row) else f"{spec.name} has none"


def _measured(row: Control, rows: Mapping[str, Measured]) -> Iterator[str]:
    for steps in STEPS:
        spread = rows["propagation"].get((row.name, steps), {})
        depths = [key.partition("_")[2] for key in spread if key.startswith("first_")]
        firsts = (dict.fromkeys(spread[f"first_{depth}"]) for depth in depths)
        yield ", ".join("/".join(f"{x:g}" for x in first) for first in firsts) or "-"
        ends = (spread[f"converged_{depth}"] for depth in depths)
        yield ", ".join(f"{a} to {b}" if a != b else f"{a}" for a, b in ends) or "-"
    for steps in STEPS:
        late = rows["seen"].get((row.name, steps))
        yield "-" if late is None else f"{late['seen']}, {late['t50']}, {late['t90']}"
    heard = rows["modulation"].get((row.name, 0))
    if heard is None:
        yield from ("-", "-", "-", "-", _unheard(row))
    else:
        lag = heard["lag_frames"]
        yield heard["descriptor"]
        yield f"{heard['change']:.3g}"
        yield f"{heard['ratio']:.3g}"
        yield "-" if lag is None else f"{lag}"
        yield heard["verdict"]
