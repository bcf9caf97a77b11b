"""Edits leave nothing behind: neither garbage that nobody collects, nor nodes of old versions in caches."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from demon_patch.patch.edit.commands import AddNode, Connect, RemoveNode
from demon_patch.patch.model.document import Cable, Node
from demon_patch.patch.model.graph import Node as AnyNode
from demon_patch.runtime.graph.check import LEAST, VERSIONS
from demon_patch.runtime.graph.program import Program
from demon_patch.threads import Collector, quiet_gc, restore_gc
from tests.support.edited_performance import Stage

MANY = 150
PROGRAMS = 40  # alive at once: those of two collections, and what plays


@pytest.fixture(autouse=True)
def as_in_a_host() -> Iterator[None]:
    """Garbage collection as it is while a host plays."""
    quiet_gc()
    yield
    restore_gc()


def alive(kind: type) -> int:
    return sum(type(each) is kind for each in gc.get_objects())


def edit(stage: Stage, number: int) -> None:
    """Adds a node that plays, and takes it away; every third time with a mistake in between."""
    id = f"n{number}"
    stage.document.do(AddNode(id, Node("lfo", values={"rate": 1.0 + number / MANY})))
    stage.document.do(Connect(Cable(id, "out", "scheduler", "structure", mode="add", depth=0.1)))
    if number % 3 == 0:
        stage.document.do(AddNode(f"{id}x", Node("lfo", values={"rate": "no number"})))
        stage.settle()
        stage.document.do(RemoveNode(f"{id}x"))
    stage.settle()
    stage.live.step()
    stage.document.do(RemoveNode(id))
    stage.settle()
    stage.live.step()


def test_old_programs_do_not_stay(stage: Stage) -> None:
    for number in range(MANY):
        edit(stage, number)
    assert alive(Program) < PROGRAMS


def test_old_nodes_stay_only_in_history(stage: Stage) -> None:
    for number in range(MANY):
        edit(stage, number)
        for value in range(4):  # each makes another node of what sounds
            stage.host.turn("lfo", "phase", (value + number % 2 / 2) / 4)
            stage.host.turn("scheduler", "structure", value / 4)
            stage.document.keep()
    stage.settle()
    gc.collect()
    of_history = 12 * MANY  # two for each edit that is kept, and its inverse
    assert alive(AnyNode) < of_history + VERSIONS * len(stage.document.patch.nodes) + LEAST


def test_a_collector_collects_once_for_many_pieces_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))
    collector = Collector(every=4)
    for _ in range(11):
        collector.note_work()
    assert len(collected) == 2
