"""Whatever the pointer and the keys do: nothing is raised, no gesture stays open, canvas and document agree, and undo
brings the first document back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demon_patch.editor.canvas.view import View
from demon_patch.editor.hands.keys import TABLE
from demon_patch.editor.layout.facts import Facts
from demon_patch.patch.edit.commands import RemoveNode
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH, Cable, Node
from tests.support.editor_desk import Desk
from tests.support.recording_canvas import RecordingCanvas


def everything() -> Patch:
    """A patch with a thing of each kind, close together."""
    inside = Definition(nodes={"in": Node("slew", at=(40.0, 40.0))}, title="Inside")
    return Patch(
        nodes={
            "lfo": Node("lfo", at=(0.0, 0.0), values={"shape": "saw"}),
            "slew": Node("slew", at=(240.0, 0.0)),
            "sched": Node("scheduler", at=(480.0, 0.0), values={"strength": 0.5}),
            "words": Node("prompt", at=(0.0, 240.0), values={"text": "acid"}),
            "bend": Node("reroute", at=(440.0, 160.0)),
            "sub": Node(SUBPATCH, definition="def", at=(240.0, 200.0)),
            "odd": Node("from_the_future", at=(520.0, 300.0)),
        },
        cables=(
            Cable("lfo", "out", "slew", "x"),
            Cable("slew", "out", "sched", "strength", depth=0.5),
            Cable("words", "prompt", "sched", "prompt"),
            Cable("lfo", "uni", "bend", "in"),
            Cable("bend", "out", "sched", "structure"),
        ),
        frames={"frame": CanvasFrame((-30.0, 220.0), (240.0, 160.0), "Words")},
        notes={"note": CanvasNote("hello", (40.0, 400.0))},
        probes={"probe": Probe("lfo", "out", (300.0, 400.0))},
        definitions={"def": inside},
    )


X, Y = st.integers(-40, 800), st.integers(-40, 560)
FLAGS = st.sampled_from([{}, {"shift": True}, {"ctrl": True}, {"alt": True}])
BUTTON = st.sampled_from(["left", "left", "left", "right", "middle"])
KEYS = st.sampled_from(sorted({key for row in TABLE for key in row.keys} - {"ctrl+s"}))
STEPS = st.one_of(
    st.tuples(st.just("drag"), X, Y, X, Y, BUTTON, FLAGS, st.booleans()),
    st.tuples(st.just("click"), X, Y, BUTTON, FLAGS),
    st.tuples(st.just("double"), X, Y),
    st.tuples(st.just("look"), X, Y, st.sampled_from([0.0, 0.0, 1.0, -1.0]), st.sampled_from([0.02, 0.3, 1.0])),
    st.tuples(st.just("button"), BUTTON, st.booleans()),
    st.tuples(st.just("key"), KEYS),
    st.tuples(st.just("down"), KEYS),
    st.tuples(st.just("up"), KEYS),
    st.tuples(st.just("over"), st.booleans()),
    st.tuples(st.just("popup"), st.text(alphabet="lfo> 0.5strength", max_size=12), st.integers(0, 30)),
    st.tuples(st.just("other"), st.sampled_from(["lfo", "slew", "bend", "sub"])),
)


def play(desk: Desk, step: tuple[Any, ...]) -> None:
    """Does one thing."""
    kind, *given_ = step
    if kind == "drag":
        x, y, to_x, to_y, button, flags, drop = given_
        desk.drag(desk.pixel(x, y), desk.pixel(to_x, to_y), button=button, drop=drop, **flags)
    elif kind == "click":
        x, y, button, flags = given_
        desk.click(desk.pixel(x, y), button=button, **flags)
    elif kind == "double":
        desk.double_click(desk.pixel(*given_))
    elif kind == "look":
        x, y, wheel, seconds = given_
        desk.look(desk.pixel(x, y), wheel=wheel, seconds=seconds)
    elif kind == "button":
        desk.look(None, **{given_[0]: given_[1]})
    elif kind == "over":
        desk.look(over=given_[0])
    elif kind == "popup":
        answer(desk, *given_)
    elif kind == "other":
        if given_[0] in desk.patch.nodes:
            desk.did(RemoveNode(given_[0]))
    else:
        {"key": desk.press, "down": desk.down, "up": desk.up}[kind](given_[0])


def answer(desk: Desk, text: str, place: int) -> None:
    """Answers the popup that is open."""
    if desk.popups.last is None:
        return
    kind, held = desk.popups.last
    if kind == "field":
        if held[2](text) == "":
            desk.popups.close()
    elif kind == "palette":
        offers = desk.hands.offers(text)
        desk.popups.close()
        desk.hands.chosen(offers[place % len(offers)] if offers else None)
    else:
        desk.popups.close()
        items = held
        while items:
            item = items[place % len(items)]
            items = item.items
            if not items and item.do is not None and item.enabled:
                item.do()
    desk.update()


def settle(desk: Desk) -> None:
    """Lets everything go."""
    desk.popups.close()
    for key in list(desk.hands.tools.held):
        desk.up(key)
    desk.look(left=False, middle=False, right=False, seconds=1.0, over=True)
    desk.look(seconds=1.0)
    desk.hands.cancel()
    desk.update()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=25), st.booleans())
def test_nothing_is_raised_no_gesture_stays_open_and_canvas_and_document_agree(steps: list[Any], late: bool) -> None:
    desk = Desk(everything(), late)
    for step in steps:
        play(desk, step)
    settle(desk)
    assert desk.hands.gesture is None
    assert not desk.link.open
    assert not desk.hands.tools.edits.open
    for gesture in (desk.canvas.cable, desk.canvas.offered, desk.canvas.band, desk.canvas.knife, desk.canvas.target):
        assert gesture is None
    fresh = RecordingCanvas()
    view = View(fresh, Facts())
    view.dive(desk.view.within)
    view.update(desk.patch)
    assert desk.canvas.picture() == fresh.picture()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS.filter(lambda step: step[0] not in ("other",)), max_size=15))
def test_undo_brings_the_first_document_back(steps: list[Any]) -> None:
    desk = Desk(everything())
    for step in steps:
        if step[0] == "key" and step[1] in ("ctrl+z", "ctrl+y", "ctrl+shift+z"):
            continue
        play(desk, step)
    settle(desk)
    for _ in range(len(desk.steps)):
        desk.link.session.undo("editor")
    assert desk.patch == everything()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(X, Y, X, Y, BUTTON, FLAGS)
def test_a_drag_is_one_step_at_most_and_none_with_escape(
    x: int, y: int, to_x: int, to_y: int, button: str, flags: dict[str, bool]
) -> None:
    desk = Desk(everything())
    desk.drag(desk.pixel(x, y), desk.pixel(to_x, to_y), button=button, **flags)
    assert len(desk.steps) <= 1
    assert (desk.patch == everything()) == (not desk.steps)
    other = Desk(everything())
    other.drag(other.pixel(x, y), other.pixel(to_x, to_y), button=button, drop=False, **flags)
    other.press("escape")
    other.at = replace(other.at, **{button: False})
    other.look()
    assert other.steps == ()
    assert other.patch == everything()
    assert other.canvas.picture() == Desk(everything()).canvas.picture()
