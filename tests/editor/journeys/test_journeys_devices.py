"""Journey 19: a controller is learned in the window, and takes hold of the knob where it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.editor.journeys.hands_on import choose, held
from tests.editor.journeys.stage import CARD, GROUND, OTHER, Stage, engine
from tests.support.midi_sender import compiled_sender, send

pytestmark = pytest.mark.slow
CHANGE, NUMBER = 0xB0, 74
STEP = 120  # milliseconds from one message to the next
SWEEP = [*range(6, 40, 4), *range(40, 104, 3)]
"""What the controller sends: from far below the knob to above it."""


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sender in C, compiled."""
    if os.environ.get(CARD) == "none":
        pytest.skip("there is no sound card")
    return compiled_sender(tmp_path_factory.mktemp("sender"))


def test_19_a_controller_is_learned_and_takes_hold_of_the_knob(stage: Stage, sender: Path) -> None:
    start, editor, client = engine(strength=0.5), stage.editor, stage.client
    stage.begin(start)
    before, alike = stage.settled()
    editor.click(editor.ask("knob", "scheduler", "strength"), button=3)
    choose(stage, "Learn a controller")
    editor.until(lambda: any("of your controller" in said for said in editor.state("said")), "the question")
    editor.go(GROUND)
    last, seen = SWEEP[-1] / 127, list[float]()

    def live() -> float | None:
        found = client.live_values.get(("scheduler", "strength"))
        if found is not None:
            seen.append(float(found))  # type: ignore[arg-type]
        return seen[-1] if seen else None

    process = send(sender, "Keys", [(n * STEP, (CHANGE, NUMBER, value)) for n, value in enumerate(SWEEP)])
    try:
        patch = stage.until(lambda now: len(now.mappings) == 1, "the mapping")
        (mapping,) = patch.mappings.values()
        assert (mapping.node, mapping.port) == ("scheduler", "strength")
        assert client.wait(lambda: (live() or 0.0) > last - 0.03, 90.0), (last, seen[-5:])
    finally:
        process.kill()
        process.wait(10)
    assert min(seen) > 0.42, "it takes hold where the knob stands, and does not jump to the controller"
    assert held(stage.patch, "scheduler", "strength") == 0.5, "a controller plays; it does not edit"
    editor.until(lambda: (editor.ask("live", "scheduler", "strength") or 0.0) > 0.6, "the knob in the window")
    stage.shoot("learned")
    stage.hear_until(lambda like: like < alike - OTHER, before, "the controller is not heard")
    client.release()
    editor.click(editor.ask("knob", "scheduler", "strength"), button=3)
    choose(stage, "Forget its controller")
    stage.until(lambda now: not now.mappings, "no mapping")
