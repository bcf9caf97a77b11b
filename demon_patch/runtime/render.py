"""Offline rendering: exactly so many seconds of a performance, as a stream, an array, or a WAV or FLAC file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import SeamStream, half_fade
from demon_patch.engine.sound.limiter import LastGood
from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.engine.sound.window import Window
from demon_patch.errors import DemonError
from demon_patch.runtime.assets.overwrite import allow_sound, drafted
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.performance.performer import SPLICE_FRAMES, Performer

LOST_SECONDS = 1.0  # of samples that are no numbers, after which a render is given up


class Played(NamedTuple):
    """Sound [n, channels] at the family's rate, before the limiter, and the limiter's ceiling over it, dBFS."""

    sound: Samples
    ceiling: float


class Rendering:
    """A performance by a virtual clock: from transport frame 0 on, as fast as it can be made.

    Before frame 0 the ring fills, so that the first generation is heard there. A tick lasts the family's nominal
    number of control frames at the ring's depth, never a measured time: the same patch gives the same samples.
    """

    def __init__(self, performer: Performer) -> None:
        self.performer = performer
        self._seams = SeamStream(half_fade(performer.spec.sample_rate))

    def tick(self) -> list[Played]:
        """Makes one engine tick; the windows that fell due with it."""
        performer = self.performer
        performer.begin(performer.now)
        performer.forward()
        performer.finish(performer.now + int(performer.tick_frames))
        windows = performer.due(performer.now + performer.lead)
        return [played for window in windows if len((played := self._joined(window)).sound)]

    def blocks(self) -> Iterator[Played]:
        """The performance, without end."""
        while True:
            yield from self.tick()

    def _joined(self, window: Window) -> Played:
        """A window, joined to the stream."""
        sound = self.performer.sound(window)
        spare = SPLICE_FRAMES * self.performer.spec.samples_per_frame - self._seams.half
        joined = self._seams.push(sound[spare : len(sound) - spare])
        return Played(joined, self.performer.controls.control_value("limiter", window.start))


def stream(
    performer: Performer,
    seconds: float,
    wrote: Callable[[Path], None] = lambda path: None,
    played: Callable[[Played], object] = lambda played: None,
) -> Generator[Samples, None, None]:
    """Exactly `seconds` of the performance from transport 0, as blocks [n, channels] at the family's rate, limited.

    Also writes the files of the patch's Recorder nodes; they replace no file, and are removed where the stream ends
    early. Samples that are no numbers become the last good ones. Raises DemonError for a recording that cannot be
    written, and where a whole second has no number.

    wrote: called with the name of each file.
    played: called with each block before it is limited.
    """
    spec = performer.spec
    output_stage = OutputStage(spec.sample_rate, spec.sample_rate, spec.channels)
    with closing(_played(performer, seconds, wrote)) as blocks:
        for block in blocks:
            played(block)
            if len(out := output_stage.push(*block)):
                yield out
        yield output_stage.finish()


def _played(performer: Performer, seconds: float, wrote: Callable[[Path], None]) -> Generator[Played, None, None]:
    """What `stream` limits: exactly `seconds` of sound, made finite here, before it goes to the file, to the Recorder
    nodes and to `played`."""
    spec = performer.spec
    left = total = round(seconds * spec.sample_rate)
    good = LastGood(spec.channels)
    with ExitStack() as unless_whole:
        recorders = []
        for path in performer.recordings:
            recorders.append(Recorder(path, spec.sample_rate, spec.channels, patch=performer.text))
            unless_whole.callback(recorders[-1].discard)
        for sound, ceiling in Rendering(performer).blocks():
            cut = good(sound[:left])
            left -= len(cut)
            if good.lost >= LOST_SECONDS * spec.sample_rate:
                at = (total - left - good.lost) / spec.sample_rate
                what = f"from {at:.2f} s on the model makes samples that are no numbers"
                raise DemonError(what, mend="move the patch's extreme knobs towards the middle; nothing is written")
            for recorder in recorders:
                recorder.write(cut, ceiling)
            yield Played(cut, ceiling)
            if left <= 0:
                break
        for recorder in recorders:
            recorder.close()
        unless_whole.pop_all()
    for recorder in recorders:
        wrote(recorder.path)


def render(performer: Performer, seconds: float) -> Samples:
    """`seconds` of the performance in one array [samples, channels] at the family's rate."""
    return np.concatenate(list(stream(performer, seconds)))


def write(
    performer: Performer,
    seconds: float,
    path: str | Path,
    *,
    rate: int = 48_000,
    force: bool = False,
    progress: Callable[[int], None] = lambda samples: None,
    wrote: Callable[[Path], None] = lambda path: None,
) -> Samples:
    """Streams `seconds` into a WAV or FLAC file at `rate`, limited there; returns the sound at the family's own rate.

    The file carries the patch. Once it is whole it takes the place of an earlier render, or with `force` of any file.
    Raises DemonError when the file may not or cannot be written.

    progress: called with the number of samples (family's rate) of each block.
    wrote: called with the name of each file of a Recorder node.
    """
    allow_sound(path, force)
    spec = performer.spec
    output_stage = OutputStage(spec.sample_rate, spec.sample_rate, spec.channels)
    heard: list[Samples] = []
    with (
        drafted(path) as draft,
        Recorder(draft, spec.sample_rate, spec.channels, rate, patch=performer.text) as file,
        closing(_played(performer, seconds, wrote)) as blocks,
    ):
        for played in blocks:
            heard.append(output_stage.push(*played))
            file.write(*played)
            progress(len(played.sound))
    return np.concatenate([*heard, output_stage.finish()])
