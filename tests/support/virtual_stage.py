"""A small patch on the exact toy family, played and measured: what the tests of the performer share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Cable, Node, Patch, Song
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render
from tests.support.toy_family import toy_family

SECONDS = 8.0  # of song
BAR = 50  # frames, at 120 bpm
QUIET = -20.0  # dB: below the limiter, which the toy's loud latents would wake


def patch(extra: Mapping[str, Node], cables: list[Cable], **scheduler: Any) -> Patch:
    """A whole chain with a composed source, and what the test adds to it."""
    nodes = {
        "source": Node("composed_source", 2, values={"style": "toy", "seconds": SECONDS, "seed": 3}),
        "words": Node("prompt", values={"text": "warm"}),
        "scheduler": Node("scheduler", values=scheduler),
        "decoder": Node("decoder", values={"gain": QUIET}),
        "speaker": Node("speaker"),
        **extra,
    }
    chain = ["scheduler", *(node for node in ("blend", "state") if node in nodes), "decoder"]
    wires = [Cable(a, "ring", b, "ring") for a, b in itertools.pairwise(chain)]
    wires += [
        Cable("source", "source", "scheduler", "source"),
        Cable("words", "prompt", "scheduler", "prompt"),
        Cable("decoder", "audio", "speaker", "audio"),
    ]
    return Patch(song=Song(bpm=120), nodes=nodes, cables=tuple(wires + cables))


def square(depth: float, dst: str, port: str, cycles_per_beat: float = 0.125) -> tuple[dict[str, Node], list[Cable]]:
    """A square LFO on the bar, wired to a port."""
    values = {"shape": "square", "sync": "lock", "rate": cycles_per_beat}
    return {"lfo": Node("lfo", values=values)}, [Cable("lfo", "out", dst, port, mode="add", depth=depth)]


def played(document: Patch, seconds: float) -> tuple[Performer, NDArray[np.float32]]:
    """The performer after so many seconds, and the latent that was heard in every frame."""
    performer = perform(document, Session(toy_family()))
    sound = render(performer, seconds)
    return performer, performer.session.encode(sound).numpy() * np.float32(10 ** (-QUIET / 20))


def play(performer: Performer, ticks: int = 1) -> list[NDArray[np.float32]]:
    """Some ticks by the nominal clock; the windows that fell due, as they were decoded."""
    windows = []
    for _ in range(ticks):
        performer.begin(performer.now)
        performer.forward()
        performer.finish(performer.now + int(performer.tick_frames))
        windows += [performer.sound(window) for window in performer.due(performer.now + performer.lead)]
    return windows


def likeness(heard: NDArray[np.float32], candidates: list[torch.Tensor]) -> NDArray[np.int64]:
    """Which of some whole-song latents each heard frame is."""
    at = np.arange(len(heard)) % candidates[0].shape[0]
    distance = [np.abs(heard - candidate.numpy()[at]).max(axis=1) for candidate in candidates]
    return np.argmin(distance, axis=0)


def generated(performer: Performer, **controls: Any) -> torch.Tensor:
    """The one generation that the same request gives."""
    return performer.session.generate(performer.prompt, performer.source, **controls)
