"""Rhythms against the patterns that are known, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.frame import Gate
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import updated
from demon_patch.nodes.library.sequence.patterns import euclid
from demon_patch.patch.model.document import Node
from tests.support.node_bench import playable
from tests.support.node_oracle import BEAT, K, play
from tests.support.nodes_by_hand import played

STEP = np.floor(BEAT / 0.8 + 1e-9).astype(int)  # steps of 10 frames
FIRST = K % 10 == 0
TENS = {"beats": 0.8, "width": 0.35}
KNOWN = {
    (8, 3): ("x..x..x.", "x..x..x."), (8, 5): ("x.xx.xx.", "x.x.xx.x"), (4, 9): ("xxxx", "xxxx"),
    (16, 4): ("x...x...x...x...", "x...x...x...x..."), (12, 7): ("x.xx.x.xx.x.", "x.x.x.xx.x.x"),
    (5, 2): ("x.x..", "x..x."), (13, 5): ("x..x.x..x.x..", "x..x..x.x..x."), (7, 0): (".......", "......."),
    (9, 4): ("x.x.x.x..", "x..x.x.x."), (1, 1): ("x", "x"),
}  # fmt: skip
"""By steps and strokes: as Tidal begins it, and evenly."""


def bjorklund(strokes: int, steps: int) -> str:
    """Bjorklund's algorithm as Tidal and Strudel have it: the rests are dealt out to the strokes, then what is left to
    what was made, until at most one group is left."""
    groups, left = ["x"] * strokes, ["."] * (steps - strokes)
    while min(len(groups), len(left)) > 1:
        pairs = min(len(groups), len(left))
        rest = groups[pairs:] or left[pairs:]
        groups, left = [a + b for a, b in zip(groups, left, strict=False)], rest
    return "".join(groups + left)


def marks(pattern: str, signs: str = "xX") -> np.ndarray:
    """For each frame whether the step that plays has one of some signs."""
    return np.array([pattern[i % len(pattern)] in signs for i in STEP])


@pytest.mark.parametrize("pattern", ["x", "x..x..x.", "X.x.x", "x-xX--x", "." * 7 + "x" * 70])
def test_a_written_pattern_plays_its_strokes(pattern: str) -> None:
    spaced = " | ".join(pattern)
    gate, accent, strength, high = play(
        Node("pattern", values={"pattern": spaced, **TENS}), "gate*", "accent*", "strength", "gate"
    )
    assert np.array_equal(gate, FIRST & marks(pattern))
    assert np.array_equal(accent, FIRST & marks(pattern, "X"))
    assert np.array_equal(strength, 0.5 * marks(pattern) + 0.5 * marks(pattern, "X"))
    assert np.array_equal(high, marks(pattern) & (K % 10 < 4))


def test_a_tie_holds_the_stroke_on_and_a_tie_after_a_rest_is_one() -> None:
    gate, high = play(Node("pattern", values={"pattern": "x__.X_x.__", **TENS}), "gate*", "gate")
    assert np.array_equal(gate, FIRST & marks("x...X.x..."))
    whole = marks("xx..x.....", "x")
    assert np.array_equal(high, whole | (marks("..x..xx...", "x") & (K % 10 < 4)))


def test_a_pattern_by_gate_moves_with_each_stroke_and_resets() -> None:
    feeds = {
        "step": (Node("clock", values={"beats": 0.8}), "gate"),
        "reset": (Node("clock", values={"beats": 4.0}), "gate"),
    }
    values = {"pattern": "x.xX", "by": "gate"}
    gate, strength = play(Node("pattern", values=values), "gate*", "strength", feeds=feeds)
    at = STEP % 5 % 4
    assert np.array_equal(gate, FIRST & (at != 1))
    assert np.array_equal(strength, np.array([0.5, 0, 0.5, 1])[at])
    waits = play(Node("pattern", values=values), "gate*", "strength", "gate")
    assert not np.any(waits)


@pytest.mark.parametrize("node", [("pattern", {"pattern": "xxxx.xx"}), ("euclid", {"steps": 7.0, "strokes": 6.0})])
def test_strokes_within_one_frame_are_all_counted(node: tuple[str, dict[str, str | float]]) -> None:
    values = node[1] | ({"rotation": 5.0} if node[0] == "euclid" else {})
    gate = play(Node(node[0], values={**values, "beats": 0.0625}), "gate*")[0]
    steps = np.arange(np.floor(BEAT[-1] / 0.0625 + 1e-9) + 1)
    assert gate.sum() == (steps % 7 != 4).sum()
    assert gate.max() == 2


@pytest.mark.parametrize(
    ("pattern", "said"), [("x..o", "'o', character 4"), ("x \n é", "'é', character 5"), ("  ", "0 steps")]
)
def test_a_text_that_is_no_pattern_is_refused_with_its_place(pattern: str, said: str) -> None:
    with pytest.raises(PatchError, match=said) as caught:
        CATALOGUE["pattern"].body_for({"pattern": pattern})
    assert caught.value.port == "pattern"
    assert "x..x" in caught.value.mend or "x for a stroke" in caught.value.mend


@pytest.mark.parametrize(("steps", "strokes"), KNOWN)
@pytest.mark.parametrize("rotation", [0, 1, 6])
@pytest.mark.parametrize("start", ["tidal", "even"])
def test_euclid_plays_the_known_rhythms(steps: int, strokes: int, rotation: int, start: str) -> None:
    numbers = {"steps": float(steps), "strokes": float(strokes), "rotation": float(rotation)}
    gate, rest, high = play(Node("euclid", values={**numbers, **TENS, "start": start}), "gate*", "rest*", "gate")
    struck = KNOWN[steps, strokes][start == "even"]
    turned = "".join(struck[(i - rotation) % steps] for i in range(steps))
    assert np.array_equal(gate, FIRST & marks(turned))
    assert np.array_equal(rest, FIRST & ~marks(turned))
    assert np.array_equal(high, marks(turned) & (K % 10 < 4))


@pytest.mark.parametrize("steps", range(1, 17))
def test_every_euclid_up_to_16_is_bjorklunds(steps: int) -> None:
    hit = [Gate(1, 1)] * steps
    for strokes in range(steps + 1):
        level, rises, rest, rests = played(euclid, steps, step=hit, steps=steps, strokes=strokes, by="gate")
        wanted = np.array([sign == "x" for sign in bjorklund(strokes, steps)])
        assert np.array_equal(rises, wanted), (strokes, steps)
        assert np.array_equal(level, wanted)
        assert np.array_equal(rest, ~wanted)
        assert np.array_equal(rests, ~wanted)


def test_an_euclid_of_before_the_choice_plays_as_it_did() -> None:
    old = updated(playable({"n": Node("euclid", version=1, values={"strokes": 5.0})}))
    assert old.nodes["n"].values == {"strokes": 5.0, "start": "even"}
    assert old.nodes["n"].version == euclid.version
    assert updated(old) == old


def test_euclid_by_gate_and_reset() -> None:
    feeds = {
        "step": (Node("clock", values={"beats": 0.8}), "gate"),
        "reset": (Node("clock", values={"beats": 8.0}), "gate"),
    }
    gate = play(Node("euclid", values={"by": "gate"}), "gate*", feeds=feeds)[0]
    assert np.array_equal(gate, FIRST & np.isin(STEP % 10 % 8, [0, 3, 6]))
    by_beat = play(Node("euclid", values=TENS), "gate*", feeds={"reset": feeds["reset"]})[0]
    assert np.array_equal(by_beat, gate)
