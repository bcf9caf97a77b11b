"""A song without a source: it is made from its prompt alone, and has the length that the Scheduler says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from msgspec import structs

from demon_patch.engine.alone import length_alone
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.families import spec_of
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import Connect, Disconnect, SetValue
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.warnings import warnings_of
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import DEFAULT_BPM, perform
from demon_patch.runtime.render import render
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import patch

ALONE = {"needs_source": False, "dry_reach": 10.0}


def alone(nodes: dict[str, Node] | None = None, cables: list[Cable] | None = None, **scheduler: Any) -> Patch:
    """A patch without a source."""
    made = patch(nodes or {}, cables or [], **{"length": 10.0, "depth": 2, **scheduler})
    return structs.replace(made, cables=tuple(cable for cable in made.cables if cable.port != "source"))


def performer_of(document: Patch, **family: Any) -> Performer:
    return perform(document, Session(toy_family(**(family or ALONE))))


def test_the_scheduler_says_how_long_the_song_is() -> None:
    for seconds, frames in ((10.0, 250), (8.02, 200), (55.1, 1400)):  # whole bars of 2 s
        performer = performer_of(alone(length=seconds))
        assert performer.source.frames == performer.program.song_frames == frames
        assert performer.transport.region(0) == (0, frames)
    for bpm in (93.0, None):
        performer = performer_of(structs.replace(alone(), song=structs.replace(alone().song, bpm=bpm)))
        assert performer.source.bpm == bpm
        assert performer.transport.bpm == (bpm or DEFAULT_BPM)


@pytest.mark.parametrize("name", ["acestep-v15-turbo", "acestep-v15-xl-base"])
@pytest.mark.parametrize(
    ("seconds", "bpm", "bars", "frames"),
    [
        (59.5, 120.0, 30, 1500),  # 29.75 bars
        (8.0, 93.0, 4, 258),  # three bars would be shorter than the family plays
        (240.0, 93.0, 93, 6000),
        (30.0, 98.0, 12, 734),  # 734.7 frames, of which a token takes two
        (8.0, 15.0, 1, 400),
        (8.02, None, None, 200),
    ],
)
def test_a_tempo_makes_it_whole_bars(
    name: str, seconds: float, bpm: float | None, bars: int | None, frames: int
) -> None:
    spec = spec_of(name)
    found = length_alone(spec, seconds, bpm)
    assert (found.bars, found.seconds * spec.frame_rate) == (bars, frames)
    if bpm is not None and bars is not None:
        assert abs(found.seconds - bars * 240.0 / bpm) <= spec.quantum / spec.frame_rate / 2 + 1e-9


def test_another_length_than_was_asked_for_is_told() -> None:
    session = Session(toy_family(**ALONE))
    assert session.alone(seconds=10.0, bpm=120.0).notes == session.alone(seconds=10.1).notes == ()
    assert session.alone(seconds=10.9, bpm=120.0).notes == (
        "the song lasts 10 s (5 bars at 120 bpm, in place of 10.9 s)",
    )
    document = alone(length=10.9)
    said = warnings_of(document, CATALOGUE, model="acestep-v15-turbo")
    assert any("10 s (5 bars at 120 bpm, in place of 10.9 s) of music" in each.what for each in said)


def test_it_sounds_and_neither_strength_nor_mask_has_a_part_in_it() -> None:
    plain = render(performer_of(alone()), 2.0)
    assert float(np.abs(plain).max()) > 0.01
    for moved in ({"strength": 0.1}, {"initial_noise": 0.2}, {"mask": 0.5, "mask_growth": 0.3}):
        assert np.array_equal(render(performer_of(alone(**moved)), 2.0), plain)
    assert not np.array_equal(render(performer_of(alone(seed=8)), 2.0), plain)


def test_a_strength_that_leaves_steps_out_leaves_none_out() -> None:
    """Else a generation would be expected sooner than it is finished."""
    usual, few = (performer_of(alone(steps_mode=mode, strength=0.2)) for mode in ("fixed", "proportional"))
    assert np.array_equal(render(usual, 3.0), render(few, 3.0))
    for slot in few.ring.slots:
        assert slot.request.count == few.admission.count(int(slot.heard_at or 0)) == SPEC.steps


def test_nothing_of_a_recording_is_heard() -> None:
    performer = performer_of(alone(strength=0.0))
    render(performer, 1.0)
    for completion in performer.queued:
        assert completion.song.cover is None
        assert not completion.song.share.any()
        assert np.array_equal(completion.song.gain, np.ones(250))
    bypassed = structs.replace(alone(), nodes={**alone().nodes, "decoder": Node("decoder", bypass=True)})
    assert not render(performer_of(bypassed), 0.5).any()


def test_music_that_is_fed_back_is_covered() -> None:
    plain = render(performer_of(alone(strength=0.3)), 6.0)
    fed = performer_of(alone(strength=0.3, feedback=0.9))
    assert not np.array_equal(render(fed, 6.0), plain)
    first, *others = [slot.request.source for slot in fed.ring.slots]
    assert first is not None
    assert all(torch.isfinite(each).all() for each in others if each is not None)
    strengths = [made["strength"] for _, made in fed.trace.as_made]
    assert strengths[0] == 1.0
    assert strengths[-1] == pytest.approx(0.3)


def test_a_family_that_needs_a_source_says_so() -> None:
    with pytest.raises(DemonError, match="the Scheduler has no source"):
        performer_of(alone(), needs_source=True)
    with pytest.raises(DemonError, match="makes no music from a prompt alone"):
        Session(toy_family()).alone(seconds=10.0)


def test_check_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(document: Patch, **options: Any) -> dict[str | None, str]:
        return {each.port: each.what for each in warnings_of(document, CATALOGUE, **options)}

    text_only = {"model": "acestep-v15-turbo"}
    assert spec_of(text_only["model"]).needs_source is False
    assert "10 s (5 bars at 120 bpm) of music are made from the prompt alone" in said(alone(), **text_only)["source"]
    assert "no effect without a source" in said(alone(strength=0.4), **text_only)["strength"]
    assert "needs a source" in said(alone())["length"]
    assert "as long as its source" in said(patch({}, [], depth=2, length=9.0), **text_only)["length"]
    assert said(alone(), **text_only, clip=True).keys() == {"length"}
    assert said(patch({}, [], depth=2), **text_only) == said(patch({}, [], depth=2)) == {}


def test_it_plays_live_and_a_wired_clip_takes_its_place(tmp_path: Any) -> None:
    with Host(alone(), Session(toy_family(**ALONE)), folder=tmp_path, device="none") as host:
        assert host.performer.source.alone
        host.tick_loop.step()
        host.document.do(SetValue("source", "seconds", 10.0))
        host.document.do(Connect(Cable("source", "source", "scheduler", "source")))
        host._edit_thread.compiled.result(60)
        host.tick_loop.step()
        assert not host.performer.source.alone
        assert np.any(host.performer.source.audio)
        host.document.do(Disconnect("source", "source", "scheduler", "source"))
        host._edit_thread.compiled.result(60)
        host.tick_loop.step()
        assert host.performer.source.alone
        assert host.messages == ()


def test_the_spec_says_it() -> None:
    assert SPEC.needs_source
    assert spec_of("nano").needs_source
    assert isinstance(spec_of("nano"), FamilySpec)
