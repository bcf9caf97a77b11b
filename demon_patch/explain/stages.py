"""The stages from a node's declaration to its generated code, each as lines of text."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from demon_patch.codegen.array_code import ArrayCode
from demon_patch.codegen.body import Body
from demon_patch.codegen.float_code import GeneratedFunction, NodeCode, float_function, float_parts, function_groups
from demon_patch.explain.compiled import CompiledPatch, Found
from demon_patch.explain.inputs import number, ports
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Out
from demon_patch.runtime.graph.batch_plan import Group, Scan

WIDE = 100
"""Characters of a line of code and its comment beyond which the comment gets a line of its own."""
_READ = re.compile(r"\b(bus|states|tables)\[(\d+)\]|\b([avop])(\d+)\b")
_SCAN_CELL = re.compile(r"\bs(\d+)\b")


# -- bodies -----------------------------------------------------------------------------------------------------
def declared(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields the source of the node's function from its module."""
    declaration = found.declaration
    assert declaration is not None
    if declaration.function is None:
        yield f"{found.title} has no body: it stands for a part of the engine."
        return
    function = inspect.unwrap(declaration.function)
    yield f"# {_module(function)}"
    yield from textwrap.dedent(inspect.getsource(function)).rstrip().splitlines()


def _module(function: Callable[..., object]) -> str:
    parts = Path(inspect.getsourcefile(function) or "").parts
    first = max((i for i, part in enumerate(parts) if part == "demon_patch"), default=0)
    return "/".join(parts[first:])


def inlined(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields the body with phrases and rows inlined, before options are chosen."""
    declaration = found.declaration
    assert declaration is not None
    if declaration.body is not None:
        yield from body_lines(declaration.body, declaration.signals)
    elif declaration.write is not None:
        yield "The settings of the node decide the whole body: see the stage specialised."
    else:
        yield _no_body(found, declaration)


def specialised(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields the body with this node's options, tables and missing cables as constants."""
    declaration = found.declaration
    assert declaration is not None
    if not declaration.has_body:
        yield _no_body(found, declaration)
        return
    _, _, _, body, whole = compiled.program.memory.bodies[found.path]
    if found.node.bypass:
        yield "# bypassed: the outputs pass on ports or are 0, and no state changes"
    if whole:
        yield f"# {', '.join(whole)}: rounded to whole numbers; raw_{whole[0]} is the number before"
    yield from body_lines(body, declaration.signals)


def _no_body(found: Found, declaration: Declaration) -> str:
    if declaration.kind == "resource":
        return f"{found.title} has no body: it is computed once, before it is played."
    return f"{found.title} has no body: its ports are engine ports, which leave the graph."


def body_lines(body: Body, signals: Sequence[Out]) -> Iterator[str]:
    """Yields a body as Python: its lines, its outputs by name, and the next value of each state."""
    yield from (f"{name} = {ast.unparse(e)}" for name, e in body.lines)
    yield from _results(
        [[ast.unparse(e) for e in numbers] for numbers in body.outputs],
        [ast.unparse(e) for e in body.states], signals, body.state_names,
    )  # fmt: skip


def _results(
    outputs: Iterable[Sequence[str]], states: Iterable[str], signals: Sequence[Out], state_names: Sequence[str]
) -> Iterator[str]:
    for out, numbers in zip(signals, outputs, strict=True):
        parts = ("",) if len(numbers) == 1 else (".level", ".rises")
        yield from (f"output {out.name}{part} = {text}" for part, text in zip(parts, numbers, strict=True))
    yield from (f"next {name} = {text}" for name, text in zip(state_names, states, strict=True))


def float_code(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields the body as float code in which names are still placeholders."""
    own = _own_code(compiled, found)
    if not own:
        yield from specialised(compiled, found)
        return
    yield "# «name» is a placeholder: a port, a state, a field of the frame t, or a line; _1, _2... are temporaries."
    assert found.declaration is not None
    for code in own:
        parts, split = float_parts(code), len(own) > 1
        if split:
            yield f"# {'late outputs and states' if code.node.endswith('<') else 'early outputs'}"
        if parts.once:
            yield "# once, from ports without a cable:"
            yield from (f"{name} = {text}" for name, text in parts.once)
            yield "# in every frame:"
        yield from (f"{name} = {text}" for name, text in parts.every_frame.lines)
        outputs = [[str(text) for text in numbers] for numbers in parts.every_frame.outputs]
        signals = _signals_of(compiled, code, found.declaration.signals)
        states = map(str, parts.every_frame.states)
        yield from _results(outputs, states, signals, code.body.state_names)


def _signals_of(compiled: CompiledPatch, code: NodeCode, signals: Sequence[Out]) -> list[Out]:
    """Returns the outputs that a piece of code computes: all of its node's, or some if the node's code is split."""
    names = [compiled.program.bus_keys[slots[0]][3] for slots in code.slots]
    return [out for out in signals if out.name in names]


def _own_code(compiled: CompiledPatch, found: Found) -> list[NodeCode]:
    return [code for _, code in compiled.codes(found.path) if code.node.removesuffix("<") == found.path]


# -- array code -------------------------------------------------------------------------------------------------
def array_code(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields the function that computes many control frames of the node at once."""
    for _, code in compiled.codes(found.path):
        yield f"# {compiled.code_name(code)}"
        block = next((b for b in compiled.program.plan.blocks if code in b.nodes), None)
        if block is None:
            yield "# No engine port and no state needs it, so the array code leaves it out."
        elif isinstance(block, Scan):
            why = "a loop of cables" if code.loop is not None else "a delay line"
            yield f"# It runs one frame after the other, because of {why}:"
            yield from _commented(compiled, block.function, range(len(block.function.text.splitlines())))
        else:
            yield from _group(compiled, block, code)
    if not compiled.codes(found.path):
        yield from float_code(compiled, found)


def _group(compiled: CompiledPatch, group: Group, code: NodeCode) -> Iterator[str]:
    if len(group.nodes) > 1:
        names = ", ".join(compiled.code_name(each) for each in group.nodes)
        yield f"# one function for {len(group.nodes)} nodes of one kind: {names}"
    yield "# Every name is an array [m nodes, n frames]."
    params = compiled.params(code)
    written = group.code
    yield from (f"# rows[{i}]: {_row_name(compiled, code, row)}" for i, row in enumerate(written.rows))
    for i, (port, which) in enumerate(written.params):
        yield f"# params[{i}]: {_port_name(code, port)} {number(params[code.inputs[port].params[which]])}"
    yield from (f"# states[{i}]: {name}" for i, name in enumerate(code.body.state_names))
    yield from _array_text(written)
    names = [
        compiled.slot_names[slot] for slot, take in zip(code.slots_written, _wanted(group, code), strict=True) if take
    ]
    yield f"# the outputs: {', '.join(names) or 'none, only states'}"


def _wanted(group: Group, code: NodeCode) -> list[bool]:
    column = group.nodes.index(code)
    kept = {int(slots[column]) for slots in group.written}
    return [slot in kept for slot in code.slots_written]


def _array_text(code: ArrayCode) -> Iterator[str]:
    for text in (*code.loops, code.text):
        yield from text.rstrip().splitlines()


def _row_name(compiled: CompiledPatch, code: NodeCode, row: tuple[str, int, int]) -> str:
    port, which, part = row
    sources = code.inputs[port].sources[which] if port in code.inputs else code.gates[port][which][part]
    return f"{_port_name(code, port)} reads {compiled.source_name(sources)}"


# -- the program ------------------------------------------------------------------------------------------------
def program(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields the node's lines of the generated program, with the names of its bus slots."""
    own = {code.node for _, code in compiled.codes(found.path)}
    if not own:
        yield f"The program has no code for {found.title}{_constants(compiled, found)}."
        return
    yield "# bus[7] is bus slot 7, v7 its new value in this frame; p5 a parameter; n2_x a name of node 2 of a function."
    for nth, function in enumerate(functions(compiled)):
        for place, code in enumerate(function.nodes):
            if code.node in own:
                where = f"function {nth}, node {place} of {len(function.nodes)}"
                yield f"# {compiled.code_name(code)}: {where}"
                yield from node_lines(compiled, function, place)


def _constants(compiled: CompiledPatch, found: Found) -> str:
    slots = [
        f"bus[{i}] {compiled.slot_names[i]} = {number(compiled.program.bus[i])}"
        for i, key in enumerate(compiled.program.bus_keys) if key and key[0] == found.path
    ]  # fmt: skip
    return f"; constants on the bus: {', '.join(slots)}" if slots else ""


def functions(compiled: CompiledPatch) -> list[GeneratedFunction]:
    """Returns the generated functions of a program, in running order."""
    return [float_function(group) for group in function_groups(compiled.program.codes)]


def node_lines(compiled: CompiledPatch, function: GeneratedFunction, place: int) -> Iterator[str]:
    """Yields the lines of one node of a generated function, with names in comments; lines that are computed once come
    first.

    place: index of the node in the function.
    """
    once = [line.strip() for line in function.constants_text.splitlines() if f"n{place}_" in line.partition("=")[0]]
    once = [line for line in once if line.startswith(f"n{place}_")]
    if once:
        yield "# once, before it runs; these are further arguments:"
        for line in once:
            yield from _with_comment(compiled, function, line)
    ends = (*function.begins, len(function.text.splitlines()))
    yield from _commented(compiled, function, range(ends[place], ends[place + 1]))


def whole_program(compiled: CompiledPatch) -> Iterator[str]:
    """Yields all generated functions, with the name of every bus slot."""
    for nth, function in enumerate(functions(compiled)):
        text = function.text.splitlines()
        yield f"# function {nth}: {', '.join(compiled.code_name(code) for code in function.nodes)}"
        yield text[0]
        yield from text[1 : function.begins[0]]
        for place, code in enumerate(function.nodes):
            yield f"    # -- {compiled.code_name(code)}"
            yield from (f"    {line}" for line in node_lines(compiled, function, place))
        yield ""


def _commented(compiled: CompiledPatch, function: GeneratedFunction, lines: Iterable[int]) -> Iterator[str]:
    text = textwrap.dedent("\n".join(function.text.splitlines()[i] for i in lines)).splitlines()
    for line in text:
        yield from _with_comment(compiled, function, line)


def _with_comment(compiled: CompiledPatch, function: GeneratedFunction, line: str) -> Iterator[str]:
    names = dict.fromkeys(_names(compiled, function, line)) if not line.startswith("def ") else {}
    comment = f"# {', '.join(names)}" if names else ""
    if comment and len(line) + len(comment) > WIDE:
        yield " " * (len(line) - len(line.lstrip())) + comment
        yield line
    else:
        yield f"{line}  {comment}" if comment else line


def _names(compiled: CompiledPatch, function: GeneratedFunction, line: str) -> Iterator[str]:
    """Yields the names of the bus slots, state cells, tables and parameters in a line of code."""
    rooms: Mapping[str, Mapping[int, str]] = {
        "bus": compiled.slot_names, "v": compiled.slot_names, "a": compiled.slot_names, "o": compiled.slot_names,
        "states": compiled.cell_names, "tables": compiled.table_names,
    }  # fmt: skip
    for room, at, letter, digits in _READ.findall(line):
        which = int(at or digits)
        if letter == "p":
            yield _parameter(compiled, function, which)
        elif which in rooms[room or letter]:
            yield f"{room or 'bus'}[{which}] {rooms[room or letter][which]}"
    if function.form == "scan":
        yield from (f"states[{cell}] {compiled.cell_names[int(cell)]}" for cell in _SCAN_CELL.findall(line))


def _parameter(compiled: CompiledPatch, function: GeneratedFunction, which: int) -> str:
    place, parameter = function.params[which]
    code = function.nodes[place]
    value = compiled.params(code)[parameter]
    ports = (name for name, given in code.inputs.items() if parameter in given.params)
    return f"p{which} {_port_name(code, next(ports, ''))} {number(value)}"


def _port_name(code: NodeCode, port: str) -> str:
    """Returns the port of a node for a port of its code: the code of an engine port calls its only port `x`."""
    engine_port = code.node.rpartition(".")[2] if ">" not in code.node else ""
    return engine_port if engine_port and port.removeprefix("raw_") == "x" and "." in code.node else port


# -- all --------------------------------------------------------------------------------------------------------
STAGES: Mapping[str, tuple[str, Callable[[CompiledPatch, Found], Iterator[str]]]] = {
    "inputs": ("what arrives at each port", ports),
    "declared": ("the body as its module declares it", declared),
    "inlined": ("phrases and rows inlined", inlined),
    "specialised": ("options, tables and wiring as constants", specialised),
    "float": ("float code: the body as text, one frame after the other", float_code),
    "array": ("array code: many frames at once, for the forecast", array_code),
    "program": ("the generated program, with its bus slots by name", program),
}
"""Each stage by name: what it shows, and the function that yields its lines for one node."""


def stages_of(compiled: CompiledPatch, found: Found) -> list[str]:
    """Returns the names of the stages that show something for a node."""
    declaration = found.declaration
    assert declaration is not None
    if declaration.has_body:
        return list(STAGES)
    return (
        ["inputs", "declared"]
        if declaration.kind == "resource"
        else (["inputs", *(["array", "program"] if compiled.codes(found.path) else [])])
    )
