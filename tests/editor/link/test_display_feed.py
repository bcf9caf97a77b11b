"""What displays are given: signals by part, as the host names them, and what the song and the document say."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.editor.layout.box import Box, Display
from demon_patch.editor.link.display_feed import SPAN_SECONDS, DisplayFeed
from demon_patch.editor.link.ranges import swing
from demon_patch.editor.link.signal_memory import SignalMemory
from demon_patch.editor.link.song_facts import SongFacts, level
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.session import Nodes
from demon_patch.runtime.remote.messages.telemetry import Bead, Finished, Ring

NODES = Nodes(nodes=[{"id": "lfo", "shows": [["shown", "state", "place"], ["out", "out", "value"]]}], fits={})


def box(type: str, kind: str = "scope") -> Box:
    return Box("a", type, "A", "modulation", 0, 0, 188, 100, display=Display(kind, 0, 0, 100, 40))


def test_the_host_names_the_signals_and_else_the_outputs_are_shown() -> None:
    assert DisplayFeed(CATALOGUE, NODES).shown("lfo") == (("shown", "state", "place"), ("out", "out", "value"))
    assert ("out", "out", "value") in DisplayFeed(CATALOGUE).shown("lfo")
    assert DisplayFeed(CATALOGUE).shown("no such type") == ()


def test_parts_are_stacked_with_names_and_ranges() -> None:
    feed, memory = DisplayFeed(CATALOGUE, NODES), SignalMemory()
    points = feed.points(box("lfo"))
    memory.watch(points)
    memory.put_past(points, 0, np.array([np.linspace(0, 1, 200), np.linspace(-1, 1, 200)]))
    data = feed.data(box("lfo"), feed.signals([box("lfo")], memory, 199.0, 25.0), 25.0)
    assert data["place"].shape == data["value"].shape == (1, int(SPAN_SECONDS * 25) + 1)
    assert data["value"][0, -1] == 1.0
    assert data["names"] == {"place": ["shown"], "value": ["out"]}
    assert data["ranges"]["value"] == [(-1.0, 1.0)]
    assert feed.data(box("lfo"), feed.signals([box("lfo")], SignalMemory(), 199.0, 25.0), 25.0) == {}


def test_a_box_without_a_display_needs_nothing() -> None:
    bare = box("lfo")
    bare.display = None
    assert DisplayFeed(CATALOGUE, NODES).points(bare) == []


@pytest.mark.parametrize(("decibels", "share"), [(0.0, 1.0), (-30.0, 0.5), (-120.0, 0.0), (6.0, 1.0)])
def test_levels(decibels: float, share: float) -> None:
    assert level(decibels) == share


def test_swing_is_by_the_range_and_else_by_what_the_signal_does() -> None:
    values = np.array([0.0, 5.0, np.nan, 10.0])
    free = (-np.inf, np.inf)
    together = np.array([values, values, np.full(4, np.nan), np.full(4, 7.0)])
    found = swing(together, [(0.0, 10.0), free, free, free])
    assert found.tolist() == [[-1.0, 0.0, 0.0, 1.0], [-1.0, 0.0, 0.0, 1.0], [0.0] * 4, [0.0] * 4]


def test_the_song_and_the_document() -> None:
    facts = SongFacts()
    facts.status = {"song": 4.0, "song_length": 16.0, "loop": (8.0, 12.0), "making": (12.0, 8.0), "tick_ms": 80.0,
                    "slots": ({"heard_in": 1.5}, {"heard_in": -0.2})}  # fmt: skip
    bead = Bead(slot=1, step=1, steps=4, heard_at=9, position=0.25)
    facts.take_ring(Ring(depth=2, beads=(bead,), finished=(Finished(heard_at=8, taken={}),)))
    wave = facts.data(box("decoder", "wave"), None)
    assert (wave["now"], wave["loop"], wave["window"]) == (0.25, (0.5, 0.75), (0.75, 1.25))
    ring = facts.data(box("scheduler", "ring"), None)
    assert (ring["depth"], ring["beads"], ring["finished"], ring["heard_in"]) == (2, [(0.25, 1.0)], 1, 1.5)
    assert facts.data(box("prompt", "text"), Node("prompt", values={"text": "acid"})) == {"text": "acid"}
    assert facts.data(box("lfo", "cycle"), Node("lfo")) == {"shape": "sine", "width": 0.5}
    assert SongFacts().place == 0.0
