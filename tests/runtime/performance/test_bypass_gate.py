"""The Decoder's gate `bypass`: the source is heard while it is high, in the frames that it says, on the exact toy
family."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.session import Session
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.warnings import warnings_of
from demon_patch.runtime.performance.prepare import perform
from tests.support.edited_performance import Stage
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import BAR, QUIET, patch, played

BESIDE = 1  # frames beside an edge that the splice may reach


def gated(window: float = 0.32, wired: bool = True, muted: bool = False, **lfo: object) -> Patch:
    """The stage's patch with a square that is high for 12 frames of each bar of 50."""
    wave = {"shape": "square", "sync": "lock", "rate": 0.25, "width": 0.25, **lfo}
    nodes = {
        "lfo": Node("lfo", values=wave),
        "decoder": Node("decoder", values={"gain": QUIET, "window": window}),
    }
    cables = [Cable("lfo", "out", "decoder", "bypass", muted=muted)] if wired else []
    return patch(nodes, cables, strength=0.9)


@pytest.mark.parametrize("window", [0.08, 0.32, 1.0])
@pytest.mark.parametrize("phase", [0.0, 0.37])
def test_the_source_is_heard_in_the_frames_in_which_the_gate_is_high(window: float, phase: float) -> None:
    performer, heard = played(gated(window, phase=phase), 8.0)
    _, open_ = played(gated(window, wired=False), 8.0)
    heard, open_ = heard[:195], open_[:195]  # the splice of an edge at frame 200 begins before it
    frames = np.arange(len(heard))
    level = performer.forecast.span(performer.program.engine_port("decoder", "bypass", "level"), 0, len(heard)) > 0.5
    near = np.zeros(len(heard), bool)
    for edge in np.flatnonzero(np.diff(level)) + 1:
        near[max(edge - BESIDE, 0) : edge + BESIDE] = True
    expected = np.where(level[:, None], performer.source.latent.numpy()[frames % 200], open_)
    assert level.sum() == pytest.approx(len(heard) * 0.25, abs=BAR // 4)
    assert np.abs(expected[level] - open_[level]).max() > 0.5  # the two differ
    np.testing.assert_allclose(heard[~near], expected[~near], atol=1e-4)


def test_without_a_cable_that_carries_something_nothing_is_added_to_the_patch() -> None:
    programs = [
        perform(document, Session(toy_family())).program for document in (gated(wired=False), gated(muted=True))
    ]
    for program in programs:
        assert [port for port in program.engine_ports if port.port == "bypass"] == []
        assert "bypass" not in program.ring.active
    (_, one), (_, other) = played(gated(wired=False), 4.0), played(gated(muted=True), 4.0)
    np.testing.assert_array_equal(one, other)


def test_a_patch_with_it_is_in_order() -> None:
    assert problems(gated(), CATALOGUE, SPEC) == []
    assert warnings_of(gated(), CATALOGUE) == []


def test_a_gate_that_is_played_counts_from_the_next_window_on() -> None:
    nodes = {"press": Node("button"), "decoder": Node("decoder", values={"gain": QUIET})}
    stage = Stage(patch(nodes, [Cable("press", "gate", "decoder", "bypass")], strength=0.9))
    try:
        live = stage.live
        stage.until(60)
        assert not stage.host.status.bypass
        assert not live.performer.soundings.bypasses(live.now)
        stage.host.turn("press", "pressed", 1)
        pressed = live.now
        stage.until(pressed + 60)
        assert stage.host.status.bypass
        stage.host.turn("press", "pressed", 0)
        let_go = live.now
        stage.until(let_go + 60)
        assert not stage.host.status.bypass
        heard, source = live.latents(), live.performer.source.latent.numpy()
        raw = np.abs(heard - source[np.arange(len(heard)) % len(source)]).max(axis=1) < 1e-3
        begin, end = np.flatnonzero(np.diff(raw.astype(int)))[[0, -1]] + 1
        late = live.performer.lead + live.performer.window_frames + 4
        assert pressed < begin <= pressed + late
        assert let_go < end <= let_go + late
        assert raw[begin:end].all()
    finally:
        stage.host.close()
