"""Text to music: a patch without a source plays on the family, rendered and live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from msgspec import structs

import demon_patch
from demon_patch.engine.contracts import Family
from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.performance.prepare import load_playable
from tests.support import paths


def text_only(seconds: float) -> Patch:
    """First Light without its clip."""
    made = load_playable(paths.ROOT / "patches" / "first-light.dpatch.json")
    scheduler = next(id for id, node in made.nodes.items() if node.type == "scheduler")
    node = made.nodes[scheduler]
    values = {**node.values, "length": seconds, "steps": 4, "depth": 1}
    cables = tuple(cable for cable in made.cables if cable.port != "source")
    nodes = {**made.nodes, scheduler: structs.replace(node, values=values)}
    return structs.replace(made, nodes=nodes, cables=cables, song=structs.replace(made.song, bpm=98.0))


def test_a_song_of_a_prompt_alone_is_rendered(family: Family) -> None:
    session = Session(family)
    found = demon_patch.render(text_only(8.0), seconds=1.0, session=session)
    assert found.sound.shape == (48000, 2)
    assert 1e-3 < float(np.abs(found.sound).max()) <= 1.0
    again = demon_patch.render(text_only(8.0), seconds=1.0, session=session)
    assert np.array_equal(found.sound, again.sound)


def test_it_is_music_of_full_strength_over_silence_with_the_tempo_of_the_song(family: Family) -> None:
    session = Session(family)
    alone, silence = session.alone(seconds=8.0), session.compose("", seconds=8.0)
    assert torch.equal(alone.latent, silence.latent)
    prompt = session.prompt("warm")
    made = session.generate(prompt, alone, strength=0.2, seed=3, steps=4)
    assert torch.equal(made, session.generate(prompt, silence, strength=1.0, seed=3, steps=4))
    faster = session.generate(prompt, session.alone(seconds=8.0, bpm=120.0), seed=3, steps=4)
    assert not torch.equal(faster, made)


def test_it_plays_on_a_clock(family: Family, tmp_path: Path) -> None:
    with Host(text_only(8.0), Session(family), folder=tmp_path, device="none") as host:
        performer = host.performer
        assert (performer.source.alone, performer.source.frames) == (
            True,
            244,
        )  # four bars at 98 bpm: three are shorter than the family plays
        while not performer.trace.completions:
            host.tick_loop.step()
        assert not any("error" in message for message in host.messages)
        assert float(np.abs(performer.sound(performer.due(20)[0])).max()) > 1e-4
