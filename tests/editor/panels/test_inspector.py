"""The inspector says all that is known of a node or a cable, and its lines do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.panels.costs_panel import Costs, cost_rows, titled
from demon_patch.editor.panels.inspector import Seen, cable_rows, node_rows, several_rows
from demon_patch.editor.panels.inspector_panel import HandsActs
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetRange
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey, Node
from demon_patch.runtime.remote.messages.session import Nodes
from demon_patch.runtime.remote.messages.telemetry import Profile, Watch
from tests.support.editor_desk import Desk, chained
from tests.support.noting_link import FakeLink

STRENGTH = CableKey("lfo", "out", "sched", "strength")
PLACE = (900.0, 300.0)


class NotedActs:
    """Notes what is done."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []

    def __getattr__(self, verb: str) -> Any:
        return lambda *given: self.done.append((verb, *given))


def seen(patch: Patch, **more: Any) -> Seen:
    nodes = [{"id": "scheduler", "ports": [{"name": "strength", "rate": 4.2, "default": 0.6}]}]
    return Seen(patch, None, Facts(CATALOGUE, Nodes(nodes=nodes, fits={})), **more)


def test_a_port_is_said_with_value_range_class_rate_mapping_and_lock() -> None:
    patch = chained()
    node = structs.replace(patch.nodes["sched"], ranges={"strength": (0.2, 0.6)}, locked=("strength",))
    source = Controller("cc", device="nano*", channel=2, number=7)
    patch = structs.replace(
        patch, nodes={**patch.nodes, "sched": node}, mappings={"m": ControlMapping(source, "sched", "strength")}
    )
    acts = NotedActs()
    found = node_rows(seen(patch, live={("sched", "strength"): 0.4}, micros=lambda id: 12.3), "sched", acts)  # type: ignore[arg-type]
    row = next(row for row in found if row.title == "Strength")
    assert row.right == "40 %"
    for words in (
        "live, over 50 %", "request: taken 4.2 times a second", "1 cable",
        "CC 7, channel 2, nano", "snapshots leave it alone",
    ):  # fmt: skip
        assert words in row.detail
    plays = found[found.index(row) + 1]
    assert (plays.title, plays.right) == ("plays", "20 % to 60 %")
    assert any(row.right == "12.3 µs" for row in found)
    assert row.at is not None
    assert row.other is not None
    row.at(PLACE)
    row.other(PLACE)
    assert acts.done == [("value", "sched", "strength", PLACE), ("menu", "sched", "strength", PLACE)]


@pytest.mark.parametrize("type", sorted(CATALOGUE))
def test_every_node_type_is_said(type: str) -> None:
    patch = Patch(nodes={"n": Node(type)})
    said = [row.title for row in node_rows(seen(patch), "n", NotedActs())]  # type: ignore[arg-type]
    assert CATALOGUE[type].title in said
    assert CATALOGUE[type].sentence in said
    for port in CATALOGUE[type].ports:
        assert (port.title or port.name.replace("_", " ")) in said


def test_a_type_that_is_not_known_is_said() -> None:
    found = node_rows(seen(Patch(nodes={"n": Node("from_the_future")})), "n", NotedActs())  # type: ignore[arg-type]
    assert any("does not know" in row.title for row in found)


def test_a_cable_is_said_with_its_remark_and_changed() -> None:
    desk = Desk(chained())
    acts = HandsActs(desk.hands, lambda node: None)

    def rows(remark: str = "") -> dict[str, Any]:
        remarks = {STRENGTH: remark} if remark else {}
        looked = Seen(desk.patch, None, Facts(), wires=desk.view.wires, remarks=remarks)
        return {row.title: row for row in cable_rows(looked, STRENGTH, acts)}

    said = rows("it is too fast")
    assert said["it is too fast"].tone == "warning"
    assert said["Depth"].right == "+0.50"
    assert said["Mode"].right == "auto: add"
    said["Muted"].at(PLACE)
    desk.update()
    assert desk.patch.cables_by_key[STRENGTH].muted
    assert rows()["Muted"].right == "yes"
    said["Depth"].at(PLACE)
    assert desk.popups.last is not None
    title, _, commit = desk.popups.last[1]
    assert title == "Depth"
    assert commit("much") != ""
    assert commit("-0.25") == ""
    desk.update()
    assert rows()["Depth"].right == "−0.25"
    rows()["Unplug"].at(PLACE)
    desk.update()
    assert STRENGTH not in desk.patch.cables_by_key
    assert len(desk.steps) == 3


def test_a_value_is_typed_and_a_range_through_the_menu() -> None:
    desk = Desk(chained())
    acts = HandsActs(desk.hands, lambda node: None)
    acts.value("sched", "strength", PLACE)
    assert desk.popups.last is not None
    assert desk.popups.last[1][2]("30 %") == ""
    desk.update()
    assert desk.patch.nodes["sched"].values["strength"] == pytest.approx(0.3)
    acts.menu("sched", "strength", PLACE)
    items = desk.popups.last[1]
    next(item for item in items if item.title == "Playing range").do()
    assert desk.popups.last[1][2]("20 % to 60 %") == ""
    desk.update()
    assert desk.patch.nodes["sched"].ranges["strength"] == (0.2, 0.6)
    desk.did(SetRange("sched", "strength"))
    acts.rename("sched", PLACE)
    assert desk.popups.last[1][2]("Heart") == ""
    desk.update()
    assert desk.patch.nodes["sched"].label == "Heart"


def test_several_things_are_listed_and_seen() -> None:
    acts = NotedActs()
    found = several_rows(seen(chained()), frozenset({"lfo", "sched"}), frozenset({STRENGTH}), acts)  # type: ignore[arg-type]
    assert found[0].title == "2 nodes · 1 cable"
    for row in found[1:]:
        assert row.do is not None
        row.do()
    assert sorted(acts.done) == [("see", "lfo"), ("see", "sched"), ("see_cable", STRENGTH)]


def test_costs_are_watched_while_they_are_wanted() -> None:
    link = FakeLink()
    costs = Costs(link)
    costs.want("a", True)
    costs.want("b", True)
    costs.want("a", False)
    costs.want("b", False)
    assert [request.rate for request in link.asked if isinstance(request, Watch)] == [1.0, 0.0]
    costs.hear(Profile(micros={"sub/a": 2.0, "sub/b": 3.0, "lfo": 1.0}))
    assert costs.of("sub") == 5.0
    assert costs.of("none") is None


def test_costs_are_ordered() -> None:
    micros = {"sched": 3.0, "lfo": 9.0, "words": 1.0}
    title = lambda type: CATALOGUE[type].title  # noqa: E731
    for order, wanted in enumerate((("lfo", "scheduler", "prompt"), *[("lfo", "prompt", "scheduler")] * 2)):
        rows = cost_rows(micros, chained(), title, order, lambda id: None, lambda: None)
        assert rows[1].right == "13 µs"
        assert [row.title for row in rows[2:]] == [CATALOGUE[type].title for type in wanted]
    assert titled(chained(), "gone", title) == ("gone", "")
