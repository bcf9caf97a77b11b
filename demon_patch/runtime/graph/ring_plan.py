"""Plans what a patch asks of the engine, apart from the numbers that move while it plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from demon_patch.engine.controls import CONTROLS, Control
from demon_patch.nodes.language.ports import SINGLE
from demon_patch.nodes.library.control.snapshot import RECALL, SNAPSHOT
from demon_patch.nodes.library.engine.engine import CHAIN, LENGTH, LORA, STEER, STEP_WINDOW
from demon_patch.runtime.graph.check import ring_chain, ring_nodes
from demon_patch.runtime.graph.mix_plan import MixPlan, mix_plans
from demon_patch.runtime.graph.wiring import Wiring


@dataclass(frozen=True, slots=True)
class RingPlan:
    """What a patch asks of the engine, apart from the numbers that move while it plays."""

    scheduler: str
    """Node id of the Scheduler. The next three fields are node ids too; `source_blend` and `step_state` are None where
    the node is missing, bypassed or muted."""
    source_blend: str | None
    step_state: str | None
    decoder: str
    wired: Mapping[str, str]
    """By control, the id of the node that its prompt, clip, surface or notes come from."""
    options: Mapping[str, str]
    """By control, the chosen option."""
    active: frozenset[str]
    """The controls whose port is set, wired or not optional. One that needs another control (`meets`) has no effect
    without it."""
    bypass: bool = False
    """Whether the Decoder is bypassed, so that the source is heard unchanged."""
    loras: Mapping[str, str] = field(default_factory=dict)
    """By node id, in the order of the chain, the file of each LoRA."""
    steers: Mapping[str, str] = field(default_factory=dict)
    """By node id, in the order of the chain, the file of each steering vector."""
    mixes: Mapping[str, MixPlan] = field(default_factory=dict)
    """By node id, the mixes that prompts, clips and surfaces of the engine come through."""
    step_window: str | None = None
    """The id of the node that narrows the Step State."""
    silent: bool = False
    """Whether nothing is heard, because an end or a cable of the ring chain, or all outputs of the sound, are muted."""
    alone: tuple[float, float | None] = (0.0, None)
    """Of a song without a source: its length in seconds, and its tempo in beats a minute, None where the patch has
    none."""
    recalls: tuple[str, ...] = ()
    """The ids of the Snapshot nodes that recall: those that are neither muted nor bypassed, and whose gate is wired."""

    def meets(self, row: Control) -> bool:
        """Returns whether a control has the other control that it needs: that one is wired, set, or an option other
        than "off". True for a control that needs none."""
        need = row.needs
        if need is None or need in self.wired:
            return True
        if need in self.options:
            return self.options[need] != "off"
        return need in self.active and CONTROLS[need].numeric

    @property
    def reached(self) -> frozenset[str]:
        """The ids of the nodes that prompts, clips and surfaces come from: mixes, and the nodes that these take
        from."""
        prompts = {control: id for control, id in self.wired.items() if control != "score"}
        return frozenset(
            [*prompts.values(), *(id for mixture in self.mixes.values() for id in mixture.inputs.values())]
        )

    @property
    def surfaces(self) -> frozenset[str]:
        """The ids of the nodes that the channel gains come from."""
        found: set[str] = set()
        waiting = [self.wired["channel_gain"]] if "channel_gain" in self.wired else []
        while waiting:
            found.add(id := waiting.pop())
            waiting += self.mixes[id].inputs.values() if id in self.mixes else ()
        return frozenset(found)

    @property
    def framed(self) -> MixPlan | None:
        """The blend of two prompts that has weights for every latent frame of the song; None where there is none."""
        mixture = self.mixes.get(self.wired.get("prompt", ""))
        return mixture if mixture is not None and mixture.per_frame and not (mixture.bare or mixture.bypassed) else None

    @property
    def source(self) -> str | None:
        """The id of the node of the clip that is covered; None where none is wired (`alone`)."""
        return self.wired.get("source")


def _files(wiring: Wiring, kind: str) -> dict[str, str]:
    """Returns the files that the nodes of a type in the ring chain name, by node id, in its order."""
    ids = [id for id in ring_nodes(wiring) if wiring.known[id].id == kind and not wiring.rests(id)]
    return {id: str(wiring.patch.nodes[id].values["file"]).strip() for id in ids}


def ring_plan(wiring: Wiring) -> RingPlan:
    """Returns the plan of a patch without `problems`."""
    nodes = wiring.patch.nodes
    chain = ring_chain(wiring)
    ids = {type: id for type, id in chain.items() if type in CHAIN[::3] or not wiring.rests(id)}
    active: set[str] = set()
    options: dict[str, str] = {}
    wired: dict[str, str] = {}
    for id in ids.values():
        for port in wiring.known[id].ports:
            if port.control is None:
                continue
            given = port.name in nodes[id].values or port.name in nodes[id].ranges
            if not port.optional or given or (id, port.name) in wiring.into:
                active.add(port.control)
            if port.type == "option":
                options[port.control] = str(nodes[id].values.get(port.name, wiring.default(port)))
            elif port.type in SINGLE and (cables := wiring.into.get((id, port.name))):
                wired[port.control] = cables[0].src
    return RingPlan(
        ids["scheduler"], ids.get("source_blend"), ids.get("step_state"), ids["decoder"], wired, options,
        frozenset(active), nodes[ids["decoder"]].bypass,
        _files(wiring, LORA), _files(wiring, STEER),
        mix_plans(wiring, wired.values()),
        next((id for id in ring_nodes(wiring) if wiring.known[id].id == STEP_WINDOW and not wiring.rests(id)), None),
        wiring.silent(ring_nodes(wiring)),
        (float(wiring.knob(ids["scheduler"], wiring.known[ids["scheduler"]].by_name[LENGTH])), wiring.bpm or None),
        tuple(
            id for id, declaration in wiring.known.items()
            if declaration.id == SNAPSHOT and not wiring.rests(id) and (id, RECALL) in wiring.into
        ),
    )  # fmt: skip
