"""A render beside the performance: a process of its own that makes the file while the music goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from demon_patch.errors import DemonError
from demon_patch.patch.files.embed import extract
from demon_patch.patch.model.document import Cable, Node
from demon_patch.render_job import without_recorders
from demon_patch.runtime.remote import renders
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.rendering import RenderProgress
from tests.support.virtual_stage import patch
from tests.support.wired_host import RawClient, WiredHost, until


def of(heard: list[Event]) -> list[RenderProgress]:
    return [event for event in heard if isinstance(event, RenderProgress)]


def ended(heard: list[Event]) -> bool:
    return bool(of(heard)) and of(heard)[-1].state != "runs"


def test_a_render_makes_a_file_with_the_patch_while_the_music_goes_on(wired: WiredHost, file: Path) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        ann.turn("scheduler", "strength", 0.5)
        before = ann.status["frame"]
        assert ann.render(2.0, "out.flac") == "out.flac"
        with pytest.raises(DemonError, match="a render runs already"):
            ann.render(1.0)
        assert until(lambda: ended(heard))
        assert ann.status["frame"] > before
    told = of(heard)
    assert (told[-1].state, told[-1].seconds, told[-1].whole, told[-1].client) == ("done", 2.0, 2.0, "ann")
    assert [each.seconds for each in told] == sorted(each.seconds for each in told)
    assert any(0 < each.seconds < 2 and each.state == "runs" for each in told)
    assert soundfile.info(file.parent / "out.flac").duration == pytest.approx(2.0, abs=0.001)
    kept = extract(file.parent / "out.flac")
    assert kept.nodes["scheduler"].values["strength"] == 0.5


def test_a_cancelled_render_leaves_no_file(wired: WiredHost, file: Path) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        ann.cancel_render()
        name = ann.render(3600.0)
        assert until(lambda: of(heard))
        ann.cancel_render()
        assert until(lambda: ended(heard))
        assert of(heard)[-1].state == "cancelled"
    assert not (file.parent / name).exists()
    assert [each.name for each in file.parent.iterdir() if each.suffix != ".json"] == []


def test_a_render_that_cannot_be_is_told(wired: WiredHost, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Event] = []
    (file.parent / "mine.wav").write_bytes(b"mine")
    with wired.client(hear=heard.append) as ann:
        for name, what in (
            ("mine.wav", "no render of ours"),
            ("../out.wav", "outside"),
            ("no/out.wav", "no such folder"),
        ):
            with pytest.raises(DemonError, match=what):
                ann.render(1.0, name)
        with RawClient(wired.url) as raw:
            for seconds in (0, -1, float("nan"), float("inf"), 1e9):
                assert raw.ask({"verb": "render", "id": 2, "seconds": seconds})["is"] == "refused"
        monkeypatch.setattr(renders, "PROGRAM", Path("nowhere.py"))
        ann.render(1.0, "out.wav")
        assert until(lambda: ended(heard))
    (last,) = of(heard)
    assert last.state == "failed"
    assert last.fault is not None
    assert "nowhere.py" in last.fault.text


def test_recorders_write_nothing_in_a_render() -> None:
    nodes = {"rec": Node("recorder")}
    document = without_recorders(patch(nodes, [Cable("decoder", "audio", "rec", "audio")]))
    assert document.nodes["rec"].muted
