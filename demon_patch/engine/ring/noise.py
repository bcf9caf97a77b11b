"""Gaussian noise as a pure function of seed, stream, denoising step, song frame and channel.

The number of the generation is no argument. Equal settings therefore give equal latents at any tick of admission, and a
song frame has the same noise in every stretch that contains it.
"""

from __future__ import annotations

from enum import IntEnum
from math import cos, floor, pi, sin, tau
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.check_controls import checked_number
from demon_patch.engine.ring.noise_on_device import gaussian_on
from demon_patch.engine.ring.philox import philox
from demon_patch.errors import DemonError
from demon_patch.small_cache import SmallCache

_DRIFT = 0x64726966  # sets the keys of a drifting seed apart from noise


class Stream(IntEnum):
    """The use of a noise. Streams of one seed are independent of each other."""

    INIT = 0
    SDE = 1
    ODE = 2
    MASK = 3
    LIVE = 4


def gaussian(seed: int, stream: int, step: int, first: int, frames: int, channels: int) -> NDArray[np.float32]:
    """Returns standard normal noise of the song frames `first` to `first + frames - 1`, float32 [frames, channels].

    Counter (channel // 4, frame, step, 0) under key (seed, stream) gives four words; each pair makes two uniforms
    and, by Box and Muller (1958) in float64, two normals: channels 4j to 4j + 3.
    """
    blocks = -(-channels // 4)
    zero = np.zeros((frames, blocks), np.uint64)
    block = zero + np.arange(blocks, dtype=np.uint64)
    frame = zero + np.arange(first, first + frames, dtype=np.uint64)[:, None]
    words = philox((block, frame, zero + np.uint64(step), zero), (seed, stream))
    uniform = [(word.astype(np.float64) + 0.5) * 2.0**-32 for word in words]
    out = np.empty((frames, blocks, 4), np.float32)
    for pair in (0, 2):
        radius, angle = np.sqrt(-2.0 * np.log(uniform[pair])), tau * uniform[pair + 1]
        out[:, :, pair], out[:, :, pair + 1] = radius * np.cos(angle), radius * np.sin(angle)
    return np.ascontiguousarray(out.reshape(frames, blocks * 4)[:, :channels])


def drifted(seed: int, place: int) -> int:
    """Returns the 32-bit key at a whole-numbered place of a seed's drift: the seed itself at place 0, elsewhere a hash
    of seed and place."""
    if place == 0:
        return seed
    low, high = place & 0xFFFFFFFF, (place >> 32) & 0xFFFFFFFF
    counter = tuple(np.array([word], np.uint64) for word in (low, high, 0, 0))
    return int(philox((counter[0], counter[1], counter[2], counter[3]), (seed, _DRIFT))[0][0])


class NoiseBank:
    """The noise of a song, computed once per seed, stream and step, and kept while there is room.

    channels: latent channels C.
    song_frames: the number of latent frames after which the noise repeats. Frame numbers may go beyond the end of the
        loop.
    device: the device that computes and keeps the noise (`noise_on_device`).
    limit: the largest number of bytes that are kept. The least recently used noise is dropped first.

    `get` and `drop_unheld` may be called from any thread.
    """

    def __init__(
        self, channels: int, song_frames: int, device: torch.device | str = "cpu", limit: int = 64 << 20
    ) -> None:
        if channels < 1 or song_frames < 1:
            raise DemonError(
                f"a noise bank of {channels} channels and {song_frames} frames", mend="both must be 1 or more"
            )
        self.channels, self.song_frames = channels, song_frames
        self.device = torch.device(device)
        self._kept: SmallCache[Tensor] = SmallCache(limit, lambda noise: noise.nbytes)
        self._lock = Lock()

    def get(
        self,
        seed: int,
        stream: Stream,
        step: int,
        start: int = 0,
        frames: int | None = None,
        song: int | None = None,
        position: float = 0.0,
    ) -> Tensor:
        """From any thread. Returns standard normal noise, float32 [frames, C]. It may be shared and must not be written
        to.

        start: the first latent frame, modulo `song`.
        frames: the number of latent frames; None means the whole song.
        song: the length of the song in latent frames; None means the bank's own.
        position: how far the noise has drifted from the seed's own, in keys. At whole numbers it is the noise of one
            key (`drifted`). Between two keys their noises are mixed by cos and sin of 90 degrees * frac(position), so
            that the mix stays standard normal.
        Raises DemonError for a seed outside 0 to 4294967295, a negative step or length, or a song without frames.
        """
        song = self.song_frames if song is None else song
        frames = song if frames is None else frames
        if step < 0 or frames < 0 or song < 1:
            raise DemonError(f"noise of step {step}, {frames} frames, song of {song}", mend="none may be negative")
        seed, place = int(checked_number("seed", seed)), floor(position)
        here = self._stretch(drifted(seed, place), stream, step, start % song, frames, song)
        if position == place:
            return here
        angle = pi / 2 * (position - place)
        there = self._stretch(drifted(seed, place + 1), stream, step, start % song, frames, song)
        return torch.add(here * cos(angle), there, alpha=sin(angle))

    def drop_unheld(self) -> None:
        """From any thread. Lets go of the noise that nothing else holds; it is computed again when it is asked for."""
        with self._lock:
            self._kept.drop_unheld()

    def _stretch(self, key: int, stream: Stream, step: int, start: int, frames: int, song: int) -> Tensor:
        if start + frames <= song:
            with self._lock:
                return self._upto(key, stream, step, start + frames)[start:]
        wrapped = torch.arange(start, start + frames, device=self.device) % song
        with self._lock:
            return self._upto(key, stream, step, song)[wrapped]

    def _upto(self, seed: int, stream: Stream, step: int, end: int) -> Tensor:
        """Returns the noise of the frames 0 to `end - 1`, [end, C], from the store. Computes what the store lacks."""
        key = (seed, int(stream), step)
        kept = self._kept.find(key)
        if kept is None or kept.shape[0] < end:
            have = 0 if kept is None else kept.shape[0]
            more = self._made(*key, have, end - have)
            kept = more if kept is None else torch.cat((kept, more))
            self._kept.put(key, kept)
        return kept[:end]

    def _made(self, seed: int, stream: int, step: int, first: int, frames: int) -> Tensor:
        if self.device.type == "cpu":
            return torch.from_numpy(gaussian(seed, stream, step, first, frames, self.channels))
        return gaussian_on(self.device, seed, stream, step, first, frames, self.channels)
