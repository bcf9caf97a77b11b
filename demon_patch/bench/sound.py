"""Measures how the sound changes from a recording to its generations: `demon-patch bench sound FILE...`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.bench.judges import chroma_correlation, integrated, short_term
from demon_patch.bench.trials import at_strength
from demon_patch.engine.contracts import Source
from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render

SECONDS = 30.0
PROMPT = "acid, dark"
KNOBS = tuple(round(0.1 * tenth, 1) for tenth in range(11))
QUIET = -12.0  # dB: below the limiter, which would be judged too


def measure(session: Session, path: Path) -> dict[str, Any]:
    """Returns one row for a recording, heard at every tenth of the strength knob (equal turns move the sound equally
    far) and under an LFO of one bar on strength.

    chroma: correlation of the heard chroma with the recording's, at every tenth.
    decoded: the same at the knob positions 0, .1, .3 and 1, without dry path and match.
    level, decoded level: integrated loudness relative to the recording's, LU.
    samples: the largest difference from the recording with strength, mask or source blend at 0, as a share of its peak.
    swing: how far the short-term loudness moves under the LFO beyond the recording's own movement, LU.
    """
    clip = session.source(path, seconds=SECONDS)
    rate = session.spec.sample_rate

    taper = session.spec.strength_taper
    strengths = np.interp(KNOBS, np.linspace(0.0, 1.0, len(taper)), taper)
    made = {knob: _made(session, clip, float(strength)) for knob, strength in zip(KNOBS, strengths, strict=True)}
    heard = {knob: session.covered(latent, clip).sound(0, clip.frames) for knob, latent in made.items()}
    plain = {knob: session.decode(made[knob]) for knob in (0.0, 0.1, 0.3, 1.0)}
    own = integrated(clip.audio, rate)
    silent = [_played(session, clip, **values) for values in ({"strength": 0.0}, {"mask": 0.0}, {"source_blend": 0.0})]
    return {
        "clip": path.stem,
        "samples": max(float(np.abs(sound - clip.audio).max()) for sound in silent) / float(np.abs(clip.audio).max()),
        "chroma": [round(chroma_correlation(sound, clip.audio, rate), 3) for sound in heard.values()],
        "decoded": [round(chroma_correlation(sound, clip.audio, rate), 3) for sound in plain.values()],
        "level": [round(integrated(sound, rate) - own, 2) for sound in heard.values()],
        "decoded level": [round(integrated(sound, rate) - own, 2) for sound in plain.values()],
        "swing": round(_swing(session, clip), 2),
    }


def _made(session: Session, clip: Source, strength: float) -> Tensor:
    """Returns the latent of a generation at a strength that does not move; a stream of such generations has the same
    latent."""
    ring = session.ring(clip, depth=1)
    ring.submit(session.request(session.prompt(PROMPT), clip, strength=strength))
    return ring.drain()[-1].latent


def _played(session: Session, clip: Source, **values: float) -> Samples:
    """Returns the sound [samples, channels] of one pass of a song that covers a clip with some knobs set, at the
    family's sample rate."""
    return _rendered(session, clip, _patch(values))


def _rendered(session: Session, clip: Source, patch: Patch) -> Samples:
    sound = render(perform(patch, session, clip=clip), clip.frames / session.spec.frame_rate)
    return sound * np.float32(10.0 ** (-QUIET / 20.0))


def _swing(session: Session, clip: Source) -> float:
    """Returns the range of the difference in short-term loudness between the cover under an LFO of one bar and the
    recording, in LU."""
    patch = _patch({"strength": at_strength(0.5)}, lfo=True)
    rate = session.spec.sample_rate
    sound, own = short_term(_rendered(session, clip, patch), rate), short_term(clip.audio, rate)
    loud = own > own.max() - 20.0
    return float(np.ptp((sound - own)[loud]))


def _patch(values: dict[str, float], lfo: bool = False) -> Patch:
    def of(*names: str) -> dict[str, float]:
        return {name: values[name] for name in names if name in values}

    nodes = {
        "words": Node("prompt", values={"text": PROMPT}),
        "scheduler": Node("scheduler", values={"strength": at_strength(0.7), **of("strength", "mask")}),
        "decoder": Node("decoder", values={"gain": QUIET, **of("dry", "match")}),
        "speaker": Node("speaker"),
    }
    chain = ["scheduler", "decoder"]
    if "source_blend" in values:  # left out by default: even at 1 it changes the steps, each of which adds new noise
        nodes["blend"] = Node("source_blend", values=of("source_blend"))
        chain.insert(1, "blend")
    cables = [Cable(a, "ring", b, "ring") for a, b in pairwise(chain)]
    cables += [Cable("words", "prompt", "scheduler", "prompt"), Cable("decoder", "audio", "speaker", "audio")]
    if lfo:
        nodes["lfo"] = Node("lfo", values={"sync": "lock", "rate": 0.25})
        cables.append(Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.5))
    return Patch(nodes=nodes, cables=tuple(cables))
