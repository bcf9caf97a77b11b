"""Mappings, widgets, snapshots, keys and mutes that are not what they seem: remarked on, and played all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.dashboard import Controller, ControlMapping, Snapshot, Widget
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.warnings import warnings_of
from tests.support.virtual_stage import patch

DOCUMENT = patch({"second": Node("speaker", muted=True)}, [], strength=0.5)
CC = Controller("cc", number=7)


def remarks(document: Patch) -> list[tuple[str | None, str | None, str]]:
    assert problems(document, CATALOGUE) == []
    return [(error.node, error.port, str(error)) for error in warnings_of(document, CATALOGUE)]


@pytest.mark.parametrize(
    ("port", "ends", "says"),
    [
        ("strenght", {}, "did you mean strength"),
        ("strength", {"hi": 7.0}, "hi: 7"),
        ("strength", {"lo": -1.0, "hi": 0.5}, "lo: -1"),
        ("source", {}, "source"),
    ],
)
def test_a_mapping_that_can_turn_nothing(port: str, ends: dict[str, Any], says: str) -> None:
    mapping = ControlMapping(source=CC, node="scheduler", port=port, **ends)
    ((node, at, told),) = remarks(structs.replace(DOCUMENT, mappings={"fader": mapping}))
    assert (node, at) == ("scheduler", port)
    assert "mapping fader: " in told
    assert says in told
    assert told.endswith(")")


def test_a_controller_turns_choices_too() -> None:
    mapping = ControlMapping(source=CC, node="scheduler", port="focus")
    assert remarks(structs.replace(DOCUMENT, mappings={"fader": mapping})) == []


def test_a_widget_and_a_snapshot_of_what_is_not_there() -> None:
    widget = Widget(node="scheduler", port="strenght", at=(0, 0))
    snapshot = Snapshot(values={"scheduler": {"stength": 0.5, "focus": "nope"}})
    document = structs.replace(DOCUMENT, dashboard={"w": widget}, snapshots={"s": snapshot})
    found = [told for _, _, told in remarks(document)]
    assert ["widget w" in found[0], "did you mean strength" in found[0]] == [True, True]
    assert ["snapshot s" in found[1], "did you mean strength" in found[1]] == [True, True]
    assert "nope" in found[2]
    assert len(found) == 3


def test_what_is_there_is_no_remark() -> None:
    mapping = ControlMapping(source=CC, node="scheduler", port="strength", lo=1.0, hi=0.0)
    widgets = {
        "a": Widget(node="scheduler", port="strength", at=(0, 0)),
        "b": Widget(node="decoder", port="audio", at=(0, 0), kind="meter"),
    }
    snapshot = Snapshot(values={"scheduler": {"strength": 0.5}})
    document = structs.replace(DOCUMENT, mappings={"m": mapping}, dashboard=widgets, snapshots={"s": snapshot})
    assert remarks(document) == []


# -- keys -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "after", "place", "known"),
    [
        ('"type": "decoder"', '"mute": true', "node decoder", "muted"),
        ('"type": "decoder"', '"by_pass": true', "node decoder", "bypass"),
        ('"src": "words"', '"mutd": true', "node scheduler: port prompt: the cable from words.prompt", "muted"),
        ('"bpm": 120', '"beats_per_bars": 3', "song", "beats_per_bar"),
        ('"format": 2', '"mapping": {}', "unknown key", "mappings"),
    ],
)
def test_a_misspelt_key_beside_a_known_one(before: str, after: str, place: str, known: str) -> None:
    text = dumps(DOCUMENT)
    assert text.count(before) == 1
    ((_, _, told),) = remarks(loads(text.replace(before, f"{before}, {after}")))
    assert place in told
    assert "is kept" in told
    assert f"did you mean {known}?" in told


@pytest.mark.parametrize("key", ["zzz", "at (format 1)", "curve (format 1)'"])
def test_a_key_of_another_version_is_kept_in_silence(key: str) -> None:
    text = dumps(DOCUMENT).replace('"type": "decoder"', f'"type": "decoder", "{key}": 1')
    document = loads(text)
    assert key in document.nodes["decoder"].extra
    assert remarks(document) == []


# -- mutes ------------------------------------------------------------------------------------------------------
def muted_cable(src: str) -> Patch:
    cables = (structs.replace(c, muted=c.src == src) for c in DOCUMENT.cables)
    return structs.replace(DOCUMENT, cables=tuple(cables))


def muted_node(id: str) -> Patch:
    node = structs.replace(DOCUMENT.nodes[id], muted=True)
    return structs.replace(DOCUMENT, nodes={**DOCUMENT.nodes, id: node})


@pytest.mark.parametrize(
    ("make", "name", "place"),
    [
        (muted_cable, "scheduler", ("decoder", "ring")),
        (muted_cable, "decoder", ("speaker", "audio")),
        (muted_node, "scheduler", ("scheduler", None)),
        (muted_node, "decoder", ("decoder", None)),
        (muted_node, "speaker", ("speaker", None)),
    ],
)
def test_a_mute_that_silences_all(make: Callable[[str], Patch], name: str, place: tuple[str, str | None]) -> None:
    ((node, port, told),) = remarks(make(name))
    assert (node, port) == place
    assert "nothing is heard" in told


def test_a_mute_that_does_not_is_no_remark() -> None:
    assert remarks(muted_cable("words")) == []
    assert remarks(muted_node("words")) == []
