"""A knob costs nothing: it moves what plays and what waits without compiling, and no move is lost or comes back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import AddNode, RemoveNode, SetValue
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.definition import Definition, Inlet, Target
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.live import edit_thread
from demon_patch.runtime.live.knobs import ports_inside
from tests.support.edited_performance import BARS, DOCUMENT, Stage, strength
from tests.support.effort import examples
from tests.support.virtual_stage import BAR


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Patch]:
    """The documents that were compiled for an edit."""
    found: list[Patch] = []

    def counted(patch: Patch, *others: Any) -> Program:
        found.append(patch)
        return compile(patch, *others)

    monkeypatch.setattr(edit_thread, "compile", counted)
    return found


def test_a_turned_knob_is_heard_from_the_next_frame_on_and_compiles_nothing(
    stage: Stage, compiled: list[Patch]
) -> None:
    for number in range(4):
        stage.until(50 + 10 * number)
        for value in (0.9, 0.2 + number / 10):  # of several moves the latest counts
            stage.host.turn("scheduler", "strength", value)
    stage.until(100)
    assert list(stage.changes().values()) == [0.2, 0.3, 0.4, 0.5]
    assert compiled == []
    assert stage.host.live_values == {("scheduler", "strength"): 0.5}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (lambda stage: stage.document.do(strength(0.3)), 0.3),
        (lambda stage: (stage.document.do(strength(0.3)), stage.document.undo()), 0.9),
        (lambda stage: (stage.host.turn("scheduler", "strength", 0.3), stage.document.keep()), 0.3),
        (lambda stage: (stage.host.turn("scheduler", "strength", 0.3), stage.document.release()), 0.9),
        (lambda stage: stage.document.recall("low"), 0.25),
        (lambda stage: stage.document.morph("low", "high", 0.5), 0.5),
    ],
    ids=["base", "undo", "keep", "release", "recall", "morph"],
)
def test_whatever_moves_knobs_alone_compiles_nothing(
    compiled: list[Patch], change: Callable[[Stage], object], value: float
) -> None:
    ends = {id: Snapshot(id, None, {"scheduler": {"strength": at}}) for id, at in (("low", 0.25), ("high", 0.75))}
    stage = Stage(structs.replace(DOCUMENT, snapshots=ends))
    try:
        stage.until(30)
        change(stage)
        stage.until(60)
        assert stage.strengths()[-1] == value
        assert compiled == []
        assert stage.document.sounding.nodes["scheduler"].values["strength"] == value
    finally:
        stage.host.close()


@pytest.mark.parametrize(
    ("node", "port", "value"), [("lfo", "shape", "saw"), ("words", "text", "cold"), ("source", "seed", 4)]
)
def test_what_is_no_knob_of_the_program_is_compiled(
    stage: Stage, compiled: list[Patch], node: str, port: str, value: Any
) -> None:
    stage.until(30)
    stage.host.turn(node, port, value)
    stage.until(60)
    assert [patch.nodes[node].values[port] for patch in compiled] == [value]


def test_a_knob_of_a_subpatch_moves_what_its_boundary_leads_to(compiled: list[Patch]) -> None:
    inside = Definition(
        nodes={"lfo": DOCUMENT.nodes["lfo"], "other": Node("lfo")},
        inputs={"speed": Inlet("Speed", (Target("lfo", "rate"), Target("other", "rate")))},
    )
    nodes = {id: node for id, node in DOCUMENT.nodes.items() if id != "lfo"}
    nodes["sub"] = Node("subpatch", definition="mine")
    cables = tuple(cable for cable in DOCUMENT.cables if "lfo" not in (cable.src, cable.dst))
    stage = Stage(Patch(song=DOCUMENT.song, nodes=nodes, cables=cables, definitions={"mine": inside}))
    try:
        stage.host.turn("sub", "speed", 2.5)  # until then what is set inside counts, so the patch is compiled
        stage.until(10)
        compiled.clear()
        stage.host.turn("sub", "speed", 3.5)
        stage.until(20)
        program = stage.host.performer.program
        for name in ("sub/lfo", "sub/other"):
            step = next(number for number, code in enumerate(program.codes) if code.node == name)
            assert 3.5 in program.params[step]
        assert compiled == []
    finally:
        stage.host.close()


def test_a_port_that_two_boundary_ports_lead_to_is_compiled() -> None:
    inside = Definition(
        nodes={"lfo": Node("lfo")},
        inputs={name: Inlet(name, (Target("lfo", "rate"),)) for name in ("one", "two")},
    )
    patch = Patch(nodes={"sub": Node("subpatch", definition="mine")}, definitions={"mine": inside})
    assert ports_inside(patch, "sub", "one") is None


def test_a_knob_that_is_turned_while_edits_wait_moves_them_too(stage: Stage, compiled: list[Patch]) -> None:
    stage.until(100)
    stage.document.do(AddNode("later", Node("lfo")), at=BARS)
    stage.document.do(SetValue("later", "rate", 3.0), at=Grid("bar", 2))
    stage.until(105)
    count = len(compiled)
    stage.host.turn("scheduler", "structure", 0.7)
    stage.host.turn("lfo", "rate", 1.5)
    stage.until(110)
    waiting = [scene.program for _, scene in stage.host.performer.soundings.waiting]
    assert waiting
    for program in (stage.host.performer.program, *waiting):
        assert program.bus[program.engine_slots[program.engine_port("scheduler", "structure")]] in (0.7, 0.5)
        step = next(number for number, code in enumerate(program.codes) if code.node == "lfo")
        assert 1.5 in program.params[step]
    assert len(compiled) == count
    stage.until(100 + 3 * BAR)
    assert "later" in {code.node for code in stage.host.performer.program.codes}
    assert len(compiled) == count


def test_a_turned_knob_is_a_touch(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.until(50)
    touched: list[None] = []
    monkeypatch.setattr(stage.host.performer.admission, "touch", lambda: touched.append(None))
    stage.host.turn("lfo", "phase", 0.0)  # as it was
    stage.until(55)
    assert touched == []
    stage.host.turn("scheduler", "strength", 0.4)
    stage.until(60)
    assert touched == [None]


def test_a_base_that_moved_without_being_compiled_stays_when_a_later_edit_is_a_mistake(stage: Stage) -> None:
    stage.until(30)
    stage.document.do(strength(0.3))
    stage.until(40)
    chain = next(cable for cable in DOCUMENT.cables if cable.port == "ring")
    cables = tuple(cable for cable in DOCUMENT.cables if cable != chain)
    stage.document.edit(structs.replace(stage.host.patch, cables=cables))
    stage.until(60)
    assert stage.host.messages
    assert stage.strengths()[-1] == 0.3


# -- interleavings ------------------------------------------------------------------------------------------------
class ByHand:
    """Runs what is left to the editing thread when a test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self.work.append(lambda: future.set_result(work()))
        return future

    def shutdown(self) -> None:
        pass


KNOBS = [("scheduler", "strength"), ("scheduler", "structure"), ("lfo", "rate"), ("lfo", "phase")]
SNAPSHOT = Snapshot("all", None, {"scheduler": {"strength": 0.125}, "lfo": {"rate": 0.25, "shape": "saw"}})
turns = st.tuples(st.just("turn"), st.sampled_from(KNOBS), st.integers(1, 9).map(lambda x: x / 10))
bases = st.tuples(st.just("base"), st.sampled_from(KNOBS), st.integers(1, 9).map(lambda x: x / 10))
others = st.sampled_from(
    [("shape", "saw"), ("shape", "sine"), ("add",), ("remove",), ("release",), ("keep",), ("undo",), ("redo",),
     ("recall",), ("wait",), ("recall later",)]
)  # fmt: skip
clients = st.one_of(turns, turns, bases, others)
steps = st.one_of(
    clients, clients, st.just(("tick",)), st.just(("tick",)), st.tuples(st.just("edit"), st.lists(clients, max_size=3))
)


class Interleaved:
    """A document with its three threads, of which a test says which goes on."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.document = stage, stage.document
        stage.host._edit_thread._executor.shutdown()
        self.editing = ByHand()
        stage.host._edit_thread._executor = self.editing  # type: ignore[assignment]
        self.meanwhile: list[Any] = []
        monkeypatch.setattr(edit_thread, "compile", self._compile)

    def _compile(self, *given: Any) -> Program:
        """Compiles while clients go on."""
        while self.meanwhile:
            self.step(self.meanwhile.pop(0))
        return compile(*given)

    def step(self, what: Any) -> None:
        """Lets a client, the editing thread or the tick thread do one thing."""
        document, (name, *given) = self.document, what
        there = "more" in document.patch.nodes
        acts: dict[str, Callable[..., object]] = {
            "turn": lambda key, value: document.turn(*key, value),
            "base": lambda key, value: document.do(SetValue(*key, value)),
            "shape": lambda shape: document.do(SetValue("lfo", "shape", shape)),
            "add": lambda: None if there else document.do(AddNode("more", Node("lfo"))),
            "remove": lambda: document.do(RemoveNode("more")) if there else None,
            "release": document.release,
            "keep": document.keep,
            "undo": document.undo,
            "redo": document.redo,
            "recall": lambda: document.recall("all"),
            "recall later": lambda: document.recall("all", at=BARS),
            "wait": lambda: document.do(SetValue("lfo", "rate", 0.75), at=BARS),
            "tick": self.stage.live.step,
            "edit": self._edit,
        }
        acts[name](*given)

    def _edit(self, meanwhile: list[Any]) -> None:
        if self.editing.work:
            self.meanwhile = list(meanwhile)
            self.editing.work.pop(0)()

    def finish(self) -> None:
        """Lets all threads end what they have begun, and all that waits be heard."""
        end = self.stage.live.now + 6 * BAR
        while self.editing.work or self.stage.live.now < end:
            while self.editing.work:
                self.step(("edit", []))
            self.step(("tick",))

    def sounding(self) -> tuple[dict[str, Any], dict[Any, float]]:
        return numbers(self.stage.host.performer.program)


def numbers(program: Program) -> tuple[dict[str, Any], dict[Any, float]]:
    """The parameters by node, and the numbers of constant engine ports."""
    params = {step.node: given for step, given in zip(program.codes, program.params, strict=True)}
    return params, {program.bus_keys[slot]: program.bus[slot] for slot in program.constants}


WITH_SNAPSHOT = structs.replace(DOCUMENT, snapshots={"all": SNAPSHOT})


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=14))
def test_no_move_is_lost_and_no_value_comes_back_whatever_thread_goes_first(what: list[Any]) -> None:
    stage = Stage(WITH_SNAPSHOT)
    with pytest.MonkeyPatch.context() as patched:
        threads = Interleaved(stage, patched)
        for each in what:
            threads.step(each)
        threads.finish()
        geometry: Geometry = stage.host._edit_thread._geometry
        fresh = compile(stage.document.sounding, CATALOGUE, geometry)
        assert threads.sounding() == numbers(fresh)
        assert stage.host.messages == ()
    stage.host.close()


def test_a_move_during_a_compile_is_in_the_program_that_comes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    threads = Interleaved(stage, monkeypatch)
    threads.step(("shape", "saw"))
    threads.step(("turn", ("scheduler", "strength"), 0.2))
    threads.step(("edit", [("turn", ("scheduler", "strength"), 0.6), ("tick",)]))
    for _ in range(3):
        threads.step(("tick",))
        assert stage.host.performer.controls.control_value("strength", 0) == 0.6
    stage.host.close()


def test_changes_that_keep_coming_do_not_keep_a_tick_from_its_end(stage: Stage) -> None:
    made: list[None] = []

    def change() -> None:
        made.append(None)
        stage.live.post(change)

    stage.live.post(change)
    for count in range(1, 4):
        stage.live.step()
        assert len(made) == count
