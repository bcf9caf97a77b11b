"""Live changes while a patch plays: what is in flight follows, and nearly finished generations are heard early."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demon_patch.engine.session import Session
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import QUIET, generated, patch, play


def document(strength: float, live: float = 1.0, preview: float = 1.0) -> Patch:
    nodes = {
        "state": Node("step_state", values={"live_strength": live}),
        "decoder": Node("decoder", values={"gain": QUIET, "preview": preview}),
    }
    return patch(nodes, [], strength=strength)


def changed(before: Patch, after: Patch, ticks: int = 20) -> Performer:
    """A performer some ticks after its start, with another patch just swapped in."""
    performer = perform(before, Session(toy_family()))
    play(performer, ticks)
    geometry = Geometry.of_family(SPEC, performer.source.frames)
    performer.swap(compile(after, CATALOGUE, geometry, performer.program))
    return performer


def next_latent(performer: Performer) -> torch.Tensor:
    known = len(performer.trace.as_admitted)
    while len(performer.trace.as_admitted) == known:
        play(performer)
    return performer.queued[-1].latent


@pytest.mark.parametrize(("before", "after"), [(0.9, 0.3), (0.4, 0.8)])
def test_a_live_change_of_strength_moves_what_is_in_flight(before: float, after: float) -> None:
    ends = [generated(perform(document(0.5), Session(toy_family())), strength=x) for x in (before, after)]
    shares = []
    for live in (0.0, 1.0):
        performer = changed(document(before, live), document(after, live))
        latents = [next_latent(performer) for _ in range(3)]  # those in flight
        shares.append([float((latent - ends[0]).norm() / (ends[1] - ends[0]).norm()) for latent in latents])
    held, moved = shares
    assert max(held) < 1e-3  # off: only new generations take it
    assert max(moved) > 0.3
    performer = changed(document(before), document(after))
    latents = [next_latent(performer) for _ in range(8)]
    torch.testing.assert_close(latents[-1], ends[1], atol=1e-5, rtol=0)


def test_what_a_moved_generation_was_made_with_is_its_present_strength() -> None:
    for live, strength in ((1.0, 0.3), (0.0, 0.9)):
        performer = changed(document(0.9, live), document(0.3, live))
        moved = [slot.strength for slot in performer.ring.slots]
        assert set(moved) == {0.9}  # no tick has followed the change yet
        known = len(performer.trace.as_made)
        while len(performer.trace.as_made) == known:
            play(performer)
        assert performer.trace.as_admitted[-1][1]["strength"] == pytest.approx(0.9)  # as it was admitted
        assert performer.trace.as_made[-1][1]["strength"] == pytest.approx(strength)
        assert performer.trace.as_made[0][1]["strength"] == pytest.approx(0.9)


def test_a_ripe_generation_is_heard_before_it_is_done() -> None:
    for preview, heard in ((0.0, False), (1.0, True)):
        performer = changed(document(0.9, preview=preview), document(0.3, preview=preview))
        play(performer, 6)
        assert (performer.trace.previews > 0) is heard
        ends = list(performer.trace.windows)
        assert [start for start, _, _ in ends][1:] == [stop for _, stop, _ in ends][:-1]


def test_without_a_live_change_nothing_is_watched_or_previewed() -> None:
    performer = perform(document(0.7), Session(toy_family()))
    play(performer, 30)
    assert not performer.ring.watch
    assert performer.trace.previews == 0


def test_a_swapped_gain_is_heard_with_the_next_window() -> None:
    quieter = patch({"decoder": Node("decoder", values={"gain": QUIET - 20.0})}, [], strength=0.7)
    soft, loud = (
        changed(patch({}, [], strength=0.7), quieter),
        perform(patch({}, [], strength=0.7), Session(toy_family())),
    )
    play(loud, 20)
    for a, b in zip(play(soft, 4), play(loud, 4), strict=True):
        np.testing.assert_allclose(a, b * 0.1, atol=1e-5)
