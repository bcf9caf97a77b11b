"""The overview of a patch's program: running order, loops, bus, engine ports, and when each control is taken."""

from __future__ import annotations

from collections.abc import Iterator

from demon_patch.codegen.float_code import NodeCode
from demon_patch.engine.controls import CONTROLS
from demon_patch.explain.compiled import CompiledPatch, Found
from demon_patch.explain.inputs import OFTEN, number
from demon_patch.explain.stages import functions
from demon_patch.patch.model.graph import SUBPATCH
from demon_patch.runtime.graph.program import EnginePort
from demon_patch.runtime.graph.rates import when_port_taken

BY_CLASS = {
    "request": "with the next generation",
    "step": "with the next step",
    "late step": "with the next step",
    "decode": "with the next window",
    "ring": "with the next admission",
}
"""By propagation class, when a control is taken that has no rate of its own, such as a switch."""


def overview(compiled: CompiledPatch) -> Iterator[tuple[str, list[str]]]:
    """Yields the sections of the overview: a heading and its lines."""
    program, title = compiled.program, compiled.patch.meta.title or "untitled"
    yield (
        "patch",
        [
            f"{title}: {len(compiled.nodes)} nodes, for the model {compiled.spec.name}",
            f"{number(program.rate)} control frames a second, {len(functions(compiled))} generated functions",
        ],
    )
    yield "nodes", [_node(compiled, found) for found in compiled.nodes.values()]
    yield "running order", [line for i, code in enumerate(program.codes) for line in _code(compiled, i, code)]
    yield "loops", list(_loops(compiled))
    yield "bus", [f"bus[{slot}]  {name}" for slot, name in compiled.slot_names.items()]
    if program.tables:
        yield "tables", [f"tables[{n}]  {name}" for n, name in sorted(compiled.table_names.items())]
    yield "engine ports", [_engine_port(compiled, i, port) for i, port in enumerate(program.engine_ports)]
    yield "settled before it plays", list(_settled(compiled))


def _node(compiled: CompiledPatch, found: Found) -> str:
    kind = "subpatch" if found.node.type == SUBPATCH else found.declaration.kind if found.declaration else "bend"
    facts = [found.title, kind, *([f'"{found.node.label}"'] if found.node.label else [])]
    facts += ["bypassed"] if found.node.bypass else []
    return f"{found.path}  {', '.join(facts)}"


def _code(compiled: CompiledPatch, place: int, code: NodeCode) -> Iterator[str]:
    """Yields the lines on one piece of code, which is `place`-th in running order: what it reads and writes."""
    live = not compiled.program.live_inputs.reached.isdisjoint((*code.slots_read, *code.slots_written))
    loop = f", loop {code.loop}" if code.loop is not None else ""
    yield f"{place}  {compiled.code_name(code)}: {'live part' if live else 'forecast part'}{loop}"
    reads = [compiled.slot_names[slot] for slot in sorted(code.slots_read)]
    writes = [f"bus[{slot}]" for slot in code.slots_written]
    states = [f"states[{cell}] {name}" for cell, name in zip(code.cells, code.body.state_names, strict=True)]
    facts = [*([f"reads {', '.join(reads)}"] if reads else []), f"writes {', '.join(writes) or 'nothing'}"]
    facts += [f"remembers {', '.join(states)}"] if states else []
    yield f"     {'; '.join(facts)}"


def _loops(compiled: CompiledPatch) -> Iterator[str]:
    """Yields lines on the loops of cables, and on the cables that carry the number of the control frame before."""
    members: dict[int, list[str]] = {}
    for code in compiled.program.codes:
        if code.loop is not None:
            members.setdefault(code.loop, []).append(compiled.code_name(code))
    for loop, names in members.items():
        yield f"loop {loop}: {', '.join(names)}"
    for cable in sorted(compiled.program.delays):
        yield f"cut at {cable.src}.{cable.out} to {cable.dst}.{cable.port}: it carries the value of the frame before"
    if not members:
        yield "none"
    elif not compiled.program.delays:
        yield "no cable is cut: what the loops read is of an earlier frame already"


def _engine_port(compiled: CompiledPatch, i: int, port: EnginePort) -> str:
    """Returns a line on an engine port: its propagation class, when it is taken, and where its number comes from."""
    program, row, slot = compiled.program, port.control, compiled.program.engine_slots[i]
    facts = [f"class {row.propagation}, {taken(compiled, port)}"] if row is not None else []
    cables = compiled.wiring.into.get((port.node, port.port), [])
    if cables:
        names = ", ".join(f"{compiled.name(cable.src)}.{cable.out}" for cable in cables)
        held = (port.node, port.port) in program.held
        facts.append(f"from {names}{', live: the newest value is used' if held else ', forecast for heard_at'}")
    elif slot in program.constants:
        facts.append(f"constant {number(program.bus[slot])}")
    return f"{compiled.slot_names[slot]}  bus[{slot}]: {', '.join(facts) or 'from its node'}"


def taken(compiled: CompiledPatch, port: EnginePort) -> str:
    """Returns when the engine takes a control, or why it does not take it."""
    row, plan = port.control, compiled.program.ring
    assert row is not None
    often = when_port_taken(port, compiled.program)
    if not row.per_node and row.name not in plan.active:
        return "not taken: nothing wires or sets it"
    if not row.per_node and not plan.meets(row):
        return f"not taken: it has no effect without {row.needs}"
    return f"taken {OFTEN[often]}" if often else f"taken {BY_CLASS[row.propagation]}"


def _settled(compiled: CompiledPatch) -> Iterator[str]:
    """Yields lines on what does not move while the patch plays: prompts, clips, options of the engine, and LoRA
    files."""
    plan = compiled.program.ring
    for control, node in plan.wired.items():
        yield f"{control}: {compiled.name(node)}"
    for control, choice in plan.options.items():
        yield f"{control}: {choice} ({CONTROLS[control].propagation})"
    for node, file in plan.loras.items():
        yield f"LoRA {compiled.name(node)}: {file}"
