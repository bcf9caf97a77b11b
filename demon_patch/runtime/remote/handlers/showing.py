"""Words of prompts, peaks of clips, curves; the models."""

from __future__ import annotations

import hashlib

import numpy as np

from demon_patch.engine.contracts import Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families import NAMES, loras_of, spec_of, unread, weights_bytes
from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.rates import too_fast, when_taken
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.showing import (
    Curve,
    CurveValues,
    Hurries,
    Hurry,
    HurryList,
    ModelFile,
    ModelList,
    Models,
    PeakList,
    Peaks,
    PromptList,
    Prompts,
    Wording,
)
from demon_patch.runtime.remote.peaks import columns, packed, peaks_of
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


@slow
def prompts(served: ServedHost, peer: Peer, message: Prompts) -> PromptList:
    """Lists the words of all prompts and styles."""
    model, found = served.host.performer.spec.name, list[Wording]()
    for id, node in served.host.patch.flat.nodes.items():
        declaration = CATALOGUE.get(node.type)
        for port in declaration.ports if declaration is not None and declaration.kind == "resource" else ():
            text = node.values.get(port.name, port.default)
            if port.type == "text" and port.part is None and isinstance(text, str):
                odd = tuple(unread(model, text)) if model in NAMES else ()
                found.append(Wording(node=id, port=port.name, text=text, unread=odd))
    return PromptList(prompts=tuple(found))


@slow
def peaks(served: ServedHost, peer: Peer, message: Peaks) -> PeakList:
    """Gives the peaks of a clip."""
    host = served.host
    _check_gives(served, message.node, "source", "name a node that brings a clip")
    clip = host.clip_of(message.node)
    hash = clip.once("hash", lambda: _hash(clip))
    told = hash == message.known
    bpm, downbeat = clip.bpm, clip.downbeat
    return PeakList(
        hash=hash,
        seconds=len(clip.audio) / host.performer.spec.sample_rate,
        columns=message.columns,
        bpm=float(bpm or 0.0),
        downbeat=float(downbeat or 0.0),
        peaks=b"" if told else packed(peaks_of(clip.audio, message.columns)),
    )


@slow
def curve(served: ServedHost, peer: Peer, message: Curve) -> CurveValues:
    """Gives a curve over the song."""
    _check_gives(served, message.node, "curve", "name a node whose output is a curve")
    program = served.host.performer.program
    table = program.table_of.get(message.node)
    if table is None or not program.tables[table]:
        raise PatchError("the curve is not drawn yet", node=message.node, mend="ask again when the patch is compiled")
    values = np.asarray(program.tables[table], np.float32)
    return CurveValues(columns=message.columns, values=packed(columns(values, message.columns)))


@slow
def hurries(served: ServedHost, peer: Peer, message: Hurries) -> HurryList:
    """Lists the controls that are moved too fast."""
    patch, rates, found = served.host.patch, served.host.performer.rates, list[Hurry]()
    if problems(patch, CATALOGUE, served.host.performer.spec):
        return HurryList()
    for remark in too_fast(patch, CATALOGUE):
        node, port = remark.node or "", remark.port or ""
        row = CONTROLS.get(port)
        taken = None if row is None else when_taken(row)
        found.append(
            Hurry(
                node=node,
                port=port,
                fault=Fault.of(remark),
                cables=tuple(cable.key for cable in patch.flat.cables if (cable.dst, cable.port) == (node, port)),
                rate=0.0 if taken is None else round(rates.per_second(taken), 3),
            )
        )
    return HurryList(hurries=tuple(found))


@slow
def models(served: ServedHost, peer: Peer, message: Models) -> ModelList:
    """Lists the models, each with whether its weights are on this machine."""
    plays = served.host.performer.spec.name
    return ModelList(
        models=tuple(
            ModelFile(
                name=name,
                title=spec_of(name).title,
                here=weights_bytes(name) > 0,
                bytes=weights_bytes(name),
                plays=name == plays,
                loras=tuple(sorted(loras_of(name))),
            )
            for name in NAMES
        )
    )


def _check_gives(served: ServedHost, id: str, type: str, mend: str) -> None:
    """Raises PatchError unless a node of the document has an output of a type."""
    nodes = served.host.patch.flat.nodes
    if id not in nodes:
        raise PatchError("there is no such node", node=id, mend=did_you_mean(id, nodes, mend))
    declaration = CATALOGUE.get(nodes[id].type)
    if declaration is None or declaration.kind != "resource" or all(out.type != type for out in declaration.outs):
        raise PatchError(f"a {nodes[id].type} has no {type} of its own", node=id, mend=mend)


def _hash(clip: Source) -> str:
    return hashlib.sha256(packed(clip.audio)).hexdigest()
