"""What is missing, and what is done about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from demon_patch import shipped
from demon_patch.editor.panels.assets_panel import Missing, rows
from demon_patch.editor.share.doing import source_of
from demon_patch.editor.share.missing import Lack, lacking_model, lacks, renaming, without
from demon_patch.errors import PatchError
from demon_patch.nodes.editing.update import load
from demon_patch.patch.edit.commands import apply
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.graph import SUBPATCH
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.files import Asset, Assets, Entry, Folder, Listing, Resolve
from tests.support.noting_popups import FakePopups
from tests.support.storing_link import StoringLink

FIRST = load(shipped.shipped()["first-light"])
SOURCE = source_of(FIRST) or ""
PATCH = structs.replace(FIRST, nodes={**FIRST.nodes, SOURCE: Node("audio_source", values={"file": "a/Beat.wav"})})
GONE = Assets(
    assets=(
        Asset(name="a/Beat.wav", node=SOURCE, port="file", fault=Fault(text="", what="there is no such file")),
        Asset(name="there.wav", node="x", port="file", bytes=9),
    )
)
HERE = (Entry(name="clips/beat.wav", kind="sound"), Entry(name="beat.dpatch.json", kind="patch"))


def missing(patch: Patch = PATCH) -> tuple[Missing, StoringLink, FakePopups]:
    link, popups = StoringLink(patch), FakePopups()
    link.replies = {Resolve: GONE, Folder: Listing(entries=HERE)}
    made = Missing(link, popups)
    made.look()
    return made, link, popups


def test_only_what_cannot_be_used_is_listed_with_its_nodes_and_mends() -> None:
    (lack,) = lacks(GONE, PATCH, HERE)
    assert (lack.name, lack.kind, lack.nodes) == ("a/Beat.wav", "clip", ((None, SOURCE, "file"),))
    assert lack.titles == ("Audio Source",)
    assert [mend.kind for mend in lack.mends] == ["use", "send", "name", "composed"]
    assert lack.mends[0].name == "clips/beat.wav"


def test_a_file_within_a_subpatch_is_found_and_renamed_there() -> None:
    inner = Definition(nodes={"s": Node("audio_source", values={"file": "./a/Beat.wav"})})
    patch = Patch(nodes={"i": Node(SUBPATCH, definition="d")}, definitions={"d": inner})
    (lack,) = lacks(GONE, patch)
    assert lack.nodes == (("d", "s", "file"),)
    new, back = apply(renaming(patch, lack, "b.wav"), patch)
    assert new.definitions["d"].nodes["s"].values["file"] == "b.wav"
    assert apply(back, new)[0] == patch


def test_a_lora_can_be_left_out() -> None:
    patch = Patch(
        nodes={"s": Node("scheduler"), "l": Node("lora", values={"file": "w.safetensors"})},
        cables=(Cable("s", "ring", "l", "ring"),),
    )
    asset = Asset(name="w.safetensors", node="l", port="file", fault=Fault(text="gone"))
    (lack,) = lacks(Assets(assets=(asset,)), patch)
    assert lack.kind == "LoRA"
    assert lack.mends[-1].kind == "bypass"
    assert apply(without(patch, lack), patch)[0].nodes["l"].bypass


def test_what_is_gone_from_the_patch_cannot_be_renamed() -> None:
    lack = Lack("b", "clip", "", ((None, "gone", "file"), ("gone", "x", "file")))
    for make in (lambda: renaming(FIRST, lack, "c"), lambda: without(FIRST, lack)):
        with pytest.raises(PatchError, match="nothing names"):
            make()


def test_a_hash_is_said_in_short() -> None:
    name = "sha256:" + "ab" * 32 + ".wav"
    asset = Asset(name=name, node=SOURCE, port="file", fault=Fault(text="gone"))
    assert lacks(Assets(assets=(asset,)), PATCH)[0].short == "ababababab… (.wav)"


def test_each_mend_is_one_step() -> None:
    for kind, type in (("use", "audio_source"), ("composed", "composed_source")):
        made, link, _ = missing()
        (lack,) = made.list
        made.mend(lack, next(m for m in lack.mends if m.kind == kind), (0, 0))
        node = link.patch.nodes[source_of(link.patch) or ""]
        assert node.type == type
        assert len(link.steps) == 1
        if kind == "use":
            assert node.values["file"] == "clips/beat.wav"


def test_a_file_is_sent_and_named(tmp_path: Path) -> None:
    (tmp_path / "my beat.wav").write_bytes(b"RIFFxxxx")
    made, link, popups = missing()
    (lack,) = made.list
    made.mend(lack, next(m for m in lack.mends if m.kind == "send"), (0, 0))
    ((_, _, commit),) = popups.fields
    assert "no such" in commit(str(tmp_path / "gone.wav")).lower()
    assert commit(f"'{tmp_path / 'my beat.wav'}'") == ""
    assert link.patch.nodes[SOURCE].values["file"] in link.stored


def test_a_name_is_typed() -> None:
    made, link, popups = missing()
    (lack,) = made.list
    made.mend(lack, next(m for m in lack.mends if m.kind == "name"), (0, 0))
    commit = popups.fields[0][2]
    assert commit("  ") == "type a name"
    assert commit("b.wav") == ""
    assert link.patch.nodes[SOURCE].values["file"] == "b.wav"


def test_it_asks_again_only_for_another_document() -> None:
    made, link, _ = missing()
    before = len(link.asked)
    made.look()
    assert len(link.asked) == before
    (lack,) = made.list
    made.mend(lack, lack.mends[0], (0, 0))
    made.look()
    assert sum(isinstance(request, Resolve) for request in link.asked) == 2


def test_a_model_that_does_not_play_is_said() -> None:
    patch = structs.replace(FIRST, meta=structs.replace(FIRST.meta, model="acestep-v15-turbo"))
    lack = lacking_model(patch, "nano")
    assert lack is not None
    assert "does not have it" in lack.what
    assert lacking_model(patch, "acestep-v15-turbo") is None
    assert lacking_model(FIRST, FIRST.meta.model) is None
    there = lacking_model(patch, "nano", ["nano", "acestep-v15-turbo"])
    assert there is not None
    assert there.mends[0].name == "acestep-v15-turbo"


def test_the_rows_do_what_they_say() -> None:
    made, link, _ = missing()
    listed = list(rows(made.list, lambda lack, mend: made.mend(lack, mend, (0, 0))))
    row = next(row for row in listed if row.title == "Use clips/beat.wav")
    assert row.do is not None
    row.do()
    assert link.patch.nodes[SOURCE].values["file"] == "clips/beat.wav"
    assert [row.tone for row in rows([], lambda lack, mend: None)] == ["good"]
