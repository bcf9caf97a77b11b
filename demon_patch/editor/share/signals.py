"""What the signals of a patch do in its first seconds, computed without a host, a model or sound."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np

from demon_patch.arrays import Array
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SIGNALS
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast

RATE, SECONDS, BPM = 25, 8.0, 120.0
"""Control frames a second; how much is computed; the tempo of a patch that has none of its own."""
Signals = Mapping[tuple[str, str], Array]
"""The numbers of outputs by (node, name); of a gate its level, or 1 where it rises."""


def signals_of(
    patch: Patch, catalogue: Mapping[str, Declaration] = CATALOGUE, seconds: float = SECONDS
) -> dict[tuple[str, str], Array]:
    """Returns the numbers that outputs send from the beginning on. Outputs of a subpatch have the instance's id.

    What a hand, an ear or a network would send stays as it is at the start. Of a patch that does not compile only the
    nodes that make and shape signals are computed; empty where that is not possible either.
    """
    frames = max(1, round(RATE * seconds))
    transport = Transport(float(RATE), patch.song.bpm or BPM, patch.song.beats_per_bar, frames)
    watched = {}
    for id, node in patch.flat.nodes.items():
        declaration = catalogue.get(node.type)
        for out in () if declaration is None else declaration.outs:
            if out.type in SIGNALS:
                watched[id, out.name] = (id, out.name, "out")
    geometry = Geometry(float(RATE), frames, bpm=BPM)
    for tried in (lambda: patch, lambda: _without_engine(patch, catalogue)):
        try:
            forecast = Forecast(compile(tried(), catalogue, geometry), transport)
            break
        except (DemonError, ArithmeticError, ValueError, LookupError):
            continue
    else:
        return {}
    forecast.scopes.watch(set(watched.values()))
    try:
        for k in range(frames):
            forecast.advance(k + 1)
    except (DemonError, ArithmeticError, ValueError, LookupError):
        return {}
    found = {key: np.asarray(forecast.scopes.read(point).values, float) for key, point in watched.items()}
    made = {key: np.nan_to_num(values) for key, values in found.items() if len(values)}
    return made | _of_instances(patch, made)


def _without_engine(patch: Patch, catalogue: Mapping[str, Declaration]) -> Patch:
    """Returns the nodes of a patch that make and shape signals, beside a chain that they do not reach."""
    kept = {id: n for id, n in patch.nodes.items() if (d := catalogue.get(n.type)) is not None and d.has_body}
    ring, sound, out = (next(id for n in count() if (id := f"{name}{n}") not in kept) for name in ("zr", "zd", "zo"))
    chain = {ring: Node("scheduler"), sound: Node("decoder"), out: Node("speaker")}
    joined = (Cable(ring, "ring", sound, "ring"), Cable(sound, "audio", out, "audio"))
    between = tuple(cable for cable in patch.cables if cable.src in kept and cable.dst in kept)
    return Patch(nodes={**kept, **chain}, cables=(*between, *joined), song=patch.song)


def _of_instances(patch: Patch, made: Signals) -> dict[tuple[str, str], Array]:
    """Returns the signals of the outputs of subpatches and reroutes of the patch itself."""
    found: dict[tuple[str, str], Array] = {}
    for cable in patch.cables:
        if (key := (cable.src, cable.out)) not in made and (values := _behind(patch, made, *key)) is not None:
            found[key] = values
    return found


def _behind(patch: Patch, made: Signals, node: str, out: str) -> Array | None:
    """Returns the signal that an output passes on from a subpatch or through reroutes; None for none."""
    for _ in range(64):
        definition = patch.definitions.get(patch.nodes[node].definition) if node in patch.nodes else None
        if definition is not None:
            outlet = definition.outputs.get(out)
            return None if outlet is None or not outlet.node else made.get((f"{node}/{outlet.node}", outlet.out))
        before = patch.cables_into(node)
        if len(before) != 1:
            return None
        node, out = before[0].src, before[0].out
        if (node, out) in made:
            return made[node, out]
    return None
