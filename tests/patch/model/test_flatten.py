"""Patches laid out: what is left of subpatches, reroutes and solos."""

from __future__ import annotations

from hypothesis import given, settings
from msgspec import structs

from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.support.effort import examples
from tests.support.patch_strategies import patches

AB = {"a": Node("lfo"), "b": Node("scale"), "r": Node("reroute"), "q": Node("reroute")}


def laid_out(*cables: Cable) -> tuple[Cable, ...]:
    return Patch(nodes=AB, cables=cables).flat.cables


def test_a_plain_patch_is_played_as_it_is() -> None:
    patch = Patch(nodes={"a": Node("lfo"), "b": Node("scale")}, cables=(Cable("a", "out", "b", "x"),))
    assert patch.flat.nodes is patch.nodes
    assert patch.flat.cables is patch.cables
    assert patch.flat is patch.flat


def test_the_last_of_cables_in_a_row_has_the_settings() -> None:
    first, last = Cable("a", "out", "r", "in", depth=0.1, mode="set"), Cable("r", "out", "b", "x", depth=0.7, offset=2)
    assert laid_out(first, last) == (Cable("a", "out", "b", "x", depth=0.7, offset=2),)


def test_a_muted_cable_silences_those_behind_it() -> None:
    muted = Cable("a", "out", "r", "in", muted=True)
    assert laid_out(muted, Cable("r", "out", "b", "x")) == (Cable("a", "out", "b", "x", muted=True),)


def test_reroutes_in_a_row_gather_and_spread() -> None:
    cables = (
        Cable("a", "out", "r", "in"), Cable("a", "uni", "r", "in"), Cable("r", "out", "q", "in"),
        Cable("q", "out", "b", "x"), Cable("q", "out", "b", "curve"),
    )  # fmt: skip
    assert [cable.key for cable in laid_out(*cables)] == [
        ("a", out, "b", port) for out in ("out", "uni") for port in ("curve", "x")
    ]


def test_what_arrives_on_two_ways_arrives_once_and_is_silent_where_both_are() -> None:
    straight, round_ = Cable("a", "out", "q", "in"), (Cable("a", "out", "r", "in"), Cable("r", "out", "q", "in"))
    end = Cable("q", "out", "b", "x")
    for muted in ([False, False], [True, False], [False, True], [True, True]):
        one, other = (
            structs.replace(cable, muted=off) for cable, off in zip((straight, round_[1]), muted, strict=True)
        )
        assert laid_out(one, round_[0], other, end) == (Cable("a", "out", "b", "x", muted=all(muted)),)


def test_two_ways_out_of_a_subpatch_are_as_two_ways_in_the_open() -> None:
    inside = Definition(
        nodes={"a": Node("lfo"), "q": Node("reroute")},
        cables=(Cable("a", "out", "q", "in"),),
        inputs={"in": Inlet(to=(Target("q", "in"),))},
        outputs={"here": Outlet(node="a", out="out"), "there": Outlet(node="q", out="out")},
    )
    patch = Patch(
        nodes={"s": Node("subpatch", definition="it"), "b": Node("scale"), "r": Node("reroute")},
        cables=(Cable("s", "here", "r", "in"), Cable("r", "out", "s", "in"), Cable("s", "there", "b", "x")),
        definitions={"it": inside},
    )
    assert [cable.key for cable in patch.flat.cables] == [("s/a", "out", "b", "x")]


def test_a_ring_of_reroutes_carries_nothing() -> None:
    assert not laid_out(Cable("r", "out", "q", "in"), Cable("q", "out", "r", "in"), Cable("r", "out", "b", "x"))
    looped = laid_out(
        Cable("r", "out", "q", "in"), Cable("q", "out", "r", "in"), Cable("a", "out", "r", "in"),
        Cable("q", "out", "b", "x"),
    )  # fmt: skip
    assert [cable.key for cable in looped] == [("a", "out", "b", "x")]


def test_a_reroute_has_one_way_in_and_one_out() -> None:
    assert not laid_out(Cable("a", "out", "r", "x"), Cable("r", "out", "b", "x"))
    assert not laid_out(Cable("a", "out", "r", "in"), Cable("r", "x", "b", "x"))


def test_promoted_ports_lead_through_every_level() -> None:
    low = Definition(
        nodes={"x": Node("scale", values={"out_lo": 3}), "y": Node("scale")},
        inputs={"i": Inlet("", (Target("x", "x"), Target("y", "out_hi"))), "none": Inlet()},
        outputs={"o": Outlet("", "x", "out"), "none": Outlet()},
    )
    top = Definition(
        nodes={"l": Node("subpatch", definition="low", ranges={"i": (0, 1)})},
        inputs={"i": Inlet("", (Target("l", "i"), Target("l", "gone")))},
        outputs={"o": Outlet("", "l", "o")},
    )
    patch = Patch(
        nodes={"a": Node("lfo"), "t": Node("subpatch", definition="top", values={"i": 0.5, "gone": 1}, bypass=True)},
        cables=(
            Cable("a", "out", "t", "i", depth=0.3),
            Cable("t", "o", "a", "rate", solo=True),
            Cable("a", "uni", "a", "rate"),
            Cable("a", "uni", "t", "none"),
            Cable("t", "none", "a", "phase"),
        ),
        definitions={"low": low, "top": top},
    )
    flat = patch.flat
    assert flat.nodes == {
        "a": Node("lfo"),
        "t/l/x": Node("scale", values={"out_lo": 3, "x": 0.5}, ranges={"x": (0, 1)}, bypass=True),
        "t/l/y": Node("scale", values={"out_hi": 0.5}, ranges={"out_hi": (0, 1)}, bypass=True),
    }
    assert [(*cable.key, cable.depth, cable.muted) for cable in flat.cables] == [
        ("a", "out", "t/l/x", "x", 0.3, False),
        ("a", "out", "t/l/y", "out_hi", 0.3, False),
        ("a", "uni", "a", "rate", None, True),
        ("t/l/x", "out", "a", "rate", None, False),
    ]


def test_a_muted_solo_silences_nothing() -> None:
    cables = (Cable("a", "out", "b", "x", solo=True, muted=True), Cable("a", "uni", "b", "x"))
    assert laid_out(*cables) == cables


@settings(max_examples=examples(150), deadline=None)
@given(patches())
def test_whatever_is_laid_out_has_both_ends_of_every_cable(patch: Patch) -> None:
    flat = patch.flat
    assert not {"subpatch", "reroute"} & {node.type for node in flat.nodes.values()}
    assert {end for cable in flat.cables for end in (cable.src, cable.dst)} <= flat.nodes.keys()
    assert list(flat.cables) == sorted(flat.cables, key=lambda cable: cable.key)
    silenced = {(c.dst, c.port) for c in flat.cables if c.solo and not c.muted}
    assert all(cable.muted for cable in flat.cables if not cable.solo and (cable.dst, cable.port) in silenced)
