"""Settings: the editor's own are kept, and those of the host are asked for and changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.panels import settings_file
from demon_patch.editor.panels.settings_file import EditorSettings
from demon_patch.editor.panels.settings_model import Settings, milliseconds
from demon_patch.errors import PatchError
from demon_patch.runtime.remote.messages.controllers import (
    ControllerList,
    Controllers,
    FollowClock,
    MidiInput,
    SendClock,
)
from demon_patch.runtime.remote.messages.devices import Device, DeviceList, Devices, SetDevice
from demon_patch.runtime.remote.messages.live import Focus
from demon_patch.runtime.remote.messages.opening import Opening, SetModel
from demon_patch.runtime.remote.messages.showing import ModelFile, ModelList, Models
from demon_patch.runtime.remote.messages.transport import SafeMode
from tests.support.noting_link import FakeLink

NANO = ModelFile(name="nano", title="nano", here=True, bytes=5_000_000, plays=True)
BIG = ModelFile(name="big", title="Big", here=True, bytes=4_000_000_000)
GONE = ModelFile(name="gone", title="Gone", here=False)


def made(tmp_path: Path, **status: Any) -> tuple[Settings, FakeLink, list[tuple[str, str]]]:
    link, said = FakeLink(status=status), list[tuple[str, str]]()
    return Settings(link, lambda text, tone: said.append((text, tone)), file=tmp_path / "c" / "editor.json"), link, said


def answer(link: FakeLink, number: int, reply: Any) -> None:
    then = link.then[number]
    assert then is not None
    then(reply)


# -- the file ------------------------------------------------------------------------------------------------------
def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "new" / "editor.json"
    assert settings_file.load(file) == (EditorSettings(), [])
    for own in (EditorSettings("light", 1.5), EditorSettings()):
        settings_file.save(own, file)
        assert settings_file.load(file) == (own, [])
    assert [path.name for path in file.parent.iterdir()] == ["editor.json"]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"theme": "pink"}',
        '{"scale": 9}',
        '{"scale": true}',
        '{"scale": NaN}',
        '{"thema": "dark"}',
        '"x"',
        "[" * 100_000,
    ],
)
def test_a_wrong_file_is_said_and_does_not_count(tmp_path: Path, text: str) -> None:
    file = tmp_path / "editor.json"
    file.write_text(text)
    own, wrong = settings_file.load(file)
    assert own == EditorSettings()
    assert len(wrong) == 1


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
)
def test_any_json_gives_sound_settings(content: Any) -> None:
    own, _ = settings_file.read(json.dumps(content))
    assert own.theme in ("dark", "light")
    assert own.scale == 0 or 0.5 <= own.scale <= 4


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("a file")
    settings, _, said = made(tmp_path)
    settings.change(theme="light")
    assert said[-1][1] == "warning"
    with pytest.raises(PatchError):
        settings_file.save(EditorSettings(), tmp_path / "c" / "editor.json")


def test_a_change_is_applied_or_said(tmp_path: Path) -> None:
    settings, _, said = made(tmp_path)
    settings.change(scale=1.5)
    assert said == [("Kept; the next window has it.", "good")]
    assert settings_file.load(tmp_path / "c" / "editor.json")[0].scale == 1.5
    settings.change(scale=1.5)
    assert len(said) == 1


# -- the host ------------------------------------------------------------------------------------------------------
def test_another_model_is_asked_for_where_it_is_there(tmp_path: Path) -> None:
    settings, link, said = made(tmp_path)
    settings.ask()
    answer(link, link.asked.index(Models()), ModelList(models=(NANO, BIG, GONE)))
    assert settings.models.models[1] == BIG
    before = len(link.asked)
    settings.model(NANO)
    settings.model(GONE)
    assert len(link.asked) == before
    settings.model(BIG)
    assert [tone for _, tone in said] == ["plain", "warning", "plain"]
    assert link.asked[-1] == SetModel(model="big")
    settings.hear(Opening(number=1, title="Big", stage="loading"))
    assert settings.preparing == "Big: loading"
    settings.hear(Opening(number=1, title="Big", stage="playing"))
    assert settings.preparing == ""
    assert link.asked[-1] == Models()


def test_device_pair_and_buffer_are_set_together(tmp_path: Path) -> None:
    settings, link, _ = made(tmp_path)
    settings.ask()
    listed = DeviceList(devices=(Device(name="Card", channels=4, used=True), Device(name="Other", channels=2)))
    answer(link, link.asked.index(Devices()), listed)
    assert settings.pairs() == [(1, 2), (3, 4)]
    settings.pair((3, 4))
    settings.size(256)
    assert link.asked[-2:] == [
        SetDevice(device="Card", outputs=(3, 4)), SetDevice(device="Card", outputs=(3, 4), buffer=256)
    ]  # fmt: skip
    settings.device("Other")
    assert link.asked[-1] == SetDevice(device="Other", buffer=256)


def test_lamps_are_lit_by_messages(tmp_path: Path) -> None:
    settings, link, _ = made(tmp_path)
    for now, count in ((0.0, 4), (2.0, 4), (4.0, 5)):
        settings.look(now)
        settings.look(now + 0.1)  # not asked twice within a second
        answer(link, -1, ControllerList(inputs=(MidiInput(name="nano", messages=count),)))
        assert settings.lit("nano", now) is (count == 5)
    assert link.asked == [Controllers()] * 3
    assert not settings.lit("nano", 6.0)


def test_clocks(tmp_path: Path) -> None:
    settings, link, _ = made(tmp_path)
    settings.follow("*")
    assert link.asked[-1] == FollowClock(device="*")
    settings.controllers = ControllerList(clock_from="Drums", clock_to=("Bass",))
    assert settings.delay("late") != ""
    assert settings.delay("−12,5 ms") == ""
    assert link.asked[-1] == FollowClock(device="Drums", offset=-12.5)
    assert settings.send(" = 5") != ""
    assert settings.send("Synth = 5000") != ""
    assert settings.send("Synth = 5") == ""
    assert link.asked[-1] == SendClock(outputs={"Bass": 0.0, "Synth": 5.0})
    settings.no_more("Bass")
    assert link.asked[-1] == SendClock(outputs={"Synth": 5.0})
    assert milliseconds("1000") == 1000.0
    assert isinstance(milliseconds("1000.5"), str)


def test_focus_and_safe_mode(tmp_path: Path) -> None:
    settings, link, _ = made(tmp_path, safe=False)
    settings.stretch("8 s")
    settings.safe(True)
    assert link.asked == [Focus(stretch="8 s"), SafeMode(on=True)]
