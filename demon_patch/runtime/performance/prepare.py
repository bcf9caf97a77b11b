"""Prepares a performer: reads a patch, compiles it, loads its prompts and clips, and measures its sounds.

Offline rendering and live playing share all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from demon_patch.engine.contracts import Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetValue, apply
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch, Song
from demon_patch.patch.model.json_values import place
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.graph.check import no_source, problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performance.mixes import Part, PreparedMix, clips_of, first_part, prompts_of
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.recalls import RenderedRecalls
from demon_patch.runtime.performance.resources import Resources, fitted
from demon_patch.runtime.performance.self_feed import measure
from demon_patch.runtime.performance.trace import Trace

DEFAULT_BPM = 120.0


def load_playable(path: str | Path, *, seed: int | None = None) -> Patch:
    """Reads the patch of a patch file or pack and checks it; `seed` replaces the Scheduler's. Raises PatchError that
    names the file for a patch with a mistake."""
    with place(path):
        return playable(load_patch(path), seed)


def playable(patch: Patch, seed: int | None = None) -> Patch:
    """Returns the patch, once it is checked; `seed` replaces the Scheduler's. Raises PatchError for a patch with a
    mistake."""
    for error in problems(patch, CATALOGUE):
        raise error
    return patch if seed is None else with_seed(patch, seed)


def perform(
    patch: Patch,
    session: Session,
    *,
    folder: str | Path = ".",
    into: str | Path | None = None,
    clip: Source | None = None,
    trace: Trace | None = None,
    resources: Resources | None = None,
    tempo: float = DEFAULT_BPM,
) -> Performer:
    """Returns a performer that is ready to play a patch. Raises DemonError for a file that the patch names and that
    cannot be used.

    folder: the folder of the files that the patch names.
    into: the folder that Recorder nodes write into; `folder` by default.
    clip: replaces the patch's own source.
    trace: where the performer notes events; a trace without end by default.
    resources: loads prompts, clips and LoRAs; by default a new `Resources` for `folder` and `into`.
    tempo: in beats a minute, where neither the patch nor its clip has one.
    """
    resources = resources or Resources(session, folder, into)
    spec = session.spec
    program = compile(patch, CATALOGUE, Geometry.of_family(spec))
    parts = parts_of(program, resources, clip)
    source = first_part(parts["source"])
    assert isinstance(source, Source)
    transport = Transport(
        spec.frame_rate,
        tempo_of(patch.song, source, tempo),
        patch.song.beats_per_bar,
        source.frames,
        downbeat=0.0 if patch.song.bpm else source.downbeat,
    )
    program.use_song(source.frames, transport.bpm)
    measure_sounds(program, resources, parts, clip)
    recordings = [resources.written(file) for file in wired_recordings(patch)]
    performer = Performer(
        program, session, transport, parts, recordings, trace, resources.lora, resources.steering, dumps(patch)
    )

    def swap(performer: Performer, version: Patch) -> None:
        swap_version(performer, version, resources, clip)

    performer.recalls.follow = RenderedRecalls(patch, swap).follow
    return performer


def swap_version(performer: Performer, version: Patch, resources: Resources, clip: Source | None = None) -> None:
    """Makes another version of a document the one that a performer plays, between two ticks; its song stays as it is.
    For a performance that is rendered: it compiles, and loads what the version names. Raises DemonError that names the
    node; what plays goes on then."""
    frames = performer.source.frames
    geometry = Geometry.of_family(performer.spec, frames, performer.transport.bpm)
    program = compile(version, CATALOGUE, geometry, performer.program)
    parts = parts_of(program, resources, clip, frames)
    measure_sounds(program, resources, parts, clip)
    load_loras(program, resources)
    performer.swap(program, parts)


def tempo_of(song: Song, source: Source, otherwise: float = DEFAULT_BPM) -> float:
    """Returns the tempo in beats a minute: the song's own, else its source's, else another one."""
    return song.bpm or source.bpm or otherwise


def parts_of(
    program: Program, resources: Resources, clip: Source | None = None, frames: int | None = None
) -> dict[str, Part]:
    """Loads the prompts, clips and mixes of a program, and returns them by control. Raises DemonError that names the
    node.

    clip: replaces the patch's own source.
    frames: the length of every clip in latent frames; by default that of the source, of a mix that of its first
        clip.
    """
    parts = loaded_parts(program, resources, clip)
    return at_length(parts, frames or song_frames(parts), resources.session.spec.samples_per_frame)


def loaded_parts(program: Program, resources: Resources, clip: Source | None = None) -> dict[str, Part]:
    """As `parts_of`, with each clip at its own length."""
    plan = program.ring
    parts: dict[str, Part] = {"prompt": resources.prompt(None)}
    if clip is None and plan.source is None:
        if resources.session.spec.needs_source:
            raise no_source(plan.scheduler)
        parts["source"] = resources.source(("alone", *plan.alone))
    for control, node in plan.wired.items():
        if CONTROLS[control].shape in ("prompt", "source") and (clip is None or control != "source"):
            parts[control] = _part(program, resources, control, node)
    if clip is not None:
        parts["source"] = clip
    return parts


def song_frames(parts: Mapping[str, Part]) -> int:
    """Returns the length of the song in latent frames: that of the source, of a mix that of its first clip."""
    source = first_part(parts["source"])
    assert isinstance(source, Source)
    return source.frames


def at_length(parts: Mapping[str, Part], frames: int, samples_per_frame: int) -> dict[str, Part]:
    """Returns parts whose clips are all `frames` latent frames long."""
    return {control: _at_length(part, frames, samples_per_frame) for control, part in parts.items()}


def replaced_clips(program: Program) -> frozenset[str]:
    """Returns the ids of the nodes whose clips are not loaded while a clip replaces the patch's own source: those that
    nothing but the Scheduler's port `source` needs."""
    plan = program.ring
    own: set[str] = set()
    others = {heard_input.source for heard_input in program.live_inputs.heard_inputs} - {plan.source}
    for control, node in plan.wired.items():
        (own if control == "source" else others).update(_nodes_of(program, node))
    return frozenset(own - others)


def _nodes_of(program: Program, node: str) -> Iterator[str]:
    """Gives the id of the node that a prompt or clip comes from; of a mix the ids of all nodes that it takes from."""
    mixture = program.ring.mixes.get(node)
    if mixture is None:
        yield node
    for behind in () if mixture is None else mixture.inputs.values():
        yield from _nodes_of(program, behind)


def _part(program: Program, resources: Resources, control: str, node: str) -> Part:
    """Loads the prompt, clip or mix of a node; a mix with everything that its cables reach."""
    mixture = program.ring.mixes.get(node)
    if mixture is not None:
        inputs = mixture.inputs.items()
        return PreparedMix(node, tuple((port, _part(program, resources, control, behind)) for port, behind in inputs))
    try:
        return resources.part(control, program.resources[node])
    except DemonError as error:
        raise error.located(node=node) from None


def _at_length(part: Part, frames: int, per: int) -> Part:
    """Returns a part whose clips are `frames` latent frames long, with `per` samples a frame. A clip that occurs twice
    remains one object."""
    if isinstance(part, PreparedMix):
        return PreparedMix(part.node, tuple((port, _at_length(inner, frames, per)) for port, inner in part.inputs))
    return fitted(part, frames, per) if isinstance(part, Source) else part


def measure_sounds(
    program: Program, resources: Resources, parts: Mapping[str, Part], clip: Source | None = None
) -> None:
    """Fills a program's tables with the sounds of its source nodes, measures how loud the covered clips are, and
    prepares the prompts for them.

    Takes long for a new clip, so it must not run on the tick thread. `parts`: those that will play. Raises
    DemonError that names the node.
    """
    covered = first_part(parts["source"])
    assert isinstance(covered, Source)
    for each in clips_of(parts["source"]):
        resources.session.measure(each)
    for control, part in parts.items():
        for prompt in prompts_of(part) if CONTROLS[control].shape == "prompt" else ():
            for each in clips_of(parts.get("structure_source", parts["source"])):
                resources.session.prepare(prompt, each)
    clips: dict[str, Source] = {}
    for node in {heard_input.source for heard_input in program.live_inputs.heard_inputs}:
        try:
            own = clip is None or node != program.ring.source
            clips[node] = resources.source(program.resources[node]) if own else covered
        except DemonError as error:
            raise error.located(node=node) from None
    measure(program, resources.session.spec, covered, clips)


def load_loras(program: Program, resources: Resources) -> None:
    """Reads the LoRAs and steering vectors of a program, so that the tick thread finds them in memory. Raises
    DemonError that names the node."""
    plan = program.ring
    for load, named in ((resources.lora, plan.loras), (resources.steering, plan.steers)):
        for node, file in named.items():
            try:
                load(file)
            except DemonError as error:
                raise error.located(node=node, port="file") from None


def wired_recordings(patch: Patch) -> list[str]:
    """Returns the file names of the Recorder nodes that a cable reaches and that are not muted."""
    default = str(CATALOGUE["recorder"].by_name["file"].default)
    ends = {cable.dst for cable in patch.cables if not cable.muted}
    nodes = {id for id in ends if patch.node(id).type == "recorder" and not patch.node(id).muted}
    return [str(patch.node(id).values.get("file", default)) for id in sorted(nodes)]


def with_seed(patch: Patch, seed: int) -> Patch:
    """Returns the patch with another seed on its Scheduler; unchanged where it has none."""
    for node_id, node in patch.nodes.items():
        if node.type == "scheduler":
            return apply(SetValue(node_id, "seed", seed), patch)[0]
    return patch
