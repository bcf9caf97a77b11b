"""The palette: what is found, what fits, what a typed line means, and what Enter does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.hands import palette, search, typed_line
from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.layout.box import Pin
from demon_patch.editor.layout.facts import Facts
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey
from tests.support.editor_desk import Desk, chained, signals

FACTS = Facts()


def ids(text: str, pin: Pin | None = None) -> list[str]:
    return [offer.id for offer in palette.offers(text, pin, FACTS, chained())]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("lfo", "lfo"), ("sched", "scheduler"), ("step seq", "step_sequencer"), ("s&h", "sample_hold"),
        ("env", "follower"), ("rhythm", "pattern"), ("slew", "slew"), ("LFO", "lfo"), ("adsr", "adsr"),
        ("low-pass", "smooth"), ("euc", "euclid"), ("step_sequencer", "step_sequencer"), ("strok", "euclid"),
        ("stpseq", "step_sequencer"), ("ss", "step_sequencer"),
    ],
)  # fmt: skip
def test_names_other_words_and_ports_find_a_node(text: str, first: str) -> None:
    assert first in ids(text)[:3]


def test_a_name_comes_before_another_word() -> None:
    assert ids("delay")[0] == "delay"
    assert ids("clock")[0] == "clock"
    assert ids("scale")[:1] == ["scale"]


def test_every_node_is_first_for_its_own_title_and_found_by_its_id() -> None:
    for declaration in CATALOGUE.values():
        assert palette.offers(declaration.title, None, FACTS)[0].id == declaration.id
        assert declaration.id in [offer.id for offer in palette.offers(declaration.id, None, FACTS)]


def test_it_answers_within_sixteen_milliseconds() -> None:
    patch = chained()
    palette.offers("warm", None, FACTS, patch)
    texts = ["l", "lf", "lfo", "lfo 1/4", "lfo 1/4 > strength 0.3", "clock 1/8 > adsr > structure"]
    spent = []
    for text in texts:
        search.score.cache_clear()
        start = time.thread_time()
        palette.offers(text, None, FACTS, patch, keys=Keys())
        spent.append(time.thread_time() - start)
    assert sorted(spent)[len(spent) // 2] < 0.016


def test_only_what_fits_a_pin_is_listed_with_the_port_it_would_join() -> None:
    pin = Pin("words", "prompt", "prompt", True, 0, 0, "Prompt")
    found = palette.offers("", pin, FACTS, chained())
    assert found
    for offer in found:
        port = CATALOGUE[offer.id].by_name[offer.port]
        assert port.type == "prompt"
        assert port.title == offer.port_title
        assert offer.port_title in offer.line
    gate = Pin("c", "gate", "gate", True, 0, 0, "Gate")
    assert next(o for o in palette.offers("lfo", gate, FACTS) if o.id == "lfo").port == "reset"


def test_commands_are_found_by_their_names_after_the_nodes() -> None:
    found = palette.offers("undo", None, FACTS, keys=Keys())
    assert [(offer.kind, offer.key) for offer in found if offer.id == "undo"] == [("command", "Ctrl+Z")]
    assert palette.offers("save", None, FACTS, keys=Keys(), commands=True)[0].id == "save"


def line(text: str, patch: Patch | None = None) -> typed_line.Line:
    return typed_line.read(text, FACTS, VisiblePorts(patch or chained(), CATALOGUE))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lfo 1/4 square", {"rate": 1.0, "shape": "square", "sync": "lock"}),
        ("lfo 1/8t", {"rate": 3.0, "sync": "lock"}),
        ("lfo 1/8 lock", {"rate": 2.0, "sync": "lock"}),
        ("lfo 1/8 beats", {"rate": 2.0, "sync": "beats"}),
        ("lfo beats 1/8", {"rate": 2.0, "sync": "beats"}),
        ("lfo 2 tri", {"rate": 2.0, "shape": "triangle"}),
        ("lfo phase=0.5", {"phase": 0.5}),
        ("lfo seed 7", {"seed": 7}),
        ("clock 1/16", {"beats": 0.25}),
        ('prompt "acid house"', {"text": "acid house"}),
        ("prompt acid house", {"text": "acid house"}),
        ("euclid 16 5", {"steps": 16, "strokes": 5}),
        ("slew 250ms", {"rise": 0.25}),
        ("knob 40%", {"position": 0.4}),
    ],
)
def test_arguments_in_the_line_go_to_the_ports_that_take_them(text: str, values: dict[str, object]) -> None:
    found = line(text)
    assert found.problem == ""
    assert (
        found.nodes[0].values == pytest.approx(values)
        if all(isinstance(v, float) for v in values.values())
        else found.nodes[0].values == values
    )


def test_a_line_wires_a_port_of_the_patch_with_a_depth() -> None:
    found = line("lfo 1/4 > strength 0.3")
    (target,) = found.targets
    assert (target.node, target.port, target.depth) == ("sched", "strength", 0.3)
    assert line("lfo > stru -40%").targets[0].depth == -0.4
    assert line("lfo > decoder.gain").targets[0].node == "decoder"
    assert [n.declaration.id for n in line("clock 1/8 > adsr > strength").nodes] == ["clock", "adsr"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lfo >", "type the port"), ("lfo > nothing", "nothing is called"), ("lfo foo", "means nothing"),
        ("prompt x > strength", "does not take"), ("> strength", "begin with"),
    ],
)  # fmt: skip
def test_a_line_says_what_is_missing(text: str, words: str) -> None:
    assert words in line(text).problem


def test_the_live_line_says_what_enter_will_do() -> None:
    offer = palette.offers("lfo 1/4 square > strength 0.3", None, FACTS, chained())[0]
    assert offer.ready
    assert offer.line == "Adds LFO, wired to Scheduler · Strength, depth +0.30"
    assert offer.title == "LFO rate 1/4 square > Scheduler · Strength +0.30"
    assert not palette.offers("lfo > nowhere", None, FACTS, chained())[0].ready


def test_enter_makes_node_and_cable_with_depth_in_one_undo_step() -> None:
    desk = Desk(chained())
    desk.press("tab", (700.0, 900.0))
    offer = desk.hands.offers("lfo 1/4 square > strength 0.3")[0]
    desk.popups.close()
    desk.hands.chosen(offer)
    desk.update()
    (new,) = desk.graph.nodes.keys() - chained().nodes.keys()
    assert desk.graph.nodes[new].values == {"rate": 1.0, "shape": "square", "sync": "lock"}
    assert desk.graph.cables_by_key[CableKey(new, "out", "sched", "strength")].depth == 0.3
    assert len(desk.graph.cables_into("sched", "strength")) == 2
    x, y = desk.camera.world(700.0, 900.0)
    box = desk.view.boxes[new]
    assert box.x <= x <= box.x + box.w
    assert box.y <= y <= box.y + 30
    assert len(desk.steps) == 1
    desk.press("ctrl+z")
    assert desk.patch == chained()


def test_a_new_node_stands_beside_the_others_and_under_the_place() -> None:
    desk = Desk(chained())
    box = desk.view.boxes["lfo"]
    at = desk.pixel(box.x + box.w + 20, box.y + 60)
    desk.press("tab", at)
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("knob")[0])
    desk.update()
    (new,) = desk.graph.nodes.keys() - chained().nodes.keys()
    made = desk.view.boxes[new]
    assert made.x > box.x + box.w
    assert made.x <= desk.camera.world(*at)[0] <= made.x + made.w


def test_a_line_that_is_not_ready_does_nothing() -> None:
    desk = Desk(chained())
    desk.press("tab", (700.0, 900.0))
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("lfo > nowhere")[0])
    assert desk.patch == chained()
    assert desk.popups.told


def test_replacing_keeps_what_fits_and_tells_the_rest() -> None:
    desk = Desk(signals())
    desk.press("r", desk.head("slew"))
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("smooth")[0])
    desk.update()
    assert desk.graph.nodes["slew"].type == "smooth"
    assert len(desk.graph.cables) == 2
    assert desk.steps == ("Replace",)
    desk.press("r", desk.head("scale"))
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("song position")[0])
    assert "1 cable did not fit" in desk.popups.told[-1]


def test_a_command_is_called_from_the_palette() -> None:
    desk = Desk(signals())
    desk.press("ctrl+shift+p", (20.0, 20.0))
    desk.popups.close()
    desk.hands.chosen(desk.hands.offers("select all")[0])
    assert desk.hands.selection.nodes == signals().nodes.keys()


@given(st.text(alphabet='lfo>adsr 1/4.0-"=%prompt_strength,\u201c', max_size=30))
def test_any_text_has_an_answer(text: str) -> None:
    for pin in (None, Pin("lfo", "out", "value", True, 0, 0, "Out"), Pin("slew", "x", "value", False, 0, 0, "X")):
        for offer in palette.offers(text, pin, FACTS, chained(), keys=Keys()):
            assert offer.title or offer.kind == "line"
            assert offer.line


@given(st.text(max_size=40))
def test_any_unicode_has_an_answer(text: str) -> None:
    palette.offers(text, None, FACTS, signals(), keys=Keys())


@given(st.sampled_from(sorted(CATALOGUE)), st.sampled_from(["value", "gate", "ring", "audio", "prompt", "source"]))
def test_each_offer_for_a_pin_makes_a_document_that_the_host_takes(type: str, carried: str) -> None:
    source = {"value": ("lfo", "out"), "gate": ("lfo", "out"), "ring": ("sched", "ring"), "audio": ("decoder", "audio"),
              "prompt": ("words", "prompt"), "source": ("source", "source")}[carried]  # fmt: skip
    desk = Desk(chained())
    pin = desk.view.boxes[source[0]].pin(source[1], True)
    desk.hands.asking.add((0.0, -200.0), pin)
    for offer in desk.hands.offers(CATALOGUE[type].title):
        if offer.id == type:
            desk.hands.chosen(offer)
            assert len(desk.steps) == 1
            assert not desk.link.faults
            assert not desk.popups.told
