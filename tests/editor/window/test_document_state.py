"""Title, whether it is saved, what is wrong, and where in the patch the view is."""

from __future__ import annotations

from demon_patch.editor.document_state import DocumentState, path_of
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.documents import Check, Problems, Saved, Snapshot
from tests.support.noting_link import FakeLink


def test_what_is_edited_after_saving_is_unsaved() -> None:
    link = FakeLink()
    state = DocumentState(link)
    link.revision = Revision(1, 4)
    state.connected("song.dpatch.json")
    answer = link.then[-1]
    assert answer is not None
    assert state.dirty
    answer(Snapshot(revision=Revision(1, 4), saved=True))
    assert not state.dirty
    link.revision = Revision(1, 5)
    assert state.dirty
    state.told(Saved(file="song.dpatch.json", revision=Revision(1, 5)))
    assert not state.dirty
    assert state.title == "song"


def test_problems_are_asked_for_once_after_the_last_edit() -> None:
    link = FakeLink()
    state = DocumentState(link)
    for now in (0.0, 0.1, 0.2, 0.3):
        link.revision = Revision(0, round(now * 10))
        state.look(now, True)
    assert link.asked == []
    for now in (1.0, 1.1, 9.0):
        state.look(now, True)
    assert link.asked == [Check()]
    answer = link.then[-1]
    assert answer is not None
    answer(Problems(problems=(Fault(text="x", what="no such port", node="lfo"), Fault(text="y"))))
    assert state.by_node({"b": "stands still"}) == {"lfo": "no such port", "b": "stands still"}


def test_the_path_of_a_definition_is_that_of_its_first_subpatch() -> None:
    inner = Definition(title="Inner", nodes={"x": Node("lfo")})
    outer = Definition(title="Outer", nodes={"in": Node("subpatch", definition="inner")})
    patch = Patch(nodes={"one": Node("subpatch", definition="outer")}, definitions={"inner": inner, "outer": outer})
    assert path_of(patch, None) == ""
    assert path_of(patch, "outer") == "one/"
    assert path_of(patch, "inner") == "one/in/"
    assert path_of(patch, "nowhere") == ""
