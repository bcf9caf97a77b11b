"""Offline rendering: an exact number of seconds of a performance, as a stream, an array, or a WAV or FLAC file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import SeamStream, half_fade
from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.engine.sound.window import Window
from demon_patch.errors import DemonError
from demon_patch.runtime.assets.overwrite import allow_sound, drafted
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.performance.performer import SPLICE_FRAMES, Performer

LOST_SECONDS = 1.0  # of samples that are not numbers, after which a render ends with an error


class Played(NamedTuple):
    """Sound before the output stage, which mends and limits it.

    sound: [n, channels], at the family's rate.
    ceiling: of the limiter over this sound, in dBFS.
    """

    sound: Samples
    ceiling: float


class Rendering:
    """A performance on a virtual clock: from transport frame 0 on, as fast as it can be made.

    Before frame 0 the ring fills, so that the first generation is heard there. A tick lasts the family's nominal
    number of control frames at the ring's depth, never a measured time: the same patch gives the same samples.
    """

    def __init__(self, performer: Performer) -> None:
        self.performer = performer
        self._seams = SeamStream(half_fade(performer.spec.sample_rate))

    def tick(self) -> list[Played]:
        """Runs one engine tick, and returns the sound of the windows that fell due with it."""
        performer = self.performer
        performer.recalls.follow(performer)
        performer.begin(performer.now)
        performer.forward()
        performer.finish(performer.now + int(performer.tick_frames))
        windows = performer.due(performer.now + performer.lead)
        return [played for window in windows if len((played := self._joined(window)).sound)]

    def blocks(self) -> Iterator[Played]:
        """Gives the sound of the performance in blocks, without end."""
        while True:
            yield from self.tick()

    def _joined(self, window: Window) -> Played:
        """Returns a window's sound, crossfaded to that of the window before it."""
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
    """Gives exactly `seconds` of the performance from transport frame 0 on, as blocks [n, channels] at the family's
    rate, as it is heard: the output stage replaces a sample that is not a number by the last good one, and limits.

    Also writes the files of the patch's Recorder nodes. They replace no existing file, and are removed if the stream
    ends early. Raises DemonError for a recording that cannot be written, and where LOST_SECONDS of samples in a row are
    not numbers.

    wrote: called with the name of each file.
    played: called with each block before the output stage.
    """
    rate, made = performer.spec.sample_rate, 0
    output_stage = OutputStage(rate, rate, performer.spec.channels)
    with closing(_played(performer, seconds, wrote)) as blocks:
        for block in blocks:
            played(block)
            out, made = output_stage.push(*block), made + len(block.sound)
            if output_stage.lost >= LOST_SECONDS * rate:
                what = f"from {(made - output_stage.lost) / rate:.2f} s on the model makes samples that are no numbers"
                raise DemonError(what, mend="move the patch's extreme knobs towards the middle; nothing is written")
            if len(out):
                yield out
        yield output_stage.finish()


def _played(performer: Performer, seconds: float, wrote: Callable[[Path], None]) -> Generator[Played, None, None]:
    """Gives exactly `seconds` of sound before the output stage, and writes the files of the Recorder nodes."""
    spec = performer.spec
    left = round(seconds * spec.sample_rate)
    with ExitStack() as unless_whole:
        recorders = []
        for path in performer.recordings:
            recorders.append(Recorder(path, spec.sample_rate, spec.channels, patch=performer.text))
            unless_whole.callback(recorders[-1].discard)
        for sound, ceiling in Rendering(performer).blocks():
            cut = sound[:left]
            left -= len(cut)
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
    """Returns `seconds` of the performance as it is heard (`stream`), in one array [samples, channels] at the family's
    rate."""
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
    """Writes `seconds` of the performance into a WAV or FLAC file at `rate` samples a second, limited. Returns the
    sound, limited, at the family's own rate, [samples, channels].

    The file carries the patch. When it is complete it replaces an earlier render of that name, or with `force` any
    file. Raises DemonError when the file may not or cannot be written.

    progress: called with the number of samples (family's rate) of each block.
    wrote: called with the name of each file of a Recorder node.
    """
    allow_sound(path, force)
    spec = performer.spec
    with (
        drafted(path) as draft,
        Recorder(draft, spec.sample_rate, spec.channels, rate, patch=performer.text) as file,
    ):

        def keep(played: Played) -> None:
            file.write(*played)
            progress(len(played.sound))

        return np.concatenate(list(stream(performer, seconds, wrote, keep)))
