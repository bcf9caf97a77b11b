"""Converts the sound of a model, window by window, to the rate and the channels at which a host plays."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import soxr

from demon_patch.arrays import Samples
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.sound.crossfade import half_fade
from demon_patch.errors import DemonError
from demon_patch.runtime.audio.sound_format import SoundFormat


class Conversion:
    """From the sound of a model family to the format that is played. Places count in samples.

    ratio: samples that are played, for one of the family.

    Raises DemonError where a latent frame of the family, or half of a crossfade, would be no whole number of samples.
    """

    def __init__(self, spec: FamilySpec, to: SoundFormat) -> None:
        self.ratio = Fraction(to.rate, spec.sample_rate)
        self._rate, self._to = spec.sample_rate, to
        if any(each * self.ratio % 1 for each in (spec.samples_per_frame, half_fade(spec.sample_rate))):
            raise DemonError(
                f"{spec.title} makes sound of {spec.sample_rate} Hz, which cannot be joined to what plays at "
                f"{to.rate} Hz",
                mend="end this performance, and begin with the other one",
            )

    def place(self, sample: int) -> int:
        """Returns where a sample of the family is: one at a multiple of half a crossfade or of a latent frame."""
        return int(sample * self.ratio)

    def sound(self, window: Samples) -> Samples:
        """Returns a window, [samples, channels], in the format that is played. At another rate it is what the whole
        sound gives there but for its first and last 2 ms, which crossfades cover."""
        found = np.asarray(window, np.float32)
        if found.shape[1] > self._to.channels:
            found = found.mean(1, keepdims=True)
        if self.ratio != 1:
            found = np.asarray(soxr.resample(np.ascontiguousarray(found), self._rate, self._to.rate), np.float32)
        return found if found.shape[1] == self._to.channels else np.repeat(found, self._to.channels, 1)
