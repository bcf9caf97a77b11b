"""What resource nodes name is made once, and a long performance does not keep all that it ever named."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import torch

from demon_patch.engine.ring.noise import Stream
from demon_patch.engine.session import Session
from demon_patch.runtime.performance.resources import CLIP_BYTES, DERIVED, PROMPTS, Resources
from tests.support.toy_family import toy_family

CLIPS = 8


def test_clips_are_kept_by_their_size(tmp_path: Path) -> None:
    resources = Resources(Session(toy_family()), tmp_path)
    kept = resources.source(("composed", "toy", 2.0, 0, "wide"))
    resources._clips.fit(DERIVED * kept.audio.nbytes * 2)
    longer = resources.source(("composed", "toy", 8.0, 0, "wide"))
    assert resources._clips._most < DERIVED * longer.audio.nbytes < CLIP_BYTES
    assert list(resources._clips._kept) == [("composed", "toy", 8.0, 0, "wide")]
    assert resources.source(("composed", "toy", 8.0, 0, "wide")) is longer


def test_what_is_named_again_is_the_same_and_what_was_named_long_ago_is_let_go(tmp_path: Path) -> None:
    session = Session(toy_family())
    resources = Resources(session, tmp_path)
    first = resources.source(("composed", "toy", 2.0, 0, "wide"))
    assert resources.source(("composed", "toy", 2.0, 0, "wide")) is first
    prompt = resources.prompt(("prompt", "0"))
    assert resources.prompt(("prompt", "0")) is prompt
    sound, size = weakref.ref(first.audio), DERIVED * first.audio.nbytes
    resources._clips.fit(CLIPS * size)
    for seed in range(1, CLIPS):
        resources.source(("composed", "toy", 2.0, seed, "wide"))
    assert resources.source(("composed", "toy", 2.0, 0, "wide")) is first
    del first
    for seed in range(1, CLIPS + 1):
        resources.source(("composed", "toy", 2.0, seed, "wide"))
    gc.collect()
    assert sound() is None
    (handle,) = session._prompts.kept._kept.values()
    session._prompts.kept.fit(PROMPTS * handle.nbytes)
    for number in range(1, PROMPTS + 1):
        resources.prompt(("prompt", str(number)))
    assert len(session._prompts.kept._kept) <= PROMPTS
    assert resources.prompt(("prompt", "0")) is not prompt


def test_clips_and_noise_that_nothing_holds_are_let_go_when_asked(tmp_path: Path) -> None:
    session = Session(toy_family())
    resources = Resources(session, tmp_path)
    playing = resources.source(("composed", "toy", 2.0, 0, "wide"))
    former = weakref.ref(resources.source(("composed", "toy", 2.0, 1, "wide")))
    bank = session.noise(playing.frames)
    before = bank.get(5, Stream.INIT, 0).clone()
    assert len(bank._kept._kept) == 1
    resources.drop_unheld()
    assert former() is None
    assert not bank._kept._kept
    assert resources.source(("composed", "toy", 2.0, 0, "wide")) is playing
    assert torch.equal(bank.get(5, Stream.INIT, 0), before)
