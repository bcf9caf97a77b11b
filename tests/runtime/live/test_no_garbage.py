"""Edits leave nothing behind: neither garbage that nobody collects, nor nodes of old versions in caches."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import AddNode, AddNodes, Connect, RemoveNode, SetValue, apply
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph import check
from demon_patch.runtime.graph.check import LEAST, VERSIONS
from demon_patch.runtime.graph.program import Program
from demon_patch.threads import Collector, quiet_gc, restore_gc
from tests.support.edited_performance import DOCUMENT, Stage

MANY = 20
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
    """Adds a node that plays, and takes it away; with a mistake in between."""
    id = f"n{number}"
    stage.document.do(AddNode(id, Node("lfo", values={"rate": 1.0 + number / MANY})))
    stage.document.do(Connect(Cable(id, "out", "scheduler", "structure", mode="add", depth=0.1)))
    clip = Node("audio_source", values={"file": f"gone{number}.wav"})
    cable = Cable(f"{id}x", "source", "scheduler", "target")
    stage.document.do(AddNodes({f"{id}x": clip}, (cable,)))
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


def test_nodes_of_old_versions_do_not_stay_in_the_cache_of_checked_ones() -> None:
    document = DOCUMENT
    for number in range(600):
        document, _ = apply(SetValue("scheduler", "structure", number / 600), document)
        assert check.problems(document, CATALOGUE) == []
    assert len(check._NODES._kept) <= VERSIONS * len(document.nodes) + LEAST


def test_all_garbage_is_never_collected_at_once_while_edits_play(stage: Stage) -> None:
    generations: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    gc.callbacks.append(note)
    try:
        for number in range(MANY):
            edit(stage, number)
    finally:
        gc.callbacks.remove(note)
    assert generations
    assert max(generations) < 2


def test_a_collector_collects_once_for_many_pieces_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", collected.append)
    collector = Collector(every=4)
    for _ in range(11):
        collector.note_work()
    assert collected == [1, 1]
