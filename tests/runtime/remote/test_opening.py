"""Other songs over the wire: a real host on a clock of its own, with a server and clients."""

from __future__ import annotations

import gc
import hashlib
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.files.format import dumps, load, save
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.meta import Meta
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages import documents, files
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.edits import Edit
from demon_patch.runtime.remote.messages.opening import Open, Opening
from demon_patch.runtime.remote.messages.telemetry import Signals, Strip, Watch
from demon_patch.runtime.remote.server import Server
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch
from tests.support.wired_host import HERE, until

A = patch({"lfo": Node("lfo")}, [], strength=0.5, depth=2)
B = structs.replace(A, meta=Meta(title="the other one"))


class Served:
    """A host with a server, and a client with all that it has heard."""

    def __init__(self, folder: Path, file: Path | None, ends: ExitStack) -> None:
        self.folder, self.events = folder, list[Event]()

        def load_toy(name: str) -> Session:
            return Session(toy_family(640))

        self.host = ends.enter_context(Host(A, load_toy("toy"), folder=folder, device="none", load=load_toy))
        self.host.start()
        self.server = ends.enter_context(Server(self.host, HERE, file=file))
        self.ann = ends.enter_context(Client(self.server.address.url, name="ann", hear=self.events.append))
        assert self.ann.wait(lambda: self.ann.status.get("begun", False) and self.ann.status.get("frame", 0) > 12)

    def stages(self, number: int) -> list[str]:
        return [each.stage for each in self.events if isinstance(each, Opening) and each.number == number]


@pytest.fixture
def song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the songs, with a.dpatch.json and b.dpatch.json."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "songs"
    (folder / "set").mkdir(parents=True)
    save(A, folder / "a.dpatch.json")
    save(B, folder / "b.dpatch.json")
    save(B, folder / "set" / "c.dpatch.json")
    return folder


@pytest.fixture
def served(song: Path) -> Iterator[Served]:
    with ExitStack() as ends:
        yield Served(song, song / "a.dpatch.json", ends)


@pytest.fixture
def nameless(song: Path) -> Iterator[Served]:
    """A host whose document has no file."""
    with ExitStack() as ends:
        yield Served(song, None, ends)


def test_nothing_holds_the_clip_and_the_model_of_the_former_song(served: Served) -> None:
    """Not even the strip of a client that has looked at them."""
    performer, seen = served.host.performer, list[Event]()
    former = [weakref.ref(performer.source), weakref.ref(performer.session)]
    del performer
    with Client(served.server.address.url, name="bob", hear=seen.append) as bob:
        bob.watch(Watch(what="strip", rate=5.0))
        assert bob.wait(lambda: any(isinstance(each, Strip) for each in seen))
    served.ann.open("b.dpatch.json")
    served.ann.wait_for_opening()
    assert until(lambda: gc.collect() >= 0 and not any(each() for each in former))


def edited(client: Client, strength: float) -> Patch:
    client.do(SetValue("scheduler", "strength", strength))
    return client.patch


def test_clients_get_a_fresh_document_and_telemetry_goes_on(served: Served) -> None:
    ann = served.ann
    ann.watch(Watch(what="signals", points=(("lfo", "out", "out"),), rate=20.0))
    assert ann.wait(lambda: any(isinstance(each, Signals) for each in served.events))
    assert ann.open("b.dpatch.json") == ""
    found = ann.wait_for_opening()
    assert served.stages(1) == ["loading", "compiling", "generating", "taking over", "playing"]
    assert (found.title, found.file, found.revision) == ("b.dpatch.json", "b.dpatch.json", (1, 0))
    assert found.model is not None
    assert found.model.song_frames == 200
    assert ann.patch == B
    assert ann.file == "b.dpatch.json"
    assert ann.revision == (1, 0)
    (whole,) = (each for each in served.events if isinstance(each, Edit) and each.revision == (1, 0))
    assert whole.client == "ann"
    assert ann.history().done == ()
    seen = len(served.events)
    assert ann.wait(lambda: any(isinstance(each, Signals) and each.first < 40 for each in served.events[seen:]))
    completions = ann.status["completions"]
    assert ann.wait(lambda: ann.status["completions"] > completions)
    with Client(served.server.address.url, name="bob") as bob:
        assert bob.patch == B
        assert bob.welcome.file == "b.dpatch.json"
    edited(ann, 0.7)
    assert ann.save().file == "b.dpatch.json"
    assert load(served.folder / "b.dpatch.json") == ann.patch
    assert load(served.folder / "a.dpatch.json") == A


def test_edits_that_no_file_holds_come_back_with_their_file(served: Served) -> None:
    ann = served.ann
    mine = edited(ann, 0.7)
    assert ann.open("b.dpatch.json") == ("the edits that a.dpatch.json does not hold come back when it is opened again")
    ann.wait_for_opening()
    assert ann.patch == B
    assert ann.open("a.dpatch.json") == ""
    ann.wait_for_opening()
    assert ann.wait(lambda: ann.patch == mine)
    assert load(served.folder / "a.dpatch.json") == A
    with served.host.document.session() as session:
        assert session.labels("player") == ("Unsaved edits",)


def test_what_is_edited_while_the_other_song_is_prepared_is_kept_too(served: Served) -> None:
    ann = served.ann
    ann.open("b.dpatch.json")
    late = edited(ann, 0.7)
    ann.wait_for_opening()
    assert ann.patch == B
    ann.open("a.dpatch.json")
    ann.wait_for_opening()
    assert ann.wait(lambda: ann.patch == late)


def test_discarded_edits_only_stay_a_kept_version(served: Served) -> None:
    ann = served.ann
    mine = edited(ann, 0.7)
    assert "only stay a kept version" in ann.open("b.dpatch.json", discard=True)
    ann.wait_for_opening()
    ann.open("a.dpatch.json")
    ann.wait_for_opening()
    assert ann.patch == A
    kept = ann.ask(documents.Versions(), documents.KeptVersions).versions
    ann.edit(documents.Restore(version=kept[0].name))
    assert ann.wait(lambda: ann.patch == mine)


def test_edits_of_a_song_without_a_file_are_not_lost(nameless: Served) -> None:
    ann = nameless.ann
    mine = edited(ann, 0.7)
    for ask in (lambda: ann.open("b.dpatch.json"), ann.new):
        with pytest.raises(DemonError, match="has no file, and edits that would be lost"):
            ask()
    assert ann.patch == mine
    assert ann.opening is None
    ann.open("b.dpatch.json", discard=True)
    ann.wait_for_opening()
    assert ann.patch == B


def test_a_new_song_has_no_file_until_it_is_saved(served: Served) -> None:
    ann = served.ann
    ann.new()
    found = ann.wait_for_opening()
    assert (found.title, found.file) == ("a new song", "")
    assert ann.patch.meta.title == "New song"
    with pytest.raises(DemonError, match="no file yet"):
        ann.save()
    assert ann.save("mine.dpatch.json").file == "mine.dpatch.json"
    assert ann.open("b.dpatch.json") == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../out.dpatch.json", "outside"),
        ("/etc/passwd", "outside"),
        ("gone.dpatch.json", "no such file"),
        ("notes.txt", "no patch"),
        (".hidden.dpatch.json", "hidden"),
        ("set", "no patch"),
    ],
)
def test_only_patches_in_the_hosts_folder_are_opened(served: Served, name: str, said: str) -> None:
    save(B, served.folder.parent / "out.dpatch.json")
    save(B, served.folder / ".hidden.dpatch.json")
    with pytest.raises(DemonError, match=said):
        served.ann.open(name)
    assert served.ann.opening is None


def test_from_a_folder_within_the_way_leads_back(served: Served) -> None:
    ann = served.ann
    ann.open("set/c.dpatch.json")
    assert ann.wait_for_opening().file == "c.dpatch.json"
    assert served.host.folder == served.folder / "set"
    listed = [ann.ask(files.Folder(songs=songs), files.Listing).entries for songs in (False, True)]
    assert [[entry.name for entry in entries] for entries in listed] == [
        ["c.dpatch.json"],
        ["a.dpatch.json", "b.dpatch.json", "set"],
    ]
    ann.open("a.dpatch.json")
    ann.wait_for_opening()
    assert ann.patch == A


def test_it_must_be_said_what_to_open(served: Served) -> None:
    for request in (Open(), Open(file="b.dpatch.json", patch=dumps(B))):
        with pytest.raises(DemonError, match="what to open"):
            served.ann.ask(request)


def test_a_patch_is_opened_as_text(served: Served) -> None:
    ann = served.ann
    for text in ("{", '{"format": 2, "nodes": {"x": 3}}'):
        with pytest.raises(DemonError):
            ann.ask(Open(patch=text))
    ann.open(patch=B)
    assert ann.wait_for_opening().file == ""
    assert ann.patch == B


def test_an_uploaded_pack_is_opened(served: Served) -> None:
    ann = served.ann

    def sent(content: bytes) -> str:
        hash = hashlib.sha256(content).hexdigest()
        ann.ask(files.Upload(hash=hash, bytes=len(content), suffix=".dpatch"), files.Uploading)
        return ann.ask(files.Piece(hash=hash, content=content), files.Uploading).name

    with pytest.raises(DemonError):
        sent(b"no pack at all")
    name = sent(packed(B, {}))
    assert name.endswith(".dpatch")
    with pytest.raises(DemonError, match="no uploaded pack"):
        ann.open(pack=name.removesuffix(".dpatch"))
    ann.open(pack=name)
    ann.wait_for_opening()
    assert ann.patch == B
    assert served.host.into == served.folder


def test_a_mistake_of_the_song_is_told_and_what_plays_goes_on(served: Served) -> None:
    ann = served.ann
    (served.folder / "broken.dpatch.json").write_text('{"format": 2, "nodes": {"x": {"type": "lfo", "at": 3}}}')
    ann.open("broken.dpatch.json")
    with pytest.raises(DemonError, match="broken"):
        ann.wait_for_opening()
    assert ann.wait(lambda: any("what plays goes on" in each.fault.text for each in ann.notices))
    assert ann.patch == A
    frame = ann.status["frame"]
    assert ann.wait(lambda: ann.status["frame"] > frame + 12)


def test_another_model_and_the_end_of_a_wish(served: Served) -> None:
    ann = served.ann
    with pytest.raises(DemonError, match="no model family"):
        ann.set_model("unheard-of")
    ann.set_model("toy")
    found = ann.wait_for_opening()
    assert found.revision is not None
    assert found.revision.epoch == 0
    assert ann.wait(lambda: ann.patch.meta.model == "toy")
    assert [step.label for step in ann.history().done] == ["The model toy"]
    ann.open("b.dpatch.json")
    ann.cancel_opening()
    with pytest.raises(DemonError, match="was cancelled"):
        ann.wait_for_opening()


def test_an_old_file_is_not_written_with_another_song(served: Served) -> None:
    before = served.server.served.saved
    served.ann.open("b.dpatch.json")
    served.ann.wait_for_opening()
    with pytest.raises(DemonError, match="another song"):
        before.save("ann")
    with pytest.raises(DemonError, match="another song"):
        before.reload("ann")
    before.keep_version()
    assert until(lambda: load(served.folder / "a.dpatch.json") == A)
