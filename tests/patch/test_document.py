from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch import graph
from demon_patch.patch.document import Cable, Meta, Node, Patch, Socket, Song

AB = {"a": Node("lfo"), "b": Node("scale")}


def test_cables_are_sorted_whatever_order_they_come_in() -> None:
    one, two, three = Cable("a", "bi", "b", "x"), Cable("a", "uni", "b", "x"), Cable("b", "out", "a", "rate")
    assert Patch(nodes=AB, cables=(three, two, one)).cables == (one, two, three)
    assert Patch(nodes=AB, cables=(three, two, one)) == Patch(nodes=AB, cables=(one, three, two))


def test_cables_are_found_by_their_ends() -> None:
    loop, there, back = Cable("a", "uni", "a", "rate"), Cable("a", "uni", "b", "x"), Cable("b", "out", "a", "rate")
    patch = Patch(nodes=AB, cables=(loop, there, back))
    assert patch.cables_into("a") == (loop, back)
    assert patch.cables_into("a", "phase") == ()
    assert patch.cables_from("a") == (loop, there)
    assert patch.cables_from("a", "bi") == ()
    assert patch.cables_of("a") == (loop, there, back)
    assert patch.cable(Socket("b", "out", "a", "rate")) is back


def test_an_edited_patch_finds_its_own_cables() -> None:
    patch = Patch(nodes=AB, cables=(Cable("a", "uni", "b", "x"),))
    assert patch.cables_into("b")
    assert structs.replace(patch, cables=()).cables_into("b") == ()


def test_a_patch_does_not_share_what_it_was_made_of() -> None:
    points, nodes = [[0.0, 1.0]], dict(AB)
    node = Node("curve", values={"points": points})
    patch = Patch(nodes=nodes)
    points.append([1.0, 0.0])
    nodes["c"] = node
    assert node.values["points"] == [[0.0, 1.0]]
    assert set(patch.nodes) == {"a", "b"}


@pytest.mark.parametrize("change", ["node.values['rate'] = 2", "node.values.clear()", "del patch.nodes['a']"])
def test_a_patch_does_not_change(change: str) -> None:
    node = Node("lfo", values={"rate": 1})
    patch = Patch(nodes={"a": node})
    with pytest.raises(TypeError, match="change it by a command"):
        exec(change, {"node": node, "patch": patch})
    with pytest.raises(AttributeError):
        node.label = "new"  # pyright: ignore
    assert patch == Patch(nodes={"a": Node("lfo", values={"rate": 1})})


def test_patches_can_be_copied_and_sent(patch: Patch) -> None:
    assert pickle.loads(pickle.dumps(patch)) == patch
    assert copy.deepcopy(patch) == patch


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Node("a b"), '"a b" is no type of a node'),
        (lambda: Node(5), "5 is no type of a node"),  # type: ignore[arg-type]
        (lambda: Node("l", version=0), "version is 0 (stay within"),
        (lambda: Node("l", version=1.5), "version is 1.5, not a whole number"),  # type: ignore[arg-type]
        (lambda: Node("l", values=[]), "the value is [], not an object"),  # type: ignore[arg-type]
        (lambda: Node("l", values={"ra te": 1}), '"ra te" is no name of a port'),
        (lambda: Node("l", values={"rate": float("nan")}), "port rate: the value is nan"),
        (lambda: Node("l", values={"rate": [1, {"deep": float("-inf")}]}), "rate: the value[1].deep is -inf"),
        (lambda: Node("l", values={"rate": 2**63}), "rate: the value has too many digits"),
        (lambda: Node("l", values={"text": "x" * 100_001}), "the value has 100001 characters"),
        (lambda: Node("l", values={"text": "\ud800"}), "holds half a character"),
        (lambda: Node("l", values={"x": deep(29)}), "is nested too deeply"),
        (lambda: Node("l", values={"x": {1}}), "which is no JSON data"),  # type: ignore[dict-item]
        (lambda: Node("l", ranges={"x": (1, 0)}), "port x: the range runs from 1 down to 0"),
        (lambda: Node("l", ranges={"x": (1,)}), "not two numbers"),  # type: ignore[dict-item]
        (lambda: Node("l", at=(0, float("inf"))), "at is inf"),
        (lambda: Node("l", at=(0, True)), "at is True, not a number"),
        (lambda: Node("l", label="x" * 201), "label has 201 characters"),
        (lambda: Node("l", bypass=1), "neither true nor false"),  # type: ignore[arg-type]
        (lambda: Node("l", extra={"type": 1}), "extra holds type"),
        (lambda: Cable("A", "o", "b", "x"), '"A" is no id of a node'),
        (lambda: Cable("a", "", "b", "x"), '"" is no name of an output'),
        (lambda: Cable("a", "o", "b", "x", mode="mul"), 'node b: port x: mode is "mul"'),  # type: ignore[arg-type]
        (lambda: Cable("a", "o", "b", "x", depth=float("nan")), "node b: port x: depth is nan"),
        (lambda: Cable("a", "o", "b", "x", muted=None), "node b: port x: muted is None"),  # type: ignore[arg-type]
        (lambda: Song(bpm=0), "bpm is 0 (stay within"),
        (lambda: Song(beats_per_bar=65), "beats_per_bar is 65"),
        (lambda: Meta(title=None), "title is None, not text"),  # type: ignore[arg-type]
        (lambda: Meta(tags="one"), "tags is no list"),  # type: ignore[arg-type]
        (lambda: Meta(tags=("x",) * 65), "at most 64 texts"),
        (lambda: Patch(nodes={"A": Node("l")}), '"A" is no id of a node'),
        (lambda: Patch(nodes={"a": {}}), "node a: is {}, not a node"),  # type: ignore[dict-item]
        (lambda: Patch(cables=[1]), "cables is no list of cables"),  # type: ignore[arg-type]
        (lambda: Patch(song=None), "of another kind"),  # type: ignore[arg-type]
        (lambda: Patch(notes=[]), "notes is [], not an object"),  # type: ignore[arg-type]
        (lambda: Patch(notes={"a": [1]}), "note a is [1] (make it with Note"),  # type: ignore[dict-item]
        (lambda: Patch(extra={"format": 2}), "extra holds format"),
        (
            lambda: Patch(nodes=AB, cables=(Cable("a", "o", "gone", "x"),)),
            "node gone: port x: a cable from a.o names the node gone, which is not in the patch (add gone, or",
        ),
        (lambda: Patch(nodes=AB, cables=(Cable("gone", "o", "b", "x"),)), "names the node gone"),
        (lambda: Patch(nodes=AB, cables=(Cable("a", "o", "b", "x"),) * 2), "node b: port x: two cables come from a.o"),
        (lambda: Patch().node("a"), "node a: is not in the patch"),
        (lambda: Patch().node("a\nb"), "is no id of a node"),
        (lambda: Patch().cable(Socket("a", "o", "b", "x")), "node b: port x: no cable comes from a.o"),
    ],
)
def test_what_is_wrong_is_refused_by_name(make: Any, says: str) -> None:
    with pytest.raises(PatchError) as caught:
        make()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.mend


def test_patches_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "NODES", 2)
    monkeypatch.setattr(graph, "CABLES", 1)
    Patch(nodes=AB, cables=(Cable("a", "o", "b", "x"),))
    with pytest.raises(PatchError, match="3 nodes"):
        Patch(nodes={**AB, "c": Node("l")})
    with pytest.raises(PatchError, match="2 cables"):
        Patch(nodes=AB, cables=(Cable("a", "o", "b", "x"), Cable("a", "o", "b", "y")))
    assert deep(28) == Node("l", values={"x": deep(28)}).values["x"]
