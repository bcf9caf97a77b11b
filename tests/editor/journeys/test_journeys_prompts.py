"""Journey 22: the listener is dragged on the surface of prompts, and what it comes near is heard."""

from __future__ import annotations

import msgspec
import pytest

from demon_patch.patch.model.document import Cable, Node, Patch
from tests.editor.journeys.hands_on import held
from tests.editor.journeys.stage import GROUND, OTHER, SAME, Stage, engine, with_nodes

pytestmark = pytest.mark.slow


def with_surface() -> Patch:
    """Two prompts on a surface, in place of one."""
    patch = with_nodes(
        engine(strength=1.0),
        {
            "words": Node("prompt", at=(-340, 0), values={"text": "warm"}),
            "other": Node("prompt", at=(-340, 130), values={"text": "chiptune lead arp"}),
            "map": Node("prompt_surface", at=(40, 0), values={"x": 0.1, "y": 0.9, "focus": 3.0}),
        },
        Cable("words", "prompt", "map", "prompt_1"),
        Cable("other", "prompt", "map", "prompt_2"),
        Cable("map", "prompt", "scheduler", "prompt"),
    )
    cables = tuple(c for c in patch.cables if (c.src, c.dst) != ("words", "scheduler"))
    return msgspec.structs.replace(patch, cables=cables)


def test_22_the_listener_is_dragged_on_the_prompt_surface_and_heard(stage: Stage) -> None:
    start, editor = with_surface(), stage.editor
    stage.begin(start)
    before, alike = stage.settled()
    steps = stage.steps()
    editor.drag(editor.ask("inside", "map", 0.15, 0.15), editor.ask("inside", "map", 0.9, 0.12))
    stage.shoot("surface")
    editor.drop()
    patch = stage.until(lambda now: held(now, "map", "x") > 0.8, "the listener at the other prompt")
    assert held(patch, "map", "y") > 0.8
    assert stage.steps() == steps + 1
    stage.hear_until(lambda like: like < alike - OTHER, before, "the other prompt is not heard")
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(start, "one step")
    stage.hear_until(lambda like: like > alike - SAME, before, "what was before is not heard again")
