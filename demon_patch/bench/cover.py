"""The patch that benchmarks play: a composed clip, covered in the words of a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from demon_patch.patch.model.document import Cable, Node


def cover(
    clip: Mapping[str, Any], words: str, scheduler: Mapping[str, Any], chain: Mapping[str, Node]
) -> tuple[dict[str, Node], list[Cable]]:
    """Returns nodes by id, and cables: source, words, scheduler, then `chain` in order, decoder, speaker.

    clip, scheduler: values of the Composed Source and of the Scheduler.
    """
    nodes = {
        "source": Node("composed_source", 2, values=dict(clip)),
        "words": Node("prompt", values={"text": words}),
        "scheduler": Node("scheduler", values=dict(scheduler)),
        **chain,
        "decoder": Node("decoder"),
        "speaker": Node("speaker"),
    }
    cables = [Cable(a, "ring", b, "ring") for a, b in pairwise(("scheduler", *chain, "decoder"))]
    cables += [
        Cable("source", "source", "scheduler", "source"),
        Cable("words", "prompt", "scheduler", "prompt"),
        Cable("decoder", "audio", "speaker", "audio"),
    ]
    return nodes, cables
