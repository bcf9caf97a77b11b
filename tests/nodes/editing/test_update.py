"""Nodes of older versions are brought up to date, and what is not known stays as it is; on a made-up catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from demon_patch.codegen.body import DeclarationError
from demon_patch.codegen.frame import Frame
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import load, updated
from demon_patch.nodes.language.declare import Declaration, node
from demon_patch.nodes.language.migration import Migration
from demon_patch.nodes.language.ports import out, value
from demon_patch.patch.edit.commands import Move, SetValue, apply
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.files.format import load as plain_load
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.record import Record
from demon_patch.runtime.graph.check import problems
from tests.support.node_bench import playable

FIXTURES = Path(__file__).parent / "fixtures"
OLD, NEW = FIXTURES / "wobble1.dpatch.json", FIXTURES / "wobble3.dpatch.json"


def ramped(values: dict[str, Any]) -> Mapping[str, Any]:
    """Version 2 calls a saw a ramp."""
    return {name: "ramp" if (name, shape) == ("shape", "saw") else shape for name, shape in values.items()}


FIRST = Migration(
    {"amount": "depth", "rate": "cycles"}, {"wave": "out"}, {"depth": lambda share: 100 * share}, values=ramped
)
SECOND = Migration({"cycles": "period"}, scaled={"period": lambda cycles: 1 / cycles})


@node(
    "wobble", "Wobble", "Wobbles.", out=out("out"), category="test", version=3, migrate={1: FIRST, 2: SECOND}
)  # fmt: skip
def wobble(
    t: Frame,
    period: float = value(1, 0.01, 100, unit="s", doc="Of a cycle."),
    depth: float = value(50, 0, 100, unit="%", doc="How far."),
):
    return depth * t.s / period


steady = Declaration("steady", "Steady", "Stays.", "sink", "test", (), (), ())
WOBBLY: Mapping[str, Declaration] = {**CATALOGUE, "wobble": wobble, "steady": steady}


def test_a_file_of_older_nodes_is_read_as_the_newest_version_would_have_written_it() -> None:
    assert load(OLD, WOBBLY) == plain_load(NEW)
    assert updated(plain_load(OLD), WOBBLY) == plain_load(NEW)


def test_what_is_up_to_date_or_unknown_stays_as_it_is() -> None:
    new = plain_load(NEW)
    assert updated(new, WOBBLY) is new
    old = load(OLD, CATALOGUE)
    assert updated(old, CATALOGUE) == old
    assert old.nodes == plain_load(OLD).nodes


def test_a_range_that_turns_round_stays_in_order() -> None:
    old = Node("wobble", version=2, values={"cycles": 4}, ranges={"cycles": (2, 8)})
    (new,) = updated(Patch(nodes={"w": old}), WOBBLY).nodes.values()
    assert new == Node("wobble", version=3, values={"period": 0.25}, ranges={"period": (0.125, 0.5)})


@pytest.mark.parametrize("given", ["much", True, [2], None, {"x": 1}])
def test_a_value_that_is_no_number_is_kept_for_the_check_to_name(given: Any) -> None:
    patch = updated(playable({"w": Node("wobble", values={"amount": given})}), WOBBLY)
    assert patch.nodes["w"].values == {"depth": given}
    assert [(error.node, error.port) for error in problems(patch, WOBBLY)] == [("w", "depth")]


def test_a_node_that_is_not_what_its_version_says_is_named() -> None:
    for values in ({"cycles": 0}, {"cycles": 1e-320}):
        patch = Patch(nodes={"w": Node("wobble", version=2, values=values)})
        with pytest.raises(PatchError) as caught:
            updated(patch, WOBBLY)
        assert str(caught.value).startswith("node w: ")
        assert caught.value.mend
    step = Migration(values=lambda values: {"x": values["y"]})
    strict = Declaration("strict", "Strict", "Is strict.", "sink", "test", (), (), (), version=2, migrate={1: step})
    with pytest.raises(PatchError) as caught:
        updated(Patch(nodes={"w": Node("strict")}), {"strict": strict})
    assert str(caught.value) == (
        "node w: what it keeps is not that of strict, version 1 "
        "(restore it from an earlier file, or put a new one in its place)"
    )


def test_every_version_has_its_step() -> None:
    for migrate in ({}, {2: FIRST}, {1: FIRST, 2: SECOND}):
        with pytest.raises(DeclarationError, match="migrate names every version from 1 to 1"):
            Declaration("x", "X", "X.", "sink", "test", (), (), (), version=2, migrate=migrate)
    for declaration in CATALOGUE.values():
        assert set(declaration.migrate) == set(range(1, declaration.version))


def test_what_else_names_a_port_follows_and_graphs_within_have_names_of_their_own() -> None:
    class Pin(Record, frozen=True, omit_defaults=True):
        """A piece that names a port."""

        node: str
        port: str

    class Outlet(Record, frozen=True, omit_defaults=True):
        """A piece that names an output."""

        node: str
        out: str

    class Mapped(Pin, frozen=True, omit_defaults=True, kw_only=True):
        """A controller of a port: its ends are in the port's unit."""

        lo: float | None = None
        hi: float | None = None

    class Snapshot(Record, frozen=True, omit_defaults=True):
        """Knobs and playing ranges by node and port."""

        values: Mapping[str, Mapping[str, Any]] = {}
        ranges: Mapping[str, Mapping[str, tuple[float, float]]] = {}

    class Inside(Patch, frozen=True, omit_defaults=True, kw_only=True):
        """A graph with pins, and graphs in it."""

        pins: tuple[Any, ...] = ()
        outlets: Mapping[str, Outlet] = {}
        shots: Mapping[str, Snapshot] = {}
        inner: tuple[Any, ...] = ()

    old = {"w": Node("wobble"), "s": Node("steady")}
    pins = (Pin(node="w", port="rate"), Pin(node="s", port="rate"), Pin(node="gone", port="rate"))
    inner = Inside(nodes={"w": Node("steady"), "v": Node("wobble")}, pins=(*pins, Pin(node="v", port="amount")))
    whole = Inside(nodes=old, pins=pins, outlets={"o": Outlet(node="w", out="wave")}, inner=(inner, "x"))
    made = updated(whole, WOBBLY)
    assert isinstance(made, Inside)
    assert [pin.port for pin in made.pins] == ["period", "rate", "rate"]
    assert made.outlets["o"].out == "out"
    assert [pin.port for pin in made.inner[0].pins] == ["rate", "rate", "rate", "depth"]
    assert made.inner[0].nodes["v"].version == 3
    assert made.inner[1] == "x"
    assert made.extra == whole.extra
    shot = Snapshot(values={"w": {"rate": 4, "shape": "saw"}, "s": {"rate": 4}}, ranges={"w": {"amount": (0.5, 1)}})
    mapped = (Mapped(node="w", port="amount", lo=0.5, hi=None), Mapped(node="w", port="rate", lo=4, hi=2))
    made = updated(Inside(nodes=old, pins=mapped, shots={"a": shot}), WOBBLY)
    assert made.shots["a"] == Snapshot(
        values={"w": {"period": 0.25, "shape": "ramp"}, "s": {"rate": 4}}, ranges={"w": {"depth": (50, 100)}}
    )
    assert [(pin.port, pin.lo, pin.hi) for pin in made.pins] == [("depth", 50, None), ("period", 0.25, 0.5)]


UNKNOWN = """{
  "format": 2, "room": {"reverb": [1, {"x": null}]}, "meta": {"mood": "calm"}, "song": {"swing": 0.25},
  "nodes": {
    "known": {"type": "lfo", "values": {"rate": 1, "wobble": [1, 2]}, "ranges": {"wobble": [0, 1]}, "hue": {"h": 0.5}},
    "newer": {"type": "lfo", "version": 9, "values": {"rate": "fast"}, "mirror": true},
    "strange": {"type": "granular/cloud:2", "version": 3, "values": {"grains": {"list": [[1, "a"], {}]}}}
  },
  "cables": [
    {"src": "strange", "out": "dust", "dst": "known", "port": "wobble", "depth": 7.5, "sag": 0.1},
    {"src": "newer", "out": "phase", "dst": "strange", "port": "size", "mode": "set"}
  ]
}"""


def test_what_is_unknown_is_saved_back_unchanged_after_an_edit_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.dpatch.json"
    path.write_text(UNKNOWN, encoding="utf-8")
    patch = load(path)
    for command in (SetValue("known", "rate", 2.0), Move({"known": (5.0, 6.0)})):
        patch, _ = apply(command, patch)
    expected = json.loads(UNKNOWN)
    expected["nodes"]["known"] |= {"at": [5, 6]}
    expected["nodes"]["known"]["values"]["rate"] = 2
    saved = json.loads(dumps(patch))
    expected["cables"].sort(key=lambda cable: cable["src"])
    assert saved == expected
    assert loads(dumps(patch)) == patch


def test_cables_of_unknown_nodes_go_with_a_renamed_port() -> None:
    cables = (Cable("x", "o", "w", "rate"), Cable("w", "wave", "x", "rate"))
    patch = updated(Patch(nodes={"w": Node("wobble"), "x": Node("other")}, cables=cables), WOBBLY)
    assert {cable.key for cable in patch.cables} == {("x", "o", "w", "period"), ("w", "out", "x", "rate")}
    assert structs.asdict(patch)["nodes"]["x"] == Node("other")
