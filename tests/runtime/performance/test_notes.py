"""The Notes node: what a sequencer and a keyboard play is in the score at the frame at which it is heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from demon_patch.engine.score import PARTS, VOICES, Notes
from demon_patch.engine.session import Session
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.picture import moved_controls
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.warnings import warnings_of
from demon_patch.runtime.performance.notes import NoteReader, PlayedNotes
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import patch, play, played

T = 200  # latent frames of the song
TO_SCHEDULER = Cable("notes", "score", "scheduler", "score")
STEPS = {"v1": 0.0, "v2": 4 / 12, "v3": 7 / 12, "v4": 1.0, "length": 4, "beats": 2, "width": 0.5}
TUNE = (48, 52, 55, 60)  # what these steps make of an octave above 48, each 25 frames long


def sequenced(
    part: str = "lead",
    voice: int = 1,
    length: int = 4,
    state: Mapping[str, Any] = MappingProxyType({}),
    **scheduler: Any,
) -> Patch:
    """A sequencer that plays a tune on one voice. state: of the Notes node, `muted` or `bypass`."""
    nodes = {
        "seq": Node("step_sequencer", values={**STEPS, "length": length}),
        "notes": Node("notes", values={f"{part}_pitch{voice}": 48.0}, **state),
    }
    cables = [
        Cable("seq", "out", "notes", f"{part}_pitch{voice}", mode="add", depth=12 / 127),
        Cable("seq", "gate", "notes", f"{part}_gate{voice}"),
        TO_SCHEDULER,
    ]
    return patch(nodes, cables, **scheduler)


def keyed(**scheduler: Any) -> Patch:
    """Eight voices of a MIDI device on the eight voices of the lead."""
    cables = [
        Cable("keys", f"{kind}_{n}", "notes", f"lead_{kind}{n}")
        for n in range(1, VOICES + 1)
        for kind in ("pitch", "gate")
    ]
    return patch({"keys": Node("midi_voices"), "notes": Node("notes")}, [*cables, TO_SCHEDULER], **scheduler)


def reader(document: Patch) -> tuple[Forecast, NoteReader]:
    program = compile(document, CATALOGUE, Geometry.of_family(SPEC, T))
    forecast = Forecast(program, Transport(25, 120, 4, T))
    return forecast, NoteReader(forecast, "notes", 4)


def press(forecast: Forecast, pitch: float, voice: int = 1) -> None:
    forecast.feed("keys", f"note{voice}", pitch)
    forecast.feed("keys", f"held{voice}", (1.0, 1.0))


def release(forecast: Forecast, voice: int = 1) -> None:
    forecast.feed("keys", f"held{voice}", (0.0, 0.0))


def frames(row: Tensor) -> list[int]:
    return row.nonzero().flatten().tolist()


LEAD = PARTS.index("lead")


def test_the_node_has_a_pair_for_each_voice_of_each_part_and_can_be_left_unwired() -> None:
    names = set(CATALOGUE["notes"].by_name)
    assert names == {f"{part}_{kind}{n}" for part in PARTS for kind in ("pitch", "gate") for n in range(1, VOICES + 1)}
    assert not list(problems(patch({"notes": Node("notes")}, [TO_SCHEDULER]), CATALOGUE, SPEC))
    forecast, notes = reader(patch({"notes": Node("notes")}, [TO_SCHEDULER]))
    assert not notes.at(30, 0, PlayedNotes()).sounding.any()
    assert forecast.now == 0


@pytest.mark.parametrize(("part", "voice"), [("bass", 1), ("lead", 8), ("chords", 3), ("drums", 2)])
def test_a_sequencer_is_in_the_score_at_its_frames(part: str, voice: int) -> None:
    forecast, notes = reader(sequenced(part, voice))
    row = PARTS.index(part), voice - 1
    for now in (0, 37, 130):
        forecast.advance(now)
        found = notes.at(now + 20, now, PlayedNotes())
        assert frames(found.starting[row]) == list(range(0, T, 25))
        assert frames(found.sounding[row]) == [f for f in range(T) if f % 25 <= 12]
        assert [round(float(found.pitch[row][f]), 3) for f in range(0, T, 25)] == [*TUNE, *TUNE]
        others = torch.ones(len(PARTS), VOICES, dtype=torch.bool)
        others[row] = False
        assert not found.sounding[others].any()
        assert not found.starting[others].any()


def test_the_sequence_that_comes_is_where_it_will_be_heard() -> None:
    """A tune of three bars in a song of four: the frames just passed have the tune of the next pass."""
    forecast, notes = reader(sequenced(length=3))
    forecast.advance(60)
    found = notes.at(80, 60, PlayedNotes())
    begins = {int(f): round(float(found.pitch[LEAD, 0, f]), 3) for f in frames(found.starting[LEAD, 0])}
    moments = {f: f if f >= 56 else f + T for f in range(0, T, 25)}  # 4 frames behind 60 may still be replaced
    assert begins == {f: TUNE[(moment // 25) % 3] for f, moment in moments.items()}


def test_a_held_key_begins_where_its_generation_is_heard_and_stays_there() -> None:
    forecast, notes = reader(keyed())
    forecast.advance(10)
    memory = PlayedNotes()
    assert not notes.at(30, 10, memory).sounding.any()
    press(forecast, 67.0)
    forecast.advance(14)
    for heard_at, now in ((40, 14), (52, 20)):  # the second generation has the note where the first one began it
        forecast.advance(now)
        found = notes.at(heard_at, now, memory)
        assert frames(found.starting[LEAD, 0]) == [40]
        assert frames(found.sounding[LEAD, 0]) == [*range(now - 4), *range(40, T)]
        assert set(found.pitch[LEAD, 0][found.sounding[LEAD, 0] > 0].tolist()) == {67.0}
    release(forecast)
    forecast.advance(31)
    found = notes.at(60, 31, memory)
    assert frames(found.starting[LEAD, 0]) == [40]
    assert frames(found.sounding[LEAD, 0]) == list(range(40, 50))  # as long as it was held, from 10 to 20
    forecast.advance(80)
    assert not notes.at(100, 80, memory).sounding.any()
    assert memory.notes[("notes", "lead_gate1")] == []


def test_a_key_of_the_present_frame_is_heard_with_it_and_once() -> None:
    forecast, notes = reader(keyed())
    played = PlayedNotes()
    forecast.advance(30)
    notes.at(50, 30, played)
    press(forecast, 64.0)  # in frame 30, which has not run yet
    assert frames(notes.at(50, 30, played).starting[LEAD, 0]) == [50]
    press(forecast, 65.0, voice=2)  # in the same frame, after it was read
    found = notes.at(54, 30, played)
    assert [frames(found.starting[LEAD, voice]) for voice in (0, 1)] == [[50], [54]]
    forecast.advance(34)
    release(forecast)
    forecast.advance(40)
    found = notes.at(60, 40, played)
    assert [frames(found.starting[LEAD, voice]) for voice in (0, 1)] == [[50], [54]]
    assert frames(found.sounding[LEAD, 0]) == [50, 51, 52, 53]
    assert [len(each) for each in played.notes.values()][:2] == [1, 1]


def test_a_key_that_is_struck_in_the_frame_of_its_release_is_held() -> None:
    forecast, notes = reader(keyed())
    played = PlayedNotes()
    forecast.advance(30)
    press(forecast, 64.0)
    release(forecast)
    assert frames(notes.at(50, 30, played).sounding[LEAD, 0]) == [50]
    press(forecast, 67.0)  # still in frame 30
    forecast.advance(36)
    found = notes.at(56, 36, played)
    assert set(range(50, T)) <= set(frames(found.sounding[LEAD, 0]))
    assert float(found.pitch[LEAD, 0, 50]) == 67.0


def test_keys_between_two_generations_keep_their_rhythm() -> None:
    """A tap that is over before any generation could have it, and a second key three frames after it."""
    forecast, notes = reader(keyed())
    memory = PlayedNotes()
    notes.at(20, 0, memory)
    forecast.advance(5)
    press(forecast, 60.0, 1)
    forecast.advance(6)
    release(forecast, 1)
    forecast.advance(8)
    press(forecast, 64.0, 2)
    forecast.advance(9)
    found = notes.at(33, 9, memory)
    assert (frames(found.starting[LEAD, 0]), frames(found.sounding[LEAD, 0])) == ([33], [33])
    assert frames(found.starting[LEAD, 1]) == [36]
    assert frames(found.sounding[LEAD, 1]) == [*range(5), *range(36, T)]


def test_a_key_that_is_struck_again_while_it_is_held_begins_again() -> None:
    forecast, notes = reader(keyed())
    memory = PlayedNotes()
    press(forecast, 60.0)
    forecast.advance(4)
    notes.at(30, 4, memory)
    press(forecast, 62.0)
    forecast.advance(8)
    found = notes.at(34, 8, memory)
    assert frames(found.starting[LEAD, 0]) == [30, 34]
    assert [float(found.pitch[LEAD, 0, f]) for f in (30, 33, 34, 90)] == [60, 60, 62, 62]


def test_eight_voices_sound_at_once() -> None:
    forecast, notes = reader(keyed())
    for voice in range(1, VOICES + 1):
        press(forecast, 50.0 + voice, voice)
    forecast.advance(2)
    found = notes.at(25, 2, PlayedNotes())
    assert found.starting[LEAD, :, 25].tolist() == [1.0] * VOICES
    assert found.pitch[LEAD, :, 25].tolist() == [50.0 + voice for voice in range(1, VOICES + 1)]
    found.check(T)


def contexts(performer: Performer, ticks: int) -> list[tuple[int, Tensor]]:
    """The heard_at and the context of each generation that is admitted within some ticks."""
    found: dict[int, tuple[int, Tensor]] = {}
    for _ in range(ticks):
        play(performer)
        for slot in performer.ring.slots:
            found.setdefault(id(slot), (slot.request.tag.heard_at, slot.request.context))  # type: ignore[attr-defined]
    return list(found.values())


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_every_generation_of_a_performance_is_told_the_tune(depth: int) -> None:
    performer = perform(sequenced(depth=depth, focus="song"), Session(toy_family()))
    while performer.now < 10:  # before the first frame nothing is played
        play(performer)
    play(performer, 8)  # what was in flight then is finished
    plain = performer.session.request(performer.session.prompt("warm"), performer.source).context
    admitted = contexts(performer, 24)
    assert len(admitted) >= 3
    for _, context in admitted:
        told = context - plain
        heights = {int(f): round(float(told[f, 0] * 127)) for f in frames(told[:, 0])}
        assert heights == dict(zip(range(0, T, 25), [*TUNE, *TUNE], strict=True))


def test_a_live_key_is_heard_from_its_generation_on() -> None:
    performer = perform(keyed(focus="song"), Session(toy_family()))
    plain = performer.session.request(performer.session.prompt("warm"), performer.source).context
    play(performer, 6)
    performer.feed("keys", "note1", 72.0)
    performer.feed("keys", "held1", (1.0, 1.0))
    told = [(heard_at, context - plain) for heard_at, context in contexts(performer, 30)]
    first = next(heard_at for heard_at, score in told if score.any())
    scores = [score for heard_at, score in told if heard_at >= first]
    starts = [frames(score[:, 0]) for score in scores]
    passed = starts.index([]) if [] in starts else len(starts)
    assert passed > 0
    assert starts == [[first % T]] * passed + [[]] * (len(starts) - passed)  # once heard it is not struck again
    assert all(score[heard_at % T, 1] * 127 == pytest.approx(72) for heard_at, score in told if heard_at >= first)


def test_the_notes_are_heard_and_a_second_rendering_is_the_same() -> None:
    _, silent = played(patch({}, [], strength=1.0), 16)
    _, told = played(sequenced(strength=1.0), 16)
    _, again = played(sequenced(strength=1.0), 16)
    assert np.array_equal(told, again)
    differs = np.abs(told - silent).max(1) > 1e-3
    assert differs[2 * 25 + 2 : 2 * 25 + 12].all()  # a note
    assert not differs[2 * 25 + 15 : 2 * 25 + 23].any()  # the rest after it


def test_pictures_and_the_song_strip_have_the_pitches_that_are_told() -> None:
    performer = perform(sequenced(), Session(toy_family()))
    render(performer, 8.0)
    told = performer.curve("lead_pitch1", T)
    assert [round(pitch) for pitch in told[12::25]] == [*TUNE, *TUNE]
    assert told.tolist() == moved_controls(performer, T)["lead_pitch1"].tolist()
    assert "lead_pitch2" not in performer.controls.port_numbers


def test_notes_are_added_to_the_score_of_the_clip_or_replace_it() -> None:
    own = torch.zeros(T, 3)
    own[10:20, 1] = 0.9
    found = {}
    for mode in ("replace", "add"):
        session = Session(toy_family())
        clip = replace(session.compose("toy", seconds=T / 25, seed=3), score=own)
        performer = perform(sequenced(score_mode=mode, focus="song"), session, clip=clip)
        plain = session.request(session.prompt("warm"), replace(clip, score=None)).context
        found[mode] = (contexts(performer, 3)[0][1] - plain)[:, 1]
    assert found["replace"][10:13].tolist() == pytest.approx([48 / 127] * 3, abs=1e-6)
    assert not found["replace"][13:20].any()
    assert found["add"][10:20].tolist() == pytest.approx([0.9] * 10, abs=1e-6)
    assert found["add"][25:30].tolist() == pytest.approx([52 / 127] * 5, abs=1e-6)


def test_a_family_without_a_score_says_so_and_plays_on() -> None:
    document = sequenced()
    spec = replace(SPEC, score=False)
    assert not list(problems(document, CATALOGUE, spec))
    family = replace(toy_family(), spec=spec)
    sound = render(perform(document, Session(family)), 2.0)
    plain = render(perform(patch({}, []), Session(family)), 2.0)
    assert np.array_equal(sound, plain)
    remarks = [str(error) for error in warnings_of(document, CATALOGUE, "nano")]
    assert any("port score" in text and "nano has no score" in text for text in remarks)


@pytest.mark.parametrize("state", [{"muted": True}, {"bypass": True}])
def test_a_muted_or_bypassed_node_tells_nothing(state: dict[str, bool]) -> None:
    sound = render(perform(sequenced(score_mode="add", state=state), Session(toy_family())), 2.0)
    assert np.array_equal(sound, render(perform(patch({}, []), Session(toy_family())), 2.0))


def test_notes_move_no_seam() -> None:
    """A jump of a pitch is no edge on which generations are cut."""
    performer = perform(sequenced(), Session(toy_family()))
    assert performer.controls.edges(0, 100).tolist() == []


def test_what_the_reader_gives_is_always_a_score() -> None:
    forecast, notes = reader(sequenced())
    forecast.advance(11)
    for found in (notes.now(11), notes.at(20, 11, PlayedNotes())):
        assert isinstance(found, Notes)
        found.check(T)
