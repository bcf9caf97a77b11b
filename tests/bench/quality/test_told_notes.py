"""What `bench told-notes` plays and how it hears: patches tell the drawn notes, and a change is heard where it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from demon_patch.arrays import Samples
from demon_patch.bench.quality.told_notes import (
    HELD_SECONDS,
    LOWEST,
    SCALE,
    STEPS,
    heard_after,
    keyboard,
    loudness_of,
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
def test_a_key_is_heard_where_its_pitch_rises_above_the_pass_before(after: int) -> None:
    rng, per, rate = np.random.default_rng(0), 1920, 48_000
    seconds = np.arange(125 * per) / rate
    held = (seconds * 25 >= 40 + after) & (seconds * 25 < 40 + after + HELD_SECONDS * 25)

    def tone(key: int) -> Samples:
        return (0.2 * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * seconds)).astype(np.float32)

    before = tone(64) + 0.01 * rng.standard_normal(len(seconds)).astype(np.float32)
    levels = {key: loudness_of(71, before + held * tone(key), per, rate) for key in (71, 77)}
    heard = heard_after((levels[71] - loudness_of(71, before, per, rate), 1000), 1040.0, 25.0)
    assert heard is not None
    assert heard * 25 == pytest.approx(after, abs=1)
    other = tone(64) + 0.01 * rng.standard_normal(len(seconds)).astype(np.float32)
    rest = loudness_of(71, other, per, rate)
    assert heard_after((loudness_of(71, before, per, rate) - rest, 1000), 1040.0, 25.0) is None
    assert max(levels[77]) < 0.2 * max(levels[71])
