"""The page of all nodes, made from their declarations, with a picture of what each puts out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch.errors import DemonError
from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.ports import Port
from demon_patch.patch.document import Cable, Node, Patch
from demon_patch.runtime.clock import Transport
from demon_patch.runtime.compile import Geometry, compile
from demon_patch.runtime.program import Program

Curve = NDArray[np.float64]

RATE, SECONDS, BPM = 25, 16, 120.0
FRAMES = RATE * SECONDS
COLOURS = ("#e0a458", "#6ea8c7", "#8fbf7f", "#c98bb9", "#b8b8b8", "#d97b66", "#7fc7b8", "#a89ad6")
_CHAIN = {"zs": Node("scheduler"), "zd": Node("decoder"), "zo": Node("speaker")}
_CABLES = (Cable("zs", "ring", "zd", "ring"), Cable("zd", "audio", "zo", "audio"))
_HEAD = """# Nodes

Made by `demon-patch nodes --page` from the declarations in `demon_patch/nodes/`; do not edit.

The pictures show 16 seconds (eight bars at 120 bpm) of every output, with knobs as they are by default. Signal inputs
are fed a slow wave with steps, gate inputs a clock; what a musician's hands, a keyboard or a network would send is
played by the same signals. A range with a unit is the declared one of the knob.
"""


def page(catalogue: Mapping[str, Declaration], pictures: Mapping[str, str]) -> str:
    """The page in Markdown. pictures: by node, the path of its picture, relative to the page."""
    listed = sorted(catalogue.values(), key=lambda d: (d.category, d.title))
    parts = [_HEAD, f"{len(listed)} nodes: " + ", ".join(f"[{d.title}](#{_anchor(d)})" for d in listed) + ".\n"]
    for category, group in groupby(listed, key=lambda d: d.category):
        parts.append(f"## {category.capitalize()}\n")
        parts += [_entry(d, pictures.get(d.id)) for d in group]
    return "\n".join(parts)


def _anchor(d: Declaration) -> str:
    return "".join(c for c in d.title.lower().replace(" ", "-") if c.isalnum() or c == "-")


def _entry(d: Declaration, picture: str | None) -> str:
    lines = [f"### {d.title}\n", f"`{d.id}` · {d.sentence}\n"]
    if picture is not None:
        lines.append(f"![What {d.title} puts out]({picture})\n")
    if d.doc:
        lines.append(f"{' '.join(d.doc.split())}\n")
    if d.ports:
        lines += ["| input | what it does | range | default |", "|---|---|---|---|", *map(_row, d.ports), ""]
    lines += [f"- **{out.name}** ({out.type}): {out.doc}" for out in d.outs if out.doc]
    return "\n".join([*lines, f"\nSearch words: {', '.join(d.tags)}.\n"])


def _row(p: Port) -> str:
    default = "" if p.default is None or p.default == "" else f"{p.default:g}" if p.numeric else str(p.default)
    return f"| {p.name} | {p.doc} | {_range(p)} | {default.replace('|', '/')} |"


def _range(p: Port) -> str:
    if p.choices:
        return ", ".join(p.choices)
    if not p.numeric:
        return p.type
    if not (math.isfinite(p.lo) or math.isfinite(p.hi)):
        return "any number"
    unit = f" {p.unit}" if p.unit else ""
    return f"{p.lo:g} to {p.hi:g}{unit}{'' if p.taper == 'linear' else f' ({p.taper})'}"


# -- what a node puts out ---------------------------------------------------------------------------------------
def outputs(declaration: Declaration, catalogue: Mapping[str, Declaration]) -> Mapping[str, Curve]:
    """What a node puts out over FRAMES control frames, by output; of a gate its level. Nothing of what puts out no
    signal."""
    names = [out.name for out in declaration.outs if out.type in ("value", "gate", "curve")]
    if not names or declaration.kind not in ("computed", "resource"):
        return {}
    transport = Transport(float(RATE), BPM, 4, FRAMES)
    program = compile(_demonstrated(declaration), catalogue, Geometry(float(RATE), FRAMES))
    if declaration.kind == "resource":
        return {names[0]: np.asarray(program.tables[program.table_of["n"]])}
    slots = {name: _slot(program, name) for name in names}
    rows = list(_played(program, declaration, transport))
    return {name: np.array([row[slot] for row in rows]) for name, slot in slots.items()}


def _slot(program: Program, out: str) -> int:
    halves = ("level", "value")
    return next(i for i, key in enumerate(program.bus_keys) if key[0] == "n" and key[-2] == out and key[-1] in halves)


def _played(program: Program, declaration: Declaration, transport: Transport) -> Iterator[list[float]]:
    state = program.state()
    for k in range(FRAMES):
        program.run(state, transport.frame(k))
        yield state.bus[:]


def _demonstrated(declaration: Declaration) -> Patch:
    """A patch in which the node stands alone, its signal and gate inputs fed."""
    nodes, cables = {**_CHAIN, "n": Node(declaration.id)}, list(_CABLES)
    nodes["wave"] = Node("lfo", values={"rate": 0.2, "sync": "free"})
    nodes["steps"] = Node("lfo", values={"rate": 1.0, "shape": "random", "seed": 3})
    nodes["signal"] = Node("add")
    cables += [Cable("wave", "out", "signal", "a"), Cable("steps", "out", "signal", "b", depth=0.5)]
    for number, port in enumerate(p for p in declaration.ports if p.wireable and p.type == "gate"):
        nodes[f"clock{number}"] = Node("clock", values={"beats": min(1.0 * 4**number, 64.0)})
        cables.append(Cable(f"clock{number}", "gate", "n", port.name))
    signals = [p for p in declaration.ports if p.wireable and p.type == "value" and not p.bounded]
    for port in signals[:1]:
        cables.append(Cable("signal", "out", "n", port.name))
    return Patch(nodes=nodes, cables=tuple(cables))


def draw(curves: Mapping[str, Curve], path: Path) -> None:
    """Writes a small PNG of some curves; raises DemonError without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise DemonError(
            "a picture needs matplotlib", mend="install it with: pip install 'demon-patch[plots]'"
        ) from None
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 1.3), layout="constrained")
    for (name, curve), colour in zip(curves.items(), COLOURS * 4, strict=False):
        axis.plot(np.arange(len(curve)) / RATE, curve, linewidth=1.1, label=name, color=colour)
    axis.set_xlim(0, SECONDS)
    axis.margins(y=0.12)
    axis.tick_params(labelsize=6, length=2)
    for bar in range(0, SECONDS, 2):
        axis.axvline(bar, color="#888888", linewidth=0.4, alpha=0.5)
    if len(curves) > 1:
        axis.legend(fontsize=6, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=72)
    plt.close(figure)


def write(catalogue: Mapping[str, Declaration], path: Path) -> None:
    """Writes the page and its pictures, into a folder beside it that is called like it."""
    folder, pictures = path.with_suffix(""), {}
    for id, declaration in catalogue.items():
        if curves := outputs(declaration, catalogue):
            draw(curves, folder / f"{id}.png")
            pictures[id] = f"{folder.name}/{id}.png"
    path.write_text(page(catalogue, pictures), encoding="utf-8")
