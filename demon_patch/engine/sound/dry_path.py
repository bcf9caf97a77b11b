"""The sound of a finished latent with the clips that it covers: their recording where the latent equals theirs, and
their loudness elsewhere.

A codec loses much of a recording. So for each latent frame the *dry share* g says how much of the recording itself is
heard: `g = clamp(1 - d / reach, 0, 1)`, where d is the rms distance of the frame's latent from the latent of the clips,
and reach is the family's `dry_reach`. A Decoder control scales g. With w = 1 - g, and rho the correlation of decoded
sound and recording where two frames meet, `sound = (w * decoded + g * recording) / sqrt(w**2 + g**2 + 2 * rho * w * g)`
keeps the level.

The decoded side is first given the loudness of the clips (*match*): a gain per latent frame, computed from the loudness
of the clips and the loudness that the family reads from the latent, both averaged over half a second of the song.
Nothing here has a history: every number depends on the frame's number in the song, so windows equal the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from torch import Tensor

from demon_patch.arrays import Array, Samples
from demon_patch.engine.contracts import Codec, FamilySpec, Source
from demon_patch.engine.sound.loudness import ReadsLoudness, frame_power
from demon_patch.engine.sound.window import decode_window

MATCH_SECONDS = 0.5  # span over which loudness is compared
MOST_DB = 12.0  # the greatest gain of match, up or down
_OPPOSED = -0.8  # the least correlation that gains correct: opposite sides cannot be made loud
_SILENCE = 1e-9  # power below which nothing is raised
_PASSES = 5  # of match; each corrects what the last one left: after one pass, music that moves differently is too soft


@dataclass(frozen=True, eq=False)
class Cover:
    """The clips that a generation covers, all T latent frames long, each with its share.

    What has no recording, such as music fed back, is not among them.
    """

    clips: tuple[tuple[Source, float], ...]

    @cached_property
    def latent(self) -> Tensor:
        """The weighted sum of the clips' latents [T, C]."""
        (first, share), *others = self.clips
        if share == 1.0 and not others:
            return first.latent
        return sum((each * clip.latent for clip, each in others), share * first.latent)

    def sound(self, at: NDArray[np.int64]) -> Samples:
        """Returns the weighted sum of the clips' recordings at the sample numbers `at` [n], as [n, channels]."""
        (first, share), *others = self.clips
        found = first.audio[at] if share == 1.0 else np.float32(share) * first.audio[at]
        for clip, each in others:
            found = found + np.float32(each) * clip.audio[at]
        return found

    def power(self, spec: FamilySpec) -> Array:
        """Returns the K-weighted power [T] of each latent frame: the mean over the clips, weighted by their shares."""
        total = sum(share for _, share in self.clips)
        each = (share / total * power_of(clip, spec) for clip, share in self.clips)
        return np.sum([*each], axis=0)


def power_of(clip: Source, spec: FamilySpec) -> Array:
    """Returns the K-weighted power [T] of a clip, one number a latent frame. From any thread.

    It is computed once for each clip, which takes a moment.
    """
    return clip.once("power", lambda: frame_power(clip.audio, spec.sample_rate, spec.samples_per_frame))


class Covered:
    """A finished latent [T, C] and the clips that it covers; with cover None it is only decoded."""

    def __init__(self, codec: Codec, spec: FamilySpec, latent: Tensor, cover: Cover | None = None) -> None:
        self.latent, self.cover = latent, cover
        self._codec, self._spec = codec, spec

    @cached_property
    def distance(self) -> Array:
        """The rms distance [T] of each latent frame from the clips' latent; infinite without a cover."""
        if self.cover is None:
            return np.full(len(self.latent), np.inf)
        away = (self.latent - self.cover.latent.to(self.latent.device)).square().mean(dim=1).sqrt()
        return away.double().cpu().numpy()

    @cached_property
    def share(self) -> Array:
        """The dry share [T], 0 to 1, that each latent frame has if the control `dry` is 1. 1 is only the recording."""
        if self._spec.dry_reach <= 0:
            return np.zeros(len(self.latent))
        return np.clip(1.0 - self.distance / self._spec.dry_reach, 0.0, 1.0)

    @cached_property
    def gain(self) -> Array:
        """The gain [T] that makes the decoded side as loud as the clips, one factor a latent frame."""
        if self.cover is None or not isinstance(self._codec, ReadsLoudness):
            return np.ones(len(self.latent))
        span = round(MATCH_SECONDS * self._spec.frame_rate)
        wanted = _smoothed(self.cover.power(self._spec), span) + _SILENCE
        found = self._codec.loudness(self.latent).double().cpu().numpy()
        most = 10.0 ** (MOST_DB / 10.0)
        power = np.ones(len(found))  # the gain of power
        for _ in range(_PASSES):
            power = np.clip(power * wanted / (_smoothed(power * found, span) + _SILENCE), 1.0 / most, most)
        return np.sqrt(power)

    def sound(
        self, start: int, frames: int, *, dry: float = 1.0, match: bool = True, margin: int | None = None
    ) -> Samples:
        """Returns what is heard of `frames` latent frames from latent frame `start` of the song.

        Shape [frames * samples_per_frame, channels]. The song is cyclic: a window may cross the seam.

        dry: factor on the dry share.
        match: whether the decoded side gets the loudness of the clips.
        margin: latent frames, as of `decode_window`.
        """
        spec, per = self._spec, self._spec.samples_per_frame
        song = np.arange(start - 1, start + frames + 1) % len(self.latent)  # a frame more on either side
        share = dry * self.share[song]
        inside = slice(per, (frames + 1) * per)  # the samples of the window
        at = np.arange((start - 1) * per, (start + frames + 1) * per) % (len(self.latent) * per)
        if self.cover is not None and share.min() >= 1.0:
            return self.cover.sound(at[inside])
        gain = _ramp(self.gain[song] if match else np.ones(frames + 2), per).astype(np.float32)[inside, None]
        with torch.inference_mode():
            if not share.any():
                return gain * decode_window(self._codec, spec, self.latent, start, frames, margin).cpu().numpy()
            decoded = decode_window(self._codec, spec, self.latent, start - 1, frames + 2, margin).cpu().numpy()
        assert self.cover is not None
        recorded = self.cover.sound(at)
        dry_part = _ramp(share, per)
        alike = _between(alike_between(decoded, recorded, per), per)
        wet_part = 1.0 - dry_part
        level = np.sqrt(wet_part**2 + dry_part**2 + 2.0 * alike * wet_part * dry_part)
        wet, own = ((part / level).astype(np.float32)[inside, None] for part in (wet_part, dry_part))
        return (wet * gain * decoded[inside] + own * recorded[inside]).astype(np.float32, copy=False)


def alike_between(a: Samples, b: Samples, per: int) -> Array:
    """Returns the correlation [frames - 1] of two sounds at each border between frames of `per` samples.

    It is never below -0.8: sound that opposes its other side cannot be made loud.
    """
    n = len(a) // per
    a64, b64 = (side[: n * per].reshape(n, -1).astype(np.float64) for side in (a, b))
    both, left, right = ((x * y).sum(axis=1) for x, y in ((a64, b64), (a64, a64), (b64, b64)))
    both, left, right = (each[:-1] + each[1:] for each in (both, left, right))
    return np.maximum(both / np.sqrt(left * right + 1e-20), _OPPOSED)


def _ramp(values: Array, per: int) -> Array:
    """Returns one value a sample, interpolated between values at the middles of frames of `per` samples.

    Between equal neighbours the result equals them exactly.
    """
    middles = (np.arange(len(values)) + 0.5) * per - 0.5
    return np.interp(np.arange(len(values) * per), middles, values)


def _between(values: Array, per: int) -> Array:
    """Returns one value a sample, interpolated between values at the borders of frames of `per` samples.

    `values` has one entry fewer than there are frames.
    """
    borders = np.arange(1, len(values) + 1) * per - 0.5
    return np.interp(np.arange((len(values) + 1) * per), borders, values)


def _smoothed(power: Array, span: int) -> Array:
    """Returns the mean power [T] of a loop's frames over `span` frames round each, weighted by a raised cosine."""
    span = min(span | 1, len(power) - 1 + len(power) % 2)
    kernel: Array = np.hanning(2 * (span // 2) + 3)[1:-1]
    return correlate1d(power, kernel / kernel.sum(), mode="wrap")
