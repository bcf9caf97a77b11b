"""Describes what each port of a node receives: its cables, and the arithmetic of depth and taper with its numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from demon_patch.codegen.inputs import InputCode
from demon_patch.codegen.vocabulary import SCALAR, clamp
from demon_patch.codegen.whole_numbers import raw_name
from demon_patch.engine.controls import CONTROLS
from demon_patch.explain.compiled import CompiledPatch, Found
from demon_patch.nodes.language.ports import NUMBERS, SIGNALS, Out, Port
from demon_patch.nodes.language.taper import norm
from demon_patch.patch.model.document import Cable
from demon_patch.runtime.graph.rates import when_port_taken

OFTEN = {"generation": "once a generation", "step": "once a step", "frame": "once a frame", "window": "once a window"}


class PortCode(NamedTuple):
    """The code of a number port, and the values of the parameters of its node's code."""

    code: InputCode
    params: Sequence[float]

    def named(self, names: Sequence[str]) -> str:
        """Returns the text of the code with the values of its parameters, and `names` in place of its sources."""
        return self._filled([number(self.params[p]) for p in self.code.params], names)

    def _filled(self, params: Sequence[str], sources: Sequence[str]) -> str:
        stands = {f"p{i}": p for i, p in enumerate(params)} | {f"x{i}": x for i, x in enumerate(sources)}
        return re.sub(r"\b[px]\d+\b", lambda found: stands[found[0]], self.code.text)

    def value(self, sources: Sequence[float]) -> float:
        """Computes the number of the port, in its unit, from the values of its sources."""
        space = {**SCALAR, "clamp": clamp, "__builtins__": {}}
        text = self._filled([f"({self.params[p]!r})" for p in self.code.params], [f"({x!r})" for x in sources])
        return float(eval(text, space))


def number(x: float) -> str:
    """Returns a number as text with at most six significant digits."""
    return f"{x:.6g}"


def span(lo: float, hi: float, unit: str = "") -> str:
    """Returns a range as text: "0..1 s", or "any number"."""
    return (f"{number(lo)}..{number(hi)}" if math.isfinite(lo) or math.isfinite(hi) else "any number") + (
        f" {unit}" if unit else ""
    )


def ports(compiled: CompiledPatch, found: Found) -> Iterator[str]:
    """Yields lines on all ports of a node: each port's facts, what it receives and how its number is computed; then its
    outputs."""
    assert found.declaration is not None
    for port in found.declaration.ports:
        yield f"{port.name}: {_facts(compiled, found, port)}"
        yield from (f"    {line}" for line in _arrives(compiled, found, port))
    for out in found.declaration.outs:
        yield f"-> {out.name}: {out.type}{_nominal(compiled, found.path, out)}"


def _nominal(compiled: CompiledPatch, path: str, out: Out) -> str:
    if out.type not in ("value", "curve"):
        return ""
    nominal = compiled.wiring.nominal(path, out.name)
    return f", {span(nominal.lo, nominal.hi, nominal.unit)}"


def _facts(compiled: CompiledPatch, found: Found, port: Port) -> str:
    facts: list[str] = [port.type]
    if port.live:
        facts = [f"{port.type}, a live input"]
    elif port.numeric:
        facts.append(
            f"{span(port.lo, port.hi, port.unit)}, taper {port.taper}" if port.bounded else span(port.lo, port.hi)
        )
        knob = compiled.wiring.knob(found.path, port)
        facts.append(f"knob {number(knob)}{_of_family(compiled, port, knob)}")
        if port.name in found.node.ranges:
            facts.append(f"playing range {span(*found.node.ranges[port.name])}")
    row = CONTROLS.get(port.control or "")
    if row is not None:
        facts.append(f"class {row.propagation}")
        engine_port = next(
            (s for s in compiled.program.engine_ports if (s.node, s.port) == (found.path, port.name)), None
        )
        taken = when_port_taken(engine_port, compiled.program) if engine_port is not None else None
        facts += [f"taken {OFTEN[taken]}"] if taken else []
    return ", ".join(facts)


def _arrives(compiled: CompiledPatch, found: Found, port: Port) -> Iterator[str]:
    cables = compiled.wiring.into.get((found.path, port.name), [])
    if port.type in NUMBERS and not port.live and (code := port_code(compiled, found.path, port.name)):
        yield from _number(compiled, found, port, code, cables)
    elif port.type in NUMBERS and not cables and not port.live:
        yield f"no cable: {_unwired(compiled, found, port)}"
    elif port.type in SIGNALS and cables:
        joined = " or ".join(_cable_name(compiled, cable) for cable in cables)
        yield f"= {joined}{' (the highest level, the most rises)' if len(cables) > 1 else ''}"
    elif port.type == "gate" and not port.live:
        yield "no cable: level 0, rises 0"
    elif port.live:
        yield f"the host writes it{f' from {port.of}' if port.of else ''} (Host.feed)"
    elif cables:
        yield f"from {_cable_name(compiled, cables[0])}"
    elif port.wireable:
        yield "no cable"
    else:
        yield f"= {found.node.values.get(port.name, port.default)!r}"


def _unwired(compiled: CompiledPatch, found: Found, port: Port) -> str:
    assert found.declaration is not None
    value = number(clamp(compiled.wiring.knob(found.path, port), *compiled.wiring.playing_range(found.path, port)))
    if found.declaration.kind in ("engine", "sink", "display"):
        return f"a constant on the bus, {value}"
    return f"= {value}" if found.declaration.kind == "resource" else f"{value}; this body does not read it"


def port_code(compiled: CompiledPatch, path: str, port: str) -> PortCode | None:
    """Returns the code of a number port of a node with a body, or of an engine port with a cable; None for other
    ports."""
    for i, code in compiled.codes(path):
        names = (port, raw_name(port)) if code.node.removesuffix("<") == path else ("x", raw_name("x"))
        if code.node in (path, f"{path}<", f"{path}.{port}"):
            for name in names:
                if name in code.inputs:
                    return PortCode(code.inputs[name], compiled.program.params[i])
    return None


def _cable_name(compiled: CompiledPatch, cable: Cable) -> str:
    return f"{compiled.name(cable.src)}.{cable.out}"


def _number(
    compiled: CompiledPatch, found: Found, port: Port, code: PortCode, cables: Sequence[Cable]
) -> Iterator[str]:
    """Yields lines on the cables of a number port, then on its arithmetic."""
    wiring = compiled.wiring
    if not cables:
        yield f"no cable: {code.code.text} = {code.named([])}"
        return
    ordered = [*(c for c in cables if wiring.sets(c)), *(c for c in cables if not wiring.sets(c))]
    names = [_cable_name(compiled, c) for c in ordered]
    for cable, name in zip(ordered, names, strict=True):
        yield _cable(compiled, port, cable, name)
    lo, hi = wiring.playing_range(found.path, port)
    yield from _position(compiled, found, port, ordered, names)
    yield f"code: {code.code.text}" if code.code.params else "code: x0"
    if code.code.params:
        yield f"with its numbers: {code.named([compiled.source_name(s) for s in code.code.sources])}"
    if len(ordered) == 1:
        coming = wiring.nominal(ordered[0].src, ordered[0].out)
        if math.isfinite(coming.lo) and math.isfinite(coming.hi):
            yield f"so it gives {_ends(compiled, port, code, coming.lo, coming.hi)}"
    if port.taper == "int":
        yield "rounded to a whole number, with hysteresis, before the body reads it"
    if math.isfinite(lo) or math.isfinite(hi):
        yield f"never outside of {span(lo, hi, port.unit)}"


def _ends(compiled: CompiledPatch, port: Port, code: PortCode, lo: float, hi: float) -> str:
    """Returns, as text, the number of a port at both ends and in the middle of its signal's range."""
    places = (lo, (lo + hi) / 2, hi)
    values = [(code.value([x]), x) for x in places]
    return ", ".join(f"{number(value)}{_of_family(compiled, port, value)} at {number(x)}" for value, x in values)


def _of_family(compiled: CompiledPatch, port: Port, position: float) -> str:
    """Returns, as text, what the model takes at a knob position, for a control with the family taper; empty for
    others."""
    row = CONTROLS.get(port.control or "")
    if row is None or row.taper != "family":
        return ""
    return f" ({row.name} {number(compiled.spec.at_position(row, position))} of {compiled.spec.name})"


def _cable(compiled: CompiledPatch, port: Port, cable: Cable, name: str) -> str:
    """Returns one line on a cable: its signal, mode, depth and offset."""
    wiring = compiled.wiring
    coming = wiring.nominal(cable.src, cable.out)
    carries = f"{name} ({span(coming.lo, coming.hi, coming.unit)})"
    if wiring.sets(cable):
        why = "" if cable.mode == "set" else ", since both have this unit"
        return f"set by {carries}: replaces the knob{why}"
    depth, offset = wiring.depth_and_offset(cable)
    scale, shift = coming.scaling
    scaled = port.bounded and (scale, shift) != (1.0, 0.0)
    read = f", read as {number(scale)} * x + {number(shift)}" if scaled else ""
    usual = " (the usual one)" if cable.depth is None else ""
    return f"add {carries}{read}: depth {number(depth)}{usual}, offset {number(offset)}"


def _position(
    compiled: CompiledPatch, found: Found, port: Port, cables: Sequence[Cable], names: Sequence[str]
) -> Iterator[str]:
    """Yields lines on how knob and cables add up, written as a formula."""
    wiring = compiled.wiring
    knob, lo, hi = wiring.knob(found.path, port), *wiring.playing_range(found.path, port)
    sets = [name for cable, name in zip(cables, names, strict=True) if wiring.sets(cable)]
    adds = [(cable, name) for cable, name in zip(cables, names, strict=True) if not wiring.sets(cable)]
    if port.bounded:
        base = f"position of {sets[0]}" if sets else f"{number(float(norm(knob, port.lo, port.hi, port.taper)))}"
    else:
        base = sets[0] if sets else number(knob)
    terms = [base]
    for cable, name in adds:
        depth, offset = wiring.depth_and_offset(cable)
        scale, shift = wiring.nominal(cable.src, cable.out).scaling if port.bounded else (1.0, 0.0)
        inner = name if scale == 1.0 else f"{number(scale)} * {name}"
        inner += "".join(f" {'+' if x > 0 else '-'} {number(abs(x))}" for x in (shift, offset) if x)
        terms.append(f"{number(depth)} * {inner}" if inner == name else f"{number(depth)} * ({inner})")
    total = " + ".join(terms)
    if not port.bounded:
        yield f"value = {total}"
        return
    yield f"position = {total}" + ("" if sets else f"   (the knob, {number(knob)}, is at {base} of 0..1)")
    limits = f", limited to {span(lo, hi)}" if (lo, hi) != (port.lo, port.hi) else ""
    if port.taper == "family":
        yield f"value = that position{limits}; the model's own curve is applied when the engine takes it"
    else:
        yield f"value = the number at that position of {span(port.lo, port.hi, port.unit)}, taper {port.taper}{limits}"
