"""What displays ask for: words, peaks, curves, models, formulas; recordings in the status."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.families import DEFAULT_MODEL, NAMES
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import SetMeta, SetValue
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.remote.messages.session import Catalogue, Nodes
from tests.support.edited_performance import CABLES, NODES
from tests.support.virtual_stage import patch
from tests.support.wired_host import RawClient, WiredHost, until, wired_host

POINTS = [[0.0, 0.0], [1.0, 1.0]]


def shown() -> Patch:
    """A performance with a drawn curve that blends the source."""
    nodes = {
        **NODES,
        "blend": Node("source_blend"),
        "drawn": Node("drawn_curve", values={"points": POINTS, "unit": "fraction"}),
        "gone": Node("audio_source", values={"file": "gone.wav"}),
    }
    return patch(nodes, [*CABLES, Cable("drawn", "curve", "blend", "source_blend", mode="set")], strength=0.9, depth=4)


def test_words_of_prompts_come_with_those_that_the_model_does_not_read(wired: WiredHost, monkeypatch) -> None:
    with wired.client() as ann:
        (prompt,) = [each for each in ann.prompts() if each.port == "text"]
        assert (wired.host.patch.nodes[prompt.node].type, prompt.text) == ("prompt", "warm")
        assert prompt.unread == ()  # the model of this test has no list of words
        monkeypatch.setattr("demon_patch.runtime.remote.handlers.showing.NAMES", (wired.host.performer.spec.name,))
        monkeypatch.setattr(
            "demon_patch.runtime.remote.handlers.showing.unread", lambda name, text: [("warm", f"say wärm in {name}")]
        )
        (prompt,) = [each for each in ann.prompts() if each.port == "text"]
        assert prompt.unread == (("warm", f"say wärm in {wired.host.performer.spec.name}"),)


def test_peaks_of_a_clip_come_once_by_its_hash(wired: WiredHost) -> None:
    node = next(id for id, node in wired.host.patch.nodes.items() if node.type == "composed_source")
    audio = wired.host.performer.source.audio
    with wired.client() as ann:
        found = ann.peaks(node, 100)
        peaks = np.frombuffer(found.peaks, "<f4")
        assert len(peaks) == found.columns == 100
        assert peaks.max() == np.abs(audio).max()
        assert found.seconds == len(audio) / wired.host.performer.spec.sample_rate
        assert found.hash == hashlib.sha256(np.ascontiguousarray(audio, "<f4").tobytes()).hexdigest()
        again = ann.peaks(node, 100, found.hash)
        assert (again.hash, again.peaks) == (found.hash, b"")
        assert ann.peaks(node, 100, "0" * 64).peaks == found.peaks


def test_a_curve_is_given_whole() -> None:
    with wired_host(shown()) as wired, wired.client() as ann:
        found = ann.curve("drawn", 64)
        assert len(found) == 64
        assert found == pytest.approx(np.arange(64) / 64, abs=0.03)
        assert np.all(np.diff(found) > 0)
        for node, what in (
            ("nobody", "there is no such node"),
            ("lfo", "a lfo has no curve of its own"),
        ):
            with pytest.raises(DemonError, match=what):
                ann.curve(node)
        messages = wired.host.messages
        with pytest.raises(DemonError, match=r"gone\.wav"):
            ann.peaks("gone")
        with pytest.raises(DemonError, match="a prompt has no source of its own"):
            ann.peaks(next(id for id, node in wired.host.patch.nodes.items() if node.type == "prompt"))
        assert wired.host.messages == messages
        with RawClient(wired.url) as raw:
            for verb, field, value in (
                ("peaks", "columns", 10**9),
                ("curve", "columns", 0),
                ("peaks", "known", "x" * 99),
            ):
                told = raw.ask({"verb": verb, "id": 2, "node": "drawn", field: value})
                assert (told["is"], told["kind"]) == ("refused", "message")


def test_models_are_listed(wired: WiredHost) -> None:
    with wired.client() as ann:
        default, *others = ann.models()
    assert (default.name, default.here, default.plays) == (DEFAULT_MODEL, True, False)
    assert default.bytes > 1_000_000
    assert default.loras
    assert [each.name for each in others] == [name for name in NAMES if name != DEFAULT_MODEL]
    assert not any(each.plays for each in others)


def test_the_catalogue_has_functions_with_arguments_and_displays(wired: WiredHost) -> None:
    with wired.client() as ann:
        found = ann.ask(Catalogue(), Nodes)
    assert ("clamp(x, lo, hi)", "x limited to lo..hi") in found.formulas["functions"]
    assert {node["id"]: node["display"] for node in found.nodes}["euclid"] == "polygon"
    assert found.family_taper == wired.host.performer.spec.strength_taper


def test_the_status_says_how_recordings_stand(wired: WiredHost, file: Path) -> None:
    with wired.client() as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        ann.record("take.wav")
        assert until(lambda: ann.status.get("recordings"))
        (recording,) = ann.status["recordings"]
        assert (Path(recording["file"]), recording["holes"]) == (file.parent / "take.wav", 0)
        ann.stop_recording()
        assert until(lambda: not ann.status["recordings"])


def test_files_are_described_for_a_browser(wired: WiredHost, file: Path) -> None:
    with wired.client() as ann:
        ann.do(SetMeta(title="Slow tide"))
        ann.save()
        facts = ann.about(file.name)
        assert (facts.patch, facts.title, facts.types["lfo"], facts.bpm) == (True, "Slow tide", 1, 120.0)
        soundfile.write(file.parent / "clip.wav", np.zeros((8000, 2)), 16_000)
        facts = ann.about("clip.wav")
        assert (facts.patch, facts.seconds, facts.rate, facts.channels) == (False, 0.5, 16_000, 2)
        (file.parent / "odd.wav").write_bytes(b"RIFF")
        (file.parent / "odd.dpatch.json").write_text("{")
        for name, what in (
            ("odd.wav", "cannot be read"),
            ("odd.dpatch.json", r"odd\.dpatch\.json"),
            ("gone.wav", "there is no such file"),
            ("../gone.wav", "outside"),
            (".hidden", "hidden"),
        ):
            with pytest.raises(DemonError, match=what):
                ann.about(name)


def test_controls_that_move_too_fast_are_named_with_their_cables() -> None:
    values = {"rate": 12.0, "shape": "sine"}
    nodes = {"lfo": Node("lfo", values=values)}
    cable = Cable("lfo", "out", "scheduler", "structure", depth=0.5)
    with wired_host(patch(nodes, [cable], strength=0.9, depth=4)) as wired, wired.client() as ann:
        (hurry,) = ann.hurries()
        assert (hurry.node, hurry.port, hurry.cables) == ("scheduler", "structure", (cable.key,))
        assert "times a second" in hurry.fault.text
        assert hurry.rate > 0
        ann.do(SetValue("lfo", "rate", 0.01))
        assert ann.hurries() == ()
