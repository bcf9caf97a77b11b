"""Makes docs/how-a-patch-runs.md, which follows one node of one patch from its declaration into the ring.

All code and numbers of the page come from a run; only the sentences between them are written here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.explain.compiled import CompiledPatch, Found
from demon_patch.explain.inputs import number, ports
from demon_patch.explain.stages import STAGES
from demon_patch.patch.model.document import Cable
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import Rendering

SHOWN = (0, 50, 100, 150, 200, 250)
"""The control frames in the table of the forecast."""
TICKS = 9
"""How many ticks of the ring are shown: those of the first generation, and some more."""

_HEAD = """
Made by `demon-patch explain {file} {node} --page {page}`; do not edit. A test compares it with the code.

The page follows one {title} of the patch *{patch}* to the control that it moves, {control}: {stages}.
`demon-patch explain PATCH NODE` shows the first seven stages of any node of any patch. The words are those of the
[glossary](glossary.md), the rooms those of [architecture.md](architecture.md).
"""
_STAGES = {
    "declared": (
        "Declaration",
        """A node is one Python function. Its parameters with default values are its ports, its keyword-only parameters
        are its states. Each call returns the outputs and the next value of each state, for one control frame. This
        function is the only description of what the node computes; tests compare all other forms with a plain call.""",
    ),
    "inlined": (
        "Inlined body",
        """When the module is imported, [body.py](../demon_patch/codegen/body.py) reads the source once and checks it:
        assignments and one return, nothing but the fixed vocabulary.
        [inline.py](../demon_patch/codegen/inline.py) replaces phrases (arithmetic that several nodes share) by their
        lines, which get names such as `_1_octave`, and rows of ports by single ports.""",
    ),
    "specialised": (
        "Specialised body",
        """When the patch is compiled, [specialise.py](../demon_patch/codegen/specialise.py) replaces the options that
        this node has chosen, and gates without a cable, by constants, and drops what is not needed any more.""",
    ),
    "float": (
        "Float code",
        """[to_text.py](../demon_patch/codegen/to_text.py) writes each expression as text for floats. Calls of `min`,
        `max`, `clamp`, `abs` and `floor` become conditionals and divisions, which are several times faster.
        [vectorise.py](../demon_patch/codegen/vectorise.py) separates what ports without a cable decide: that is
        computed once.""",
    ),
    "array": (
        "Array code",
        """The forecast needs many frames at once. [vectorise.py](../demon_patch/codegen/vectorise.py) plans the states:
        one that only adds up is a running sum, one that never changes stays, and only true recurrences become loops.
        [array_code.py](../demon_patch/codegen/array_code.py) writes one function for all nodes of the same kind.
        `exact_` functions have the bits of Python's `math`, because what they give leads to a state or a jump.""",
    ),
    "inputs": (
        "Port at the end of the cable",
        """The cable ends at {control}. [compile.py](../demon_patch/runtime/graph/compile.py) makes the arithmetic of
        that port from its knob, the depth of the cable and the taper (`input_text` in
        [wiring.py](../demon_patch/runtime/graph/wiring.py)). Signals add up as *positions* of the knob, so that a
        depth means the same on every taper. Strength has the family taper: its port carries the position, and the
        model's own curve makes a strength of it when the engine takes it.""",
    ),
    "program": (
        "Program and bus",
        """[float_code.py](../demon_patch/codegen/float_code.py) fills in bus slots, state cells and parameters, and
        joins up to 16 nodes into one generated function. A [program](../demon_patch/runtime/graph/program.py) is these
        functions, the parameters, and the first values of bus and states. When a knob is turned, the
        patch is compiled again, but all generated code is reused: only parameters differ.""",
    ),
}
_FORECAST = """
[forecast.py](../demon_patch/runtime/graph/forecast.py) keeps the state of *now* and runs the array code ahead
of it, on a copy of the state. As long as nobody plays a live input, the forecast of a frame is what float code
gives when the frame comes, within 1e-12. Here the forecast is made at frame 0, before any of these frames has
run:"""
_HEARD_AT = """A generation is heard long after it is admitted: it takes its steps, one a tick, and then waits for the
loudspeaker (the *lead*). [admission.py](../demon_patch/runtime/performance/admission.py) predicts the control
frame from which it will be heard, `heard_at` = now + ticks that are left * frames of a tick + lead, and
predicts it again before every tick. The controls are read for the middle of the stretch that will be heard of
the generation, before its first jump, so that sound and control agree in time. The transport begins at 0 with
the first generation; the ticks before it have negative frames."""
_REQUEST = """The forecast values become a [Request](../demon_patch/engine/ring/request.py), by `Session.request` in
[session.py](../demon_patch/engine/session.py). What a request holds stays as it is until the generation is
done, but for strength: after a live turn, generations in flight are moved to the new one as far as they can
([live_strength.py](../demon_patch/engine/ring/live_strength.py)). Controls of class `step` are read again for every
tick ([control_values.py](../demon_patch/runtime/performance/control_values.py)). Strength decides the timestep from
which the generation starts ([schedule.py](../demon_patch/engine/ring/schedule.py)): the closer to 0, the closer
it stays to its source."""
_RING = """
[ring.py](../demon_patch/engine/ring/ring.py) holds the generations in flight, each in a slot, and moves all of
them on by one step with every tick. A finished one is a completion; the decoder plays it from its `heard_at`
on."""


def _prose(text: str) -> str:
    """Returns a paragraph wrapped for the page."""
    return textwrap.fill(" ".join(text.split()), 116, break_long_words=False, break_on_hyphens=False)


def _table(head: str, rows: Sequence[Sequence[object]]) -> str:
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + "---|" * columns]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _signal(x: float) -> str:
    """Returns a number with six decimals, which every machine computes alike."""
    return f"{round(float(x), 6) + 0.0:.6f}"


def page(compiled: CompiledPatch, found: Found, session: Session, file: Path, target: Path) -> str:
    """Plays some ticks of the patch and returns the page as Markdown. Raises DemonError for a node that moves no
    control of class `request`."""
    cable, end = _moved(compiled, found)
    performer = perform(compiled.patch, session, folder=file.parent)
    sections = [*_stages(compiled, found, end, cable), *_forecast(performer, cable), *_ring(performer, cable)]
    control = f"`{cable.dst}.{cable.port}`"
    stages = ", ".join(title[0].lower() + title[1:] for title, _ in sections)
    head = _HEAD.format(
        file=file.as_posix(), page=target.as_posix(), node=found.path, title=found.title, control=control,
        patch=compiled.patch.meta.title, stages=stages,
    )  # fmt: skip
    parts = ["# How a patch runs", *map(_prose, head.strip().split("\n\n"))]
    parts += [f"## {i}. {title}\n\n{body}" for i, (title, body) in enumerate(sections, 1)]
    return "\n\n".join(parts) + "\n"


def _moved(compiled: CompiledPatch, found: Found) -> tuple[Cable, Found]:
    """Returns the cable from a node to a control of class `request`, and the node at its end. Raises DemonError where
    there is none."""
    for cable in compiled.wiring.patch.cables:
        for port in compiled.program.engine_ports:
            request = port.control is not None and port.control.propagation == "request" and port.kind == "value"
            if request and cable.src == found.path and (cable.dst, cable.port) == (port.node, port.port):
                return cable, compiled.nodes[cable.dst]
    raise DemonError("it moves no control that is taken once a generation", node=found.path, mend="choose another node")


def _code(lines: Iterable[str], language: str = "python") -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _stages(compiled: CompiledPatch, found: Found, end: Found, cable: Cable) -> Iterator[tuple[str, str]]:
    for stage, (title, told) in _STAGES.items():
        language, lines = "python", list(STAGES[stage][1](compiled, found))
        if stage == "inputs":
            lines, language = _port(ports(compiled, end), cable.port), "text"
        elif stage == "program":
            lines += list(STAGES[stage][1](compiled, end))[1:]
        yield title, f"{_prose(told.format(control=f'`{cable.dst}.{cable.port}`'))}\n\n{_code(lines, language)}"


def _port(lines: Iterable[str], port: str) -> list[str]:
    """Returns the lines on one port."""
    kept: list[str] = []
    inside = False
    for line in lines:
        if not line.startswith(" "):
            inside = line.startswith(f"{port}: ")
        if inside:
            kept.append(line)
    return kept


def _forecast(performer: Performer, cable: Cable) -> Iterator[tuple[str, str]]:
    """Yields the section with the port's number at some control frames, by float code frame by frame and as forecast at
    frame 0."""
    program, transport = performer.program, performer.transport
    engine_port = program.engine_port(cable.dst, cable.port)
    slot = next(i for i, key in enumerate(program.bus_keys) if key and (key[0], key[3]) == (cable.src, cable.out))
    ahead = performer.forecast.span(engine_port, 0, SHOWN[-1] + 1)
    state, rows = program.state(), list[Sequence[object]]()
    for k in range(SHOWN[-1] + 1):
        value = program.run(state, transport.frame(k))[engine_port]
        if k in SHOWN:
            signals = map(_signal, (state.bus[slot], value, ahead[k]))
            rows.append((k, number(transport.frame(k).beat), *signals))
    start, end = f"`{cable.src}.{cable.out}`", f"`{cable.dst}.{cable.port}`"
    head = f"control frame | beat | {start} | {end}, float code | {end}, forecast at frame 0"
    yield "Forecast", f"{_prose(_FORECAST)}\n\n{_table(head, rows)}"


def _ring(performer: Performer, cable: Cable) -> Iterator[tuple[str, str]]:
    """Yields the sections heard_at, request and ring, from TICKS ticks of the offline renderer."""
    rendering = Rendering(performer)
    admitted, ticks, seen = list[Sequence[object]](), list[Sequence[object]](), set[int]()
    for tick in range(TICKS):
        now = performer.now
        rendering.tick()
        slots = performer.ring.slots
        told = [f"step {slot.position} of {slot.request.count}, heard at {slot.heard_at}" for slot in slots]
        ticks.append((tick, now, "; ".join(told), performer.trace.completions))
        for slot, moment in zip(slots, performer.admission.moments(), strict=True):
            if slot.admitted not in seen:
                seen.add(slot.admitted)
                engine_port = performer.program.engine_port(cable.dst, cable.port)
                values = (
                    performer.forecast.port_value(engine_port, moment),
                    performer.controls.control_value(cable.port, moment),
                )
                strengths = map(_signal, (*values, slot.request.plan.strength))
                admitted.append((tick, now, slot.heard_at, moment, *strengths))
    port = f"`{cable.dst}.{cable.port}`"
    head = f"tick | now | heard_at | read for frame | forecast of {port} | "
    head += "as the engine takes it | strength of the request"
    yield "heard_at", f"{_prose(_HEARD_AT)}\n\n{_table(head, admitted)}"
    yield "Request", _prose(_REQUEST)
    yield "Ring", f"{_prose(_RING)}\n\n{_table('tick | now | slots after the tick | completions so far', ticks)}"


def for_file(compiled: CompiledPatch, found: Found, file: Path, target: Path) -> str:
    """Loads the model that a patch file names and returns the page of one of its nodes as Markdown."""
    return page(compiled, found, Session.load(compiled.spec.name, threads=1), file, target)
