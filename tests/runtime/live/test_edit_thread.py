"""Edits that cannot be played, while a patch plays: each is told once, and all that comes after them is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetValue, apply
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.live import edit_thread
from demon_patch.runtime.live.give_way import WAY_SECONDS
from demon_patch.runtime.live.host import Host
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

DOCUMENT = patch({}, [], strength=0.5, structure=0.5)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Host(DOCUMENT, Session(toy_family()), folder=tmp_path) as it:
        yield it


def heard(host: Host, control: str) -> float:
    """A control, once all that was edited is compiled and a tick has taken it over."""
    host._edit_thread.submit(lambda: None).result(60)
    host.tick_loop.step()
    return float(host.performer.controls.control_value(control, max(host.performer.now, 0)))


def with_source(document: Patch, file: str) -> Patch:
    nodes = {**document.nodes, "source": Node("audio_source", values={"file": file})}
    return structs.replace(document, nodes=nodes)


def with_lora(document: Patch, file: str) -> Patch:
    cables = [c for c in document.cables if (c.src, c.dst) != ("scheduler", "decoder")]
    ring = (Cable("scheduler", "ring", "lora", "ring"), Cable("lora", "ring", "decoder", "ring"))
    nodes = {**document.nodes, "lora": Node("lora", values={"file": file})}
    return structs.replace(document, nodes=nodes, cables=(*cables, *ring))


def within_new_node(document: Patch, file: str) -> Patch:
    nodes = {**document.nodes, "clip": Node("audio_source", values={"file": file})}
    return structs.replace(
        document, nodes=nodes, cables=(*document.cables, Cable("clip", "source", "scheduler", "target"))
    )


@pytest.mark.parametrize("edit", [with_source, with_lora, within_new_node])
def test_after_an_edit_that_cannot_be_played_knobs_are_heard(host: Host, edit: Any) -> None:
    host.edit(edit(host.patch, "gone.wav")).result(60)
    for strength in (0.7, 0.8):
        host.turn("scheduler", "strength", strength)
        assert heard(host, "strength") == pytest.approx(strength)
    (told,) = host.messages
    assert told.startswith("node ")
    assert "gone.wav" in told
    assert "as it was" in told
    mended = apply(SetValue("scheduler", "structure", 0.25), DOCUMENT)[0]
    host.edit(mended)
    assert heard(host, "structure") == pytest.approx(0.25)
    assert len(host.messages) == 1


def test_a_later_edit_of_another_node_is_heard(host: Host) -> None:
    host.edit(with_source(host.patch, "gone.wav"))
    host.edit(apply(SetValue("scheduler", "structure", 0.25), host.patch)[0])
    assert heard(host, "structure") == pytest.approx(0.25)
    assert host.performer.program.resources["source"] == ("composed", "toy", 8.0, 3, "wide")


@pytest.mark.parametrize(("knob", "control", "value"), [("scheduler", "strength", 0.8), ("decoder", "gain", -6.0)])
@pytest.mark.parametrize("port", ["ring", "audio", "source"])
def test_after_an_edit_that_breaks_the_chain_every_knob_is_heard(
    host: Host, port: str, knob: str, control: str, value: float
) -> None:
    cables = tuple(cable for cable in DOCUMENT.cables if cable.port != port)
    host.edit(structs.replace(DOCUMENT, cables=cables))
    host.turn(knob, control, value)
    assert heard(host, control) == pytest.approx(value)
    (told,) = host.messages
    assert told.endswith("; the music goes on as it was")


def test_a_live_value_that_cannot_be_played_keeps_no_other_from_being_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loop.wav", np.zeros((48000 * 8, 2), np.float32), 48000)
    with Host(with_source(DOCUMENT, "loop.wav"), Session(toy_family()), folder=tmp_path) as host:
        host.turn("source", "file", "gone.wav")
        host.turn("scheduler", "strength", 0.8)
        assert heard(host, "strength") == pytest.approx(0.8)
        host.document.do(SetValue("words", "text", "cold"))
        host.edit(with_source(host.patch, "lost.wav"))
        host.turn("source", "file", "away.wav")
        host.turn("scheduler", "strength", 0.7)
        assert heard(host, "strength") == pytest.approx(0.7)
        assert host.performer.program.resources["words"] == ("prompt", "cold")
        assert host.performer.program.resources["source"][1] == "loop.wav"  # type: ignore[index]


def test_an_error_of_the_program_is_told_and_later_edits_are_heard(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("out of luck")

    with monkeypatch.context() as broken:
        broken.setattr(edit_thread, "measure_sounds", fail)
        host.document.do(SetValue("words", "text", "cold"))
        host._edit_thread.submit(lambda: None).result(60)
    (told,) = {*host.messages}
    assert "RuntimeError: out of luck" in told
    host.turn("scheduler", "strength", 0.8)
    assert heard(host, "strength") == pytest.approx(0.8)


def test_an_error_of_any_work_is_told(host: Host) -> None:
    assert host._edit_thread.submit(lambda: 1 / 0).exception(60) is not None
    assert "ZeroDivisionError" in host.messages[-1]


def test_a_lora_that_the_performer_cannot_load_is_told_once(host: Host) -> None:
    performer = host.performer
    document = with_lora(DOCUMENT, "gone.safetensors")
    program = compile(document, CATALOGUE, Geometry.of_family(performer.spec, performer.source.frames, 120.0))
    host.tick_loop.post(lambda: performer.swap(program))
    for _ in range(3):
        host.tick_loop.step()
    (told,) = host.messages
    assert told.startswith("node lora: port file: ")
    assert told.endswith("the music goes on without it")


def test_loras_are_read_before_the_tick_thread_has_them(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(host.performer.session, "lora", lambda file: read.append(str(file)) or "a LoRA")
    (host.folder / "tint.safetensors").write_bytes(b"")
    host.edit(with_lora(host.patch, "tint.safetensors")).result(60)
    assert len(read) == 1


def test_a_first_edit_composes_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, composed = Session(toy_family()), list[str]()
    compose = session.compose

    def counted(text: str, **options: Any) -> Any:
        composed.append(text)
        return compose(text, **options)

    monkeypatch.setattr(session, "compose", counted)
    with Host(DOCUMENT, session, folder=tmp_path) as host:
        host.document.do(SetValue("words", "text", "cold"))
        host.turn("scheduler", "strength", 0.7)
        assert heard(host, "strength") == pytest.approx(0.7)
        assert host.performer.program.resources["words"] == ("prompt", "cold")
    assert composed == ["toy"]


def test_memory_is_given_back_once_when_edits_rest(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    def listen() -> None:
        monkeypatch.setattr(edit_thread, "EDITED_SECONDS", 1000.0)
        monkeypatch.setattr(edit_thread.memory, "give_back", lambda: given.append(1))

    def ticks() -> None:
        for _ in range(3):
            heard(host, "strength")

    listen()
    ticks()
    assert given == [], "nothing was edited"
    for number in (1, 2):
        nodes = {**host.patch.nodes, f"lfo_{number}": Node("lfo")}
        host.edit(structs.replace(host.patch, nodes=nodes)).result(60)
        ticks()
        assert len(given) == number - 1, "edits may follow"
        monkeypatch.setattr(edit_thread, "REST_SECONDS", 0.0)
        ticks()
        assert len(given) == number - 1, "it would be taken again at once"
        host.tick_loop.play(False)
        ticks()
        assert len(given) == number
        host.tick_loop.play(True)
        monkeypatch.undo()
        listen()


def test_memory_is_given_back_while_edits_follow_each_other(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(edit_thread, "EDITED_SECONDS", 1000.0)
    monkeypatch.setattr(edit_thread.memory, "give_back", lambda: given.append(1))

    def edit(number: int) -> None:
        nodes = {**host.patch.nodes, f"lfo_{number}": Node("lfo")}
        host.edit(structs.replace(host.patch, nodes=nodes)).result(60)

    edit(1)
    assert given == [], "it was begun a moment ago"
    monkeypatch.setattr(edit_thread, "EDITED_SECONDS", 0.0)
    edit(2)
    assert len(given) == 1
    monkeypatch.setattr(edit_thread, "EDITED_SECONDS", 1000.0)
    edit(3)
    assert len(given) == 1, "it was given back a moment ago"


MOST_WAITS = round(edit_thread.PATIENCE_SECONDS / WAY_SECONDS)


@pytest.mark.parametrize("checks", [3, MOST_WAITS + 100])
def test_an_edit_waits_for_sound_that_is_late_but_not_for_ever(host: Host, checks: int) -> None:
    late: list[int] = []
    host._edit_thread._behind = lambda: len(late) < checks and not late.append(1)  # type: ignore[func-returns-value]
    clip = Node("composed_source", 2, values={"style": "toy", "seconds": 8.0, "seed": 4})
    cables = (*host.patch.cables, Cable("clip", "source", "scheduler", "target"))
    host.edit(structs.replace(host.patch, nodes={**host.patch.nodes, "clip": clip}, cables=cables)).result(60)
    assert len(late) == min(checks, MOST_WAITS)
    heard(host, "strength")
    assert host.performer.program.resources["clip"] == ("composed", "toy", 8.0, 4, "wide")
