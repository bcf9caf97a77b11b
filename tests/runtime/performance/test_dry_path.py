"""The recording itself in a performance: alone where nothing is generated, and in every window as in the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demon_patch.engine.session import Session
from demon_patch.engine.sound import dry_path
from demon_patch.engine.sound.loudness import frame_power
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.mixes import first_part
from demon_patch.runtime.performance.performer import SPLICE_FRAMES, Performer
from demon_patch.runtime.performance.prepare import measure_sounds, parts_of, perform
from demon_patch.runtime.performance.resources import Resources
from demon_patch.runtime.performance.trace import QueuedCompletion
from demon_patch.runtime.render import render
from tests.support.virtual_stage import patch, square

GAIN = 10 ** (-20 / 20)


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.load("nano", threads=1)


def two_clips(**values: Any) -> tuple[dict[str, Node], list[Cable]]:
    """A crossfade of two clips before the Scheduler, in place of its one source."""
    nodes = {
        "fork": Node("source_crossfade", values=values),
        "other": Node("composed_source", 2, values={"style": "dub", "seconds": 8.0, "seed": 9}),
    }
    return nodes, [Cable("source", "source", "fork", "a", mode="set"), Cable("other", "source", "fork", "b")]


def through(document: Patch, node: str) -> Patch:
    """The Scheduler's source comes through a node."""
    kept = tuple(cable for cable in document.cables if cable.port != "source")
    return Patch(song=document.song, nodes=document.nodes, cables=(*kept, Cable(node, "source", "scheduler", "source")))


@pytest.mark.parametrize(
    ("extra", "scheduler"),
    [
        ({}, {"strength": 0.0}),
        ({"blend": Node("source_blend", values={"source_blend": 0.0})}, {"strength": 0.7, "steps": 2}),
        ({}, {"strength": 0.7, "steps": 2, "mask": 0.0}),
    ],
    ids=["strength", "source blend", "mask"],
)
def test_at_0_the_recording_itself_is_heard(
    session: Session, extra: dict[str, Node], scheduler: dict[str, float]
) -> None:
    performer = perform(patch(extra, [], **scheduler), session)
    sound = render(performer, 10.0 if scheduler["strength"] == 0.0 else 3.0)  # beyond its end, where no model runs
    audio = performer.source.audio
    expected = audio[np.arange(len(sound)) % len(audio)] * np.float32(GAIN)
    assert np.abs(sound - expected).max() <= 1e-6 * np.abs(expected).max()


def heard_windows(performer: Performer, count: int) -> list[tuple[int, int, QueuedCompletion, np.ndarray]]:
    """Ticks until so many windows were heard."""
    found = []
    while len(found) < count:
        performer.begin(performer.now)
        performer.forward()
        performer.finish(performer.now + int(performer.tick_frames))
        for window in performer.due(performer.now + performer.lead):
            assert isinstance(window.completion, QueuedCompletion)
            found.append((window.start, window.stop, window.completion, performer.sound(window)))
    return found


def check_windows(performer: Performer, windows: list[tuple[int, int, QueuedCompletion, np.ndarray]]) -> set[bool]:
    """Each window is its part of the whole of its take; whether dry, wet and mixed frames were among them."""
    per, frames = performer.spec.samples_per_frame, performer.source.frames
    wholes: dict[int, np.ndarray] = {}
    kinds: set[bool] = set()
    for start, stop, take, sound in windows:
        whole = wholes.setdefault(id(take), take.song.sound(0, frames))
        song = performer.transport.song_frame(start) - SPLICE_FRAMES
        at = np.arange(song * per, (song + stop - start + 2 * SPLICE_FRAMES) * per) % len(whole)
        assert np.abs(sound - whole[at] * np.float32(GAIN)).max() <= 2e-4 * np.abs(whole).max() * GAIN
        kinds.add(bool(take.song.share.max() > 0.0))
    return kinds


def test_windows_are_parts_of_the_whole_under_a_moving_mask(session: Session) -> None:
    lfo, wires = square(0.5, "scheduler", "mask", 0.5)
    document = patch(lfo, wires, strength=0.8, steps=2, mask=0.5)
    performer = perform(document, session)
    windows = heard_windows(performer, 8)
    assert True in check_windows(performer, windows)
    shares = windows[-1][2].song.share
    assert shares.max() == 1.0
    assert shares.min() < 0.7


@pytest.mark.parametrize("law", ["linear", "power", "cut"])
def test_a_crossfade_of_clips_without_generation_is_one_of_their_recordings(session: Session, law: str) -> None:
    nodes, cables = two_clips(position=0.4, law=law)
    performer = perform(through(patch(nodes, cables, strength=0.0), "fork"), session)
    windows = heard_windows(performer, 4)
    check_windows(performer, windows)
    parts = [clip.audio for clip, _ in windows[-1][2].song.cover.clips]  # type: ignore[union-attr]
    weights = {"linear": (0.6, 0.4), "power": (np.cos(0.2 * np.pi), np.sin(0.2 * np.pi)), "cut": (1.0,)}[law]
    start, _, _, sound = windows[-1]
    song = (performer.transport.song_frame(start) - SPLICE_FRAMES) * performer.spec.samples_per_frame
    at = np.arange(song, song + len(sound)) % len(parts[0])
    expected = sum(np.float32(weight) * part[at] for weight, part in zip(weights, parts, strict=True)) * GAIN
    np.testing.assert_allclose(sound, expected, atol=2e-6)


def test_music_that_is_fed_back_leaves_the_recording(session: Session) -> None:
    nodes = {"loop": Node("feedback", values={"amount": 1.0})}
    document = through(
        patch(nodes, [Cable("source", "source", "loop", "clip")], strength=0.6, depth=1, steps=2), "loop"
    )
    performer = perform(document, session)
    windows = heard_windows(performer, 14)
    check_windows(performer, windows)
    first, last = windows[0][2].song, windows[-1][2].song
    assert last.share.mean() < 0.5 * first.share.mean() + 0.05


def test_an_edit_to_another_clip_and_a_seek_keep_windows_whole(session: Session) -> None:
    document = patch({}, [], strength=0.0, depth=1)
    performer = perform(document, session)
    windows = heard_windows(performer, 2)
    check_windows(performer, windows)
    other = Node("composed_source", 2, values={"style": "dub", "seconds": 8.0, "seed": 9})
    edited = Patch(song=document.song, nodes={**document.nodes, "source": other}, cables=document.cables)
    program = compile(
        edited, CATALOGUE, Geometry.of_family(performer.spec, performer.source.frames, 120.0), performer.program
    )
    old = performer.source
    performer.swap(program, parts_of(program, Resources(session), None, performer.source.frames))
    performer.retime(performer.transport.sought(performer.planner.next_start, 150))
    windows = heard_windows(performer, 6)
    check_windows(performer, windows)
    covers = [take.song.cover.clips[0][0] for _, _, take, _ in windows]  # type: ignore[union-attr]
    assert covers[-1] is performer.source
    assert covers[-1] is not old
    assert all(take.song.share.min() == 1.0 for _, _, take, _ in windows)


def test_how_loud_a_clip_is_is_worked_out_once_and_before_it_plays(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []

    def counted(audio: np.ndarray, rate: int, samples_per_frame: int) -> np.ndarray:
        measured.append(len(audio))
        return frame_power(audio, rate, samples_per_frame)

    monkeypatch.setattr(dry_path, "frame_power", counted)
    nodes, cables = two_clips(position=0.4)
    document = through(patch(nodes, cables, strength=0.7, steps=2), "fork")
    performer = perform(document, session)
    length = len(performer.source.audio)
    assert measured == [length, length]  # the second one, shorter, as it is played round
    windows = heard_windows(performer, 4)
    assert windows[-1][2].song.gain.max() > 0.0
    resources, before = Resources(session), len(measured)
    for seconds in (0.0, 0.1):  # edits
        nodes["fork"] = Node("source_crossfade", values={"position": seconds})
        program = compile(
            through(patch(nodes, cables, strength=0.7, steps=2), "fork"), CATALOGUE, Geometry.of_family(session.spec)
        )
        parts = parts_of(program, resources)
        program.use_song(first_part(parts["source"]).frames, 120.0)  # type: ignore[union-attr]
        measure_sounds(program, resources, parts)
    assert len(measured) == before + 2  # those of the new folder, once
