"""Writes docs/controls.md: what the table declares of every control, and what was measured of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from demon_patch.bench.trials import SILENT
from demon_patch.engine.controls import CONTROLS, TABLE, Control
from demon_patch.engine.families import NAMES, spec_of
from demon_patch.runtime.graph.rates import Rates

Measured = Mapping[str, Mapping[str, Any]]

REPORTS = ("propagation", "seen", "modulation")
_NODES = {
    "scheduler": "Scheduler",
    "source_blend": "Source Blend",
    "step_state": "Step State",
    "decoder": "Decoder",
    "lora": "LoRA",
}
_HEAD = """# Controls

Made by `demon-patch bench page` from `demon_patch/engine/controls.py` and `docs/measured/`; do not edit.

**First difference**: forwards from a write to the first delivered latent that differs, the delivering forward included,
as best/mean/worst over the phases of the write, for ring depths 1, 2, 4 and 8 and 8 steps (an exact family; equal in
every family). **Seen, t50, t90**: how many of a generation's last steps must use the new value before a quarter, half
and nine tenths of its final change are in the latent (nano). **Change**: of the named descriptor between the control's
two ends, the greatest over LFO periods of 1/4, 1/2, 1 and 2 bars (nano, 8 seconds of song, depth 4; for choices, clips
and controls that gather, held at either end). **Ratio**: that change over the descriptor's spread over 8 seeds at the
same song frames; below 3 a control is *subtle*. **Lag**: frames by which the sound follows the slowest LFO. A dash: it
does not apply.

**Class** says when a control is taken: `request` once a generation, `step` and `late step` with every step, controls
*per frame* for every frame. What moves faster than half of that sounds like another, slower movement; `check` remarks
on it, and pictures show what was taken over what was sent. {rates} Jumps are apart: a
generation begins on each that stands a generation from the next.
"""


def _rates() -> str:
    """What each class follows, of the family that ships with the engine at its default depth and steps."""
    spec, depth, steps = spec_of(NAMES[0]), int(CONTROLS["depth"].default or 0), int(CONTROLS["steps"].default or 0)
    rates = Rates.of(spec, depth, steps)
    follows = (f"{name} {often / 2:.3g} Hz" for name, often in (
        ("a generation", rates.generation), ("a step", rates.step), ("a frame", rates.frame),
    ))  # fmt: skip
    return f"With {spec.name}, depth {depth} and {steps} steps these follow up to: {', '.join(follows)}."


def load(folder: str | Path) -> dict[str, dict[str, Any]]:
    """The reports kept in a folder, by name; those that are not there are empty."""
    found: dict[str, dict[str, Any]] = {}
    for name in REPORTS:
        path = Path(folder) / f"{name}.json"
        found[name] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"machine": "", "rows": []}
    return found


def keep(report: Mapping[str, Any], path: str | Path) -> None:
    """Writes a report {title, machine, rows} as JSON; rows of other controls that the table and the file have stay."""
    path = Path(path)
    old = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    new = {row["control"]: _rounded(row) for row in report["rows"]}
    order = {row.name: place for place, row in enumerate(TABLE)}
    rows = [row for row in old if row["control"] not in new] + list(new.values())
    rows = [row for row in rows if row["control"] in order]
    rows.sort(key=lambda row: order[row["control"]])
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    head = "".join(f" {json.dumps(key)}: {json.dumps(report[key])},\n" for key in ("title", "machine"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{\n{head} "rows": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}


def page(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page from the reports of `load`."""
    rows = {name: {row["control"]: row for row in report["rows"]} for name, report in reports.items()}
    parts = [_HEAD.format(rates=_rates())]
    machines = sorted({str(report["machine"]) for report in reports.values()} - {""})
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
        default = "" if row.default is None else row.default if isinstance(row.default, str) else f"{row.default:g}"
        yield f"| `{row.name}` | {row.doc} | {_range(row)} | {default} | {row.propagation} |"
    yield ""
    yield "| control | first difference | converged | seen, t50, t90 | heard by | change | ratio | lag | verdict |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in controls:
        yield f"| `{row.name}` | {' | '.join(_measured(row, rows))} |"
    yield ""


def _range(row: Control) -> str:
    if row.options:
        return ", ".join(row.options)
    if row.shape in ("prompt", "source"):
        return f"a {row.shape}"
    unit = f" {row.unit}" if row.unit else ""
    return f"{row.lo:g} to {row.hi:g}{unit}" + (", per frame" if row.per_frame else "")


def _unheard(row: Control) -> str:
    """Why a control has no measured change."""
    if row.name in SILENT:
        return "when the sound comes, not what it is"
    spec = spec_of(NAMES[0])
    return "not measured" if spec.has(row) else f"{spec.name} has none"


def _measured(row: Control, rows: Mapping[str, Measured]) -> Iterator[str]:
    spread = rows["propagation"].get(row.name)
    if spread is None:
        yield "-"
        yield "-"
    else:
        depths = [key.partition("_")[2] for key in spread if key.startswith("first_")]
        yield ", ".join("/".join(f"{x:g}" for x in dict.fromkeys(spread[f"first_{depth}"])) for depth in depths)
        ends = [spread[f"converged_{depth}"] for depth in depths]
        yield ", ".join(f"{a} to {b}" if a != b else f"{a}" for a, b in ends)
    late = rows["seen"].get(row.name)
    yield "-" if late is None else f"{late['seen']}, {late['t50']}, {late['t90']}"
    heard = rows["modulation"].get(row.name)
    if heard is None:
        yield from ("-", "-", "-", "-", _unheard(row))
    else:
        lag = heard["lag_frames"]
        yield heard["descriptor"]
        yield f"{heard['change']:.3g}"
        yield f"{heard['ratio']:.3g}"
        yield "-" if lag is None else f"{lag}"
        yield heard["verdict"]
