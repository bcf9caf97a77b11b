"""From what is seen to what is watched, and from messages to the canvas."""

from __future__ import annotations

from typing import Any

import numpy as np

from demon_patch.editor.canvas.view import View
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import Seen
from demon_patch.editor.link.telemetry import Telemetry
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.canvas import Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import Cable, Node
from demon_patch.runtime.remote.messages.session import Model, Nodes
from demon_patch.runtime.remote.messages.telemetry import Forecast, Signals, StatusChange, Strip, Watch
from tests.support.noting_link import FakeLink

PATCH = Patch(
    nodes={
        "lfo": Node("lfo", at=(0, 0)),
        "every": Node("clock", at=(0, 300)) if "clock" in CATALOGUE else Node("lfo", at=(0, 300)),
        "scheduler": Node("scheduler", at=(300, 0)),
        "decoder": Node("decoder", at=(600, 0)),
    },
    cables=(
        Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.5),
        Cable("scheduler", "ring", "decoder", "ring"),
    ),
)


class Noting:
    """A canvas that notes what moves."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, verb: str) -> Any:
        return lambda *given: self.calls.append((verb, *given))

    def of(self, verb: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == verb]


def made(zoom: float = 1.0, seen: bool = True) -> tuple[FakeLink, Noting, Telemetry]:
    link, canvas = FakeLink(PATCH), Noting()
    view = View(canvas, Facts(CATALOGUE))  # type: ignore[arg-type]
    view.update(PATCH)
    telemetry = Telemetry(link, canvas, CATALOGUE, view.show_now)  # type: ignore[arg-type]
    model = Model(name="n", title="N", sample_rate=48000, channels=1, frame_rate=25, song_frames=400)
    telemetry.begin(model, Nodes(nodes=[], fits={}))
    areas = tuple((0.0, 0.0, 900.0, 900.0) for _ in view.wires)
    shown = Seen(tuple(view.boxes), tuple(view.wires), areas) if seen else Seen()
    telemetry.follow(view.boxes, view.wires, shown, zoom)
    canvas.calls.clear()
    return link, canvas, telemetry


def newest(link: FakeLink, what: str) -> Watch:
    return [asked for asked in link.asked if isinstance(asked, Watch) and asked.what == what][-1]


def feed(telemetry: Telemetry, link: FakeLink, at: int, values: dict[str, float], frames: int = 100) -> None:
    """The signals of all watched points: constant, by node."""
    telemetry.take(StatusChange(frame=at, fields={"playing": True, "song": 4.0, "song_length": 16.0}), 0.0)
    points = newest(link, "signals").points
    rows = np.array([[values.get(node, 0.0)] * frames for node, _, _ in points], "<f4")
    telemetry.take(Signals(frame=at, first=at - frames + 1, count=frames, values=rows.tobytes()), 0.0)


def test_what_is_seen_is_watched_and_nothing_else() -> None:
    link, _, telemetry = made()
    points = newest(link, "signals").points
    assert ("lfo", "out", "out") in points
    assert ("scheduler", "strength", "in") in points
    assert ("scheduler", "seed", "in") not in points
    assert newest(link, "ring").rate > 0
    count = len(link.asked)
    telemetry.follow(telemetry._boxes, telemetry._wires, telemetry._seen, 1.0)
    assert len(link.asked) == count
    telemetry.follow(telemetry._boxes, telemetry._wires, Seen(), 1.0)
    assert newest(link, "signals").rate == 0.0
    assert newest(link, "ring").rate == 0.0


def test_a_move_that_shows_nothing_else_is_taken_cheaply() -> None:
    link, canvas, telemetry = made()
    count = len(link.asked)
    assert telemetry.moved(telemetry._seen, 0.9, (-1e6, -1e6, 1e6, 1e6))
    assert not telemetry.moved(telemetry._seen, 0.5, (-1e6, -1e6, 1e6, 1e6)), "in other detail"
    assert not telemetry.moved(Seen(telemetry._seen.boxes), 0.9, (-1e6, -1e6, 1e6, 1e6)), "other things"
    assert len(link.asked) == count
    feed(telemetry, link, 100, {"lfo": 0.5})
    assert telemetry.moved(telemetry._seen, 1.0, (1e6, 1e6, 2e6, 2e6))
    telemetry.show(0.0, PATCH)
    assert canvas.of("display") == [], "what lies in the margin alone is not drawn"


def test_far_away_neither_knobs_nor_displays_are_watched() -> None:
    link, canvas, telemetry = made(zoom=0.3)
    assert {side for _, _, side in newest(link, "signals").points} == {"out"}
    feed(telemetry, link, 100, {"lfo": 0.5})
    telemetry.show(0.0, PATCH)
    assert canvas.of("trace")
    assert not canvas.of("display")
    assert not canvas.of("modulate")


def test_the_ring_follows_the_signal_and_small_moves_are_not_drawn() -> None:
    link, canvas, telemetry = made()
    feed(telemetry, link, 100, {"scheduler": 0.25})
    telemetry.show(0.0, PATCH)
    (call,) = canvas.of("modulate")
    assert call[:2] == ("scheduler", "strength")
    assert abs(call[2] - 0.25) < 1e-6
    feed(telemetry, link, 101, {"scheduler": 0.26})
    telemetry.show(0.1, PATCH)
    assert len(canvas.of("modulate")) == 1
    feed(telemetry, link, 120, {"scheduler": 0.5})
    telemetry.show(0.2, PATCH)
    assert len(canvas.of("modulate")) == 2


def test_the_ring_goes_with_its_cable() -> None:
    link, canvas, telemetry = made()
    feed(telemetry, link, 100, {"scheduler": 0.25})
    telemetry.show(0.0, PATCH)
    for row in telemetry._boxes["scheduler"].rows:
        if row.pin is not None:
            row.pin.wired = False
    telemetry.follow(telemetry._boxes, {}, Seen(telemetry._seen.boxes), 1.0)
    assert canvas.of("modulate")[-1][:3] == ("scheduler", "strength", None)
    assert telemetry.drawn("scheduler", "strength") is None


def test_between_two_messages_the_forecast_is_drawn() -> None:
    link, canvas, telemetry = made()
    feed(telemetry, link, 100, {"scheduler": 0.2})
    points = newest(link, "forecast").points
    rows = np.array([np.linspace(0.2, 0.8, 25)] * len(points), "<f4")
    telemetry.take(Forecast(frame=100, first=101, count=25, values=rows.tobytes()), 0.0)
    telemetry.show(0.0, PATCH)
    telemetry.show(0.4, PATCH)  # ten control frames on, and no message
    first, second = (call[2] for call in canvas.of("modulate"))
    assert abs(first - 0.2) < 0.02
    assert abs(second - (0.2 + 0.6 * 9 / 24)) < 0.03


def test_a_message_of_an_older_subscription_is_passed_over() -> None:
    _, canvas, telemetry = made()
    telemetry.take(Signals(first=0, count=10, values=np.zeros(10, "<f4").tobytes()), 0.0)
    telemetry.show(0.0, PATCH)
    assert telemetry.memory.newest == -1
    assert not canvas.of("modulate")


def test_traces_are_newest_first_and_still_ones_are_not_drawn_twice() -> None:
    link, canvas, telemetry = made()
    feed(telemetry, link, 100, {"lfo": 0.5})
    telemetry.show(0.0, PATCH)
    assert telemetry.show(0.02, PATCH)
    traces = [values for key, values in canvas.of("trace") if key.src == "lfo"]
    assert len(traces) == 1
    assert np.allclose(traces[0], traces[0][0])


def test_a_cable_in_the_margin_moves_once_it_comes_into_sight() -> None:
    link, canvas, telemetry = made()
    assert telemetry.moved(telemetry._seen, 1.0, (950.0, 0.0, 1900.0, 900.0))
    feed(telemetry, link, 100, {"lfo": 0.5})
    telemetry.show(0.0, PATCH)
    assert canvas.of("trace") == canvas.of("beads") == []
    assert telemetry.moved(telemetry._seen, 1.0, (800.0, 0.0, 1750.0, 900.0))
    telemetry.show(0.2, PATCH)
    assert {key.src for key, _ in canvas.of("trace")} >= {"lfo"}
    assert canvas.of("beads")


def test_the_song_comes_to_the_displays_and_the_place_is_a_share() -> None:
    link, canvas, telemetry = made()
    feed(telemetry, link, 100, {})
    telemetry.take(Strip(columns=4, song=np.ones(4, "<f4").tobytes(), source=np.zeros(4, "<f4").tobytes()), 0.0)
    telemetry.take(Strip(columns=4, song=np.ones(4, "<f4").tobytes()), 0.0)
    assert telemetry.facts.place == 0.25
    assert telemetry.facts.source.tolist() == [0.0] * 4
    assert telemetry.facts.song.tolist() == [1.0] * 4
    telemetry.show(0.0, PATCH)
    assert any(node == "scheduler" and "beads" in data for node, data in canvas.of("display"))


def test_pinned_probes_are_watched_and_shown_with_their_future() -> None:
    link, canvas, telemetry = made()
    probes = {"p": Probe("lfo", "out", (0, 0), span=2.0)}
    telemetry.follow(telemetry._boxes, telemetry._wires, Seen(), 1.0, None, probes)
    assert newest(link, "signals").points == (("lfo", "out", "out"),)
    assert newest(link, "forecast").ahead == 75
    feed(telemetry, link, 100, {"lfo": 0.5})
    telemetry.take(Forecast(frame=100, first=101, count=75, values=np.full(75, 0.25, "<f4").tobytes()), 0.0)
    telemetry.show(0.0, PATCH)
    ((id, data),) = canvas.of("display")
    assert id == "p"
    assert np.allclose(data["value"], 0.5)
    assert data["forecast"].shape == (1, 75)
    assert data["forecast"][0, 1] == 0.25


def test_inside_a_subpatch_signals_have_its_path() -> None:
    link, canvas, telemetry = made()
    telemetry.follow(telemetry._boxes, telemetry._wires, telemetry._seen, 1.0, None, {}, "sub/deep/")
    assert {node.rpartition("/")[0] for node, _, _ in newest(link, "signals").points} == {"sub/deep"}
    feed(telemetry, link, 100, {"sub/deep/scheduler": 0.25})
    telemetry.show(0.0, PATCH)
    assert canvas.of("modulate")[0][:2] == ("scheduler", "strength")


def test_the_playhead_goes_on_between_two_messages_and_wraps_in_the_loop() -> None:
    _, _, telemetry = made()
    fields = {"playing": True, "frame": 100, "song": 5.8, "song_length": 16.0, "loop": (4.0, 6.0)}
    telemetry.take(StatusChange(frame=100, fields=fields), 0.0)
    assert telemetry.place(0.0) * 16.0 == 5.8
    assert abs(telemetry.place(0.1) * 16.0 - 5.9) < 1e-6
    assert abs(telemetry.place(0.3) * 16.0 - 4.1) < 1e-6
    telemetry.take(StatusChange(frame=100, fields={"playing": False}), 0.3)
    assert telemetry.place(9.0) * 16.0 == 5.8
