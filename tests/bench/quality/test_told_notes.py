"""What `bench told-notes` plays and how it hears: patches tell the drawn notes, and a change is heard where it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from demon_patch.bench.quality.told_notes import (
    HELD_SECONDS,
    LOWEST,
    SCALE,
    STEPS,
    heard_after,
    keyboard,
    sequenced,
    tune,
)
from demon_patch.engine.families.nano2.spec import SPEC
from demon_patch.engine.score import PARTS
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.performance.notes import NoteReader, PlayedNotes

FRAMES = 400


@pytest.mark.parametrize("part", list(LOWEST))
def test_the_sequencer_tells_the_tune_a_note_a_beat(part: str) -> None:
    keys = tune(part, 3)
    assert len(keys) == STEPS
    assert all(key - LOWEST[part] in SCALE for key in keys)
    assert all(a != b for a, b in pairwise(keys))
    document = sequenced(part, keys, "house", 0.0)
    assert not list(problems(document, CATALOGUE, SPEC))
    program = compile(document, CATALOGUE, Geometry.of_family(SPEC, FRAMES))
    notes = NoteReader(Forecast(program, Transport(25, 120, 4, FRAMES)), "notes", 4).at(20, 0, PlayedNotes())
    row = PARTS.index(part), 0
    starts = notes.starting[row].nonzero().flatten().tolist()
    assert len(starts) == 32
    assert np.diff(starts).tolist() == pytest.approx([12.5] * 31, abs=0.5)
    heard = [round(float(notes.pitch[row][start])) for start in starts]
    assert heard == keys * 4


def test_the_keyboard_patch_can_be_played() -> None:
    assert not list(problems(keyboard(), CATALOGUE, SPEC))


@pytest.mark.parametrize("after", [4, 11])
def test_a_key_is_heard_where_the_sound_leaves_the_pass_before(after: int) -> None:
    rng = np.random.default_rng(0)
    distance = 0.02 + 0.002 * rng.standard_normal(125)
    held = round(HELD_SECONDS * 25)
    distance[40 + after : 40 + after + held] += 0.6
    heard = heard_after((distance, 1000), 1040.0, 25.0)
    assert heard is not None
    assert heard * 25 == pytest.approx(after, abs=1.5)
    assert heard_after((0.02 + 0.002 * rng.standard_normal(125), 1000), 1040.0, 25.0) is None
