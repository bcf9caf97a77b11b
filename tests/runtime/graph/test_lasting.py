"""What compiling works out goes with what it was worked out of: a long performance keeps nothing of former patches."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator

import pytest
from msgspec import structs

from demon_patch.codegen import object_cache
from demon_patch.codegen.array_code import NodeKind
from demon_patch.codegen.body import Body
from demon_patch.codegen.float_code import NodeCode
from demon_patch.codegen.node_cache import CachedByNodes
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language import declare
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.batch_plan import BatchPlan, batch_plan
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.downstream import downstream
from demon_patch.runtime.graph.program import Program
from tests.support.virtual_stage import patch

TRANSPORT = Transport(25.0, 120.0, 4, 400)
EDITS = 60
KEPT = (functools._lru_cache_wrapper, CachedByNodes)
PROGRAMS = ("demon_patch.codegen", "demon_patch.runtime.graph")
LATEST = 16  # settled bodies that are kept without a program


def edited(number: int) -> Patch:
    """Formulas and wirings that no other number has."""
    nodes = {"lfo": Node("lfo")}
    nodes |= {f"f{i}": Node("expression", values={"formula": f"a * {number + 1} + sin(b * {i})"}) for i in range(8)}
    cables = [Cable("lfo", "out", f"f{i}", "ab"[number >> i & 1]) for i in range(6)]
    return patch(nodes, [*cables, Cable("f7", "out", "scheduler", "strength")])


@pytest.fixture(autouse=True)
def without_searches() -> Iterator[None]:
    """While sound is made nothing searches for circles of objects that hold each other (`threads.quiet_gc`): what goes
    here goes because nothing holds it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def living(kind: type) -> list[object]:
    return [each for each in gc.get_objects() if type(each) is kind]


def made(kind: type, before: list[object]) -> int:
    """How many of a kind live that did not then: those of other tests are held here, so none can go meanwhile."""
    former = {id(each) for each in before}
    return sum(id(each) not in former for each in living(kind))


def emptied() -> None:
    """The caches of programs, which hold those of the latest, hold none."""
    for each in gc.get_objects():
        if type(each) in KEPT and each.__module__.startswith(PROGRAMS):
            each.cache_clear()


def test_former_patches_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_RECENT_BODIES", declare.deque(maxlen=LATEST))
    emptied()
    before = {kind: living(kind) for kind in (Body, NodeCode, NodeKind, BatchPlan)}
    program: Program | None = None
    for number in range(EDITS):
        program = compile(edited(number), CATALOGUE, Geometry(25.0), program)
        program.scan(program.state(), 0, 8, TRANSPORT)
        downstream(program.plan, program.codes, frozenset())  # what a turned knob asks for
    assert batch_plan.cache_info().currsize
    emptied()
    bodies, steps, kinds, plans = (made(kind, those) for kind, those in before.items())
    assert program is not None
    assert 0 < bodies <= 2 * (steps + LATEST)  # each with what can be computed once taken out of it; else 500
    assert steps == len(program.codes)
    assert kinds <= steps
    assert plans <= 1


def test_what_is_kept_of_former_patches_is_bounded_by_their_nodes() -> None:
    """However many nodes a patch has, and not only after every cache is full."""
    emptied()
    before, program, found = living(NodeCode), None, list[int]()
    nodes = {f"f{i}": Node("expression") for i in range(100)}
    cables = [Cable(id, "out", "scheduler", "strength") for id in nodes]
    for number in range(120):
        values = {"formula": f"a + {number}"}
        new = {id: structs.replace(node, values=values) for id, node in nodes.items()}
        program = compile(patch(new, cables), CATALOGUE, Geometry(25.0), program)
        program.scan(program.state(), 0, 8, TRANSPORT)
        if number % 40 == 39:
            found.append(made(NodeCode, before))
    assert max(found) < 1000  # in all caches; of the program itself 100
    assert found[2] < 1.1 * found[1]


class Thing:
    def __init__(self, number: int) -> None:
        self.number = number


def test_a_result_is_kept_in_its_object_and_there_are_not_too_many() -> None:
    calls: list[tuple[int, int]] = []

    @object_cache.cached_on_object
    def product(thing: Thing, by: int) -> int:
        calls.append((thing.number, by))
        return thing.number * by

    one, other = Thing(2), Thing(3)
    assert [product(one, 5), product(one, 5), product(other, 5), product(one, by=5)] == [10, 10, 15, 10]
    assert calls == [(2, 5), (3, 5), (2, 5)]
    for by in range(3 * object_cache.MOST):
        assert product(one, by) == 2 * by
    assert len(vars(one)["_kept"]) <= object_cache.MOST
