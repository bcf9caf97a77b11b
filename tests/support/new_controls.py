"""A program that adds made-up controls, each by its row and its effect alone, and prints what becomes of them (JSON).

A process of its own: the rows are in the table before anything is derived from it, as if they stood in the file.
"""

from __future__ import annotations

import json
from typing import Any

from demon_patch.engine import controls
from demon_patch.engine.control import Control

STEP: dict[str, Any] = {"carrier": "step_state", "propagation": "step"}
REQUEST: dict[str, Any] = {"carrier": "scheduler", "propagation": "request"}
ROWS = (
    Control(name="tint", title="Tint", shape="scalar", doc="Adds.", default=0.0, hi=2.0, optional=True, **STEP),
    Control(name="sway", title="Sway", shape="curve", doc="Adds to each frame.", default=0.0, optional=True, **STEP),
    Control(name="edge", title="Edge", shape="choice", doc="Turns.", default="off", options=("off", "on"), **STEP),
    Control(name="hush", title="Hush", shape="switch", doc="Silences.", default=0.0, taper="int", **STEP),
    Control(name="lift", title="Lift", shape="scalar", doc="Adds to all steps.", default=0.0, lo=-1.0, **REQUEST),
    Control(name="rung", title="Rung", shape="integer", doc="Adds.", default=0, hi=4, taper="int", **REQUEST),
    Control(name="veil", title="Veil", shape="curve", doc="Adds to frames.", default=0.0, optional=True, **REQUEST),
    Control(name="mood", title="Mood", shape="choice", doc="Turns.", default="up", options=("up", "down"), **REQUEST),
    Control(name="halt", title="Halt", shape="switch", doc="Silences.", default=0.0, taper="int", **REQUEST),
)
MOVED: dict[str, Any] = {
    "tint": 0.5, "sway": 0.5, "edge": "on", "hush": 1, "lift": -0.5, "rung": 2, "veil": 0.5, "mood": "down", "halt": 1
}  # fmt: skip
WRONG: dict[str, Any] = {name: "sideways" if isinstance(value, str) else 99.0 for name, value in MOVED.items()}


def add_rows() -> None:
    """Step 1 of the checklist."""
    controls.TABLE = (*controls.TABLE, *ROWS)
    controls.CONTROLS.update({row.name: row for row in ROWS})


def add_effects() -> None:
    """Step 2 of the checklist."""
    from torch import Tensor

    from demon_patch.engine.step.chunk_rows import ChunkRows
    from demon_patch.engine.step.effects import EFFECTS

    def add(rows: ChunkRows, x0: Tensor) -> None:
        for name in ("tint", "sway"):
            amount = rows.value(name)
            if amount is not None:
                x0.add_(amount)
        for at, slot in enumerate(rows.slots):
            given = slot.request.controls
            x0[at].add_(given.number("lift") + given.whole("rung"))
            veil = given.curve("veil")
            if veil is not None:
                x0[at].add_(veil[:, None])

    def turn(rows: ChunkRows, x0: Tensor) -> None:
        if rows.option("edge") == "on":
            x0.neg_()
        for at, slot in enumerate(rows.slots):
            if slot.request.controls.option("mood") == "down":
                x0[at].neg_()

    def silence(rows: ChunkRows, x0: Tensor) -> None:
        hush = rows.value("hush")
        if hush is not None:
            x0.mul_(1 - hush)
        for at, slot in enumerate(rows.slots):
            if slot.request.controls.is_on("halt"):
                x0[at].zero_()

    EFFECTS.extend((add, turn, silence))


def facts() -> dict[str, dict[str, Any]]:
    """By control, where it appears and by how much it changes the music."""
    import torch

    from demon_patch.bench.page import page
    from demon_patch.bench.trials import TRIALS
    from demon_patch.engine.session import Session
    from demon_patch.nodes.catalogue import CATALOGUE, describe
    from demon_patch.patch.model.document import Node, Patch
    from demon_patch.runtime.graph.check import problems
    from tests.support.toy_family import toy_family
    from tests.support.virtual_stage import patch, played

    session = Session(toy_family())
    source, prompt = session.compose("toy", seconds=2.0, seed=1), session.prompt("warm")
    described = {each["id"]: {port["name"]: port for port in each["ports"]} for each in describe()}
    written = page({name: {"machine": "", "rows": []} for name in ("propagation", "seen", "modulation")})

    def document(row: Control, value: Any) -> Patch:
        scheduler = {row.name: value} if row.carrier == "scheduler" else {}
        return patch({"state": Node("step_state", values={} if scheduler else {row.name: value})}, [], **scheduler)

    def heard(row: Control, value: Any) -> torch.Tensor:
        return torch.from_numpy(played(document(row, value), 4.0)[1])

    def generated(row: Control, value: Any) -> torch.Tensor:
        given = {row.name: value}
        ring = session.ring(source, 1)
        ring.submit(session.request(prompt, source, **({} if row.every_step else given)))
        return ring.drain(session.step_values(source, **given) if row.every_step else {})[0].latent

    def distance(make: Any, row: Control) -> float:
        rest = row.default if row.shape == "choice" else 0
        return float((make(row, MOVED[row.name]) - make(row, rest)).abs().max())

    return {
        row.name: {
            "kind": f"{row.propagation} {row.shape}",
            "port": row.name in CATALOGUE[row.carrier].by_name,
            "page": f"| `{row.name}` | {row.doc}" in written,
            "schema": described[row.carrier][row.name]["title"],
            "good": [str(found) for found in problems(document(row, MOVED[row.name]), CATALOGUE)],
            "wrong": [found.port for found in problems(document(row, WRONG[row.name]), CATALOGUE)],
            "measured": any(trial.control == row.name for trial in TRIALS),
            "generated": distance(generated, row),
            "heard": distance(heard, row),
        }
        for row in ROWS
    }


if __name__ == "__main__":
    add_rows()
    add_effects()
    print(json.dumps(facts()))
