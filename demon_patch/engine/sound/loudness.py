"""Loudness as a listener hears it: power under the K-weighting of ITU-R BS.1770-5, for each latent frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array

if TYPE_CHECKING:
    from torch import Tensor

Reals = NDArray[np.floating]

# The two filters of the recommendation as analogue prototypes, so that they hold at any sample rate: a high shelf of
# 4 dB for the head, and a high pass (annex 1, tables 1 and 2; the parameters are Brecht De Man's, 2014).
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773
_SHELF_MIDDLE = 0.4996667741545416  # the shelf's gain at its corner, as an exponent of the whole


@runtime_checkable
class ReadsLoudness(Protocol):
    """A codec that can estimate from a latent how loud its sound will be. With other codecs the music keeps the
    loudness that decoding gives it."""

    def loudness(self, latent: Tensor) -> Tensor:
        """Returns the K-weighted power [T] of each latent frame of a latent [T, C], without decoding it. The scale is
        that of `frame_power`."""
        ...


def k_weight(hertz: Reals) -> Array:
    """Returns the K-weighting's gain of power [n] at frequencies in Hz [n].

    The gain is 1 at 997 Hz, less below 100 Hz, and 4 dB more above 3 kHz.
    """
    raw = _k_response(np.asarray(hertz, dtype=np.float64))
    return raw / _k_response(np.array([997.0]))


def _k_response(hertz: Array) -> Array:
    whole = 10.0 ** (_SHELF_DB / 20.0)
    middle = whole**_SHELF_MIDDLE
    s = 1j * hertz / _SHELF_HZ
    shelf = (whole * s**2 + middle / _SHELF_Q * s + 1.0) / (s**2 + s / _SHELF_Q + 1.0)
    s = 1j * hertz / _PASS_HZ
    high_pass = s**2 / (s**2 + s / _PASS_Q + 1.0)
    return np.abs(shelf * high_pass) ** 2


def frame_power(audio: NDArray[np.float32], rate: int, samples_per_frame: int) -> Array:
    """Returns the K-weighted power [T] of a loop [T * samples_per_frame, channels], one number a frame.

    It is summed over the channels: a full-scale sine of 997 Hz has 0.5 a channel. rate: samples a second.
    """
    size = 2 * samples_per_frame
    window = np.hanning(size + 1)[:-1]
    weight = k_weight(np.fft.rfftfreq(size, 1.0 / rate)) * (2.0 / (size * np.sum(window**2)))
    weight[0] = 0.0
    half = samples_per_frame // 2
    total = np.zeros(len(audio) // samples_per_frame)
    for channel in np.asarray(audio, dtype=np.float32).T:
        padded = np.pad(channel, (half, samples_per_frame - half), mode="wrap")
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::samples_per_frame]
        total += (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2) @ weight
    return total
