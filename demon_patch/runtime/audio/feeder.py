"""Turns the song into the frames that a device plays: route, fades, history, sample rate, limiter, channels."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.runtime.audio.fifo import Fifo
from demon_patch.runtime.audio.reader import SongReader
from demon_patch.runtime.audio.song_memory import HELD, SongMemory

CHUNKS = 200  # per second: the song is read in chunks of 5 ms
FADE_CHUNKS = 2  # a fade of 10 ms when playing starts or stops
JUMP_SECONDS = 0.005  # length of the crossfade where the route jumps
FIFO_SECONDS = 0.5  # size of the fifo
LEAST_SECONDS = 0.015  # least sound that waits in the fifo, however short the device's buffers are
PRIME_SECONDS = 0.06  # of sound ready before a device starts, because its first buffers come unevenly
BUFFERS = 2.5  # device buffers of sound that wait in the fifo


class Feeder:
    """Computes the frames that a device plays, and knows the timeline sample of each.

    rate, channels: the device's sample rate in Hz and its channels.
    start: timeline sample to begin with, faded in.

    The feeder's thread calls `fill`, the device's callback calls `take`. They share the fifo and the tuple of marks.
    """

    def __init__(self, memory: SongMemory, rate: int, channels: int, start: int) -> None:
        self._memory, self._rate, self.channels = memory, rate, channels
        self.fifo = Fifo(round(FIFO_SECONDS * rate), channels)
        self.hushed = False  # set to fade out before an end; the timeline runs on
        self._target = round(LEAST_SECONDS * rate)
        self._per_frame = memory.rate / rate
        self._chunk = memory.rate // CHUNKS
        self._sequence = memory.route_sequence
        self._reader = SongReader(memory.song, memory.route, round(JUMP_SECONDS * memory.rate))
        self._output_stage = OutputStage(memory.rate, rate, memory.channels)
        self._gain = 0.0
        self._quiet_from = 0  # number of song samples fed when the last fade ended
        self._fed = 0  # number of song samples fed since the start
        # Where the timeline starts or stops: (song samples fed until then, timeline sample there, whether it runs).
        self._marks: tuple[tuple[int, int, bool], ...] = ((0, start, False),)
        memory.frontier = start

    def fill(self, least: int = 0) -> None:
        """On the feeder's thread. Computes device frames until the usual number, and at least `least`, wait in the
        fifo."""
        self._trim()
        while self.fifo.level < max(self._target, least):
            self._step()

    def take(self, out: Samples) -> tuple[float, bool]:
        """On the device callback's thread; never waits. Copies the next device frames into `out` [frames, channels];
        returns the timeline sample of the first frame and whether the timeline runs there.

        Frames that are missing are silent and counted as one `starved`. From then on more frames wait in the fifo, at
        most a quarter of a second.
        """
        place = self._place(self.fifo.taken)
        frames = len(out)
        if self.fifo.take(out) < frames:
            self._memory.count("starved")
            self._target += frames
        self._target = min(max(self._target, round(BUFFERS * frames)), self._rate // 4)
        return place

    @property
    def silent(self) -> bool:
        """Whether all frames that wait for the device are silent. True some time after `hushed` is set."""
        return self._gain == 0.0 and self.fifo.taken * self._per_frame >= self._quiet_from

    def _step(self) -> None:
        """Reads one chunk of 5 ms from the song and pushes its device frames into the fifo."""
        memory, n = self._memory, self._chunk
        playing = memory.playing
        goal = float(playing and not memory.muted and not self.hushed)
        runs = playing or self._gain > 0.0
        now = memory.frontier
        if runs != self._marks[-1][2]:
            self._marks = (*self._marks, (self._fed, now, runs))
        block = self._read(now, n, goal) if runs else np.zeros((n, memory.channels), np.float32)
        ceilings = memory.ceilings[self._reader.positions(now, n) // HELD]
        self._fed += n
        if runs:
            memory.frontier = now + n
            memory.append_history(block, now, ceilings)
        self.fifo.push(_spread(self._output_stage.push(block, ceilings), self.channels))

    def _read(self, now: int, n: int, goal: float) -> Samples:
        """Returns `n` samples of the song from timeline sample `now` on, [n, channels], times the gain, which moves
        towards `goal` (0 or 1) by at most 1 / FADE_CHUNKS."""
        if self._memory.route_sequence != self._sequence:
            self._sequence = self._memory.route_sequence
            self._reader.follow(self._memory.route)
        block = self._reader.read(now, n)
        if self._gain == goal:
            return block if goal else np.zeros_like(block)
        step = np.clip(goal - self._gain, -1.0 / FADE_CHUNKS, 1.0 / FADE_CHUNKS)
        gains = self._gain + step * (np.arange(n) + 1.0) / n
        self._gain = float(np.clip(round((self._gain + step) * FADE_CHUNKS) / FADE_CHUNKS, 0.0, 1.0))
        self._quiet_from = self._fed + n
        return block * gains.astype(np.float32)[:, None]

    def _place(self, frame: int) -> tuple[float, bool]:
        """Returns the timeline sample of a device frame and whether the timeline runs there.

        frame: device frames since the start.
        """
        fed = frame * self._per_frame
        at, timeline, runs = next((mark for mark in reversed(self._marks) if mark[0] <= fed), self._marks[0])
        return (timeline + fed - at, True) if runs else (float(timeline), False)

    def _trim(self) -> None:
        """Drops the marks that no waiting frame needs."""
        done = self.fifo.taken * self._per_frame
        while len(self._marks) > 1 and self._marks[1][0] < done:
            self._marks = self._marks[1:]


def _spread(frames: Samples, channels: int) -> Samples:
    """Returns frames [n, c] with the device's number of channels, [n, channels]. One channel goes to all; all go to one
    as their mean; else the first ones are kept and the rest is silent."""
    if frames.shape[1] == channels:
        return frames
    if channels == 1:
        return frames.mean(axis=1, keepdims=True, dtype=np.float32)
    if frames.shape[1] == 1:
        return np.repeat(frames, channels, axis=1)
    out = np.zeros((len(frames), channels), np.float32)
    both = min(channels, frames.shape[1])
    out[:, :both] = frames[:, :both]
    return out
