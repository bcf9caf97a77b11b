"""Journeys 26 and 27: a rendered sound opened, a clip that is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.editor.journeys.hands_on import choose
from tests.editor.journeys.stage import GROUND, Stage, engine, with_nodes
from tests.support.drop_file import __file__ as DROP

pytestmark = pytest.mark.slow
RATE = 44_100
RENDERED = 240.0  # seconds that a process which renders may take, on a machine that others keep busy


def with_clip(file: str, **values: float) -> Patch:
    """The engine chain over a sound file."""
    patch = engine(strength=0.3)
    nodes = {**patch.nodes, "clip": Node("audio_source", at=(0, -300), values={"file": file, **values})}
    return msgspec.structs.replace(patch, nodes=nodes)


def drop(stage: Stage, path: Path) -> None:
    """Drops a file on the ground of the window."""
    editor = stage.editor
    window = editor.x("search", "--sync", "--all", "--pid", editor.process.pid, "--name", "demon_patch").split()[-1]
    words = [sys.executable, DROP, window, *(str(round(each)) for each in GROUND), str(path)]
    environ = {**os.environ, "DISPLAY": editor.display, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(words, env=environ, check=True, timeout=60)


def open_dropped(stage: Stage, path: Path) -> None:
    """Drops a file, and opens it as the song."""
    editor = stage.editor
    editor.go(GROUND)
    drop(stage, path)
    choose(stage, "Open it as the song")

    def asked() -> bool:
        titles = [title for title, *_ in editor.ask("menu")]
        return any(t.startswith("Open it anyway") for t in titles) or any(
            "is prepared" in s for s in editor.state("said")
        )

    editor.until(asked, "opened, or asked about edits")
    if editor.ask("menu"):
        choose(stage, "Open it anyway")


def test_26_a_rendered_sound_is_dropped_and_opened(stage: Stage) -> None:
    editor = stage.editor
    start = with_nodes(
        engine(strength=0.3), {"lfo": Node("lfo", at=(0, 190))}, Cable("lfo", "uni", "scheduler", "strength", depth=0.3)
    )
    stage.begin(start)
    before = set(stage.folder.rglob("*.wav"))
    editor.click(editor.ask("part", "logo"))
    choose(stage, "Share")
    choose(stage, "Sound (WAV)")
    editor.until(lambda: editor.state("typing"), "the field")
    editor.key("ctrl+a")
    editor.type("3")
    editor.key("Return")

    def rendered() -> list[Path]:
        found = set(stage.folder.rglob("*.wav")) - before
        return [each for each in found if not each.name.startswith((".", "heard"))]  # the first are not whole yet

    assert stage.client.wait(lambda: bool(rendered()), RENDERED), f"no sound is rendered: {editor.state('said')}"
    (file,) = rendered()
    stage.begin(engine(strength=0.2))
    open_dropped(stage, file)
    stage.until(lambda now: now.nodes == start.nodes and now.cables == start.cables, "the patch that the sound carries")
    editor.until(lambda: "lfo" in editor.ask("patch"), "the patch in the window")
    editor.key("Home")
    stage.shoot("rendered")


def test_27_a_clip_that_is_missing_is_named_with_what_to_do(stage: Stage) -> None:
    editor = stage.editor
    file = stage.folder / "lost.dpatch.json"
    file.write_text(dumps(with_clip("gone.wav")))
    open_dropped(stage, file)
    stage.until(lambda now: now.nodes["clip"].type == "audio_source", "it is opened anyway")
    editor.until(lambda: editor.state("panel") == "assets", "the dialogue")

    def lines() -> dict[str, list[float]]:
        return {title: [x, y] for title, _, _, x, y in editor.ask("rows")}

    found = editor.until(lambda: (now := lines()) and "gone.wav" in now and now, "the missing clip")
    stage.shoot("missing")
    (place,) = [at for title, at in found.items() if title.startswith("Play a composed clip")]
    editor.click(place)
    stage.until(lambda now: now.nodes["clip"].type == "composed_source", "a composed clip in its place")
    editor.until(lambda: any("are there" in title for title in lines()), "nothing is missing any more")
