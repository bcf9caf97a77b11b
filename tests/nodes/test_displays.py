"""Live displays: every node type has one, its signals can be watched, and the table is the documented one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from demon_patch.codegen.body import DeclarationError
from demon_patch.codegen.frame import Frame
from demon_patch.gallery.library import GEOMETRY, TRANSPORT, _demonstrated
from demon_patch.nodes.catalogue import CATALOGUE, describe
from demon_patch.nodes.language.declare import Declaration, node
from demon_patch.nodes.language.displays import DISPLAYS, page, shown_signals
from demon_patch.nodes.language.ports import SIGNALS, out, value
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from tests.support.node_bench import BENCH, playable
from tests.support.paths import DOCS

USED = Counter(d.display for d in CATALOGUE.values())


def test_there_are_many_displays_and_none_is_on_more_than_a_quarter_of_the_nodes() -> None:
    assert len(USED.keys() - {"none"}) >= 10
    assert max(USED.values()) <= len(CATALOGUE) / 4
    assert set(DISPLAYS) - USED.keys() <= {"none"}, "a display that no node has"


@pytest.mark.parametrize("d", CATALOGUE.values(), ids=lambda d: d.id)
def test_only_a_node_in_which_nothing_moves_has_no_display(d: Declaration) -> None:
    moves = any(o.type in SIGNALS for o in d.outs) or any(p.numeric and p.wireable for p in d.ports)
    assert d.display != "none" or not moves


def test_a_word_that_is_no_display_is_refused_when_the_node_is_declared() -> None:
    with pytest.raises(DeclarationError, match="there is no display 'scoop'; the displays are none, scope"):

        @node("odd", "Odd", "Odd.", out=out("out"), category="test", display="scoop")
        def odd(t: Frame, x: float = value(0, 0, 1, doc="It.")):
            return x


@pytest.mark.parametrize(
    ("word", "lacks"), [("steps", "the place that is marked"), ("lamp", "the gates that go out"), ("surface", "gains")]
)
def test_a_display_whose_signals_a_node_does_not_have_is_refused(word: str, lacks: str) -> None:
    with pytest.raises(DeclarationError, match=f"display {word} needs {lacks}"):

        @node("odd", "Odd", "Odd.", out=out("out"), category="test", display=word)
        def odd(t: Frame, x: float = value(0, 0, 1, doc="It.")):
            return x


@pytest.mark.parametrize("d", CATALOGUE.values(), ids=lambda d: d.id)
def test_all_signals_of_a_display_can_be_watched(d: Declaration) -> None:
    shown = shown_signals(d)
    assert len({(name, side) for name, side, _ in shown}) == len(shown)
    if not shown:
        assert DISPLAYS[d.display].also or d.display == "none"
        return
    document, one = _demonstrated(d), {"scheduler": "zs", "decoder": "zd"}.get(d.id, "n")  # a chain has one of these
    if one != "n":
        nodes = {id: each for id, each in document.nodes.items() if id != "n"}
        document = Patch(nodes=nodes, cables=tuple(cable for cable in document.cables if cable.dst != "n"))
    forecast = Forecast(compile(document, CATALOGUE, GEOMETRY), TRANSPORT)
    points = [(one, name, side) for name, side, _ in shown]
    forecast.scopes.watch(points)
    forecast.advance(30)
    _, values = forecast.scopes.read_since(points, -5)
    assert values.shape == (len(points), 5)
    unknown = {shown[place] for place in np.flatnonzero(np.isnan(values).any(axis=1))}
    assert unknown == set()


def test_the_place_that_steps_mark_is_the_step_that_plays() -> None:
    nodes = {
        "seq": Node("step_sequencer", values={"beats": 0.5, **{f"v{n}": n / 10 for n in range(1, 9)}}),
        "back": Node("step_sequencer", values={"beats": 0.5, "order": "backwards", "length": 3.0}),
        "written": Node("pattern", values={"pattern": "x..x.", "beats": 0.5}),
        "round": Node("euclid", version=2, values={"steps": 5.0, "strokes": 2.0, "beats": 0.5}),
        "clock": Node("clock", values={"beats": 0.5}),
        "switch": Node("sequential_switch", values={"length": 3.0}),
        "waits": Node("euclid", version=2),
        "never": Node("button"),
        "lfo": Node("lfo", values={"rate": 0.25, "shape": "ramp", "phase": 0.125}),
        "chosen": Node("select", values={"index": 4.6}),
        "p": Node("probe"),
    }  # fmt: skip
    cables = (Cable("clock", "gate", "switch", "step"), Cable("never", "gate", "waits", "step"))
    program = compile(playable(nodes, cables), BENCH, Geometry(25, 200))
    forecast = Forecast(program, Transport(25, 120, 4, 200))
    marked = {id: (id, "shown", "state") for id in nodes if id not in ("clock", "never", "p")}
    played = ("seq", "out", "out")
    forecast.scopes.watch([*marked.values(), played])
    forecast.advance(100)
    read = {id: forecast.scopes.read(point).values for id, point in marked.items()}
    step = np.floor(np.arange(100) / 6.25 + 1e-9)
    np.testing.assert_array_equal(read["seq"], step % 8)
    np.testing.assert_allclose(forecast.scopes.read(played).values, (read["seq"] + 1) / 10, atol=1e-7)
    np.testing.assert_array_equal(read["back"], (-1 - step) % 3)
    np.testing.assert_array_equal(read["written"], step % 5)
    np.testing.assert_array_equal(read["round"], step % 5)
    np.testing.assert_array_equal(read["switch"], (step + 1) % 3)
    assert set(read["waits"]) == {-1.0}
    np.testing.assert_allclose(read["lfo"], (0.125 + 0.01 * np.arange(100)) % 1, atol=1e-6)
    assert set(read["chosen"]) == {4.0}


def test_a_state_stays_known_over_an_edit_and_unknown_ones_have_no_numbers() -> None:
    nodes = {"lfo": Node("lfo"), "late": Node("delay"), "p": Node("probe")}
    forecast = Forecast(compile(playable(nodes, ()), BENCH, Geometry(25, 200)), Transport(25, 120, 4, 200))
    points = [("lfo", "shown", "state"), ("lfo", "nothing", "state"), ("late", "memory", "state")]
    forecast.scopes.watch(points)
    forecast.advance(20)
    _, values = forecast.scopes.read_since(points, 0)
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1:]).all()


def test_the_catalogue_names_display_and_signals() -> None:
    said = {d["id"]: d for d in describe()}
    assert said["expression"]["display"] == "formula"
    assert ["shown", "state", "place"] in said["step_sequencer"]["shows"]
    assert ["a", "out", "share"] in said["prompt_blend"]["shows"]
    assert said["prompt"]["shows"] == []


def test_the_committed_page_is_the_one_that_is_made() -> None:
    assert (DOCS / "displays.md").read_text(encoding="utf-8") == page(), "run: demon-patch nodes --page docs/nodes.md"
