"""A song whose clip is missing: it is silent, its node has a fault, and it is heard once it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.live.host import Host
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

SONG = patch({}, [], strength=0.5, depth=2)


def missing(seconds: float) -> Patch:
    nodes = {**SONG.nodes, "source": Node("audio_source", values={"file": "gone.wav", "seconds": seconds})}
    return structs.replace(SONG, nodes=nodes)


@pytest.mark.parametrize(("seconds", "length"), [(10.0, 250), (60.0, 600)])
def test_a_missing_clip_is_silent_and_its_node_is_red(tmp_path: Path, seconds: float, length: int) -> None:
    document = missing(seconds)
    with Host(document, Session(toy_family()), folder=tmp_path, device="none") as host:
        assert host.performer.source.frames == length
        assert not np.any(host.performer.source.audio)
        (message,) = host.messages
        assert "gone.wav" in message
        host.tick_loop.step()
        assert list(host.status.faults) == ["source"]
        assert "gone.wav" in host.status.faults["source"]
        host.turn("scheduler", "strength", 0.9)
        host.document.do(SetValue("words", "text", "cold"))
        host._edit_thread.submit(lambda: None).result(60)
        assert host.performer.program.faults == {}
        assert host.messages == (message,)  # a later edit is no mistake
        host.write(tmp_path / "saved.dpatch.json")
        assert host.patch.nodes["source"].values["file"] == "gone.wav"


def test_a_clip_that_comes_back_is_heard_after_the_next_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: Callable[[Path, float], None]
) -> None:
    with Host(missing(10.0), Session(toy_family()), folder=tmp_path, device="none") as host:
        sound(tmp_path / "gone.wav", 10.0)
        host.document.do(SetValue("words", "text", "cold"))
        host._edit_thread.submit(lambda: None).result(60)
        host.tick_loop.step()
        assert np.any(host.performer.source.audio)
        host.tick_loop.step()
        assert not host.status.faults


@pytest.fixture
def sound() -> Callable[[Path, float], None]:
    def write(path: Path, seconds: float) -> None:
        soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, (round(8000 * seconds), 1)), 8000)

    return write
