"""The clip that leads a crossfade changes once where the other one is clearly larger, between two generations."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.mixes import clips_of
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import parts_of, perform
from demon_patch.runtime.performance.resources import Resources
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import patch, play


def crossfade(position: float, moved: tuple[str, float, str, float] | None = None) -> Patch:
    """A crossfade of two clips. moved: shape and rate of an LFO, its output and how far it moves the position."""
    nodes = {
        "one": Node("composed_source", 2, values={"style": "toy", "seconds": 8.0, "seed": 1}),
        "two": Node("composed_source", 2, values={"style": "toy", "seconds": 9.0, "seed": 2}),
        "fade": Node("source_crossfade", values={"position": position}),
    }
    cables = [
        Cable("one", "source", "fade", "a"),
        Cable("two", "source", "fade", "b"),
        Cable("fade", "source", "scheduler", "source"),
    ]
    if moved is not None:
        shape, rate, output, depth = moved
        nodes["lfo"] = Node("lfo", values={"shape": shape, "rate": rate})
        cables.append(Cable("lfo", output, "fade", "position", mode="add", depth=depth))
    made = patch(nodes, cables, depth=4)
    return structs.replace(made, cables=tuple(cable for cable in made.cables if cable.src != "source"))


def leads(performer: Performer, generations: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
    """By generation: the share of the second clip, and which clip leads."""
    clips, found = [*clips_of(performer.soundings.now.parts["source"])], list[tuple[float, int]]()
    request = performer.session.request

    def noted(prompt: Any, source: Any, **given: Any) -> Any:
        cover = given["tag"].cover
        share = sum(share for clip, share in cover.clips if clip is clips[1])
        found.append((float(share), [each is source.leader for each in clips].index(True)))
        return request(prompt, source, **given)

    monkeypatch.setattr(performer.session, "request", noted)
    while len(found) < generations:
        play(performer)
    return found


def test_a_fader_that_trembles_in_the_middle_changes_no_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    performer = perform(crossfade(0.5, ("sine", 0.37, "out", 0.04)), Session(toy_family()))
    found = leads(performer, 24, monkeypatch)
    assert {share > 0.5 for share, _ in found} == {False, True}
    assert len({lead for _, lead in found}) == 1


def test_a_fader_that_crosses_the_middle_changes_the_leader_once_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    performer = perform(crossfade(0.0, ("triangle", 0.06, "uni", 1.0)), Session(toy_family()))
    found = [each for each in leads(performer, 40, monkeypatch) if 0 < each[0] < 1]
    for share, lead in found:
        if abs(share - 0.5) > 0.051:
            assert lead == (share > 0.5)
    turns = [(before, now) for (_, before), (_, now) in pairwise(found) if before != now]
    assert 2 <= len(turns) <= 5


def test_who_leads_is_kept_over_an_edit_and_forgotten_with_the_clip() -> None:
    performer = perform(crossfade(0.3), Session(toy_family()))
    clips = [*clips_of(performer.soundings.now.parts["source"])]
    play(performer)
    edited = compile(crossfade(0.54), CATALOGUE, Geometry.of_family(SPEC, 200))
    performer.swap(edited)
    assert performer.soundings.now.parts_at(0, performer.admission.feedback)["source"].leader is clips[0]
    others = parts_of(edited, Resources(Session(toy_family())), None, 200)
    performer.swap(edited, others)
    news = [*clips_of(others["source"])]
    assert performer.soundings.now.parts_at(0, performer.admission.feedback)["source"].leader is news[1]
