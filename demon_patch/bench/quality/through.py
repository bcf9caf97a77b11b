"""Sounds as the judges hear them, mono at 48 kHz, from those of a model, and what its codec makes of a sound."""

from __future__ import annotations

import numpy as np
import soxr

from demon_patch.arrays import Samples
from demon_patch.bench.quality.songs import RATE
from demon_patch.engine.session import Session


def as_heard(session: Session, sound: Samples, samples: int | None = None) -> Samples:
    """Returns sound of a model [samples, channels] as mono at 48 kHz. samples: how many; as many as there are by
    default, and what lacks is repeated from the start."""
    mono = np.asarray(sound, np.float32).mean(1)
    rate = session.spec.sample_rate
    mono = mono if rate == RATE else np.asarray(soxr.resample(mono, rate, RATE), np.float32)
    if samples is None:
        return mono
    return np.resize(mono, samples) if len(mono) < samples else mono[:samples]


def through_codec(session: Session, sound: Samples) -> Samples:
    """Returns a sound [samples, 2] at 48 kHz, encoded and decoded by a model, as the judges hear it."""
    spec = session.spec
    channels = sound.mean(1, keepdims=True) if spec.channels == 1 else sound
    own = np.asarray(soxr.resample(np.ascontiguousarray(channels, np.float32), RATE, spec.sample_rate), np.float32)
    whole = len(own) // spec.samples_per_frame * spec.samples_per_frame
    return as_heard(session, session.decode(session.encode(own[:whole])), len(sound))
