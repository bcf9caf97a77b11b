"""From a patch file to sound: prepares a performer, streams exactly so many seconds, writes WAV or FLAC."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.contracts import Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.session import Session
from demon_patch.engine.sound.crossfade import SeamStream, half_fade
from demon_patch.engine.sound.limiter import LastGood
from demon_patch.engine.sound.output_stage import OutputStage
from demon_patch.engine.sound.window import Window
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetValue, apply
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch, Song
from demon_patch.runtime.assets.assets import loaded
from demon_patch.runtime.assets.overwrite import allow_sound, drafted
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.graph.check import no_source, problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.mixes import Part, PreparedMix, clips_of, first_part
from demon_patch.runtime.performance.performer import SPLICE_FRAMES, Performer
from demon_patch.runtime.performance.resources import Resources, fitted
from demon_patch.runtime.performance.self_feed import measure
from demon_patch.runtime.performance.trace import Trace

DEFAULT_BPM = 120.0
LOST_SECONDS = 1.0  # without a single number, from which on a render is given up


def checked(path: str | Path, *, seed: int | None = None) -> Patch:
    """The patch of a patch file or pack, free of mistakes; `seed` takes the place of the Scheduler's. Raises
    PatchError."""
    patch = loaded(path)
    for error in problems(patch, CATALOGUE):
        raise error.located(file=path)
    return patch if seed is None else with_seed(patch, seed)


def perform(
    patch: Patch,
    session: Session,
    *,
    folder: str | Path = ".",
    into: str | Path | None = None,
    clip: Source | None = None,
    trace: Trace | None = None,
) -> Performer:
    """A performer for a patch, whose files lie in a folder, and are written into another one or the same; `clip` takes
    the place of the patch's own source."""
    resources = Resources(session, folder, into)
    spec = session.spec
    program = compile(patch, CATALOGUE, Geometry.of_family(spec))
    parts = parts_of(program, resources, clip)
    source = first_part(parts["source"])
    assert isinstance(source, Source)
    transport = Transport(
        spec.frame_rate,
        tempo_of(patch.song, source),
        patch.song.beats_per_bar,
        source.frames,
        downbeat=0.0 if patch.song.bpm else source.downbeat,
    )
    program.use_song(source.frames, transport.bpm)
    measure_sounds(program, resources, parts, clip)
    recordings = [resources.written(file) for file in wired_recordings(patch)]
    return Performer(program, session, transport, parts, recordings, trace, resources.lora, dumps(patch))


def tempo_of(song: Song, source: Source) -> float:
    """Beats a minute: the song's own, or those of its source."""
    return song.bpm or source.bpm or DEFAULT_BPM


def parts_of(
    program: Program, resources: Resources, clip: Source | None = None, frames: int | None = None
) -> dict[str, Part]:
    """The prompts, clips and mixes of a program by control, clips as long as the source (of a mix: its first) or, where
    given, `frames`; `clip` takes the place of the source. Raises DemonError naming the node."""
    plan = program.ring
    if clip is None and plan.source is None:
        raise no_source(plan.scheduler)
    parts: dict[str, Part] = {"prompt": resources.prompt(None)}
    for control, node in plan.wired.items():
        if CONTROLS[control].shape in ("prompt", "source") and (clip is None or control != "source"):
            parts[control] = _part(program, resources, control, node)
    if clip is not None:
        parts["source"] = clip
    source = first_part(parts["source"])
    assert isinstance(source, Source)
    per = resources.session.spec.samples_per_frame
    return {control: _long(part, frames or source.frames, per) for control, part in parts.items()}


def _part(program: Program, resources: Resources, control: str, node: str) -> Part:
    """The prompt, clip or mix of a node; everything that a mix can reach is made."""
    mixture = program.ring.mixes.get(node)
    if mixture is not None:
        inputs = mixture.inputs.items()
        return PreparedMix(node, tuple((port, _part(program, resources, control, behind)) for port, behind in inputs))
    try:
        return resources.part(control, program.resources[node])
    except DemonError as error:
        raise error.located(node=node) from None


def _long(part: Part, frames: int, per: int) -> Part:
    """A part whose clips are `frames` long, equal ones still one object; `per` samples a frame."""
    if isinstance(part, PreparedMix):
        return PreparedMix(part.node, tuple((port, _long(inner, frames, per)) for port, inner in part.inputs))
    return fitted(part, frames, per) if isinstance(part, Source) else part


def measure_sounds(
    program: Program, resources: Resources, parts: Mapping[str, Part], clip: Source | None = None
) -> None:
    """Fills a program's tables of its source nodes' sounds, and works out how loud the clips are that it covers; parts:
    as they are played. Takes a moment for each new clip, off the tick thread. Raises DemonError naming the node."""
    covered = first_part(parts["source"])
    assert isinstance(covered, Source)
    for each in clips_of(parts["source"]):
        resources.session.measure(each)
    clips: dict[str, Source] = {}
    for node in {tap.source for tap in program.feeds.taps}:
        try:
            own = clip is None or node != program.ring.source
            clips[node] = resources.source(program.resources[node]) if own else covered
        except DemonError as error:
            raise error.located(node=node) from None
    measure(program, resources.session.spec, covered, clips)


def wired_recordings(patch: Patch) -> list[str]:
    """The files of the Recorder nodes that a sound reaches."""
    default = str(CATALOGUE["recorder"].by_name["file"].default)
    ends = {cable.dst for cable in patch.cables if not cable.muted}
    nodes = {id for id in ends if patch.node(id).type == "recorder" and not patch.node(id).muted}
    return [str(patch.node(id).values.get("file", default)) for id in sorted(nodes)]


def with_seed(patch: Patch, seed: int) -> Patch:
    """The same patch with another seed on its Scheduler."""
    for node_id, node in patch.nodes.items():
        if node.type == "scheduler":
            return apply(SetValue(node_id, "seed", seed), patch)[0]
    return patch


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
        self._splicer = SeamStream(half_fade(performer.spec.sample_rate))

    def tick(self) -> list[Played]:
        """One engine tick, and the windows that fell due with it."""
        performer = self.performer
        performer.begin(performer.now)
        performer.forward()
        performer.finish(performer.now + int(performer.tick_frames))
        windows = performer.due(performer.now + performer.lead)
        return [played for window in windows if len((played := self._joined(window)).sound)]

    def blocks(self) -> Iterator[Played]:
        """The performance until it is no longer asked for."""
        while True:
            yield from self.tick()

    def _joined(self, window: Window) -> Played:
        """A window, joined to the stream."""
        sound = self.performer.sound(window)
        spare = SPLICE_FRAMES * self.performer.spec.samples_per_frame - self._splicer.half
        joined = self._splicer.push(sound[spare : len(sound) - spare])
        return Played(joined, self.performer.controls.value("limiter", window.start))


def stream(
    performer: Performer,
    seconds: float,
    wrote: Callable[[Path], None] = lambda path: None,
    played: Callable[[Played], object] = lambda played: None,
) -> Generator[Samples, None, None]:
    """Exactly `seconds` of the performance from transport 0, as blocks [n, channels] at the family's rate, limited.

    Also feeds the patch's Recorder nodes, whose files replace nothing and are taken away where it ends before; wrote:
    called with the name of each. played: called with each block before it is limited. Raises DemonError for a recording
    that cannot be written, and for sound that is no number for a second; within less than that it holds the last good
    sample.
    """
    spec = performer.spec
    outlet = OutputStage(spec.sample_rate, spec.sample_rate, spec.channels)
    with closing(_played(performer, seconds, wrote)) as blocks:
        for block in blocks:
            played(block)
            if len(out := outlet.push(*block)):
                yield out
        yield outlet.finish()


def _played(performer: Performer, seconds: float, wrote: Callable[[Path], None]) -> Generator[Played, None, None]:
    """What `stream` limits: finite, and exactly as long."""
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

    The file carries the patch, and takes the place of a former render, or with `force` of any file, once it is whole.
    progress: called with the number of samples (family's rate) of each block. wrote: called with the name of each file
    of a Recorder node. Raises DemonError when the file may not or cannot be written.
    """
    allow_sound(path, force)
    spec = performer.spec
    outlet = OutputStage(spec.sample_rate, spec.sample_rate, spec.channels)
    heard: list[Samples] = []
    with (
        drafted(path) as draft,
        Recorder(draft, spec.sample_rate, spec.channels, rate, patch=performer.text) as file,
        closing(_played(performer, seconds, wrote)) as blocks,
    ):
        for played in blocks:
            heard.append(outlet.push(*played))
            file.write(*played)
            progress(len(played.sound))
    return np.concatenate([*heard, outlet.finish()])
