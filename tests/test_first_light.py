"""First Light as it is heard: the LFO is in the sound."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine import Session
from demon_patch.runtime.descriptors import distance_to_source, loudness
from demon_patch.runtime.performance.prepare import load_playable, perform
from demon_patch.runtime.render import render
from tests.support.following import follow
from tests.support.paths import PATCHES

PATCH = PATCHES / "first-light.dpatch.json"
SECONDS = 20.0


@pytest.mark.slow
def test_the_distance_to_the_source_follows_the_lfo() -> None:
    """Correlation at least 0.6 at a lag of at most one completion gap (12 frames), frame by frame and unsmoothed."""
    performer = perform(load_playable(PATCH), Session.load("nano2"))
    sound = render(performer, SECONDS)
    distance = distance_to_source(performer.session, sound, performer.source)
    gap = performer.spec.steps // performer.ring.depth * performer.tick_frames
    correlation, lag = follow(performer.curve("strength", len(distance)), distance, 2 * gap)
    assert correlation > 0.6
    assert lag <= gap
    assert performer.trace.late == performer.trace.missed == 0
    level = loudness(sound, performer.spec.samples_per_frame)
    assert np.median(level) > -30
    assert np.abs(sound).max() <= 1.0
