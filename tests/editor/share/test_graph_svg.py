"""The picture of a graph: one group a node, one path a cable, nothing of a patch unescaped."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch import shipped
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.cable_curve import curve
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look.theme import DARK, LIGHT
from demon_patch.editor.share.graph_svg import graph_svg
from demon_patch.editor.share.signals import signals_of
from demon_patch.editor.share.svg_pen import safe
from demon_patch.editor.share.svg_wire import beads, point, swung
from demon_patch.errors import PatchError
from demon_patch.nodes.editing.update import load
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.dashboard import Widget
from demon_patch.patch.model.document import Cable, Meta, Node, Patch

SVG = "{http://www.w3.org/2000/svg}"
FACTS = Facts()
LFO = Patch(
    nodes={"l": Node("lfo"), "m": Node("multiply", at=(400.0, 0.0))}, cables=(Cable("l", "out", "m", "a", depth=-0.5),)
)


def of_class(root: ElementTree.Element, tag: str, kind: str) -> list[ElementTree.Element]:
    return [found for found in root.iter(f"{SVG}{tag}") if found.get("class") == kind]


@pytest.mark.parametrize("path", shipped.shipped().values(), ids=lambda path: path.name)
def test_every_shipped_patch_has_a_group_for_each_node_and_a_path_for_each_cable(path: Path) -> None:
    patch = load(path)
    for theme in (DARK, LIGHT):
        root = ElementTree.fromstring(graph_svg(patch, theme, FACTS))
        assert len(of_class(root, "g", "node")) == len(patch.nodes)
        assert len(of_class(root, "path", "cable")) == len(patch.cables)
        knobs = [knob for box in boxes_of(patch, None, FACTS)[0].values() for knob in box.knobs]
        assert len(of_class(root, "g", "knob")) == len(knobs)


def test_the_view_holds_all_boxes() -> None:
    patch = load(shipped.shipped()["first-light"])
    root = ElementTree.fromstring(graph_svg(patch, DARK, FACTS))
    left, top, wide, high = map(float, (root.get("viewBox") or "").split())
    for box in boxes_of(patch, None, FACTS)[0].values():
        assert left < box.x
        assert top < box.y
        assert box.x + box.w < left + wide
        assert box.y + box.h < top + high


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40), st.text(max_size=60), st.text(max_size=30))
def test_any_text_of_a_patch_leaves_valid_xml(title: str, note: str, label: str) -> None:
    try:
        patch = structs.replace(
            LFO,
            meta=Meta(title=title),
            notes={"n": CanvasNote(note, at=(0.0, 300.0))},
            frames={"f": CanvasFrame(at=(-40.0, -40.0), title=label)},
            nodes={**LFO.nodes, "l": Node("lfo", label=label)},
        )
    except PatchError:
        return  # the document itself refuses such a text
    root = ElementTree.fromstring(graph_svg(patch, DARK, FACTS, signals={}))
    assert len(of_class(root, "g", "node")) == 2


def test_markup_in_texts_is_no_markup() -> None:
    evil = '</text><script>alert(1)</script><a href="javascript:x" onload="y">'
    patch = structs.replace(
        LFO, meta=Meta(title=evil), notes={"n": CanvasNote(evil, at=(0.0, 300.0), size=(900.0, 200.0))}
    )
    root = ElementTree.fromstring(graph_svg(patch, DARK, FACTS))
    allowed = {"svg", "title", "desc", "rect", "path", "g", "circle", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    assert any("script" in (text.text or "") for text in root.iter(f"{SVG}text"))


def test_unknown_nodes_and_an_empty_patch_are_drawn() -> None:
    odd = Patch(nodes={"x": Node("no_such_type")})
    root = ElementTree.fromstring(graph_svg(odd, DARK, FACTS))
    assert "unknown" in {text.text for text in root.iter(f"{SVG}text")}
    assert ElementTree.fromstring(graph_svg(Patch(nodes={}), DARK, FACTS)).get("viewBox")


def test_what_is_seen_of_a_cable_follows_its_state() -> None:
    def shown(**fields: object) -> str:
        return graph_svg(structs.replace(LFO, cables=(structs.replace(LFO.cables[0], **fields),)), DARK, FACTS)

    assert "−0.50" in shown()
    assert "stroke-dasharray" in shown(muted=True)
    assert "stroke-dasharray" not in shown()
    assert ">S</text>" in shown(solo=True)


def test_texts_are_as_wide_as_the_layout_says() -> None:
    root = ElementTree.fromstring(graph_svg(LFO, DARK, FACTS))
    title = next(t for t in root.iter(f"{SVG}text") if t.text == "LFO")
    box = boxes_of(LFO, None, FACTS)[0]["l"]
    assert 0 < float(title.get("textLength") or 0) < box.w


def test_a_probe_is_a_card_with_its_signal() -> None:
    patch = structs.replace(LFO, probes={"p": Probe("l", "out", at=(0.0, 400.0))})
    root = ElementTree.fromstring(graph_svg(patch, DARK, FACTS))
    assert len(of_class(root, "g", "probe")) == 1


def test_signals_are_those_of_the_nodes() -> None:
    found = signals_of(LFO)
    wave = found["l", "out"]
    assert len(wave) == 200
    assert float(np.ptp(wave)) > 0.5
    assert ("l", "out") in signals_of(structs.replace(LFO, nodes={**LFO.nodes, "m": Node("no_such_type")}))


def test_signals_of_a_patch_that_does_not_compile_are_none() -> None:
    loop = Patch(nodes={"s": Node("scheduler"), "d": Node("decoder")}, cables=(Cable("s", "ring", "d", "nowhere"),))
    assert signals_of(loop) == {}
    assert "<svg" in graph_svg(loop, DARK, FACTS)


def test_a_trace_begins_and_ends_on_its_cable() -> None:
    line = curve((0.0, 0.0), (300.0, 120.0))
    points = swung(line, np.sin(np.linspace(0, 20, 75)))
    assert points[0] == pytest.approx((0, 0))
    assert points[-1] == pytest.approx((300, 120))
    away = max(
        min(np.hypot(x - a, y - b) for a, b in (point(line, u) for u in np.linspace(0, 1, 200))) for x, y in points
    )
    assert 2.0 < away < 8.0


def test_a_bead_lies_where_the_stroke_is() -> None:
    gate = np.zeros(75)
    gate[74 - 20 : 74 - 18] = 1.0
    (bead,) = beads(curve((0.0, 0.0), (200.0, 0.0)), gate)
    assert 0 < bead[0] < 100


def test_what_xml_does_not_have_is_replaced() -> None:
    assert safe("a\x00b<&\"'\ud800") == "a\ufffdb&lt;&amp;&quot;&#x27;\ufffd"


def test_a_widget_does_not_matter() -> None:
    patch = structs.replace(LFO, dashboard={"w": Widget("l", "rate", at=(0.0, 0.0))})
    assert graph_svg(patch, DARK, FACTS) == graph_svg(LFO, DARK, FACTS)
