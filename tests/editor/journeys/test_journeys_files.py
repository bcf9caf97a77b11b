"""Journey 18: the first downbeat is dragged."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import soundfile

from demon_patch.patch.model.document import Node, Patch
from tests.editor.journeys.hands_on import held
from tests.editor.journeys.stage import GROUND, SONG, Stage, engine

pytestmark = pytest.mark.slow
RATE = 44_100


def with_clip(file: str, **values: float) -> Patch:
    """The engine chain over a sound file."""
    patch = engine(strength=0.3)
    nodes = {**patch.nodes, "clip": Node("audio_source", at=(0, -300), values={"file": file, **values})}
    return msgspec.structs.replace(patch, nodes=nodes)


def test_18_the_first_downbeat_is_dragged(stage: Stage) -> None:
    editor = stage.editor
    t = np.arange(round(SONG * RATE)) / RATE
    clicks = np.sin(2 * np.pi * 220 * t) * np.exp(-20 * np.mod(t - 0.2, 0.5))
    soundfile.write(stage.folder / "clicks.wav", 0.4 * clicks, RATE)
    start = with_clip("clicks.wav", downbeat=0.2)
    stage.begin(start)
    steps = stage.steps()
    assert stage.client.wait(lambda: abs(stage.client.status["song_length"] - SONG) < 0.1, 60.0)
    x, y = editor.ask("strip", 0.2)
    there = editor.ask("strip", 0.7)
    editor.drag((x, y - 26), (there[0], there[1] - 26))
    stage.shoot("downbeat")
    editor.drop()
    patch = stage.until(lambda now: held(now, "clip", "downbeat") > 0.5, "the port")
    assert held(patch, "clip", "downbeat") == pytest.approx(0.7, abs=0.03)
    assert stage.steps() == steps + 1
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(start, "one step")
