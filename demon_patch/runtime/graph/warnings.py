"""Finds what is odd about a patch that plays: controls without effect, controls that are moved too fast, a ring that is
deeper than its steps, live nodes without a cable, mutes that silence everything, names that do not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, Control
from demon_patch.engine.families import DEFAULT_MODEL, NAMES, spec_of, unread
from demon_patch.errors import PatchError
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import quoted
from demon_patch.runtime.graph.check import ring_nodes, takes_heard_sound
from demon_patch.runtime.graph.dashboard_remarks import dashboard_remarks
from demon_patch.runtime.graph.rates import too_fast
from demon_patch.runtime.graph.ring_plan import ring_plan
from demon_patch.runtime.graph.snapshot_remarks import snapshot_remarks
from demon_patch.runtime.graph.source_remarks import source_remarks
from demon_patch.runtime.graph.unknown_keys import misspelt_keys
from demon_patch.runtime.graph.wiring import Wiring

MOST_WORDS = 20
"""Most unknown words of one prompt that are shown."""


def warnings_of(
    patch: Patch, catalogue: Mapping[str, Declaration], model: str = "", *, clip: bool = False
) -> list[PatchError]:
    """Returns the remarks on a patch without `problems`; none of them keeps it from playing.

    model: the model that plays the patch; by default the one that the patch names, or the first.
    clip: whether a clip replaces the patch's own source.

    There is one for each

    - port of the ring's nodes that is wired or set, but has no effect without another control;
    - live node whose audio or ring is not wired;
    - step window without a Step State;
    - ring depth above the number of steps;
    - text that needs a part which the model does not have;
    - song without a source, and setting that has no effect with or without one (`source_remarks`);
    - muted cable or end of the ring's chain, for which nothing is heard;
    - Snapshot node without a gate, or with a place that has no snapshot (`snapshot_remarks`);
    - mapping, widget or value of a snapshot that fits no port (`dashboard_remarks`);
    - unknown key that is like a known one (`misspelt_keys`);
    - control that is moved faster than it can follow (`rates.too_fast`).
    """
    model = model or patch.meta.model or DEFAULT_MODEL
    spec = spec_of(model) if model in NAMES else None
    wiring = Wiring(patch, catalogue, spec)
    plan = ring_plan(wiring)
    found: list[PatchError] = []
    for id in (plan.scheduler, plan.source_blend, plan.step_state, plan.decoder):
        if id is None:
            continue
        values = patch.nodes[id].values
        for port in wiring.known[id].ports:
            row = CONTROLS.get(port.control or "")
            if row is None or row.needs is None or plan.meets(row):
                continue
            if (id, port.name) in wiring.into or values.get(port.name, wiring.default(port)) != wiring.default(port):
                need = CONTROLS[row.needs]
                what = f"it has no effect without {need.title.lower()}"
                found.append(PatchError(what, node=id, port=port.name, mend=_mend(need)))
    if plan.step_window is not None and plan.step_state is None:
        found.append(
            PatchError("it has no effect without a Step State", node=plan.step_window, mend="add one to the chain")
        )
    return [
        *found,
        *_without_part(wiring, spec),
        *(source_remarks(wiring, plan, spec, clip) if spec is not None else ()),
        *_ring_deeper_than_steps(wiring, plan.scheduler),
        *_unwired_live_nodes(wiring),
        *(_muted(wiring) if plan.silent else ()),
        *snapshot_remarks(patch, wiring),
        *dashboard_remarks(patch, catalogue),
        *misspelt_keys(patch),
        *too_fast(patch, catalogue),
    ]


def _without_part(wiring: Wiring, spec: FamilySpec | None) -> Iterator[PatchError]:
    """Yields a remark for each text and each cable that needs a part which the model does not have."""
    if spec is None:
        return
    for id, name in sorted(wiring.into):
        row = CONTROLS.get(wiring.known[id].by_name[name].control or "")
        if row is not None and not row.stops and not spec.has(row):
            error = spec.lacks(row)
            yield PatchError(error.what, node=id, port=name, mend=error.mend)
    for id, declaration in wiring.known.items():
        for port in declaration.ports:
            text = wiring.patch.nodes[id].values.get(port.name, port.default)
            if port.part is not None and text != port.default and not getattr(spec, port.part):
                mend = f"play it on a model that has {port.part}, or empty the port"
                yield PatchError(f"the model {spec.name} has no {port.part}", node=id, port=port.name, mend=mend)


def _ring_deeper_than_steps(wiring: Wiring, scheduler: str | None) -> Iterator[PatchError]:
    """Yields a remark where the ring has more slots than a generation has steps. A tick begins one generation at most,
    so the further slots stay empty. For a port with a cable, the lowest depth and the highest number of steps of its
    playing range count."""
    if scheduler is None:
        return
    ends: list[int] = []
    for name, end in (("depth", 0), ("steps", 1)):
        port = wiring.known[scheduler].by_name[name]
        wired = (scheduler, name) in wiring.into
        ends.append(round(wiring.playing_range(scheduler, port)[end] if wired else wiring.knob(scheduler, port)))
    depth, steps = ends
    if depth > steps:
        what = f"of {depth} places in the ring at most {steps} are ever taken, since a generation of "
        what += f"{_counted(steps, 'step')} is done by then: the others cost memory, and no control answers sooner"
        mend = f"set depth to {steps} or less, or steps to {depth} or more"
        yield PatchError(what, node=scheduler, port="depth", mend=mend)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("s" if number != 1 else "")


def _muted(wiring: Wiring) -> Iterator[PatchError]:
    """Yields a remark for each mute that silences everything: of an end of the chain, of a cable in it, or of all
    outputs."""
    nodes, chain = wiring.patch.nodes, ring_nodes(wiring)
    into = [(id, port, cables[0]) for (id, port), cables in sorted(wiring.into.items())]
    ends = sorted({id for id in (chain[0], chain[-1]) if nodes[id].muted})
    cables = [(id, cable) for id, port, cable in into if id in chain and port == "ring" and cable.muted]
    if not ends and not cables:
        heard = [(id, cable) for id, port, cable in into if takes_heard_sound(wiring, id, port)]
        ends = [id for id, _ in heard if nodes[id].muted]
        cables = [(id, cable) for id, cable in heard if cable.muted and id not in ends]
    for id in ends:
        yield PatchError("nothing is heard while it is muted", node=id, mend="unmute it, unless that is meant")
    for id, cable in cables:
        what = f"nothing is heard while the cable from {cable.src}.{cable.out} is muted"
        yield PatchError(what, node=id, port=cable.port, mend="unmute it, unless that is meant")


def _unwired_live_nodes(wiring: Wiring) -> Iterator[PatchError]:
    """Yields a remark for each live node that measures a sound or a ring, but has none wired to it."""
    mends = {"audio": "wire the Decoder's audio to it, or a source's", "ring": "wire the ring of any node of the chain"}
    for id, declaration in wiring.known.items():
        for port in declaration.ports:
            if declaration.live and port.type in mends and (id, port.name) not in wiring.into:
                what = "it stays at rest: nothing is wired to it"
                yield PatchError(what, node=id, port=port.name, mend=mends[port.type])


def unknown_words(patch: Patch, catalogue: Mapping[str, Declaration], model: str = "") -> list[PatchError]:
    """Returns one remark for each word of a prompt, or of a composed style, that the model cannot read; at most
    MOST_WORDS for each text.

    model: the family that plays the patch; by default the one that the patch names, or the first. An unknown family
    gives no remarks.
    """
    model = model or patch.meta.model or DEFAULT_MODEL
    wiring = Wiring(patch, catalogue)
    found: list[PatchError] = []
    for id, declaration in wiring.known.items() if model in NAMES else ():
        for port in declaration.ports if declaration.kind == "resource" else ():
            text = wiring.patch.nodes[id].values.get(port.name, port.default)
            if port.type == "text" and port.part is None and isinstance(text, str):
                for word, mend in unread(model, text)[:MOST_WORDS]:
                    what = f"the model does not know {quoted(word)}"
                    found.append(PatchError(what, node=id, port=port.name, mend=mend))
    return found


def _mend(need: Control) -> str:
    node = need.carrier.replace("_", " ").title()
    if need.options:
        return f"choose another {need.title.lower()} than off on the {node}"
    if need.numeric:
        return f"wire or set {need.title.lower()} on the {node}"
    return f"wire a {need.shape} to {need.title.lower()} on the {node}"
