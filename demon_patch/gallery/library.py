"""Makes the page of all nodes from their declarations, with a picture of each node's outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np

from demon_patch.arrays import Curve
from demon_patch.bench.graph import CABLES, CHAIN
from demon_patch.bench.page import of_knob
from demon_patch.engine.controls import CONTROLS
from demon_patch.errors import DemonError
from demon_patch.nodes import formulas
from demon_patch.nodes.language import displays
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import NUMBERS, Out, Port
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.assets.text_pages import check_page, write_page
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.scopes import SHOWN

RATE, BPM = 25, 120.0
FRAMES = SHOWN
SECONDS = FRAMES / RATE
TRANSPORT = Transport(float(RATE), BPM, 4, FRAMES)
GEOMETRY = Geometry(float(RATE), FRAMES)
COLOURS = ("#e0a458", "#6ea8c7", "#8fbf7f", "#c98bb9", "#b8b8b8", "#d97b66", "#7fc7b8", "#a89ad6")
_SHOWN = {
    "button": {"pressed": 1.0},
    "mod_matrix": {f"out{n}_from1": x for n, x in enumerate((1.0, 0.6, -0.5, -1.0), 1)},
    "sequential_switch": {f"v{n}": x for n, x in enumerate((0.2, 0.9, 0.5, 0.7, 0.1, 1.0, 0.4, 0.6), 1)},
    "step_sequencer": {f"v{n}": x for n, x in enumerate((0.2, 0.9, 0.5, 0.7, 0.1, 1.0, 0.4, 0.6), 1)},
    "preset_switch": {f"{row}{n}": (0.35 * n + 0.2 * i) % 1 for i, row in enumerate("abcd") for n in range(1, 9)},
    "prompt_sequence": {"bars": 1.0},
    "source_sequence": {"bars": 1.0, "glide": 0.5},
    "surface_bump": {"width": 1.5},
}
"""Knobs of nodes whose outputs would show little at their defaults."""
_PARTS = {"prompt": "prompt", "source": "composed_source", "surface": "channel_groups", "score": "notes"}
_HEAD = """# Nodes

Made by `demon-patch nodes --page` from the declarations in `demon_patch/nodes/`; do not edit.

The pictures show ten seconds (five bars at 120 bpm) of every output, of a mix its weights, of a surface its gains;
knobs stand as they do by default. An open signal input is fed a slow wave with steps, gate inputs clocks; where nothing
would move, a slow wave turns the first knob. What hands, a keyboard, an ear or a network would send is a wave, too.
"""


def page(catalogue: Mapping[str, Declaration], pictures: Mapping[str, str]) -> str:
    """Returns the page of all node types as Markdown.

    pictures: the path of each node's picture, relative to the page.
    """
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
    if shown := [port for port in d.ports if not port.live]:
        lines += ["| input | what it does | range | default |", "|---|---|---|---|", *map(_row, shown), ""]
    lines += [f"- **{out.name}** ({out.type}): {out.doc}{_bypassed(out)}" for out in d.outs if out.doc]
    lines.append(f"\nDisplay: [{d.display}](displays.md).")
    return "\n".join([*lines, f"\nSearch words: {', '.join(d.tags)}.\n"])


def _bypassed(out: Out) -> str:
    return f" Bypassed: {out.passes}." if out.passes else ""


def _row(p: Port) -> str:
    default = "" if p.default is None or p.default == "" else f"{p.default:g}" if p.numeric else str(p.default)
    if p.taper == "family" and p.control is not None:
        default = of_knob(CONTROLS[p.control], float(p.default or 0))
    return f"| {p.name} | {p.doc} | {_range(p)} | {default.replace('|', '/')} |"


def _range(p: Port) -> str:
    if p.choices:
        return ", ".join(p.choices)
    if not p.numeric:
        return p.type
    if not (math.isfinite(p.lo) or math.isfinite(p.hi)):
        return "any number"
    unit = f" {p.unit}" if p.unit else " of the knob" if p.taper == "family" else ""
    return f"{p.lo:g} to {p.hi:g}{unit}{'' if p.taper == 'linear' else f' ({p.taper})'}"


# -- what a node puts out ---------------------------------------------------------------------------------------
def outputs(declaration: Declaration, catalogue: Mapping[str, Declaration]) -> Mapping[str, Curve]:
    """Returns the outputs of a node over FRAMES control frames, by name: values, levels of gates, weights of a mix,
    gains of a surface. Empty for a node without signals."""
    if declaration.kind == "resource" and declaration.table is not None:
        program = compile(_demonstrated(declaration), catalogue, GEOMETRY)
        return {declaration.outs[0].name: np.asarray(program.tables[program.table_of["n"]])}
    if not declaration.has_body:
        return {}
    found = _played(declaration, catalogue, "")
    if all(np.ptp(curve) < 1e-9 for curve in found.values()):
        moved = next((p.name for p in declaration.ports if p.wireable and p.numeric), "")
        found = _played(declaration, catalogue, moved)
    return found


def _played(declaration: Declaration, catalogue: Mapping[str, Declaration], moved: str) -> Mapping[str, Curve]:
    """Returns the outputs of the node, played alone, by name. moved: a port that a slow wave moves."""
    program = compile(_demonstrated(declaration, moved), catalogue, GEOMETRY)
    forecast = Forecast(program, TRANSPORT)
    forecast.scopes.watch({("n", out.name, "out") for out in declaration.signals})
    fed = [port for port in declaration.ports if port.live]
    for k in range(FRAMES):
        for number, port in enumerate(fed):
            forecast.feed("n", port.name, _fed(port, number, k))
        forecast.advance(k + 1)
    if declaration.hidden:
        return {o.name: forecast.span(program.engine_port("n", o.name), 0, FRAMES) for o in declaration.hidden}
    return {out.name: forecast.scopes.read(("n", out.name, "out")).values for out in declaration.signals}


def _fed(port: Port, number: int, k: int) -> float | tuple[float, float]:
    """Returns the live input of a port at control frame k: a gate on every beat as (level, rises), otherwise a slow
    wave."""
    if port.type == "gate":
        beat = int(RATE * 60.0 / BPM)
        return (1.0 if k % beat < beat // 2 else 0.0, 1.0 if k % beat == 0 else 0.0)
    share = 0.5 + 0.4 * math.sin(2 * math.pi * (0.2 * k / RATE + 0.13 * number))
    lo, hi = (port.lo, port.hi) if port.bounded else (0.0, 1.0)
    return lo + (hi - lo) * share


def _demonstrated(declaration: Declaration, moved: str = "") -> Patch:
    """Returns a patch in which the node plays alone: clocks at its gate ports, a wave with steps at its first unbounded
    number port, and the parts that it needs.

    moved: a port that a slow wave moves.
    """
    nodes, cables = (
        {**CHAIN, "n": Node(declaration.id, version=declaration.version, values=_SHOWN.get(declaration.id, {}))},
        list(CABLES),
    )
    nodes |= {
        "wave": Node("lfo", values={"rate": 0.2}),
        "steps": Node("lfo", values={"rate": 1.0, "shape": "random", "seed": 3}),
        "signal": Node("add"),
        "drawn": Node("drawn_curve", values={"points": [[0, 0], [0.2, 1], [0.5, 0.3], [0.6, 0.9], [1, 0]]}),
    }
    cables += [Cable("wave", "out", "signal", "a"), Cable("steps", "out", "signal", "b", depth=0.5)]
    wired = [port for port in declaration.ports if port.wireable]
    resets = declaration.category == "logic"  # elsewhere they would only cut the picture short
    gates = [port for port in wired if port.type == "gate" and (resets or port.name != "reset")]
    for number, port in enumerate(gates):
        nodes[f"clock{number}"] = Node("clock", values={"beats": min(1.0 * 4**number, 64.0)})
        cables.append(Cable(f"clock{number}", "gate", "n", port.name))
    for port in wired:
        if (part := _PARTS.get(port.type)) is not None:
            nodes[f"part_{port.name}"] = Node(part)
            cables.append(Cable(f"part_{port.name}", port.type, "n", port.name))
        elif port.type == "curve" and declaration.kind == "resource":
            cables.append(Cable("drawn", "curve", "n", port.name))
    signal = next((port for port in wired if port.type in NUMBERS and not port.bounded), None)
    if signal is not None and declaration.kind != "resource":
        cables.append(Cable("signal", "out", "n", signal.name, mode="set"))
    if declaration.kind in ("mix", "surface"):
        nodes["ss"] = Node("step_state")
        cables = [cable for cable in cables if cable.dst != "zd"]
        cables += [Cable("zs", "ring", "ss", "ring"), Cable("ss", "ring", "zd", "ring")]
        out = declaration.outs[0]
        end = ("ss", "channel_gain") if out.type == "surface" else ("zs", out.type)
        cables.append(Cable("n", out.name, *end))
    if moved and moved != (signal and signal.name):
        cables.append(Cable("wave", "out", "n", moved, mode="add", depth=0.4))
    return Patch(nodes=nodes, cables=tuple(cables))


def draw(curves: Mapping[str, Curve], path: Path) -> None:
    """Writes a small PNG of some curves. Raises DemonError without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise DemonError(
            "a picture needs matplotlib", mend="install it with: pip install 'demon-patch[plots]'"
        ) from None
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 1.3), layout="tight")
    for (name, curve), colour in zip(curves.items(), COLOURS * 4, strict=False):
        axis.plot(np.arange(len(curve)) / RATE, curve, linewidth=1.1, label=name, color=colour)
    axis.set_xlim(0, SECONDS)
    axis.margins(y=0.12)
    axis.tick_params(labelsize=6, length=2)
    for bar in range(0, math.ceil(SECONDS), 2):
        axis.axvline(bar, color="#888888", linewidth=0.4, alpha=0.5)
    if len(curves) > 1:
        axis.legend(fontsize=6, ncols=2, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=72)
    plt.close(figure)


def write(catalogue: Mapping[str, Declaration], path: Path) -> list[Path]:
    """Writes the page, its pictures into a folder of the same name beside it, and the pages of formulas and of
    displays; returns the paths of all pages. Raises DemonError where one is another file than a former page."""
    folder, drawn = path.with_suffix(""), []
    beside = {path.with_name("formulas.md"): formulas.page, path.with_name("displays.md"): displays.page}
    for each in (path, *beside):
        check_page(each)
    for id, declaration in catalogue.items():
        if curves := outputs(declaration, catalogue):
            draw(curves, folder / f"{id}.png")
            drawn.append(id)
    pages = {path: page(catalogue, pictures_of(drawn, folder)), **{each: text() for each, text in beside.items()}}
    return [write_page(each, text) for each, text in pages.items()]


def pictures_of(drawn: Iterable[str], folder: Path) -> dict[str, str]:
    """Returns the path of each node's picture, relative to the page."""
    return {id: f"{folder.name}/{id}.png" for id in drawn}
