"""What resource nodes name is made once, and a long performance does not keep all that it ever named."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from demon_patch.engine.session import Session
from demon_patch.runtime.performance.resources import CLIPS, PROMPTS, Resources
from tests.support.toy_family import toy_family


def test_what_is_named_again_is_the_same_and_what_was_named_long_ago_is_let_go(tmp_path: Path) -> None:
    session = Session(toy_family())
    resources = Resources(session, tmp_path)
    first = resources.source(("composed", "toy", 2.0, 0))
    assert resources.source(("composed", "toy", 2.0, 0)) is first
    prompt = resources.prompt(("prompt", "0"))
    assert resources.prompt(("prompt", "0")) is prompt
    sound = weakref.ref(first.audio)
    for seed in range(1, CLIPS):
        resources.source(("composed", "toy", 2.0, seed))
    assert resources.source(("composed", "toy", 2.0, 0)) is first
    del first
    for seed in range(1, CLIPS + 1):
        resources.source(("composed", "toy", 2.0, seed))
    gc.collect()
    assert sound() is None
    for number in range(1, PROMPTS + 1):
        resources.prompt(("prompt", str(number)))
    assert len(session._handles._kept) <= PROMPTS
    assert resources.prompt(("prompt", "0")) is not prompt
