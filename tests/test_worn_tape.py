"""Worn Tape as it is heard: the LoRA follows its LFO."""

from __future__ import annotations

import pytest

from demon_patch.engine import Session
from demon_patch.runtime.descriptors import brightness, smooth
from demon_patch.runtime.performance.prepare import load_playable, perform
from demon_patch.runtime.render import render
from tests.support.following import follow
from tests.support.paths import PATCHES

PATCH = PATCHES / "worn-tape.dpatch.json"
SECONDS = 17.0


@pytest.mark.slow
def test_the_sound_grows_dull_as_the_lora_rises() -> None:
    performer = perform(load_playable(PATCH), Session.load("nano2"))
    sound = render(performer, SECONDS)
    beat = round(performer.spec.frame_rate / 2)
    bright = smooth(brightness(sound, performer.spec.samples_per_frame, performer.spec.sample_rate), beat)
    strength = performer.curve("lora_strength", len(bright))
    correlation, _ = follow(-strength, bright, 2 * beat)
    assert correlation > 0.8
    assert bright[strength < 0.1].mean() > 2 * bright[strength > 0.9].mean()
    assert performer.trace.late == performer.trace.missed == 0
    assert performer.session.executor.weights_epoch < performer.ring.tick_index
