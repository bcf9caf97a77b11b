"""Files beside the patch, uploads, saving, versions, and a host that is killed with unsaved edits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec import structs
from safetensors.numpy import save as tensors

from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import AddNode
from demon_patch.patch.files.format import dumps, load, loads, save
from demon_patch.patch.model.dashboard import Snapshot as PatchSnapshot
from demon_patch.patch.model.document import Meta as PatchMeta
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.assets.asset_store import located, store
from demon_patch.runtime.remote import server, versions
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages import documents, files, session
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.versions import Versions
from tests.support.edited_performance import DOCUMENT, strength
from tests.support.wired_host import WiredHost, until, wired_host


def send(client: Client, content: bytes, suffix: str, hash: str | None = None) -> files.Uploading:
    """Uploads a file in pieces of 10 kB."""
    hash = hash or hashlib.sha256(content).hexdigest()
    done = client.ask(files.Upload(hash=hash, bytes=len(content), suffix=suffix), files.Uploading)
    for at in range(0, len(content), 10_000):
        if not done.name:
            done = client.ask(files.Piece(hash=hash, content=content[at : at + 10_000]), files.Uploading)
    return done


def sound(path: Path) -> bytes:
    soundfile.write(path, np.sin(np.arange(20_000) / 20).astype(np.float32), 8000)
    return path.read_bytes()


def test_a_sound_and_a_lora_become_assets(wired: WiredHost, tmp_path: Path) -> None:
    with wired.client() as ann:
        content = sound(tmp_path / "x.wav")
        done = send(ann, content, ".wav")
        assert done.name == f"sha256:{hashlib.sha256(content).hexdigest()}.wav"
        assert located(done.name, wired.host.folder).read_bytes() == content
        assert send(ann, content, ".wav").received == len(content)  # at once: it is there
        weights = tensors({"a": np.zeros((2, 2), np.float32)})
        assert send(ann, weights, ".safetensors").name.endswith(".safetensors")


def test_anything_else_is_refused_and_leaves_nothing(wired: WiredHost, tmp_path: Path) -> None:
    content = sound(tmp_path / "x.wav")
    with wired.client() as ann:
        for suffix in (".py", ".pkl", ".pt", "", "../x.wav", ".json"):
            with pytest.raises(DemonError, match="is not taken"):
                send(ann, content, suffix)
        with pytest.raises(DemonError, match="another SHA-256"):
            send(ann, content, ".wav", "0" * 64)
        for junk, suffix in ((b"junk" * 100, ".wav"), (b"\x80\x04junk" * 9, ".safetensors"), (b"ID3", ".mp3")):
            with pytest.raises(DemonError):
                send(ann, junk, suffix)
        begun = files.Upload(hash="1" * 64, bytes=10, suffix=".wav")
        ann.ask(begun, files.Uploading)
        with pytest.raises(DemonError, match="more bytes came"):
            ann.ask(files.Piece(hash="1" * 64, content=b"x" * 11))
        with pytest.raises(DemonError, match="no upload of that hash is open"):
            ann.ask(files.Piece(hash="1" * 64, content=b"x"))
        with pytest.raises(DemonError, match="bytes"):
            ann.ask(files.Upload(hash="2" * 64, bytes=2**31, suffix=".wav"))
        for number in range(4):
            ann.ask(files.Upload(hash=f"{number}" * 64, bytes=10, suffix=".wav"))
        with pytest.raises(DemonError, match="4 uploads are open"):
            ann.ask(files.Upload(hash="a" * 64, bytes=10, suffix=".wav"))
        ann.ask(files.Abandon(hash="0" * 64))
        ann.ask(files.Upload(hash="a" * 64, bytes=10, suffix=".wav"))
    assert not store().exists() or not list(store().iterdir())


def test_a_folder_is_listed_within_the_patchs_own(wired: WiredHost, tmp_path: Path) -> None:
    home = wired.host.folder
    (home / "sounds").mkdir()
    sound(home / "sounds" / "kick.wav")
    (home / ".hidden").write_text("x")
    (tmp_path / "secret.wav").write_bytes(b"x")
    os.symlink(tmp_path / "secret.wav", home / "link.wav")
    os.mkfifo(home / "pipe")
    with wired.client() as ann:
        found = ann.ask(files.Folder(), files.Listing)
        assert [(each.name, each.kind) for each in found.entries] == [
            ("first.dpatch.json", "patch"),
            ("sounds", "folder"),
        ]
        inner = ann.ask(files.Folder(folder="sounds"), files.Listing)
        assert [(each.name, each.kind) for each in inner.entries] == [("sounds/kick.wav", "sound")]
        assert inner.entries[0].bytes > 10_000
        with pytest.raises(DemonError, match="outside"):
            ann.ask(files.Folder(folder=".."))
        with pytest.raises(DemonError):
            ann.ask(files.Folder(folder="nowhere"))


def test_missing_assets_are_named_with_their_mend(wired: WiredHost) -> None:
    with wired.client() as ann:
        lost = f"sha256:{'3' * 64}.wav"
        ann.do(AddNode("clip", Node("audio_source", values={"file": lost})))
        ann.do(AddNode("other", Node("audio_source", values={"file": "gone.wav"})))
        found = ann.ask(files.Resolve(), files.Assets).assets
        assert [(each.name, each.node, each.port, each.hash) for each in found] == [
            ("gone.wav", "other", "file", ""),
            (lost, "clip", "file", "3" * 64),
        ]
        assert all(each.fault is not None and each.fault.mend for each in found)


def test_the_document_is_saved_and_what_else_changed_the_file_is_told(wired: WiredHost, file: Path) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        ann.do(strength(0.3))
        ann.turn("scheduler", "structure", 0.75)
        assert not ann.ask(documents.Document(), documents.Snapshot).saved
        assert ann.save().file == "first.dpatch.json"
        assert load(file) == wired.host.patch
        assert load(file).nodes["scheduler"].values["structure"] == 0.75
        assert ann.ask(documents.Document(), documents.Snapshot).saved
        save(DOCUMENT, file)
        assert until(lambda: any(isinstance(event, documents.FileChanged) for event in heard))
        with pytest.raises(DemonError, match="changed on the disk"):
            ann.save()
        ann.ask(documents.Reload())
        assert ann.wait(lambda: ann.patch == DOCUMENT)
        ann.undo()
        assert ann.patch.nodes["scheduler"].values["structure"] == 0.75
        ann.save(over=True)
        with pytest.raises(DemonError, match="no name of a patch file"):
            ann.save("other.txt")
        ann.save("other.dpatch.json")
        assert wired.server.served.saved.file == file.with_name("other.dpatch.json")
        with pytest.raises(DemonError, match="there is such a file already"):
            ann.save("first.dpatch.json")
        file.with_name("other.dpatch.json").unlink()
        assert until(lambda: any(isinstance(event, documents.FileChanged) and event.gone for event in heard))


def test_a_disk_that_cannot_be_written_is_told_and_the_old_file_stays(
    wired: WiredHost, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from demon_patch.patch.files import atomic_file

    def full(stream: object) -> None:
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    with wired.client() as ann:
        ann.do(strength(0.3))
        with monkeypatch.context() as patched:
            patched.setattr(atomic_file.os, "fsync", full)
            with pytest.raises(DemonError, match="No space left on device"):
                ann.save()
        assert file.read_bytes() == before
        ann.save()
        assert load(file) == ann.patch


def test_versions_are_kept_by_themselves_and_brought_back(
    wired: WiredHost, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setattr(server, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(server, "FILE_SECONDS", 0.02)
    with wired.client() as ann:
        ann.do(strength(0.3))
        first = ann.patch
        assert until(lambda: ann.ask(documents.Versions(), documents.KeptVersions).versions)
        ann.do(strength(0.4))
        assert until(lambda: len(ann.ask(documents.Versions(), documents.KeptVersions).versions) == 2)
        _, old = ann.ask(documents.Versions(), documents.KeptVersions).versions
        ann.ask(documents.Restore(version=old.name))
        assert ann.wait(lambda: ann.patch == first)
        for name in ("nothing", "../../x", "unsaved.dpatch.json"):
            with pytest.raises(DemonError, match="there is no version"):
                ann.ask(documents.Restore(version=name))


def test_the_last_twenty_versions_are_kept(file: Path) -> None:
    kept = Versions(file)
    patch = DOCUMENT
    from demon_patch.patch.edit.commands import apply

    for number in range(25):
        patch = apply(strength(0.01 * number), patch)[0]
        kept.keep(patch)
        kept.keep(patch)
    names = [version.name for version in kept.kept()]
    assert len(names) == versions.MOST == 20
    assert kept.read(names[0]) == patch


def test_unsaved_edits_are_back_after_the_host_was_killed(file: Path) -> None:
    with wired_host(file=file) as wired:
        with wired.client() as ann:
            ann.do(strength(0.3))
            edited = ann.patch
        wired.server._keep_version()
        kept = Versions(file).unsaved()
        assert kept == edited
    with wired_host(file=file) as again, again.client() as ann:
        assert again.server.served.saved.restore_unsaved()
        assert ann.wait(lambda: ann.patch == edited)
        assert load(file) == DOCUMENT
        ann.save()
        assert Versions(file).unsaved() is None
    save(DOCUMENT, file)
    Versions(file).note_unsaved(edited)
    later = file.stat().st_mtime + 10
    os.utime(file, (later, later))
    assert Versions(file).unsaved() is None  # something else has written the file since


def test_catalogue_words_and_problems(wired: WiredHost) -> None:
    with wired.client() as ann:
        told = ann.ask(session.Catalogue(), session.Nodes)
        nodes = {node["id"]: node for node in told.nodes}
        ports = {port["name"]: port for port in nodes["scheduler"]["ports"]}
        assert ports["strength"]["propagation"] == "request"
        assert ports["strength"]["rate"] > 0
        assert "gate" in told.fits["value"]
        assert told.fits["ring"] == ("ring",)
        assert told.depth == 0.5
        assert [port["auto"] for node in told.nodes for port in node["ports"] if "auto" in port]
        ann.do(AddNode("odd", Node("slew", values={"rise": -5.0})))
        found = ann.ask(documents.Check(), documents.Problems)
        assert [(fault.node, fault.port) for fault in found.problems] == [("odd", "rise")]
        assert found.remarks == ()
        wired.host.performer.loras.told = {"scheduler": ("it moves the model by 30%",)}
        (remark,) = ann.ask(documents.Check(), documents.Problems).remarks
        assert (remark.node, remark.port, remark.what) == ("scheduler", "file", "it moves the model by 30%")
        assert ann.ask(session.Words(text="x"), session.Vocabulary).page == ""  # the toy family has none


def test_the_snapshot_has_all_or_what_is_new(wired: WiredHost) -> None:
    with wired.client() as ann:
        start = ann.revision
        ann.do(strength(0.3))
        ann.turn("scheduler", "structure", 0.75)
        whole = ann.ask(documents.Document(), documents.Snapshot)
        assert whole.patch == dumps(ann.patch)
        assert whole.live == (("scheduler", "structure", 0.75),)
        news = ann.ask(documents.Document(since=start), documents.Snapshot)
        assert news.patch == ""
        assert [edit.label for edit in news.edits] == ["Set value"]
        gone = ann.ask(documents.Document(since=type(start)(7, 0)), documents.Snapshot)
        assert gone.patch


def test_a_sketch_has_what_a_picture_needs_and_little_else(wired: WiredHost) -> None:
    home = wired.host.folder
    nodes = {
        **DOCUMENT.nodes,
        "words": structs.replace(DOCUMENT.nodes["words"], values={"text": "warm " * 500}, at=(7.0, 8.0), label="W"),
        "line": Node("drawn_curve", values={"points": [[n / 99, 0.5] for n in range(100)]}, colour="#123456"),
    }
    song = structs.replace(
        DOCUMENT, nodes=nodes, meta=PatchMeta(title="T", tags=("a",)), snapshots={"s": PatchSnapshot("S")}
    )
    save(song, home / "song.dpatch.json")
    with wired.client() as ann:
        found = loads(ann.sketch("song.dpatch.json"))
    assert found.nodes.keys() == song.nodes.keys()
    assert [cable.key for cable in found.cables] == [cable.key for cable in song.cables]
    assert (found.meta, found.song, found.snapshots) == (song.meta, song.song, {})
    assert (found.nodes["words"].at, found.nodes["words"].label) == ((7.0, 8.0), "W")
    assert found.nodes["words"].values == {"text": ("warm " * 8)}
    assert (found.nodes["line"].values, found.nodes["line"].colour) == ({"points": []}, "#123456")
    assert found.nodes["scheduler"].values == song.nodes["scheduler"].values


def test_a_sketch_of_anything_else_is_refused_and_the_next_one_is_given(wired: WiredHost, tmp_path: Path) -> None:
    home = wired.host.folder
    sound(home / "plain.wav")
    (home / "broken.dpatch.json").write_text("{")
    (home / "junk.dpatch").write_bytes(b"\x80\x04junk")
    (home / ".secret.dpatch.json").write_text(dumps(DOCUMENT))
    (tmp_path / "outside.dpatch.json").write_text(dumps(DOCUMENT))
    os.symlink(tmp_path / "outside.dpatch.json", home / "link.dpatch.json")
    with (home / "large.dpatch").open("wb") as large:
        large.truncate(2**25)
    many = {f"n{k}": Node("knob", at=(float(k), 0.5)) for k in range(4000)}
    save(Patch(nodes=many), home / "many.dpatch.json")
    with wired.client() as ann:
        for name, what in (
            ("plain.wav", "carries no patch"), ("broken.dpatch.json", "is no JSON"), ("junk.dpatch", "no pack"),
            (".secret.dpatch.json", "hidden"), ("../outside.dpatch.json", "outside"), ("link.dpatch.json", "outside"),
            (str(tmp_path / "outside.dpatch.json"), "."), ("nowhere.dpatch.json", "no such file"), ("", "."),
            (".", "."), ("a\0b", "."), ("large.dpatch", "above 16 MiB"), ("many.dpatch.json", "4000 nodes"),
        ):  # fmt: skip
            with pytest.raises(DemonError, match=what):
                ann.sketch(name)
        with pytest.raises(DemonError):
            ann.sketch("x" * 2000)
        assert loads(ann.sketch("first.dpatch.json")).nodes.keys() == DOCUMENT.nodes.keys()
