from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import graph
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote
from demon_patch.patch.model.dashboard import CableDepth, Controller, ControlMapping, Snapshot, Widget
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, CableKey, Meta, Node, Patch, Song

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
    assert patch.cable(CableKey("b", "out", "a", "rate")) is back


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


def nest(levels: int) -> Patch:
    """Subpatches within subpatches."""
    definitions = {f"d{n}": Definition(nodes={"s": inner(n + 1)}) for n in range(levels)}
    return Patch(nodes={"s": inner(0)}, definitions={**definitions, f"d{levels}": Definition(nodes={})})


def inner(number: int) -> Node:
    return Node("subpatch", definition=f"d{number}")


def crowd(levels: int) -> dict[str, Definition]:
    """Each with ten of the next one."""
    rest = {f"d{n}": Definition(nodes={f"s{i}": inner(n + 1) for i in range(10)}) for n in range(levels)}
    return {**rest, f"d{levels}": Definition(nodes={})}


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
        (lambda: Node("subpatch"), '"" is no id of a definition'),
        (lambda: Node("lfo", definition="d"), "a lfo has no definition (leave it out, or make it a subpatch)"),
        (lambda: Node("l", locked="x"), 'locked is "x" (write a list'),  # type: ignore[arg-type]
        (lambda: Node("l", locked=("a b",)), '"a b" is no name of a port'),
        (lambda: Cable("a", "o", "b", "x", solo=1), "node b: port x: solo is 1"),  # type: ignore[arg-type]
        (lambda: CanvasFrame((0, 0), size=(-1, 2)), "the width of size is -1"),
        (lambda: CanvasFrame((0, 0), colour="red"), 'colour is "red" (write #rrggbb'),
        (lambda: CanvasNote("x" * 20_001, (0, 0)), "text has 20001 characters"),
        (lambda: Widget("a", "x", (0, 0), kind="dial"), 'kind is "dial" (write one of auto, knob'),  # type: ignore[arg-type]
        (lambda: Controller("midi"), 'kind is "midi" (write one of cc, note'),  # type: ignore[arg-type]
        (lambda: Controller("cc", channel=17), "channel is 17"),
        (lambda: Controller("cc", number=128), "number is 128"),
        (lambda: Controller("osc", address="push"), 'address is "push" (begin it with /)'),
        (lambda: Controller("key"), "a key has no name"),
        (lambda: ControlMapping("cc", "a", "x"), 'source is "cc" (make it with Controller'),  # type: ignore[arg-type]
        (lambda: ControlMapping(Controller("bend"), "a", "x", lo=float("nan")), "lo is nan"),
        (lambda: ControlMapping(Controller("bend"), "a", "x", mode="set"), 'mode is "set"'),  # type: ignore[arg-type]
        (lambda: Snapshot(scope="a"), 'scope is "a"'),  # type: ignore[arg-type]
        (lambda: Snapshot(values={"a": {"x": float("nan")}}), "node a: port x: the value is nan"),
        (lambda: Snapshot(ranges={"a": {"x": (1, 0)}}), "node a: port x: the range runs from 1 down to 0"),
        (lambda: Snapshot(depths=(CableDepth("a", "o", "b", "x"),) * 2), "depths names a cable twice"),
        (lambda: Inlet(to=(Target("a", "x"),) * 2), "to names an input twice"),
        (lambda: Outlet(out="x"), '"" is no id of a node'),
        (
            lambda: Definition(nodes={}, outputs={"o": Outlet("", "a", "x")}),
            "its output o names the node a, which",
        ),
        (lambda: Patch(definitions={"d": 1}), "definition d is 1 (make it with Definition"),  # type: ignore[dict-item]
        (lambda: nest(18), "the subpatches are nested too deeply (keep them within 16 levels)"),
        (
            lambda: Patch(nodes={"a": Node("l")}, definitions=crowd(5)),
            "with all subpatches laid out there are 11110",
        ),
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
        (lambda: Patch(notes={"a": [1]}), "canvas note a is [1] (make it with CanvasNote"),  # type: ignore[dict-item]
        (lambda: Patch(extra={"format": 2}), "extra holds format"),
        (
            lambda: Patch(nodes=AB, cables=(Cable("a", "o", "gone", "x"),)),
            "node gone: port x: a cable from a.o names the node gone, which is not in the patch (add gone, or",
        ),
        (lambda: Patch(nodes=AB, cables=(Cable("gone", "o", "b", "x"),)), "names the node gone"),
        (lambda: Patch(nodes=AB, cables=(Cable("a", "o", "b", "x"),) * 2), "node b: port x: two cables come from a.o"),
        (lambda: Patch().node("a"), "node a: is not in the patch"),
        (lambda: Patch().node("a\nb"), "is no id of a node"),
        (lambda: Patch().cable(CableKey("a", "o", "b", "x")), "node b: port x: no cable comes from a.o"),
    ],
)
def test_what_is_wrong_is_refused_by_name(make: Any, says: str) -> None:
    with pytest.raises(PatchError) as caught:
        make()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.mend


def test_deep_and_large_patches_are_no_mistake_within_limits() -> None:
    assert nest(15).flat.nodes == {}
    assert set(nest(2).definitions) == {"d0", "d1", "d2"}
    wide = Patch(nodes={"s": inner(0)}, definitions={**crowd(3), "d3": Definition(nodes={"x": Node("l")})})
    assert len(wide.flat.nodes) == 1000


def test_what_names_a_node_must_find_it() -> None:
    turned = ControlMapping(Controller("bend"), "gone", "x")
    for make, what in (
        (lambda: Patch(nodes=AB, dashboard={"w": Widget("gone", "x", (0, 0))}), "widget w"),
        (lambda: Patch(nodes=AB, mappings={"m": turned}), "control mapping m"),
        (lambda: Patch(nodes=AB, snapshots={"s": Snapshot(scope=("a", "gone"))}), "snapshot s"),
        (lambda: Patch(nodes=AB, snapshots={"s": Snapshot(depths=(CableDepth("a", "o", "gone", "x"),))}), "snapshot s"),
    ):
        with pytest.raises(PatchError, match=f"{what} names the node gone, which is not in the patch .add gone"):
            make()


def test_patches_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "NODES", 2)
    monkeypatch.setattr(graph, "CABLES", 1)
    Patch(nodes=AB, cables=(Cable("a", "o", "b", "x"),))
    with pytest.raises(PatchError, match="3 nodes"):
        Patch(nodes={**AB, "c": Node("l")})
    with pytest.raises(PatchError, match="2 cables"):
        Patch(nodes=AB, cables=(Cable("a", "o", "b", "x"), Cable("a", "o", "b", "y")))
    assert deep(28) == Node("l", values={"x": deep(28)}).values["x"]
