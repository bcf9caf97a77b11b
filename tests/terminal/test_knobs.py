"""The list of knobs, and turns that sound equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.taper import norm
from demon_patch.patch.files.format import load
from demon_patch.patch.model.definition import Definition, Inlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.terminal.keys import KEYS, help_text
from demon_patch.terminal.knobs import COARSE, FINE, Knob, knobs_of, value_of
from demon_patch.terminal.table import knob_line, knob_table
from demon_patch.terminal.view import View
from tests.support.paths import PATCHES
from tests.support.virtual_stage import patch


def knob(type: str, port: str, **node: object) -> Knob:
    document = Patch(nodes={"it": Node(type, values={port: CATALOGUE[type].by_name[port].default}, **node)})  # type: ignore[arg-type]
    return next(knob for knob in knobs_of(document) if knob.port.name == port)


POSITION = 0.5


def test_the_knobs_of_first_light_begin_with_the_ring() -> None:
    knobs = {knob.key: knob for knob in knobs_of(load(PATCHES / "first-light.dpatch.json"))}
    assert next(iter(knobs)) == ("scheduler", "strength")
    strength = knobs["scheduler", "strength"]
    assert (strength.base, strength.wired, strength.title) == (POSITION, True, "Scheduler: Strength")
    assert ("lfo", "rate") in knobs
    assert knobs["lfo", "rate"].title == "Four bars up, four bars home: Rate"
    assert ("decoder", "gain") in knobs
    assert not {("source", "seed"), ("source", "seconds"), ("scheduler", "initial_noise")} & set(knobs)


def test_a_knob_node_and_what_is_in_use_are_there_and_nothing_unknown_breaks_the_list() -> None:
    extra = {"macro": Node("knob"), "later": Node("future.node", values={"x": 1.0}), "add": Node("add")}
    cables = [Cable("macro", "out", "add", "b"), Cable("macro", "out", "scheduler", "structure", muted=True)]
    knobs = {knob.key: knob for knob in knobs_of(patch(extra, cables))}
    assert ("macro", "position") in knobs
    assert ("add", "b") in knobs
    assert ("add", "a") not in knobs
    assert not knobs["scheduler", "structure"].wired  # a muted cable moves nothing
    assert not any(node == "later" for node, _ in knobs)


def test_what_a_subpatch_promotes_can_be_turned() -> None:
    inside = Definition(
        title="Wobble",
        nodes={"l": Node("lfo", values={"rate": 2.0}), "r": Node("reroute")},
        inputs={"t": Inlet("Speed", (Target("l", "rate"),)), "any": Inlet("", (Target("r", "in"),))},
    )
    document = Patch(
        nodes={"a": Node("subpatch", definition="d"), "b": Node("subpatch", definition="d", values={"t": 5})},
        definitions={"d": inside},
    )
    knobs = {knob.key: (knob.title, knob.base, knob.hi) for knob in knobs_of(document)}
    assert knobs == {("a", "t"): ("Wobble: Speed", 2.0, 12.5), ("b", "t"): ("Wobble: Speed", 5.0, 12.5)}


@pytest.mark.parametrize(
    ("type", "port"), [("scheduler", "strength"), ("scheduler", "shift"), ("decoder", "gain"), ("lfo", "rate")]
)
def test_equal_turns_are_equal_steps_of_the_taper(type: str, port: str) -> None:
    it = knob(type, port)
    declared = it.port
    values = [it.lo]
    for _ in range(10):
        values.append(it.turned(values[-1], 1, coarse=True))
    at = norm(np.array(values), declared.lo, declared.hi, declared.taper)
    np.testing.assert_allclose(np.diff(at), COARSE, atol=1e-4)
    middle = values[5]
    there = it.turned(middle, 1)
    ends = (declared.lo, declared.hi, declared.taper)
    assert norm(there, *ends) - norm(middle, *ends) == pytest.approx(FINE, abs=1e-4)
    assert it.turned(there, -1) == pytest.approx(middle, rel=1e-4)


def test_whole_numbers_turn_by_one_and_stay_whole() -> None:
    seed, steps = knob("scheduler", "seed"), knob("scheduler", "steps")
    assert [seed.turned(42, 1), seed.turned(42, -1)] == [43, 41]
    assert steps.turned(8, 1, coarse=True) == 10
    assert isinstance(steps.turned(8.0, 1), int)
    assert steps.turned(16, 1) == 16
    assert seed.turned(0, -1, coarse=True) == 0


def test_a_turn_stays_within_the_playing_range_and_needs_none() -> None:
    narrow = knob("scheduler", "strength", ranges={"strength": (0.2, 0.4)})
    assert narrow.turned(0.4, 1) == 0.4
    assert narrow.turned(0.2, -1, coarse=True) == 0.2
    endless = knob("add", "a")
    assert endless.turned(3.0, 1) == pytest.approx(3.01)
    assert endless.place(3.0) is None


def test_a_live_value_wins_and_is_marked_without_colour() -> None:
    it = knob("scheduler", "strength")
    live = {it.key: 0.25}
    assert (value_of(it, live), value_of(it, {})) == (0.25, it.base)
    assert "0.25*" in knob_line(it, live, chosen=False).plain
    assert "*" not in knob_line(it, {}, chosen=False).plain
    assert knob_line(it, live, chosen=True).plain.startswith("▸")


@pytest.mark.parametrize("path", sorted(PATCHES.glob("*.dpatch.json")), ids=lambda path: path.name)
def test_the_knobs_of_every_example_fit_a_terminal_and_the_chosen_one_is_seen(path: Path) -> None:
    knobs = knobs_of(load(path))
    assert len(knobs) > 8
    for chosen in range(len(knobs)):
        lines = knob_table(knobs, {}, chosen, 5).plain.split("\n")
        assert len(lines) == 5
        assert sum(line.startswith("▸") for line in lines) == 1
        assert max(len(line) for line in lines) <= 78
    assert "no knobs" in knob_table([], {}, 0, 5).plain


def test_every_key_has_an_action_and_is_in_the_help() -> None:
    for each in KEYS:
        assert callable(getattr(View, f"action_{each.action.split('(')[0]}"))
        assert each.shown in help_text(78)
    keys = [key for each in KEYS for key in each.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert "←→ bar" in help_text(78)
    assert all(len(line) <= 40 for line in help_text(40).split("\n"))
    assert len(help_text(78).split("\n")) <= 3
