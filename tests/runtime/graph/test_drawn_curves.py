"""Curves made of curves in a patch: their order, cables, tempo, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.session import Session
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch, Song
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.prepare import perform
from tests.support.node_bench import playable
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

STEP = Node("drawn_curve", values={"points": [[0.0, 0.0], [0.5, 1.0]], "interpolation": "step"})
FRAMES = 100


def program(nodes: dict[str, Node], *cables: Cable, song: Song | None = None) -> Program:
    made = playable(nodes, cables)
    document = Patch(nodes=made.nodes, cables=made.cables, song=song or Song())
    return compile(document, CATALOGUE, Geometry(25, FRAMES))


def table(made: Program, node: str) -> np.ndarray:
    return np.array(made.tables[made.table_of[node]])


def wire(start: str, end: str, **how: float) -> Cable:
    return Cable(start, "curve", end, "curve", **how)  # type: ignore[arg-type]


def test_curves_are_made_after_those_that_they_are_made_of() -> None:
    late = Node("curve_shift", values={"by": 0.25, "unit": "fraction"})
    soft = Node("curve_smooth", values={"width": 0.1, "unit": "fraction", "shape": "average"})
    made = program({"z": STEP, "m": late, "a": soft}, wire("z", "m"), wire("m", "a"))
    expected = np.roll(np.arange(FRAMES) >= 50, 25).astype(float)
    assert np.allclose(table(made, "m"), expected)
    smooth = [np.mean(expected[np.arange(i - 5, i + 6) % FRAMES] * ([0.5] + [1] * 9 + [0.5])) * 1.1 for i in range(100)]
    assert np.allclose(table(made, "a"), smooth)


def test_cables_into_a_curve_add_up_by_depth_and_offset() -> None:
    still = Node("curve_shift", values={"by": 0.0, "curve": 0.125})
    made = program({"a": STEP, "b": STEP, "c": still}, wire("a", "c", depth=0.5, offset=0.25), wire("b", "c"))
    assert np.allclose(table(made, "c"), 0.125 + 0.25 + 1.5 * (np.arange(FRAMES) >= 50))


def test_a_bypassed_curve_passes_its_input_on() -> None:
    late = Node("curve_shift", values={"by": 1.0}, bypass=True)
    made = program({"a": STEP, "b": late}, wire("a", "b"))
    assert np.array_equal(table(made, "b"), table(made, "a"))


def test_another_curve_put_in_reaches_all_that_are_made_of_it() -> None:
    late = Node("curve_shift", values={"by": 0.04})
    made = program({"a": STEP, "b": late, "c": late, "d": STEP}, wire("a", "b"), wire("b", "c"))
    before, fresh = table(made, "d"), np.random.default_rng(1).uniform(0, 1, FRAMES)
    made.set_curve("a", fresh)
    assert np.allclose(table(made, "c"), np.roll(fresh, 2))
    assert np.array_equal(table(made, "d"), before)


def test_beats_are_those_of_the_patch_or_else_of_its_source() -> None:
    late = {"a": STEP, "b": Node("curve_shift", values={"by": 1.0, "unit": "beats"})}
    made = program(late, wire("a", "b"), song=Song(bpm=60))
    assert np.allclose(table(made, "b"), np.roll(table(made, "a"), 25))
    document = patch(late, [wire("a", "b")])
    free = Patch(song=Song(), nodes=document.nodes, cables=document.cables)
    made = perform(free, Session(toy_family())).program  # the toy's clips are of 120 bpm
    shifted = np.interp((np.arange(200) - 12.5) % 200, np.arange(201), np.append(table(made, "a"), 0.0))
    assert np.allclose(table(made, "b"), shifted)


def test_a_longer_song_draws_all_of_them_again() -> None:
    made = program({"a": STEP, "b": Node("curve_shift", values={"by": 0.25, "unit": "fraction"})}, wire("a", "b"))
    made.use_song(200)
    assert np.array_equal(table(made, "b"), np.roll(np.arange(200) >= 100, 50))


def test_what_moves_with_the_music_cannot_be_made_beforehand() -> None:
    nodes = {"lfo": Node("lfo"), "b": Node("curve_shift")}
    with pytest.raises(PatchError, match="not known before it is played") as caught:
        program(nodes, Cable("lfo", "out", "b", "curve"))
    assert (caught.value.node, caught.value.port) == ("b", "curve")


def test_curves_that_are_made_of_each_other_are_refused() -> None:
    nodes = {"a": Node("curve_shift"), "b": Node("curve_smooth")}
    with pytest.raises(PatchError, match="a loop leads through the curve cable"):
        program(nodes, wire("a", "b"), wire("b", "a"))
