"""Turns the timeline into the frames that a device plays: fades, volume, history, sample rate, limiter, channels."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.runtime.audio.fifo import Fifo
from demon_patch.runtime.audio.ramp import Ramp
from demon_patch.runtime.audio.songs import Songs, TimelineReader
from demon_patch.runtime.audio.timeline_memory import TimelineMemory

CHUNKS = 200  # per second: the song is read in chunks of 5 ms
FADE_CHUNKS = 2  # a fade of 10 ms when playing or a device starts or stops
VOLUME_CHUNKS = 4  # a ramp of 20 ms to another volume
FIFO_SECONDS = 0.5  # size of the fifo
LEAST_SECONDS = 0.015  # least sound that waits in the fifo, however short the device's buffers are
PRIME_SECONDS = 0.06  # of sound ready before a device starts, because its first buffers come unevenly
BUFFERS = 2.5  # device buffers of sound that wait in the fifo


class Feeder:
    """Computes the frames that a device plays, and knows the timeline sample of each.

    rate, channels: the device's sample rate in Hz and its channels.
    start: timeline sample to begin with. The device is faded in; the history is so too where it has a gap before.
    outputs: the device's channels that sound, counted from 0; by default the first ones.

    The feeder's thread calls `fill`, the device's callback calls `take`. They share the fifo and the tuple of marks.
    """

    def __init__(
        self,
        memory: TimelineMemory,
        songs: Songs,
        rate: int,
        channels: int,
        start: int,
        outputs: tuple[int, ...] = (),
    ) -> None:
        self._memory, self._rate, self.channels, self._outputs = memory, rate, channels, outputs
        self.fifo = Fifo(round(FIFO_SECONDS * rate), channels)
        self.hushed = False  # set to fade out before an end; timeline and history run on
        self._target = round(LEAST_SECONDS * rate)
        self._per_frame = memory.rate / rate
        self._chunk = memory.rate // CHUNKS
        self._reader = TimelineReader(songs)
        self._output_stage = OutputStage(memory.rate, rate, memory.channels)
        joined = start <= memory.history_end and memory.playing and not memory.muted
        self._gain = Ramp(FADE_CHUNKS, float(joined))
        self._volume = Ramp(VOLUME_CHUNKS, memory.gain)
        self._entry = Ramp(FADE_CHUNKS)  # of the device alone: the history does not have it
        self._quiet_from = 0  # number of song samples fed when the device last became silent
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

    def read_until(self, position: float) -> int:
        """On the feeder's thread, after the last `take`. Reads on into the history alone until the timeline sample
        `position` or the end of playing; returns the timeline sample that comes next."""
        while self._memory.frontier < position and self._memory.playing:
            self._step()
            self.fifo.taken = self.fifo.put
        return self._memory.frontier

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
        self._target = self._target_for(frames)
        return place

    def _target_for(self, buffer: int) -> int:
        return min(max(self._target, round(BUFFERS * buffer)), self._rate // 4)

    def drop(self, frames: int, buffer: int) -> None:
        """On the device callback's thread. Leaves out the next device frames, as far as they wait. buffer: frames that
        the device takes at a time."""
        self.fifo.taken += min(frames, self.fifo.level)
        self._target = self._target_for(buffer)

    @property
    def silent(self) -> bool:
        """Whether all frames that wait for the device are silent. True some time after `hushed` is set."""
        quiet = self._gain.value * self._entry.value == 0.0
        return quiet and self.fifo.taken * self._per_frame >= self._quiet_from

    def _step(self) -> None:
        """Reads one chunk of 5 ms from the song and pushes its device frames into the fifo."""
        memory, n = self._memory, self._chunk
        playing = memory.playing
        gain = self._gain.gains(n, float(playing and not memory.muted))
        runs = playing or not isinstance(gain, float)
        now = memory.frontier
        if runs != self._marks[-1][2]:
            self._marks = (*self._marks, (self._fed, now, runs))
        volume = self._volume.gains(n, memory.gain)
        block = self._reader.read(now, n) * gain * volume if runs else np.zeros((n, memory.channels), np.float32)
        if not runs:
            self._reader.stand(now)
        ceilings = self._reader.ceilings(now, n)
        entry = self._entry.gains(n, float(not self.hushed))
        self._fed += n
        if not (isinstance(gain, float) and isinstance(entry, float)):
            self._quiet_from = self._fed
        if runs:
            memory.frontier = now + n
            memory.append_history(block, now, ceilings)
        frames = self._output_stage.push(block * entry, ceilings)
        memory.add_levels(frames)
        self.fifo.push(_spread(frames, self.channels, self._outputs))

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


def _spread(frames: Samples, channels: int, outputs: tuple[int, ...]) -> Samples:
    """Returns frames [n, c] with the device's number of channels, [n, channels], silent but for `outputs`. One channel
    goes to all of these; all go to one as their mean; else the first ones are kept."""
    if outputs:
        out = np.zeros((len(frames), channels), np.float32)
        out[:, list(outputs)] = _spread(frames, len(outputs), ())
        return out
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
