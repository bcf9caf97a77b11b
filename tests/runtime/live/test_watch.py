"""A patch file that is edited while it plays: a real file, a real host, no device."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.patch.edit.commands import Replace, SetValue, apply
from demon_patch.patch.files.format import dumps, save
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch
from demon_patch.runtime.live import watch
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.watch import PATIENCE, Watch
from tests.support.jack_server import until
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch, square

DOCUMENT = patch(*square(0.4, "scheduler", "strength"), strength=0.5, depth=4, steps=8)
PLAYED = "it.dpatch.json was saved, and is played as soon as it is compiled"
GOES_ON = "; the music goes on as it was"
DEEPER = apply(SetValue("scheduler", "depth", 6), DOCUMENT)[0]


class Stage:
    """A host that is stepped by hand, and a watch on its patch file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "it.dpatch.json"
        save(DOCUMENT, self.path)
        self.host = Host(DOCUMENT, Session(toy_family()), folder=folder)
        self.watch = Watch(self.host, self.path)

    def write(self, text: str) -> None:
        """As an editor that writes into the file itself; the time moves on however coarse the clock of the disk is."""
        before = self.path.stat().st_mtime_ns
        self.path.write_text(text, encoding="utf-8")
        os.utime(self.path, ns=(before + 10**9, before + 10**9))

    def depth(self) -> int:
        """Generations in flight, some ticks later."""
        self.host.tick_loop.step()
        return self.host.status.depth


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    it = Stage(tmp_path)
    yield it
    it.host.close()


def test_what_is_saved_is_played(stage: Stage) -> None:
    assert stage.depth() == 4
    with stage.watch:
        save(DEEPER, stage.path)  # another file takes its place
        assert until(lambda: stage.depth() == 6)
        stage.write(dumps(DOCUMENT))
        assert until(lambda: stage.depth() == 4)
    assert stage.host.messages.count(PLAYED) == 2


def test_what_was_saved_before_the_watch_began_is_played(tmp_path: Path) -> None:
    """As while the model and the device were opened."""
    path = tmp_path / "it.dpatch.json"
    save(DEEPER, path)
    with Host(DOCUMENT, Session(toy_family()), folder=tmp_path) as host:
        Watch(host, path).check_once()
        assert host.patch == DEEPER
        assert host.messages == (PLAYED,)


def names(node: str, **values: Any) -> Patch:
    """The document with another source or a LoRA that names a file."""
    if node == "source":
        return apply(Replace("source", Node("audio_source", values=values), CHAIN), DOCUMENT)[0]
    cables = [c for c in DOCUMENT.cables if (c.src, c.dst) != ("scheduler", "decoder")]
    ring = (Cable("scheduler", "ring", "lora", "ring"), Cable("lora", "ring", "decoder", "ring"))
    nodes = {**DOCUMENT.nodes, "lora": Node("lora", values=values)}
    return structs.replace(DOCUMENT, nodes=nodes, cables=(*cables, *ring))


CHAIN = (CableKey("source", "source", "scheduler", "source"),)
BAD_FILES = [
    names("source", file="gone.wav"),
    names("source", file="broken.wav"),
    names("lora", file="gone.safetensors"),
    names("lora", file="broken.wav"),
]


@pytest.mark.parametrize("document", BAD_FILES)
def test_a_save_that_names_a_file_which_cannot_serve_is_refused(stage: Stage, document: Patch) -> None:
    (stage.path.parent / "broken.wav").write_bytes(b"this is no sound")
    stage.write(dumps(document))
    stage.watch.check_once()
    (told,) = stage.host.messages
    assert told.startswith("it.dpatch.json: node ")
    assert "port file" in told
    assert told.endswith(GOES_ON)
    assert stage.host.patch is DOCUMENT
    stage.write(dumps(DEEPER))
    stage.watch.check_once()
    assert until(lambda: stage.depth() == 6)


def test_a_save_may_name_a_missing_source_while_a_clip_replaces_it(tmp_path: Path) -> None:
    path, session = tmp_path / "it.dpatch.json", Session(toy_family())
    save(DOCUMENT, path)
    with Host(DOCUMENT, session, folder=tmp_path, clip=session.compose("mine", seconds=8.0)) as host:
        save(gone := names("source", file="gone.wav"), path)
        Watch(host, path).check_once()
        assert host.messages == (PLAYED,)
        assert host.patch == gone
        timbre = Cable("source", "source", "scheduler", "timbre_source")  # for this it is read
        save(structs.replace(gone, cables=(*gone.cables, timbre)), path)
        Watch(host, path).check_once()
        assert "gone.wav" in host.messages[-1]
        assert host.messages[-1].endswith(GOES_ON)
        assert host.patch == gone
        save(names("lora", file="gone.safetensors"), path)
        Watch(host, path).check_once()
        assert "gone.safetensors" in host.messages[-1]
        assert host.patch == gone


def test_a_file_that_plays_may_be_gone_when_something_else_is_saved(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loop.wav", np.zeros((48000 * 8, 2), np.float32), 48000)
    document = names("source", file="loop.wav", seconds=8.0)
    path = tmp_path / "it.dpatch.json"
    save(document, path)
    with Host(document, Session(toy_family()), folder=tmp_path) as host:
        (tmp_path / "loop.wav").unlink()
        save(deeper := apply(SetValue("scheduler", "depth", 6), document)[0], path)
        Watch(host, path).check_once()
        assert host.patch == deeper


def test_what_has_not_changed_is_let_be(stage: Stage) -> None:
    stage.write(dumps(DOCUMENT))
    stage.watch.check_once()
    assert stage.host.messages == ()
    assert stage.host.patch is DOCUMENT


def test_a_half_written_file_is_tried_again_before_it_is_told(stage: Stage) -> None:
    text = dumps(DEEPER)
    stage.write(text[: len(text) // 2])
    for _ in range(PATIENCE - 1):
        stage.watch.check_once()
    stage.write(text)
    stage.watch.check_once()
    assert stage.host.messages == (PLAYED,)
    assert until(lambda: stage.depth() == 6)


def test_a_broken_file_is_told_once_and_the_music_goes_on(stage: Stage) -> None:
    stage.write("{ no json")
    for _ in range(3 * PATIENCE):
        stage.watch.check_once()
    (told,) = stage.host.messages
    assert "it.dpatch.json" in told
    assert "line 1" in told
    assert stage.depth() == 4
    stage.write(dumps(DEEPER))
    stage.watch.check_once()
    assert until(lambda: stage.depth() == 6)


def test_a_file_that_is_gone_is_told_and_may_come_back(stage: Stage) -> None:
    stage.path.unlink()
    stage.watch.check_once()
    assert stage.host.messages == ()  # an editor may be about to put another in its place
    for _ in range(2 * PATIENCE):
        stage.watch.check_once()
    assert len(stage.host.messages) == 1
    assert "cannot be read" in stage.host.messages[0]
    save(DEEPER, stage.path)
    stage.watch.check_once()
    assert until(lambda: stage.depth() == 6)


def test_mistakes_are_told_with_file_node_port_and_mend(stage: Stage) -> None:
    stage.write(dumps(DEEPER).replace('"depth": 6', '"depth": 99').replace('"strength": 0.5', '"strength": 7'))
    stage.watch.check_once()
    told = stage.host.messages
    assert len(told) == 2
    for message, port in zip(sorted(told), ("depth", "strength"), strict=True):
        assert message.startswith(f"it.dpatch.json: node scheduler: port {port}: ")
        assert message.removesuffix(GOES_ON).endswith(")")  # how to mend it
    assert told[-1].endswith(GOES_ON)
    assert stage.host.patch is DOCUMENT
    assert stage.depth() == 4


def test_many_mistakes_do_not_fill_the_screen(stage: Stage) -> None:
    values = dict.fromkeys(("strength", "structure", "depth", "steps", "shift", "timbre"), -99)
    wrong = patch(*square(0.4, "scheduler", "strength"), **values)
    stage.write(dumps(wrong))
    stage.watch.check_once()
    assert len(stage.host.messages) == watch.MOST_TOLD + 1
    assert stage.host.messages[-1].endswith(f"more mistakes{GOES_ON}")


def test_each_version_is_prepared(stage: Stage) -> None:
    prepared = Watch(stage.host, stage.path, lambda patch: apply(SetValue("scheduler", "depth", 2), patch)[0])
    stage.write(dumps(DEEPER))
    prepared.check_once()
    assert until(lambda: stage.depth() == 2)


# -- what is no file --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop", "socket"])
def test_what_is_no_file_never_hangs_and_the_next_save_is_heard(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.path.unlink()
    if kind == "pipe":
        os.mkfifo(stage.path)
    elif kind == "folder":
        stage.path.mkdir()
    elif kind == "device":
        stage.path.symlink_to("/dev/zero")
    elif kind == "loop":
        stage.path.symlink_to(stage.path)
    else:
        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(stage.path.parent)  # a socket's path is short
            server.bind(stage.path.name)
    with stage.watch:
        assert until(lambda: len(stage.host.messages) == 1)
        assert "cannot be read" in stage.host.messages[0]
        stage.path.rmdir() if kind == "folder" else stage.path.unlink()
        save(DEEPER, stage.path)
        assert until(lambda: stage.depth() == 6)
    assert not any(thread.name == "watch" for thread in threading.enumerate())


def test_a_broken_version_is_read_once_and_the_next_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def load(path: Path) -> Patch:
        read.append(path)
        return watch_load(path)

    watch_load = watch.load_patch
    monkeypatch.setattr(watch, "load_patch", load)
    for _ in range(3):
        stage.write("{ no json" + " " * len(read))
        for _ in range(2 * PATIENCE):
            stage.watch.check_once()
    assert len(read) == len(stage.host.messages) == 3
    stage.write(dumps(DEEPER))
    stage.watch.check_once()
    assert stage.host.messages[-1] == PLAYED
    assert len(read) == 4


def test_the_end_waits_for_no_look_without_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    held, within = threading.Event(), threading.Event()

    def load(path: Path) -> Patch:
        within.set()
        held.wait(60.0)
        return DEEPER

    monkeypatch.setattr(watch, "load_patch", load)
    monkeypatch.setattr(watch, "END_SECONDS", 0.05)
    with stage.watch:
        stage.write("anything")
        assert within.wait(60.0)
    assert any(thread.name == "watch" for thread in threading.enumerate())  # the end came before it
    held.set()
    assert until(lambda: not any(thread.name == "watch" for thread in threading.enumerate()))
    assert stage.host.patch is DOCUMENT
