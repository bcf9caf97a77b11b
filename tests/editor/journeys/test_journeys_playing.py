"""Journeys 16, 17, 21 and 23: a ring that closes when a change is heard, seeking and looping, a morph between
snapshots, a knob's movement as a loop."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest

from tests.editor.journeys.hands_on import choose, held
from tests.editor.journeys.heard import repeats
from tests.editor.journeys.stage import GROUND, OTHER, SONG, Stage, engine

pytestmark = pytest.mark.slow
REPEATS = 0.9
"""How far a sound equals itself later that is repeated."""


@pytest.fixture(autouse=True)
def whole_song(stage: Stage) -> Iterator[None]:
    """Nothing that is not in the document is left of a journey."""
    yield
    stage.editor.key("Escape", "Escape")
    stage.client.loop(None)
    stage.client.release()


def test_17_a_click_on_the_strip_seeks_and_a_drag_loops(stage: Stage) -> None:
    editor, client = stage.editor, stage.client
    stage.begin(engine())
    editor.click(editor.ask("strip", 6.0))

    def place() -> float:
        return float(client.status["song"])

    was = place()
    assert client.wait(lambda: 5.9 <= place() < 7.9, 20.0), (was, place())
    editor.drag(editor.ask("strip", 2.05), editor.ask("strip", 4.1))
    editor.drop()
    assert client.wait(lambda: client.status.get("loop") is not None, 30.0), "no loop"
    lo, hi = client.status["loop"]
    length = hi - lo
    assert 1.4 < length < 2.7, (lo, hi)
    assert min(length % 0.5, 0.5 - length % 0.5) <= 0.041, (lo, hi)  # from beat to beat, in whole frames of 40 ms
    assert client.wait(lambda: lo <= place() <= hi, 30.0), "the song does not come to the loop"
    stage.shoot("loop")
    seen = list[float]()
    end = time.monotonic() + 6.0
    client.wait(lambda: seen.append(place()) or time.monotonic() > end, 8.0)
    assert lo - 0.1 <= min(seen)
    assert max(seen) <= hi + 0.1
    stage.until_heard(lambda file: repeats(file, length) > REPEATS, 3 * length + 1, "the loop is not heard")
    editor.click(editor.ask("strip", 3.0), times=2)
    assert client.wait(lambda: client.status.get("loop") is None, 30.0), "the loop does not end"
    stage.until_heard(lambda file: repeats(file, length) < REPEATS, 3 * length + 1, "the loop is heard on")
    stage.until_heard(lambda file: repeats(file, SONG) > REPEATS, 2 * SONG, "the whole song is not heard")


def test_16_a_ring_closes_when_a_turned_knob_is_heard(stage: Stage) -> None:
    start = engine(strength=0.3, steps=8, depth=4)  # long generations: the ring is there to be seen
    editor = stage.editor
    stage.begin(start)
    x, y = editor.ask("knob", "scheduler", "strength")
    before, alike = stage.settled()
    turned, way = list[list[tuple[str, str, float]]](), itertools.count()

    def turn() -> bool:
        editor.go((x, y - 130 - 10 * (next(way) % 2)))
        turned.append(editor.ask("closing"))
        return bool(turned[-1])

    editor.drag((x, y), (x, y - 130))
    editor.until(turn, "a ring")
    editor.drop()
    closing = turned[-1]
    assert [key[:2] for key in closing] == [["scheduler", "strength"]]
    assert 0.1 < closing[0][2] < 60.0
    stage.shoot("ring")
    editor.until(lambda: not editor.ask("closing"), "the ring closed")
    stage.until(lambda now: held(now, "scheduler", "strength") > 0.9, "the knob")
    stage.hear_until(lambda like: like < alike - OTHER, before, "the turned knob is not heard")
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(start, "one step")


def test_23_a_knobs_movement_becomes_a_loop(stage: Stage) -> None:
    start, editor = engine(strength=0.3), stage.editor
    stage.begin(start)
    before, alike = stage.settled()
    steps = stage.steps()
    x, y = editor.ask("knob", "scheduler", "strength")
    editor.go((x, y))
    with stage.down("r"):
        editor.drag((x, y), (x, y - 140), steps=8)
        editor.drag((x, y - 140), (x, y - 100), steps=8)
        editor.drop()
    patch = stage.until(lambda now: len(now.nodes) == len(start.nodes) + 1, "a node that loops")
    (new,) = set(patch.nodes) - set(start.nodes)
    assert patch.nodes[new].type == "loop"
    assert any(c.src == new and (c.dst, c.port) == ("scheduler", "strength") for c in patch.cables)
    assert stage.steps() == steps + 1
    editor.go(GROUND)
    stage.shoot("movement")
    seen = list[float]()

    def moves() -> bool:
        seen.append(editor.ask("now", "scheduler", "strength") or 0.3)
        return max(seen) - min(seen) > 0.1

    editor.until(moves, "the knob moves by itself")
    stage.hear_until(lambda like: like < alike - OTHER, before, "the loop is not heard")
    editor.key("ctrl+z")
    stage.until_equal(start, "one step")


def test_21_snapshots_are_stored_and_morphed(stage: Stage) -> None:
    start, editor, client = engine(strength=0.2), stage.editor, stage.client
    stage.begin(start)
    before, alike = stage.settled()
    editor.go(GROUND)
    editor.key("ctrl+shift+s")
    stage.until(lambda now: len(now.snapshots) == 1, "a snapshot")
    x, y = editor.ask("knob", "scheduler", "strength")
    stage.move((x, y), (x, y - 130))
    stage.until(lambda now: held(now, "scheduler", "strength") > 0.5, "the knob")
    editor.go(GROUND)
    editor.key("ctrl+shift+s")
    patch = stage.until(lambda now: len(now.snapshots) == 2, "another snapshot")
    ids = {each.title: id for id, each in patch.snapshots.items()}
    one, two = (ids[title] for title in sorted(ids))
    values = [float(patch.snapshots[id].values["scheduler"]["strength"]) for id in (one, two)]  # type: ignore[arg-type]
    assert patch.snapshots[one] != patch.snapshots[two], values
    editor.click(GROUND, button=3)
    choose(stage, "Snapshots")
    choose(stage, "Snapshot 1")
    choose(stage, "Morph from it to")
    stage.shoot("morph")
    choose(stage, "Snapshot 2 in 4 s")

    seen = list[float]()

    def over() -> bool:
        if client.live_values:
            seen.append(float(client.live_values["scheduler", "strength"]))  # type: ignore[arg-type]
        return bool(seen) and client.status.get("ramp") is None and not client.live_values

    assert client.wait(over, 60.0), (values, seen)  # at its end the knob is where the patch has it: no live value
    assert values[1] - 0.1 < seen[-1] < values[1] + 0.01
    between = [value for value in seen if values[0] + 0.05 < value < values[1] - 0.05]
    assert between == sorted(between)
    assert len(set(between)) >= 2, "it does not jump"
    assert stage.patch == patch, "a morph is no edit"
    stage.hear_until(lambda like: like < alike - OTHER, before, "the other snapshot is not heard")
