"""Versions, files that others change, a host that ends, recent files, clients, ghosts and remarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import structs

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.host_link import Connected, Lost
from demon_patch.editor.panels.cable_remarks import AFTER, CableRemarks
from demon_patch.editor.panels.clients_panel import Company, client_rows
from demon_patch.editor.panels.controller_ghosts import ControllerGhosts
from demon_patch.editor.panels.difference_words import differences
from demon_patch.editor.panels.recent_files import MOST, RecentFiles
from demon_patch.editor.panels.versions_model import Lifelines
from demon_patch.editor.panels.versions_panel import life_rows
from demon_patch.patch.edit.commands import Connect, SetValue
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, CableKey, Node
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.controllers import ControllerEvent
from demon_patch.runtime.remote.messages.documents import (
    FileChanged,
    KeptVersions,
    Reload,
    Restore,
    Save,
    Saved,
    Version,
    Versions,
)
from demon_patch.runtime.remote.messages.edits import Edited, History, Step, Steps, Undo
from demon_patch.runtime.remote.messages.session import Clients
from demon_patch.runtime.remote.messages.showing import Hurries, Hurry, HurryList
from tests.support.editor_desk import Desk, chained
from tests.support.noting_link import FakeLink
from tests.support.patch_strategies import patches

KEY = CableKey("lfo", "out", "sched", "strength")


def changed(patch: Patch, strength: float = 0.8) -> Patch:
    node = patch.nodes["sched"]
    return structs.replace(
        patch,
        nodes={**patch.nodes, "sched": structs.replace(node, values={"strength": strength})},
        cables=tuple(cable for cable in patch.cables if cable.key != KEY),
    )


# -- what differs --------------------------------------------------------------------------------------------------
def test_differences_are_named() -> None:
    said = differences(chained(), changed(chained()), Facts())
    assert "Scheduler strength: 50 % → 80 %" in said
    assert "1 cable less: LFO to Scheduler strength" in said
    assert differences(chained(), chained(), Facts()) == []
    more = structs.replace(chained(), nodes={**chained().nodes, "new": Node("slew", label="Glide")})
    assert differences(chained(), more, Facts()) == ["1 node more: Glide"]
    assert differences(more, chained(), Facts()) == ["1 node less: Glide"]


@settings(max_examples=40, deadline=None)
@given(patches(), patches())
def test_other_documents_always_have_words(old: Patch, new: Patch) -> None:
    said = differences(old, new, Facts())
    assert bool(said) is (old != new)
    assert all(line.strip() for line in said)


# -- versions ------------------------------------------------------------------------------------------------------
def test_a_version_is_brought_back_named_and_taken_back() -> None:
    link = FakeLink(chained())
    lines = Lifelines(link, Facts(), lambda text, tone: None)
    lines.ask(1.0)
    lines.ask(2.0)
    assert link.asked == [Versions()]
    lines._take(KeptVersions(versions=(Version(name="v1", seconds=70.0, bytes=1200),)))
    row = next(row for row in life_rows(lines) if row.title == "1 min ago")
    assert row.do is not None
    row.do()
    assert link.asked[-1] == Restore(version="v1")
    then = link.then[-1]
    assert then is not None
    then(Edited(revision=Revision(0, 5)))
    lines.look(3.0)
    assert lines.said == []  # the document is not here yet
    link.patch, link.revision = changed(chained()), Revision(0, 5)
    lines.look(3.1)
    assert "Scheduler strength: 50 % → 80 %" in lines.said[0].lines
    back = next(row for row in life_rows(lines) if row.title == "Take it back")
    assert back.do is not None
    back.do()
    assert link.asked[-1] == Undo()
    assert not any(row.title == "Take it back" for row in life_rows(lines))


def test_a_file_that_another_program_changed_can_be_taken_or_written_over() -> None:
    link = FakeLink(chained())
    lines = Lifelines(link, Facts(), lambda text, tone: None, lambda name: changed(chained()))
    lines.hear(FileChanged(file="song.dpatch.json"))
    assert "Scheduler strength: 50 % → 80 %" in [row.title for row in life_rows(lines)]
    lines.keep_ours()
    assert link.asked[-1] == Save(over=True)
    lines.told(Saved(file="song.dpatch.json", revision=Revision(0, 1)))
    assert lines.changed is None
    lines.hear(FileChanged(file="song.dpatch.json"))
    lines.reload()
    assert link.asked[-1] == Reload()
    lines.hear(FileChanged(file="song.dpatch.json", gone=True))
    assert "Take the file" not in [row.title for row in life_rows(lines)]
    lines.later()
    assert lines.changed is None


def test_a_host_that_ended_is_told_with_what_it_lacked() -> None:
    link = FakeLink(changed(chained()))
    link.revision = Revision(3, 9)
    lines = Lifelines(link, Facts(), lambda text, tone: None)
    lines.hear(Lost("gone"))
    link.patch, link.revision = chained(), Revision(3, 2)
    lines.look(0.0)
    assert lines.said == []
    lines.hear(Connected(None, None, True))  # type: ignore[arg-type]
    lines.look(0.1)
    assert "ended" in lines.said[0].title
    assert "Scheduler strength: 50 % → 80 %" in lines.said[0].lines
    lines.hear(Lost("again"))
    lines.hear(Connected(None, None, True))  # type: ignore[arg-type]
    lines.look(0.2)
    assert len(lines.said) == 1  # the same host: only the wire was cut


# -- recent files --------------------------------------------------------------------------------------------------
def test_recent_files_are_kept_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "s" / "recent.json"
    recent = RecentFiles(file)
    for n in range(MOST + 3):
        recent.add(tmp_path / f"{n}.dpatch.json")
    recent.add(tmp_path / f"{MOST}.dpatch.json")
    again = RecentFiles(file)
    assert again.paths == recent.paths
    assert len(again.paths) == MOST
    assert again.paths[0].name == f"{MOST}.dpatch.json"


@pytest.mark.parametrize("text", ["{}", "[1, null]", '["relative"]', '["/a\\u0000b"]', "[" * 100_000, "\ud800"])
def test_a_wrong_list_counts_as_empty(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recent.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    recent = RecentFiles(file)
    assert recent.paths == []
    recent.add(tmp_path / "x")
    assert json.loads(file.read_text()) == [str(tmp_path / "x")]


# -- clients -------------------------------------------------------------------------------------------------------
def test_clients_and_what_they_did() -> None:
    link = FakeLink()
    company = Company(link)
    company.own = "editor"
    company.hear(Clients(clients=("bob", "editor")))
    company.turn("bob")
    company.look()
    company.look()
    assert link.asked == [History(client="bob")]
    then = link.then[0]
    assert then is not None
    then(Steps(done=tuple(Step(label=f"step {n}") for n in range(20))))
    titles = [row.title for row in client_rows(company.names, company.own, company.steps, company.open, company)]
    assert titles[:3] == ["editor", "bob", "step 19"]
    assert titles[-1] == "and 8 before them"
    company.hear(Clients(clients=("editor",)))
    assert company.steps == {}


# -- the canvas ----------------------------------------------------------------------------------------------------
def test_a_controller_that_waits_is_a_ghost_until_it_catches() -> None:
    desk = Desk(chained())
    said: list[str] = []
    done: list[int] = []
    ghosts = ControllerGhosts(desk.view, lambda text, tone: said.append(text), lambda: done.append(1))
    ghosts.hear(ControllerEvent(number=1, kind="armed", node="sched", port="strength"))
    assert ghosts.look(0.8)
    assert desk.canvas.rings["sched", "strength"] == pytest.approx(0.5)
    mapping = ControlMapping(Controller("cc", number=7), "sched", "strength")
    ghosts.hear(ControllerEvent(number=2, kind="learned", node="sched", port="strength", mapping="m"))
    assert done == [1]
    assert ("sched", "strength") not in desk.canvas.rings
    assert not ghosts.look(1.0)
    desk.view.update(structs.replace(desk.patch, mappings={"m": mapping}))
    ghosts.look(1.1)
    assert said == ["CC 7 turns Scheduler strength."]
    ghosts.hear(ControllerEvent(number=3, kind="waiting", node="sched", port="strength", place=0.1, value=0.25))
    assert desk.canvas.ghosts == {("sched", "strength"): 0.25}
    desk.canvas.ghosts.clear()
    ghosts.redraw()
    assert desk.canvas.ghosts == {("sched", "strength"): 0.25}
    ghosts.hear(ControllerEvent(number=4, kind="caught", node="sched", port="strength"))
    assert desk.canvas.ghosts == {}


def test_a_cable_that_is_too_fast_is_marked_and_unmarked() -> None:
    desk = Desk(chained())
    link = FakeLink(desk.patch)
    remarks = CableRemarks(link, desk.view)
    remarks.look(0.0, True)
    remarks.look(AFTER - 0.1, True)
    assert link.asked == []
    remarks.look(AFTER + 0.1, True)
    remarks.look(AFTER + 0.2, True)
    assert link.asked == [Hurries()]
    hurry = Hurry(
        node="sched", port="strength", fault=Fault(text="x", what="too fast", mend="use blend"), cables=(KEY,)
    )
    then: Any = link.then[0]
    then(HurryList(hurries=(hurry,)))
    assert desk.canvas.odd == {KEY}
    assert remarks.by_cable == {KEY: "too fast: use blend"}
    then(HurryList())
    assert desk.canvas.odd == set()
    desk.did(Connect(Cable("lfo", "out", "sched", "structure")), SetValue("sched", "strength", 0.1))
    remarks.redraw()
    assert remarks.by_cable == {}
