"""What clients watch: signals and their forecast, knobs, ring, strip; and what happens to a client that is slow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import Batch, SetMeta, SetValue
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.messages.base import Event, Point
from demon_patch.runtime.remote.messages.telemetry import (
    Forecast,
    Knobs,
    Ring,
    Signals,
    StatusChange,
    Strip,
    Watch,
    Watching,
)
from demon_patch.runtime.remote.outbox import Outbox
from demon_patch.runtime.remote.peaks import peaks_of
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch, square
from tests.support.wired_host import RawClient, WiredHost, until, wired_host

LFO: Point = ("lfo", "out", "out")
TEXT = "x" * 15_000
STRUCTURE: Point = ("scheduler", "structure", "in")


def numbers(event: Signals | Forecast, points: int) -> NDArray[np.float32]:
    return np.frombuffer(event.values, "<f4").reshape(points, event.count)


def of(kind: type[Any], heard: list[Event]) -> list[Any]:
    return [event for event in heard if isinstance(event, kind)]


def test_signals_come_without_gaps_and_their_forecast_comes_true(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        ann.watch(Watch(what="signals", rate=60, points=(LFO, STRUCTURE)))
        ann.watch(Watch(what="forecast", rate=10, points=(STRUCTURE, LFO), ahead=50))
        assert until(lambda: of(Forecast, heard))
        stop = of(Forecast, heard)[0].first + 60
        assert until(lambda: of(Signals, heard) and of(Signals, heard)[-1].first > stop)
    past: dict[int, NDArray[np.float32]] = {}
    expected = of(Signals, heard)[0].first
    for event in of(Signals, heard):
        assert event.first == expected
        expected += event.count
        for column, row in enumerate(numbers(event, 2).T):
            past[event.first + column] = row
    assert {float(row[0]) for row in past.values() if not np.isnan(row[0])} <= {-1.0, 1.0}
    foretold = of(Forecast, heard)[0]
    assert foretold.count == 50
    coming = numbers(foretold, 2)
    compared = 0
    for column in range(foretold.count):
        if (row := past.get(foretold.first + column)) is not None and not np.isnan(row).any():
            assert coming[:, column] == pytest.approx(row[::-1], abs=1e-6)
            compared += 1
    assert compared > 20
    assert len(set(coming[1])) == 2


def test_knobs_have_base_live_and_modulated_numbers_and_come_when_they_change(wired: WiredHost) -> None:
    heard: list[Event] = []
    base: Point = ("scheduler", "strength", "in")
    with wired.client(hear=heard.append) as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        ann.watch(Watch(what="knobs", rate=60, points=(base, ("decoder", "gain", "in"))))
        assert until(lambda: any(knob[0] == 0 and knob[3] is not None for e in of(Knobs, heard) for knob in e.knobs))
        (place, kept, live, now) = next(
            knob for e in of(Knobs, heard) for knob in e.knobs if knob[0] == 0 and knob[3] is not None
        )
        assert (place, kept, live) == (0, 0.9, None)
        assert now == pytest.approx(0.9)
        count = sum(knob[0] == 1 for e in of(Knobs, heard) for knob in e.knobs)
        ann.turn("scheduler", "strength", 0.25)
        told = lambda: [k for e in of(Knobs, heard) for k in e.knobs if k[0] == 0 and k[2] == 0.25]  # noqa: E731
        assert until(lambda: told() and told()[-1][3] == pytest.approx(0.25))
        assert sum(knob[0] == 1 for e in of(Knobs, heard) for knob in e.knobs) <= count + 1


def test_the_ring_shows_each_generation_until_it_is_finished(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        ann.watch(Watch(what="ring", rate=60))
        assert until(lambda: sum(len(event.finished) for event in of(Ring, heard)) > 3)
    rings = of(Ring, heard)
    beads = [bead for ring in rings for bead in ring.beads]
    assert {ring.depth for ring in rings if ring.depth} == {4}
    assert len({bead.slot for bead in beads}) > 3
    assert all(0 <= bead.step <= bead.steps == 8 and 0 <= bead.position <= 1 for bead in beads)
    assert all(abs(bead.strength - 0.9) < 0.1 and bead.prompt == "warm" for bead in beads)
    assert all("strength" in bead.taken for bead in beads)
    assert all({"structure", "strength"} <= bead.steps_with.keys() for bead in beads)
    taken = [done for ring in rings for done in ring.finished]
    assert [done.heard_at for done in taken] == sorted(done.heard_at for done in taken)
    assert all("strength" in done.taken and "structure" in done.taken for done in taken)


def test_the_strip_has_peaks_of_the_song_and_of_its_source(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        ann.watch(Watch(what="strip", rate=5))
        assert until(lambda: len(of(Strip, heard)) > 2)
    first, second = of(Strip, heard)[:2]
    assert len(first.song) == len(first.source) == 4 * first.columns
    assert second.source == b""
    assert np.frombuffer(first.source, "<f4").max() > 0.01


def test_the_strip_has_lanes_of_controls_with_a_number_for_each_song_frame() -> None:
    nodes, cables = square(-0.5, "blend", "source_blend", cycles_per_beat=0.5)
    document = patch({**nodes, "blend": Node("source_blend")}, cables, strength=0.9, depth=4)
    heard: list[Event] = []
    with wired_host(document) as wired, wired.client(hear=heard.append) as ann:
        ann.watch(Watch(what="strip", rate=5))
        assert until(lambda: any(event.lanes for event in of(Strip, heard)))
    strip = next(event for event in of(Strip, heard) if event.lanes)
    lane = np.frombuffer(strip.lanes["source_blend"], "<f4")
    assert len(lane) == strip.columns
    assert set(np.round(lane, 3).tolist()) == {0.5, 1.0}


def test_the_status_comes_whole_once_and_then_what_changes(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        assert until(lambda: len(of(StatusChange, heard)) > 3)
        first, *later = of(StatusChange, heard)
        assert {"playing", "bpm", "frame", "slots", "device", "live_values", "waiting"} <= first.fields.keys()
        assert "messages" not in first.fields
        assert all("song_length" not in event.fields for event in later)
        ann.mute(True)
        assert ann.wait(lambda: ann.status["muted"])


def test_wrong_subscriptions_are_told(wired: WiredHost) -> None:
    with wired.client() as ann, pytest.raises(DemonError, match="no points of signals are named"):
        ann.watch(Watch(what="signals", rate=10))
    with RawClient(wired.url) as raw:
        message: dict[str, Any] = {"verb": "watch", "id": 2, "what": "signals", "rate": 10}
        told = raw.ask({**message, "points": [list(LFO), ["nobody", "x", "in"]]})
        assert told["unknown"] == [1]
        many = [["lfo", "out", "out"]] * 401
        assert "points" in raw.ask({**message, "points": many})["fault"]["what"]
        assert raw.ask({**message, "rate": 1e9, "points": [list(LFO)]})["kind"] == "message"


def test_a_slow_client_loses_telemetry_and_no_edit(wired: WiredHost) -> None:
    raw = RawClient(wired.url, slow=True)  # and does not read from now on
    points = [["scheduler", "structure", "in"]] * 400
    raw.send({"verb": "watch", "id": 2, "what": "signals", "rate": 60, "points": points})
    with wired.client("ann") as ann:
        peer = next(peer for peer in wired.server.served.peers if peer.name == "raw")
        for number in range(2000):
            ann.do(SetMeta(description=f"{number} {TEXT}"))
            if peer.outbox.dropped >= 3:
                break
        assert peer.outbox.dropped >= 3
        revision = ann.revision
    edits, dropped = [], 0
    while not edits or edits[-1] != list(revision):
        found = raw.receive()
        dropped = max(dropped, found.get("dropped", 0))
        if found["is"] == "edit":
            edits.append(found["revision"])
    assert edits == [[0, number] for number in range(1, revision.counter + 1)]
    assert until(lambda: raw.receive().get("dropped", 0) >= 3)
    raw.close()


def test_a_client_that_leaves_everything_lying_is_let_go(wired: WiredHost, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = RawClient(wired.url, slow=True)
    peer = next(peer for peer in wired.server.served.peers if peer.name == "raw")
    monkeypatch.setattr(peer.outbox, "_most", 200_000)
    with wired.client("ann") as ann:
        for number in range(2000):
            ann.do(SetMeta(description=f"{number} {TEXT}"))
            if peer not in wired.server.served.peers:
                break
        assert peer not in wired.server.served.peers
        assert ann.wait(lambda: any("waited for the client raw" in notice.fault.text for notice in ann.notices))
    raw.close()


def test_an_outbox_keeps_events_in_order_and_one_of_each_telemetry() -> None:
    import asyncio

    async def check() -> list[bytes]:
        outbox = Outbox(10)
        for number in range(3):
            outbox.put_due("ring", lambda number=number: b"ring%d" % number)
        outbox.put_due("nothing", lambda: None)
        outbox.put(b"one")
        outbox.put(b"two")
        assert outbox.dropped == 2
        assert not outbox.full
        outbox.put(b"12345")
        assert outbox.full
        return [await outbox.take() for _ in range(4)]

    assert asyncio.run(check()) == [b"one", b"two", b"12345", b"ring2"]
    assert limits.OUTBOX > 2 * limits.MESSAGE


# -- what the strip and the ring tell of mixes, and forecasts of edits that wait -------------------------------------
CROSS = {
    "one": Node("composed_source", 2, values={"style": "toy", "seconds": 8.0, "seed": 3}),
    "two": Node("composed_source", 2, values={"style": "toy", "seconds": 8.0, "seed": 4}),
    "cross": Node("source_crossfade", values={"position": 0.25}),
    "cold": Node("prompt", values={"text": "cold"}),
    "mild": Node("prompt_blend", values={"blend": 0.75}),
}


def crossed() -> Patch:
    """A performance that covers two clips and blends two prompts."""
    document = patch(CROSS, [], strength=0.1, depth=4)
    ends = [cable for cable in document.cables if (cable.dst, cable.port) not in SOURCES]
    return msgspec.structs.replace(
        document,
        cables=(
            *ends,
            Cable("one", "source", "cross", "a"),
            Cable("two", "source", "cross", "b"),
            Cable("cross", "source", "scheduler", "source"),
            Cable("words", "prompt", "mild", "a"),
            Cable("cold", "prompt", "mild", "b"),
            Cable("mild", "prompt", "scheduler", "prompt"),
        ),
    )


SOURCES = {("scheduler", "source"), ("scheduler", "prompt")}


def test_the_ring_has_the_share_of_each_prompt_and_clip_and_the_strip_their_mix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = toy_family()
    dry_family = replace(family, spec=replace(family.spec, dry_reach=2.0))
    monkeypatch.setattr("tests.support.edited_performance.toy_family", lambda: dry_family)
    heard: list[Event] = []
    with wired_host(crossed()) as wired, wired.client(hear=heard.append) as ann:
        ann.watch(Watch(what="ring", rate=60))
        ann.watch(Watch(what="strip", rate=5))
        assert until(lambda: any(bead.prompts for ring in of(Ring, heard) for bead in ring.beads))
        assert until(lambda: any(strip.dry and np.frombuffer(strip.dry, "<f4").any() for strip in of(Strip, heard)))
        performer = wired.host.performer
        cover = performer.queued[-1].song.cover
        assert cover is not None
        assert sorted(share for _, share in cover.clips) == [0.25, 0.75]
        mixed = peaks_of(cover.sound(np.arange(len(performer.source.audio))))
        assert until(
            lambda: any(np.allclose(np.frombuffer(s.source, "<f4"), mixed) for s in of(Strip, heard) if s.source)
        )
        share = performer.queued[-1].song.share
    bead = next(bead for ring in of(Ring, heard) for bead in ring.beads if bead.prompts)
    assert bead.prompts == {"words": 0.25, "cold": 0.75}
    assert bead.sources == {"one": 0.75, "two": 0.25}
    dry = np.frombuffer(of(Strip, heard)[-1].dry, "<f4")
    assert len(dry) == of(Strip, heard)[-1].columns
    assert 0 < dry.max() <= 1
    assert dry.mean() == pytest.approx(share.mean(), abs=0.2)


def test_a_forecast_goes_through_edits_that_wait_and_the_strip_shows_them(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        rate = SetValue("lfo", "rate", 0.001)
        far = Grid("beat", 64)  # this host plays them in a second
        ann.do(Batch((rate, SetValue("scheduler", "strength", 0.25))), "Calm", far)
        assert ann.wait(lambda: bool(ann.status.get("waiting")))
        (waiting,) = ann.status["waiting"]
        assert (waiting["label"], waiting["client"], waiting["nodes"]) == ("Calm", "ann", ["lfo", "scheduler"])
        points: tuple[Point, ...] = (("scheduler", "strength", "in"), ("lfo", "rate", "in"))
        ann.watch(Watch(what="forecast", rate=10, points=points, ahead=250))
        ann.watch(Watch(what="strip", rate=5))
        crosses = lambda event: event.first < waiting["frame"] < event.first + event.count  # noqa: E731
        assert until(lambda: any(crosses(event) for event in of(Forecast, heard)))
        assert until(lambda: of(Strip, heard))
        shown = [each for event in of(Strip, heard) for each in event.waiting]
    event = next(event for event in of(Forecast, heard) if crosses(event))
    strength, rates = numbers(event, 2)
    at = waiting["frame"] - event.first
    assert strength[:at] == pytest.approx(0.9)
    assert strength[at:] == pytest.approx(0.25)
    assert rates[at:] == pytest.approx(0.001)
    assert set(rates[:at]) != {np.float32(0.001)}
    assert not np.isnan(rates).any()
    if shown:
        assert (shown[0].label, shown[0].frame) == ("Calm", waiting["frame"])


def test_points_on_the_boundary_of_a_subpatch_are_those_inside() -> None:
    nodes, cables = square(-0.5, "scheduler", "structure", cycles_per_beat=0.5)
    inner = Definition(
        nodes={"wave": Node("lfo", values={"shape": "square", "rate": 1.0})},
        inputs={"in1": Inlet(to=(Target("wave", "width"),))},
        outputs={"out1": Outlet(node="wave", out="out")},
    )
    document = patch(nodes, cables, strength=0.9, depth=4)
    document = msgspec.structs.replace(
        document,
        nodes={**document.nodes, "box": Node("subpatch", definition="def"), "pad": Node("scope")},
        cables=(*document.cables, Cable("box", "out1", "pad", "x")),
        definitions={"def": inner},
    )
    heard: list[Event] = []
    points: tuple[Point, ...] = (
        ("box", "out1", "out"),
        ("box/wave", "out", "out"),
        ("box", "in1", "in"),
        ("box/wave", "shown", "state"),
    )
    with wired_host(document) as wired, wired.client(hear=heard.append) as ann:
        assert ann.ask(Watch(what="signals", rate=60, points=points), Watching).unknown == ()
        ann.watch(Watch(what="forecast", rate=10, points=points, ahead=40))
        ann.watch(Watch(what="knobs", rate=10, points=(("box", "in1", "in"),)))
        assert until(lambda: of(Signals, heard) and not np.isnan(numbers(of(Signals, heard)[-1], 4)).any())
        assert until(lambda: of(Forecast, heard))
        assert until(lambda: any(knob[3] is not None for event in of(Knobs, heard) for knob in event.knobs))
    for event in (of(Signals, heard)[-1], of(Forecast, heard)[-1]):
        box, wave, width, place = numbers(event, 4)
        assert box.tolist() == wave.tolist()
        assert set(width) == {0.5}
        assert np.all((place >= 0) & (place < 1))
