"""From a patch to a program: inputs, adapters, order, slots, the plan of the ring."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from demon_patch.engine.controls import CONTROLS, Taper
from demon_patch.engine.family import FamilySpec
from demon_patch.nodes.adapter import threshold
from demon_patch.nodes.body import Body
from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.engine import CHAIN, LORA, STEP_WINDOW
from demon_patch.nodes.ports import SIGNALS, SINGLE, Port
from demon_patch.nodes.taper import STRAIGHT, norm
from demon_patch.patch.document import Cable, Patch
from demon_patch.runtime.check import problems, ring_chain, ring_nodes
from demon_patch.runtime.emit import Step
from demon_patch.runtime.mixture import mixtures
from demon_patch.runtime.order import arrange
from demon_patch.runtime.program import Program, RingPlan, Sink, SinkKind
from demon_patch.runtime.tables import drawings
from demon_patch.runtime.wiring import Input, Source, Wiring, input_text, limited

_VALUE = Body((), ((ast.Name("x", ast.Load()),),), ())
_GATE = Body(
    (), (tuple(ast.Attribute(ast.Name("x", ast.Load()), half, ast.Load()) for half in ("level", "rises")),), ()
)


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the graph knows of the model family: control frames a second, frames of the song (until the source is
    known), the family's taper: strengths at equally spaced knob positions; and the family itself, if not the one that
    the patch names; and the tempo of a patch that has none of its own."""

    frame_rate: float
    song_frames: int = 600
    strength_taper: tuple[float, ...] = STRAIGHT
    family: FamilySpec | None = None
    bpm: float | None = None

    @classmethod
    def of(cls, spec: FamilySpec, song_frames: int | None = None, bpm: float | None = None) -> Geometry:
        """The geometry of a family, with the length of its shortest song where none is given."""
        return cls(spec.frame_rate, song_frames or spec.min_frames, tuple(spec.strength_taper), spec, bpm)


def compile(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    geometry: Geometry,
    previous: Program | None = None,
) -> Program:
    """The program of a patch; its states adopt those of `previous`, by node id.

    Raises the first of `problems(patch, catalogue, geometry.family)`.
    """
    for problem in problems(patch, catalogue, geometry.family):
        raise problem
    return _Compiler(Wiring(patch, catalogue), geometry).program(previous)


@dataclass(slots=True)
class _Node:
    """A computed node, or an adapter within a cable, before it has a place in the program."""

    declaration: Declaration
    body: Body
    owner: str


@dataclass(eq=False)
class _Compiler:
    wiring: Wiring
    geometry: Geometry
    params: list[float] = field(default_factory=list)
    bus: list[float] = field(default_factory=list)
    bus_keys: list[tuple[str, ...]] = field(default_factory=list)
    cells: list[float] = field(default_factory=list)
    cell_keys: list[tuple[str, ...]] = field(default_factory=list)
    nodes: dict[str, _Node] = field(default_factory=dict)
    slots: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    adapters: dict[str, Cable] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    sinks: list[Sink] = field(default_factory=list)
    sink_slots: list[int] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    def program(self, previous: Program | None) -> Program:
        """The whole of it."""
        resources: dict[str, Hashable] = {}
        for id, declaration in self.wiring.known.items():
            if declaration.computed:
                self._add(id, declaration)
            elif declaration.kind == "resource":
                resources[id] = declaration.resolve(self.wiring.patch.nodes[id].values)
                if declaration.outs[0].type == "curve":
                    self.tables[id] = len(self.tables) + 1
        edges, cables = self._edges()
        order = arrange(self.nodes.keys(), edges)
        for id in order.nodes:
            for out in self.nodes[id].declaration.signals:
                halves = ("level", "rises") if out.type == "gate" else ("value",)
                self.slots[id, out.name] = tuple(
                    self._slot(id, self.nodes[id].declaration.id, out.name, half) for half in halves
                )
        for id in order.nodes:
            self._step(id, order.loops.get(id))
        for id, declaration in self.wiring.known.items():
            if declaration.kind in ("engine", "sink"):
                self._sinks(id, declaration)
        plan = ring_plan(self.wiring)
        for id in sorted(plan.reached):
            self._weights(id, plan)
        delays = frozenset(cable.socket for edge, cable in cables if edge in order.cut)
        made = Program(
            tuple(self.steps), tuple(self.sinks), tuple(self.sink_slots), resources, plan,
            self.geometry.frame_rate, self.params, self.bus, self.cells, self.bus_keys, self.cell_keys, self.owners,
            [list(self.geometry.strength_taper), *([] for _ in self.tables)], self.tables,
            drawings(self.wiring, resources), delays,
            inherited=previous.latest if previous is not None else None,
        )  # fmt: skip
        made.use_song(self.geometry.song_frames, self.wiring.patch.song.bpm or self.geometry.bpm)
        return made

    # -- nodes and their order ----------------------------------------------------------------------------------
    def _add(self, id: str, declaration: Declaration) -> None:
        node = self.wiring.patch.nodes[id]
        gates = [p.name for p in declaration.ports if p.type == "gate"]
        names = [*gates, *(p.name for p in declaration.inlets)]
        body = declaration.settled(node.values, frozenset(n for n in names if not self.wiring.into.get((id, n))))
        self.nodes[id] = _Node(declaration, _bypassed(declaration, body) if node.bypass else body, id)

    def _edges(self) -> tuple[list[tuple[str, str]], list[tuple[tuple[str, str], Cable]]]:
        """Which node waits for which, adapters included, and the cable behind each such pair."""
        pairs: list[tuple[tuple[str, str], Cable]] = []
        for (id, name), cables in self.wiring.into.items():
            declaration = self.wiring.known[id]
            port = declaration.by_name[name]
            if port.type not in SIGNALS:
                continue
            for cable in cables:
                start = cable.src
                if port.type == "gate" and self.wiring.out(cable).type != "gate":
                    adapter = f"{cable.src}.{cable.out}>{id}.{name}"
                    self.adapters[adapter] = cable
                    self.nodes[adapter] = _Node(threshold, threshold.settled({}), id)
                    if self.wiring.known[cable.src].computed:
                        pairs.append(((start, adapter), cable))
                    start = adapter
                if declaration.computed and start in self.nodes:
                    pairs.append(((start, id), cable))
        return [edge for edge, _ in pairs], pairs

    def _slot(self, *key: str, value: float = 0.0) -> int:
        self.bus.append(value)
        self.bus_keys.append(key)
        return len(self.bus) - 1

    def _step(self, id: str, loop: int | None) -> None:
        node = self.nodes[id]
        declaration = node.declaration
        first = len(self.cells)
        for name, start in declaration.states:
            self.cells.append(start)
            self.cell_keys.append((id, declaration.id, name))
        if (cable := self.adapters.get(id)) is not None:
            scale, shift = self.wiring.nominal(cable.src, cable.out).scaling
            source = self._source(cable)
            inputs = {"x": Input("p0 + x0 * p1", self._keep([shift, scale]), (source,))}
            gates = {}
        else:
            inputs = {p.name: self._input(id, p) for p in declaration.ports if p.numeric}
            gates = {p.name: self._gate(id, p) for p in declaration.ports if p.type == "gate"}
        slots = tuple(self.slots[id, out.name] for out in declaration.signals)
        starts = tuple(start for _, start in declaration.states)
        self.owners[id] = node.owner
        self.steps.append(Step(id, node.body, inputs, gates, slots, range(first, len(self.cells)), starts, loop))

    # -- inputs -------------------------------------------------------------------------------------------------
    def _keep(self, values: list[float]) -> tuple[int, ...]:
        start = len(self.params)
        self.params.extend(values)
        return tuple(range(start, len(self.params)))

    def _source(self, cable: Cable) -> Source:
        if cable.src in self.tables:
            return Source(table=self.tables[cable.src])
        return Source(self.slots[cable.src, cable.out][0])

    def _gate(self, id: str, port: Port) -> tuple[tuple[Source, Source], ...]:
        found: list[tuple[Source, Source]] = []
        for cable in self.wiring.into.get((id, port.name), []):
            adapter = f"{cable.src}.{cable.out}>{id}.{port.name}"
            pair = (adapter, "gate") if adapter in self.adapters else (cable.src, cable.out)
            level, rises = self.slots[pair]
            found.append((Source(level), Source(rises)))
        return tuple(found)

    def _input(self, id: str, port: Port) -> Input:
        """The text and parameters of a numeric input, by DESIGN 4 "Depth"."""
        wiring, knob = self.wiring, self.wiring.knob(id, port)
        lo, hi = wiring.playing(id, port)
        cables = wiring.into.get((id, port.name), [])
        if not cables:
            return Input("p0", self._keep([limited(knob, lo, hi)]))
        sets = [c for c in cables if wiring.sets(c)]
        adds = [c for c in cables if not wiring.sets(c)]
        sources = tuple(self._source(c) for c in (*sets, *adds))
        limits = math.isfinite(lo) or math.isfinite(hi)
        text = input_text(port.taper, port.bounded, limits, bool(sets), len(adds))
        if not port.bounded:
            strengths = [wiring.strength(c) for c in adds]
            base = sum((offset for _, offset in strengths), 0.0 if sets else knob)
            if not limits and base == 0.0 and len(cables) == 1 and (sets or strengths[0][0] == 1.0):
                return Input("x0", (), sources)
            return Input(text, self._keep([base, *(depth for depth, _ in strengths), lo, hi]), sources)
        span, place = self._places(port)
        base, gains = 0.0 if sets else place(knob), []
        for cable in adds:
            depth, offset = wiring.strength(cable)
            scale, shift = wiring.nominal(cable.src, cable.out).scaling
            gains.append(depth * scale * span)
            base += depth * (shift + offset) * span
        ends = [lo, hi, port.lo, port.hi, place(lo), place(hi)]
        return Input(text, self._keep([base, *gains, *ends]), sources)

    def _places(self, port: Port) -> tuple[float, Callable[[float], float]]:
        """The length of the whole range in the space where depths add up, and the place of a knob in it."""
        if port.taper == "log":
            return math.log(port.hi / port.lo), lambda x: math.log(x / port.lo)
        if port.taper == "family":
            table = self.geometry.strength_taper
            return 1.0, lambda x: float(norm(x, port.lo, port.hi, "family", table))
        return port.hi - port.lo, float

    # -- sinks and the ring -------------------------------------------------------------------------------------
    def _sinks(self, id: str, declaration: Declaration) -> None:
        for port in declaration.ports:
            if port.type not in SIGNALS or port.since is not None:
                continue
            control = CONTROLS[port.control] if port.control else None
            step, owner = f"{id}.{port.name}", (id, declaration.id, port.name)
            kinds: tuple[SinkKind, ...] = ("level", "gate")
            if port.type != "gate":
                kinds = ("curve",) if port.type == "curve" else ("value",)
            slots = tuple(self._slot(*owner, kind) for kind in kinds)
            for kind, slot in reversed(tuple(zip(kinds, slots, strict=True))):
                table = self.geometry.strength_taper
                self.sinks.append(Sink(id, port.name, control, kind, port.lo, port.hi, port.taper, table))
                self.sink_slots.append(slot)
            if port.type == "gate":
                gates = {"x": self._gate(id, port)}
                self.steps.append(Step(step, _GATE, {}, gates, (slots,), range(0)))
            else:
                given = self._input(id, port)
                if given.sources:
                    self.steps.append(Step(step, _VALUE, {"x": given}, {}, (slots,), range(0)))
                self.bus[slots[0]] = limited(self.wiring.knob(id, port), *self.wiring.playing(id, port))
                if not given.sources:
                    self.bus_keys[slots[0]] = (*owner, "constant", repr(self.bus[slots[0]]))
            self.owners[step] = id

    def _weights(self, id: str, plan: RingPlan) -> None:
        """The sinks of a mix or a surface that the engine takes from; of a mix, those of what is wired."""
        mixture = plan.mixes.get(id)
        for out in self.wiring.known[id].hidden:
            if mixture is None or out.name not in mixture.bare:
                taper: Taper = "int" if out.name == "tap" else "linear"
                self.sinks.append(Sink(id, out.name, None, "value", out.lo, out.hi, taper))
                self.sink_slots.append(self.slots[id, out.name][0])


def ring_plan(wiring: Wiring) -> RingPlan:
    """What the engine is to do for a patch without problems."""
    nodes = wiring.patch.nodes
    chain = ring_chain(wiring)
    ids = {type: id for type, id in chain.items() if type in CHAIN[::3] or not nodes[id].bypass}
    active: set[str] = set()
    options: dict[str, str] = {}
    wired: dict[str, str] = {}
    for id in ids.values():
        for port in wiring.known[id].ports:
            if port.control is None or port.since is not None:
                continue
            given = port.name in nodes[id].values or port.name in nodes[id].ranges
            if not port.optional or given or (id, port.name) in wiring.into:
                active.add(port.control)
            if port.type == "option":
                options[port.control] = str(nodes[id].values.get(port.name, port.default))
            elif port.type in SINGLE and (cables := wiring.into.get((id, port.name))):
                wired[port.control] = cables[0].src
    return RingPlan(
        ids["scheduler"], ids.get("source_blend"), ids.get("step_state"), ids["decoder"], wired, options,
        frozenset(active), nodes[ids["decoder"]].bypass,
        {
            id: str(nodes[id].values["file"]).strip()
            for id in ring_nodes(wiring) if wiring.known[id].id == LORA and not nodes[id].bypass
        },
        mixtures(wiring, wired.values()),
        next((id for id in ring_nodes(wiring) if wiring.known[id].id == STEP_WINDOW and not nodes[id].bypass), None),
    )  # fmt: skip


def _bypassed(declaration: Declaration, body: Body) -> Body:
    """A body that passes the port of each `like` output through, rests at 0 elsewhere and keeps its state."""
    zero = ast.Constant(0.0)
    outputs = tuple(
        (zero, zero) if out.type == "gate" else ((ast.Name(out.like, ast.Load()) if out.like else zero),)
        for out in declaration.signals
    )
    return Body((), outputs, tuple(ast.Name(name, ast.Load()) for name in body.state_names), body.state_names)
