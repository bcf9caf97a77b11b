"""Compiles a patch: specialises bodies, orders nodes, assigns bus slots and state cells, and builds a `Program`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demon_patch.codegen.delay_line import LineReach, sized_delay_line
from demon_patch.codegen.float_code import GATE, VALUE, WHOLE, NodeCode
from demon_patch.codegen.inputs import BusSource, InputCode
from demon_patch.codegen.node_cache import make_room
from demon_patch.codegen.specialise import bypassed_body
from demon_patch.codegen.whole_numbers import UNKNOWN, raw_name, with_whole_ports
from demon_patch.engine.controls import Taper
from demon_patch.nodes.adapters import threshold
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import NUMBERS, SIGNALS, Port
from demon_patch.patch.model.document import Cable, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.drawn_curves import drawn_curves
from demon_patch.runtime.graph.engine_ports import engine_ports_of
from demon_patch.runtime.graph.geometry import Geometry
from demon_patch.runtime.graph.live_inputs_compile import LiveInputCompiler
from demon_patch.runtime.graph.loops import LATE, ComputedCable, SplitNodes, running_order
from demon_patch.runtime.graph.parameters import AddCable, KnobPart, NumberInput
from demon_patch.runtime.graph.program import EnginePort, Program
from demon_patch.runtime.graph.reuse import CompiledNode, ComputedNode, Key, Numbering, Reuse
from demon_patch.runtime.graph.ring_plan import RingPlan, ring_plan
from demon_patch.runtime.graph.untouched import givens, untouched
from demon_patch.runtime.graph.wiring import Wiring, clamped


def compile(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    geometry: Geometry,
    previous: Program | None = None,
) -> Program:
    """Returns the program of a patch. Raises the first of `problems(patch, catalogue, geometry.family)`.

    previous: the program of an earlier state of the same document. What the edit did not touch is taken from it. The
    new program continues with its states, by node id.
    """
    wiring = Wiring(patch, catalogue, geometry.family)
    for problem in problems(patch, catalogue, geometry.family, wiring):
        raise problem
    return _Compiler(wiring, geometry, previous.memory if previous is not None else Reuse()).program(previous)


@dataclass(eq=False)
class _Compiler:
    wiring: Wiring
    geometry: Geometry
    before: Reuse
    now: Reuse = field(default_factory=Reuse)
    values: list[float] = field(default_factory=list)
    nodes: dict[str, ComputedNode] = field(default_factory=dict)
    slots: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    adapters: dict[str, Cable] = field(default_factory=dict)
    code: list[NodeCode] = field(default_factory=list)
    params: list[tuple[float, ...]] = field(default_factory=list)
    engine_ports: list[EnginePort] = field(default_factory=list)
    engine_slots: list[int] = field(default_factory=list)
    end_slots: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    split: SplitNodes = field(default_factory=SplitNodes)
    knobs: list[tuple[str, KnobPart]] = field(default_factory=list)
    knobs_of: dict[tuple[str, str], list[tuple[int, KnobPart]]] = field(default_factory=dict)
    folded: set[tuple[str, str]] = field(default_factory=set)
    constants: list[int] = field(default_factory=list)
    same: set[str] = field(default_factory=set)
    """The nodes whose code is that of the previous program."""

    def __post_init__(self) -> None:
        self.bus = Numbering(self.before.bus)
        self.cells = Numbering(self.before.cells)
        self.live_inputs = LiveInputCompiler(self.wiring, self.bus.take, self.tables)

    def program(self, previous: Program | None) -> Program:
        """Compiles the patch and returns its program."""
        self.now.family, self.now.given = self.geometry.family, givens(self.wiring)
        if self.before.family is self.now.family:
            self.same = untouched(self.wiring, self.now.given, self.before.given)
        resources: dict[str, Hashable] = {}
        for id, declaration in self.wiring.known.items():
            if declaration.has_body:
                self._specialise_node(id, declaration)
            elif declaration.kind == "resource":
                resources[id] = declaration.resolve(self.wiring.patch.nodes[id].values)
                if declaration.outs[0].type == "curve":
                    self.tables[id] = len(self.tables)
        self.now.tables = self.tables
        if not (self.bus.goes_on and self.cells.goes_on and self.tables == self.before.tables):
            self.same = set()
        joins = self._computed_cables()
        self.split, order = running_order(self.nodes, joins)
        for id in (id for id in order.nodes if id in self.nodes):
            for out in self.nodes[id].declaration.signals:
                parts = ("level", "rises") if out.type == "gate" else ("value",)
                declared = self.nodes[id].declaration
                self.slots[id, out.name] = tuple(
                    self._slot(id, declared.id, str(declared.version), out.name, part) for part in parts
                )
        for id in order.nodes:
            self._compile_node(id, order.loops.get(id))
        for id, declaration in self.wiring.known.items():
            if declaration.kind in ("engine", "score", "sink", "display"):
                self._compile_engine_ports(id, declaration)
        plan = ring_plan(self.wiring)
        for id in sorted(plan.reached):
            self._add_mix_weights(id, plan)
        delays = frozenset(join.cable.key for join in joins if self.split.cut(join, order))
        self.now.bus, self.now.cells = self.bus.numbers, self.cells.numbers
        make_room(len(self.code))
        made = Program(
            tuple(self.code), tuple(self.engine_ports), tuple(self.engine_slots), resources, plan,
            self.geometry.frame_rate, self.params, self.bus.first, self.cells.first, self.bus.keys, self.cells.keys,
            self.owners, [[] for _ in self.tables], self.tables,
            drawn_curves(self.wiring, resources), delays,
            self.live_inputs.result(self.code, self.end_slots, self.engine_slots),
            knobs={key: parts for key, parts in self.knobs_of.items() if key not in self.folded},
            constants=tuple(self.constants),
            inherited=previous.latest if previous is not None else None, memory=self.now,
        )  # fmt: skip
        made.use_song(self.geometry.song_frames, self.wiring.bpm or self.geometry.bpm)
        return made

    # -- nodes and their order ----------------------------------------------------------------------------------
    def _specialise_node(self, id: str, declaration: Declaration) -> None:
        if id in self.same and not declaration.live:
            self.now.bodies[id] = known = self.before.bodies[id]
            self.nodes[id] = ComputedNode(declaration, known[3], id, known[4])
            return
        node = self.wiring.patch.nodes[id]
        names = [p.name for p in declaration.ports if p.type == "gate" and not p.live]
        names += [p.name for p in declaration.mix_inputs]
        if declaration.live:
            self.live_inputs.add(id, declaration)
        unwired = frozenset(n for n in names if not self.wiring.into.get((id, n)))
        wired = tuple(p.name for p in declaration.ports if p.taper == "int" and (id, p.name) in self.wiring.into)
        ports = (unwired, unwired & self.wiring.ports_with_cables.get(id, frozenset()), wired)
        known = self.before.bodies.get(id)
        if known is None or known[0] is not node or known[1] != ports or known[2] is not declaration:
            body = declaration.body_for(node.values, *ports[:2])
            body = bypassed_body(body, declaration.signals) if node.bypass else body
            known = (node, ports, declaration, *with_whole_ports(body, wired))
        self.now.bodies[id] = known
        self.nodes[id] = ComputedNode(declaration, known[3], id, known[4])

    def _computed_cables(self) -> list[ComputedCable]:
        """Returns the cables between computed nodes and adapters, and adds the adapters to `nodes`."""
        joins: list[ComputedCable] = []
        for (id, name), cables in self.wiring.into.items():
            declaration = self.wiring.known[id]
            port = declaration.by_name[name]
            if port.type not in SIGNALS:
                continue
            for cable in cables:
                start, out = cable.src, cable.out
                if port.type == "gate" and self.wiring.out(cable).type != "gate":
                    adapter = self._adapter_id(cable, id, name)
                    self.adapters[adapter] = cable
                    self.nodes[adapter] = ComputedNode(threshold, threshold.body_for({}), id)
                    if self.wiring.known[cable.src].has_body:
                        joins.append(ComputedCable(start, out, adapter, "x", cable))
                    start, out = adapter, "gate"
                if declaration.has_body and start in self.nodes:
                    joins.append(ComputedCable(start, out, id, name, cable))
        return joins

    def _slot(self, *key: str, value: float = 0.0) -> int:
        return self.bus.take(key, value)

    def _compile_node(self, name: str, loop: int | None) -> None:
        id = name.removesuffix(LATE)
        node = self.nodes[id]
        self.owners[name] = node.owner
        if node.owner in self.same and self._taken_over(name, id, loop):
            return
        declaration, body = node.declaration, node.body
        key = (id, declaration.id, str(declaration.version))
        rate = self.geometry.frame_rate
        states = (*declaration.states, *((f"last_{port}", UNKNOWN) for port in node.whole))
        starts = tuple(sized_delay_line(x.seconds, rate) if isinstance(x, LineReach) else x for _, x in states)
        keys = tuple((*key, s) for s, _ in states)
        cells = tuple(self.cells.take(s, x) for s, x in zip(keys, starts, strict=True))
        cable = self.adapters.get(id)
        given = self.wiring.patch.nodes[node.owner] if cable is None else cable
        slots = tuple(self.slots[id, out.name] for out in declaration.signals)
        if id in self.split.early:
            body, slots = self.split.body(name), self.split.slots_written(name, slots)
        wired = self.wiring.cables_by_port(id) if cable is None else {"x": [cable]}
        fed = [self.live_inputs.read[id, p.name] for p in declaration.ports if p.live]

        def make() -> NodeCode:
            if cable is not None:
                scale, shift = self.wiring.nominal(cable.src, cable.out).scaling
                inputs = {"x": InputCode("p0 + x0 * p1", self._add_parameters([shift, scale]), (self._source(cable),))}
                gates = {}
            else:
                inputs = {
                    raw_name(p.name) if p.name in node.whole else p.name: self._input(id, p)
                    for p in declaration.ports
                    if p.type in NUMBERS
                }
                gates = {p.name: self._gate(id, p) for p in declaration.ports if p.type == "gate"}
            return NodeCode(name, body, inputs, gates, slots, cells, starts, loop)

        self._add_code(name, (given, declaration, body, slots, cells, loop, fed), wired, make, keys)

    def _taken_over(self, name: str, id: str, loop: int | None) -> bool:
        """Adds what was compiled of a node that is the same as before. Returns False, and does not, for a live node and
        one in a loop."""
        known, declaration = self.before.compiled.get(name), self.nodes[id].declaration
        if known is None or declaration.live or loop is not None or known.code.loop is not None:
            return False
        for key, first in zip(known.states, known.code.first, strict=True):
            self.cells.take(key, first)
        self._append(name, known)
        return True

    def _add_code(
        self,
        id: str,
        made_of: tuple[Any, ...],
        wired: Mapping[str, Sequence[Cable]],
        make: Callable[[], NodeCode],
        states: tuple[Key, ...] = (),
    ) -> None:
        """Adds the code of a node. Takes the code of the previous program where everything from which it was made is
        the same. states: the keys of its state cells."""
        ends = [
            (cable, self._source_slots(id.removesuffix(LATE), name, cable), self.wiring.nominal(cable.src, cable.out))
            for name, cables in wired.items()
            for cable in cables
        ]
        made_of = (*made_of, ends)
        folded = frozenset[tuple[str, str]]()
        for cable, _, nominal in ends:
            if nominal.scaling != (1.0, 0.0) and (id in self.adapters or self.wiring.port(cable).bounded):
                folded |= self.wiring.knobs_of_range(cable.src, cable.out)
        known = self.before.compiled.get(id)
        if known is None or known.made_of != made_of:
            self.values, self.knobs = [], []
            code = make()
            known = CompiledNode(
                made_of,
                known.code if known and known.code.does_the_same(code) else code,
                tuple(self.values),
                tuple(self.knobs),
            )
        self._append(id, known._replace(folded=folded, states=states))

    def _append(self, id: str, known: CompiledNode) -> None:
        self.now.compiled[id] = known
        self.folded |= known.folded
        for port, part in known.knobs:
            self.knobs_of.setdefault((self.owners[id], port), []).append((len(self.code), part))
        self.code.append(known.code)
        self.params.append(known.params)

    def _source_slots(self, id: str, port: str, cable: Cable) -> Any:
        """Returns what a cable reads: bus slots, or the number of a table; None for an output without bus slots."""
        if (adapter := self._adapter_id(cable, id, port)) in self.adapters and id not in self.adapters:
            return self.slots[adapter, "gate"]
        return self.tables[cable.src] if cable.src in self.tables else self.slots.get((cable.src, cable.out))

    @staticmethod
    def _adapter_id(cable: Cable, id: str, port: str) -> str:
        """Returns the id of the adapter within a cable."""
        return f"{cable.src}.{cable.out}>{id}.{port}"

    # -- inputs -------------------------------------------------------------------------------------------------
    def _add_parameters(self, values: list[float]) -> tuple[int, ...]:
        start = len(self.values)
        self.values.extend(values)
        return tuple(range(start, len(self.values)))

    def _source(self, cable: Cable) -> BusSource:
        if cable.src in self.tables:
            return BusSource(table=self.tables[cable.src])
        return BusSource(self.slots[cable.src, cable.out][0])

    def _gate(self, id: str, port: Port) -> tuple[tuple[BusSource, BusSource], ...]:
        if port.live:
            level, rises = self.live_inputs.read[id, port.name]
            return ((level, rises),)
        found: list[tuple[BusSource, BusSource]] = []
        for cable in self.wiring.into.get((id, port.name), []):
            adapter = self._adapter_id(cable, id, port.name)
            pair = (adapter, "gate") if adapter in self.adapters else (cable.src, cable.out)
            level, rises = self.slots[pair]
            found.append((BusSource(level), BusSource(rises)))
        return tuple(found)

    def _input(self, id: str, port: Port) -> InputCode:
        """Returns the code of a number port (knob, cables, depth and taper: docs/depth.md) and adds its parameters."""
        if port.live:
            return InputCode("x0", (), self.live_inputs.read[id, port.name])
        wiring = self.wiring
        cables = wiring.into.get((id, port.name), [])
        sets, adds = [c for c in cables if wiring.sets(c)], [c for c in cables if not wiring.sets(c)]
        number = NumberInput(
            port, wiring.playing_range(id, port), bool(sets), tuple(self._added(port, cable) for cable in adds)
        )
        text, values = number.code(wiring.knob(id, port))
        if not port.fixed:  # a setting for the host has no knob
            part = KnobPart(number, text, self._absent(id, port), len(self.values))
            self.knobs.append((port.name, part))
        sources = tuple(self._source(c) for c in (*sets, *adds))
        return InputCode(text, self._add_parameters(values), sources)

    def _added(self, port: Port, cable: Cable) -> AddCable:
        depth, offset = self.wiring.depth_and_offset(cable)
        scaling = self.wiring.nominal(cable.src, cable.out).scaling if port.bounded else (1.0, 0.0)
        return AddCable(depth, offset, *scaling)

    def _absent(self, id: str, port: Port) -> float | None:
        """Returns the knob that a port has where the patch gives none; None where the port has no effect then."""
        needs_none = port.name in self.wiring.patch.nodes[id].ranges or (id, port.name) in self.wiring.into
        return float(self.wiring.default(port)) if not port.optional or needs_none else None  # type: ignore[arg-type]

    # -- engine ports -------------------------------------------------------------------------------------------
    def _compile_engine_ports(self, id: str, declaration: Declaration) -> None:
        for port, engine_ports in engine_ports_of(id, declaration):
            cables = self.wiring.into.get((id, port.name), [])
            if port.type == "gate" and port.optional and not cables:
                continue
            code_name, owner = f"{id}.{port.name}", (id, declaration.id, str(declaration.version), port.name)
            slots = tuple(self._slot(*owner, engine_port.kind) for engine_port in engine_ports)
            if declaration.kind != "display":  # what is only shown is not forecast
                self.engine_ports.extend(engine_ports)
                self.engine_slots.extend(slots)
            self.end_slots[id, port.name] = slots
            self.owners[code_name] = id
            if port.type == "gate":
                level_first = slots[::-1]

                def gate(
                    port: Port = port, code_name: str = code_name, slots: tuple[int, ...] = level_first
                ) -> NodeCode:
                    return NodeCode(code_name, GATE, {}, {"x": self._gate(id, port)}, (slots,), ())

                self._add_code(code_name, (port, level_first), {port.name: cables}, gate)
                continue
            knob, ends = self.wiring.knob(id, port), self.wiring.playing_range(id, port)
            self.bus.first[slots[0]] = clamped(knob, *ends)
            if not cables:
                self.bus.keys[slots[0]] = (*owner, "constant")
                self.constants.append(slots[0])
                self._add_constant_knob(id, port, NumberInput(port, ends), slots[0])
                continue

            cells = (self.cells.take((*owner, "last"), UNKNOWN),) if port.taper == "int" else ()

            def number(
                port: Port = port,
                code_name: str = code_name,
                slots: tuple[int, ...] = slots,
                cells: tuple[int, ...] = cells,
            ) -> NodeCode:
                if cells:
                    return NodeCode(
                        code_name, WHOLE, {raw_name("x"): self._input(id, port)}, {}, (slots,), cells, (UNKNOWN,)
                    )
                return NodeCode(code_name, VALUE, {"x": self._input(id, port)}, {}, (slots,), ())

            self._add_code(code_name, (port, slots, cells, knob, ends), {port.name: cables}, number)

    def _add_constant_knob(self, id: str, port: Port, number: NumberInput, slot: int) -> None:
        """Adds the knob of an engine port without a cable. While an optional port is neither set nor limited, it has no
        effect, and to set it changes the plan of the ring."""
        node = self.wiring.patch.nodes[id]
        if not port.fixed and (not port.optional or port.name in node.values or port.name in node.ranges):
            part = KnobPart(number, "p0", self._absent(id, port), slot=slot)
            self.knobs_of.setdefault((id, port.name), []).append((-1, part))

    def _add_mix_weights(self, id: str, plan: RingPlan) -> None:
        """Adds the engine ports of a mix (one for each wired input) or of a surface (one for each gain)."""
        mixture = plan.mixes.get(id)
        for out in self.wiring.known[id].hidden:
            if mixture is None or out.name not in mixture.bare:
                taper: Taper = "int" if out.name == "tap" else "linear"
                self.engine_ports.append(EnginePort(id, out.name, None, "value", out.lo, out.hi, taper))
                self.engine_slots.append(self.slots[id, out.name][0])
                self.end_slots[id, out.name] = self.slots[id, out.name]
