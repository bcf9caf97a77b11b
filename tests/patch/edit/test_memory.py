"""What a long performance keeps of its edits levels off, and says so."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from demon_patch.patch.edit import history, session
from demon_patch.patch.edit.commands import SetNote, SetValue
from demon_patch.patch.edit.footprint import footprint
from demon_patch.patch.edit.session import EditSession
from demon_patch.patch.model.canvas import CanvasNote
from demon_patch.patch.model.document import Node, Patch

ME = "me"


def test_a_footprint_counts_each_object_once() -> None:
    text = "x" * 10_000
    node = Node("prompt", values={"text": text})
    assert 10_000 < footprint(node) < 12_000
    assert footprint(node, node, [node, text]) < footprint(node) + 300
    assert footprint(Patch(nodes={f"n{i}": Node("lfo", label=f"{i}") for i in range(100)})) > 100 * sys.getsizeof(node)


def test_undo_and_deltas_keep_within_bytes_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BYTES", 2_000_000)
    monkeypatch.setattr(session, "KEPT_BYTES", 2_000_000)
    document = EditSession(Patch(nodes={"p": Node("prompt", values={"text": ""})}))
    tracemalloc.start()
    sizes = []
    for quarter in range(4):
        for number in range(100):
            document.do(SetValue("p", "text", f"{quarter} {number} " + "x" * 50_000), ME)
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[3] - sizes[1] < 200_000  # bytes; without bounds 10,000,000
    assert max(sizes) < 5_000_000
    kept = len(document.labels(ME))
    assert 5 < kept < 100
    for _ in range(kept):
        undone = document.undo(ME)
        assert undone is not None
        assert undone.skipped == ()
    past = document.undo(ME)
    assert past is not None
    assert str(past.skipped[0]) == "what was done before is no longer kept (change it by hand)"
    assert document.edits_since(session.Revision(0, 1)) is None  # the whole document has to be asked for
    assert document.redo(ME) is not None


def test_the_latest_step_is_kept_however_large_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BYTES", 1000)
    before = Patch()
    document = EditSession(before)
    document.do(SetNote("n", CanvasNote(text="x" * 20_000, at=(0, 0))), ME)
    assert document.undo(ME) is not None
    assert document.patch == before
    assert document.undo(ME) is None  # nothing was forgotten


def test_the_steps_of_the_latest_clients_are_kept() -> None:
    document = EditSession(Patch(nodes={"p": Node("prompt", values={"text": ""})}))
    document.begin("holds", "Gesture")
    document.do(SetValue("p", "text", "held"), "holds")
    names = [f"client {number}" for number in range(3 * session.KEPT_CLIENTS)]
    for name in names:
        document.do(SetValue("p", "text", name), name)
        document.do(SetValue("p", "text", f"{name} again"), names[0])  # who edits on is not forgotten
    for number in range(1000):
        document.steps(f"nobody {number}")
        assert document.undo(f"nobody {number}") is None
    assert len(document.labels(names[0])) == len(names) + 1
    assert [bool(document.labels(name)) for name in names[-session.KEPT_CLIENTS :]].count(False) <= 2
    assert document.labels(names[1]) == ()
    assert len(document._histories) == session.KEPT_CLIENTS
    document.end("holds")
    assert document.labels("holds") == ("Gesture",)
