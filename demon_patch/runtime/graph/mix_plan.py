"""Plans the mixes of a patch: which prompts, clips and surfaces each mix weighs. Also finds mistakes in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from demon_patch.errors import PatchError
from demon_patch.runtime.graph.wiring import Wiring


@dataclass(frozen=True, slots=True)
class MixPlan:
    """The wiring and options of a mix."""

    inputs: Mapping[str, str]
    """By wired input, in the order of the ports, the id of the node that it takes from."""
    bare: tuple[str, ...]
    """The inputs without a cable."""
    options: Mapping[str, str]
    """The options of the node."""
    feeds: bool
    """Whether the mix takes finished generations too."""
    bypassed: bool = False
    """Whether the mix passes on its first wired input alone."""

    @property
    def per_frame(self) -> bool:
        """Whether the mix has separate weights for every latent frame of the song."""
        return self.options.get("per") == "frame"


def mix_plans(wiring: Wiring, ends: Iterable[str]) -> dict[str, MixPlan]:
    """Returns the mixes among the nodes `ends` and the nodes that these take from, by node id."""
    found: dict[str, MixPlan] = {}
    waiting = list(ends)
    while waiting:
        id = waiting.pop()
        declaration = wiring.known[id]
        if declaration.kind != "mix" or id in found:
            continue
        inputs = {p.name: cables[0].src for p in declaration.mix_inputs if (cables := wiring.into.get((id, p.name)))}
        values = wiring.patch.nodes[id].values
        found[id] = MixPlan(
            inputs,
            tuple(p.name for p in declaration.mix_inputs if p.name not in inputs),
            {p.name: str(values.get(p.name, p.default)) for p in declaration.settings},
            any(out.name == "fed" for out in declaration.hidden),
            wiring.patch.nodes[id].bypass,
        )
        waiting += inputs.values()
    return found


def mix_problems(wiring: Wiring) -> Iterator[PatchError]:
    """Yields the mistakes of mixes: mixes that are used but have no input, and blends per frame that the engine cannot
    make."""
    if not any(declaration.kind == "mix" for declaration in wiring.known.values()):
        return
    takers: dict[str, list[tuple[str, str]]] = {}
    for end, cables in wiring.into.items():
        for cable in cables:
            takers.setdefault(cable.src, []).append(end)
    for id, declaration in wiring.known.items():
        if declaration.kind != "mix" or id not in takers:
            continue
        if not any((id, p.name) in wiring.into for p in declaration.mix_inputs):
            first, kind = declaration.mix_inputs[0].name, declaration.outs[0].type
            yield PatchError(f"no {kind} is wired to it", node=id, port=first, mend=f"wire a {kind} to it")
        if str(wiring.patch.nodes[id].values.get("per", "")) != "frame":
            continue
        for node, port in takers[id]:
            if wiring.known[node].id != "scheduler" or port != "prompt":
                yield PatchError(
                    f"a blend per frame cannot go to {node}.{port}",
                    node=id, port="per", mend="wire it to the Scheduler's prompt, or blend per generation",
                )  # fmt: skip
            elif (node, "prompt_b") in wiring.into:
                yield PatchError(
                    "a blend per frame is the second prompt itself, but another is wired",
                    node=node, port="prompt_b", mend="take that cable out, or blend per generation",
                )  # fmt: skip
