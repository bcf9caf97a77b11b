"""No text of a patch, a file or a device does more on a terminal than stand there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from demon_patch import console
from demon_patch.errors import DemonError, PatchError, first_hidden_character, visible
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands import Rename, SetMeta, SetValue, apply
from demon_patch.patch.files.format import dumps, load, loads
from demon_patch.runtime.live.status import Status
from demon_patch.terminal import draw
from demon_patch.terminal.knobs import Knob
from demon_patch.terminal.table import knob_line
from tests.support.command import FIRST_LIGHT, Run

HOSTILE = {
    "the clipboard": "\x1b]52;c;cHduZWQ=\x07",
    "a cleared screen": "\x1b[2J",
    "the same in eight bits": "\x9b2J",
    "a bell": "\x07",
    "a return": "good\rbad",
    "rubbed out": "a\x7fb",
    "turned round": "a\u202egnp.wav",
    "an isolate": "a\u2066b",
    "without width": "a\u200bb",
    "a joiner where none belongs": "a\u200db",
    "a mark of order": "\ufeffa",
    "a separator": "a\u2028b",
}
FINE = ("Größe ♪", "two\tcolumns", "two\nlines", "👩\u200d🚀 ❤️", "می\u200cخواهم", "क्\u200dष", "שלום", "你好")


def patch_file(path: Path, meta: Mapping[str, Any] = {}, node: Mapping[str, Any] = {}) -> Path:
    """First Light with other words."""
    whole = json.loads(FIRST_LIGHT.read_text(encoding="utf-8"))
    whole["meta"] |= meta
    whole["nodes"][min(whole["nodes"])] |= node
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def harmless(run: Run) -> str:
    """All that was said, in which no character is hidden."""
    said = run.out + run.err
    assert first_hidden_character(said, lines=True) is None
    return said


@pytest.mark.parametrize("name", HOSTILE)
def test_a_patch_with_such_text_is_refused_with_the_character_and_its_place(name: str) -> None:
    text = HOSTILE[name]
    at = first_hidden_character(text, lines=True)
    assert at is not None
    told = f"holds U+{ord(text[at]):04X}, which is not seen, as character {at + 1} of line 1 (take it out)"
    patch = load(FIRST_LIGHT)
    node = min(patch.nodes)
    for command in (
        lambda: SetMeta(title=text), lambda: SetMeta(tags=(text,)), lambda: Rename(node, text),
        lambda: SetValue(node, "text", text), lambda: SetValue(node, "data", {"a": [text]}),
        lambda: SetValue(node, "data", {text: 1}),
    ):  # fmt: skip
        with pytest.raises(PatchError) as caught:
            apply(command(), patch)
        assert told in str(caught.value)
        assert str(caught.value).isprintable()
    with pytest.raises(PatchError, match="of line 3"):
        apply(SetMeta(description=f"one\ntwo\n{text}"), patch)


@pytest.mark.parametrize("text", FINE)
def test_what_people_write_is_kept(text: str) -> None:
    patch = apply(SetMeta(description=text, title=text), load(FIRST_LIGHT))[0]
    assert loads(dumps(patch)) == patch
    assert visible(text, lines=True) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_every_message_shows_it(name: str) -> None:
    told = str(
        DemonError(HOSTILE[name], file=HOSTILE[name], node=HOSTILE[name], port=HOSTILE[name], mend=HOSTILE[name])
    )
    assert first_hidden_character(told) is None
    assert told.count(visible(HOSTILE[name])) == 5


@pytest.mark.parametrize("name", ["the clipboard", "a cleared screen", "the same in eight bits", "turned round"])
def test_commands_show_hostile_names_of_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HOSTILE[name].replace("/", "-")
    path = patch_file(tmp_path / f"{text}.dpatch.json")
    assert f"{visible(text)}.dpatch.json: good" in harmless(Run(capsys, "check", path))
    for call in (
        ("check", patch_file(tmp_path / f"{text}-title.dpatch.json", {"title": text})),
        ("check", patch_file(tmp_path / f"{text}-label.dpatch.json", {}, {"label": text})),
        ("check", patch_file(tmp_path / f"{text}-type.dpatch.json", {}, {"type": text})),
        ("check", patch_file(tmp_path / f"{text}-value.dpatch.json", {}, {"values": {text: text}})),
        ("check", tmp_path / f"{text}-gone.dpatch.json"),
        ("render", path, "--source", tmp_path / f"{text}.wav"),
        ("play", tmp_path / f"{text}-gone.dpatch.json", "--plain"),
        ("clip", tmp_path / f"{text}.wav"),
        ("unpack", tmp_path / f"{text}.dpatch"),
        ("extract", tmp_path / f"{text}.wav"),
    ):
        run = Run(capsys, *call)
        assert run.code == 1
        assert visible(text) in harmless(run)


def tagged(path: Path, comment: bytes) -> Path:
    """A second of a click a half second in, in a WAV file with a comment."""
    soundfile.write(path, np.tile(np.r_[np.ones(50), np.zeros(3950)], 8) * 0.5, 8000, "PCM_16")
    info = b"INFOICMT" + len(comment).to_bytes(4, "little") + comment + bytes(len(comment) % 2)
    whole = path.read_bytes() + b"LIST" + len(info).to_bytes(4, "little") + info
    path.write_bytes(whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:])
    return path


def test_tags_and_names_of_sounds_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, text in enumerate(HOSTILE.values()):
        file = tagged(tmp_path / f"[bold]{number}\x1b[31m.wav", f"{text}\ndata: 99999999\n{text}".encode())
        said = harmless(Run(capsys, "clip", file))
        assert f"[bold]{number}\\x1b[31m.wav" in said
        file.write_bytes(file.read_bytes()[:300])
        harmless(Run(capsys, "clip", file))
    good = tagged(tmp_path / "a\x1b[2J.wav", b"x")
    run = Run(capsys, "clip", good, "--json")
    harmless(run)
    assert run.code == 0
    json.loads(run.out)


def test_the_view_shows_them() -> None:
    for text in HOSTILE.values():
        status = Status(device=text, messages=(text,), faults={text: text}, recording=text)
        port = Port("x", "value", 0.0, 0.0, 1.0, doc="A port.")
        for shown in (
            draw.messages(status, 300, 50),
            draw.meters(status),
            draw.transport(status),
            knob_line(Knob("n", port, text, 0.0, 0.0, 1.0), {}, True),
        ):
            assert first_hidden_character(shown.plain, lines=True) is None
        assert visible(text) in draw.messages(status, 300, 50).plain


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_what_cannot_be_told_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 (its end fails too)
    monkeypatch.setattr(console, "err", console.Harmless(file=full))
    with pytest.raises(OSError, match="No space"):
        console.err.print("x")
    console.tell("x")
    with suppress(OSError):
        full.close()
