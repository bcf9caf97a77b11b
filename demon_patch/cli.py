"""The command line: its commands, and how it ends."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError, MissingArgumentError, UnusedCliTokensError

from demon_patch import (
    __version__,
    build_command,
    check_command,
    clip_command,
    control_command,
    devices_command,
    doctor_command,
    editor_bench_command,
    host_command,
    open_command,
    share_command,
    upgrade_command,
)
from demon_patch.bench.commands import bench
from demon_patch.console import (
    Names,
    Rate,
    SampleBar,
    Seconds,
    Switch,
    Threads,
    check_working_folder,
    examples,
    show,
    tell,
    writable,
)
from demon_patch.edit_commands import edits
from demon_patch.editor.command import EXAMPLES as EDIT
from demon_patch.editor.command import edit
from demon_patch.editor.start_command import start
from demon_patch.engine.executors import DEFAULT
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.engine.model_folder import session_loader
from demon_patch.errors import DemonError, DeviceError
from demon_patch.explain.command import EXAMPLES as EXPLAIN
from demon_patch.explain.command import explain
from demon_patch.file_commands import files
from demon_patch.gallery.commands import EXAMPLES as GALLERY
from demon_patch.gallery.commands import gallery
from demon_patch.lora_command import cost as lora_cost
from demon_patch.lora_command import lora
from demon_patch.memory_limit import fit_memory_limit
from demon_patch.model_command import model
from demon_patch.node_commands import EXAMPLES, nodes
from demon_patch.patch.files.atomic_file import reason
from demon_patch.patch.model.json_values import place
from demon_patch.scarce import is_out_of_memory
from demon_patch.steer_command import steer
from demon_patch.threads import quiet_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from demon_patch.engine.contracts import Source
    from demon_patch.engine.session import Session
    from demon_patch.patch.model.document import Patch
    from demon_patch.runtime.performance.performer import Performer

OUTPUT_LOST = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO)
"""Errors of standard output: files that a command writes are named in theirs."""

app = App(
    name="demon-patch",
    version=__version__,
    help_format="plaintext",
    help="A modular synthesizer whose oscillator is a diffusion model.",
)
app.command(model)
app.command(lora)
app.command(steer)
app.command(bench)
bench.command(control_command.control, help_epilogue=control_command.EXAMPLES)
bench.command(editor_bench_command.editor)
bench.command(lora_cost, name="lora")
app.command(build_command.build, help_epilogue=build_command.EXAMPLES)
app.command(check_command.check, help_epilogue=check_command.EXAMPLES)
app.command(clip_command.clip, help_epilogue=clip_command.EXAMPLES)
app.command(doctor_command.doctor, help_epilogue=doctor_command.EXAMPLES)
app.command(explain, help_epilogue=EXPLAIN)
app.command(devices_command.devices, help_epilogue=devices_command.EXAMPLES)
app.command(upgrade_command.upgrade, help_epilogue=upgrade_command.EXAMPLES)
app.command(gallery, help_epilogue=GALLERY)
app.command(share_command.share, help_epilogue=share_command.EXAMPLES)
app.command(nodes, help_epilogue=EXAMPLES)
app.command(files, name="*")
app.command(host_command.host, help_epilogue=host_command.EXAMPLES)
app.command(edit, help_epilogue=EDIT)
app.command(open_command.open_song, name="open", help_epilogue=open_command.EXAMPLES)
app.command(edits, name="*")


@app.command(
    help_epilogue=examples(
        "demon-patch render first.dpatch.json --seconds 60 --out first.wav",
        "demon-patch render first.dpatch.json --source my-song.mp3 --picture first.png",
    )
)
def render(
    patch: Path,
    *,
    seconds: Seconds = 30.0,
    out: Path = Path("out.wav"),
    seed: int | None = None,
    source: Path | None = None,
    rate: Rate = 48_000,
    picture: Path | None = None,
    force: Switch = False,
    model: str | None = None,
    model_dir: Path | None = None,
    weights: Path | None = None,
    executor: str = DEFAULT,
    vram_limit: float | None = None,
    threads: Threads = None,
) -> None:
    """Renders a patch to a WAV or FLAC file: the same patch and seed give the same samples every time.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch).
        seconds: How much to render, up to 3600.
        out: The file to write, .wav or .flac, also over a former render.
        seed: Takes the place of the Scheduler's seed.
        source: An audio file that takes the place of the patch's own source.
        rate: Samples per second of the file, 8000 to 192000.
        picture: Also writes a PNG here: spectrogram, controls, distance to the source. Needs the extra `plots`.
        force: Write over files that are neither renders nor pictures of ours.
        model: The model that renders, in place of the patch's own; demon-patch model list shows all.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        weights: A folder that demon-patch lora bake wrote, in place of the model's own weights.
        executor: What runs the model: torch; onnx, tensorrt (after `demon-patch build`); or auto, which says why.
        vram_limit: The most gigabytes of a GPU's memory that are taken.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.runtime.assets.assets import files_of, load_patch
    from demon_patch.runtime.assets.overwrite import allow

    _writable(out, picture)
    with files_of(patch) as folder:
        allow(out, picture, load_patch(patch), folder, source, force=force)
        load = session_loader(model_dir, executor, threads, tell, False, weights, vram_limit)
        _write(_prepare(patch, folder, source, seed, load, model), patch, seconds, out, rate, picture, force)


@app.command(
    help_epilogue=examples(
        "demon-patch play first.dpatch.json --watch", "demon-patch play first.dpatch.json --record take.flac"
    )
)
def play(
    patch: Path | None = None,
    *,
    connect: str | None = None,
    seconds: Seconds | None = None,
    seed: int | None = None,
    source: Path | None = None,
    device: str | None = None,
    outputs: str | None = None,
    buffer: int = 0,
    record: Path | None = None,
    watch: Switch = False,
    plain: Switch = False,
    out: Path | None = None,
    osc: str | None = None,
    clock_in: str | None = None,
    clock_out: Names = (),
    model: str | None = None,
    model_dir: Path | None = None,
    weights: Path | None = None,
    executor: str = DEFAULT,
    vram_limit: float | None = None,
    threads: Threads = None,
) -> None:
    """Plays a patch live, with keys for transport, knobs and recording, until q or Ctrl+C.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch).
        connect: In place of a patch: the address of a running host, whose performance is shown and played.
        seconds: How long to play, up to 3600; without end by default.
        seed: Takes the place of the Scheduler's seed.
        source: An audio file that takes the place of the patch's own source.
        device: Part of the sound device's name. "none": no device; a clock of its own runs the performance.
        outputs: The device's outputs to play on, as in 3,4; the first ones by default.
        buffer: Frames of the device's buffer, 8 to 16384; the shortest safe one by default.
        record: A new WAV or FLAC file to record into from the start (jam-2.flac where there is a jam.flac).
        watch: Play what is saved in the patch file while it plays.
        plain: A line a second in place of the view; so also where the output is no terminal.
        out: Where no sound device can be opened, write a WAV (--seconds, else 30) and a picture into this folder.
        osc: Hear OSC messages of this machine on a UDP port; ADDRESS:PORT for those of other machines.
        clock_in: Follow the clock of a MIDI device, by its name or *; NAME=MS takes its beats to be later.
        clock_out: Send the clock to a MIDI device, by its name; NAME=MS sends it later, below 0 earlier.
        model: The model that plays, in place of the patch's own; demon-patch model list shows all.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        weights: A folder that demon-patch lora bake wrote, in place of the model's own weights.
        executor: What runs the model: torch; onnx, tensorrt (after `demon-patch build`); or auto, which says why.
        vram_limit: The most gigabytes of a GPU's memory that are taken.
        threads: Processor threads, 1 to 64; all by default.
    """
    plain = plain or not (sys.stdin.isatty() and sys.stdout.isatty())
    if connect is not None:
        from demon_patch.terminal.attached import play as attach

        attach(connect, plain=plain, seconds=seconds, say=tell)
        return
    if patch is None:
        raise DemonError("demon-patch play needs PATCH", mend="demon-patch play --help shows how")
    tell(f"loading {patch.name}")
    from demon_patch.runtime.audio.device_choice import DeviceChoice, outputs_of
    from demon_patch.terminal.ending import Ending

    if out is not None:
        _writable(out / "x.wav", out / "x.png")
    if record is not None:
        _writable(record, None)
    choice = DeviceChoice(device, outputs_of(outputs) if outputs else (), buffer, required=out is not None)
    with Ending(last=True) as ending:
        from demon_patch.offline import notes_of
        from demon_patch.runtime.assets.assets import files_of, is_pack
        from demon_patch.runtime.assets.overwrite import allow
        from demon_patch.runtime.devices.options import DeviceOptions
        from demon_patch.runtime.live.host import Host
        from demon_patch.runtime.performance.prepare import perform, with_seed
        from demon_patch.terminal.play import perform as perform_in_terminal

        controllers = DeviceOptions.read(osc, clock_in, clock_out)
        if watch and is_pack(patch):
            raise DemonError(
                "a pack is not edited while it plays", file=patch, mend="unpack it, and watch its patch file"
            )
        with files_of(patch) as folder:
            load = session_loader(model_dir, executor, threads, tell, True, weights, vram_limit)
            document, session, clip = _load(patch, source, seed, load, model)

            def make() -> Host:
                with place(patch):
                    host = Host(
                        document, session, folder=folder, into=patch.parent, clip=clip, device=choice, load=load,
                        model=model,
                    )  # fmt: skip
                for note in notes_of(host.performer):
                    host.add_message(note)
                controllers.attach(host.devices_hub, host.add_message)
                return host

            try:
                perform_in_terminal(
                    make,
                    patch,
                    ending,
                    plain=plain,
                    seconds=seconds,
                    record=record,
                    watch=watch,
                    prepare=lambda edited: edited if seed is None else with_seed(edited, seed),
                    say=tell,
                )
                return
            except DeviceError as error:
                ending.closing = False
                ending.check()
                if out is None:
                    raise
                tell(f"{error}; writing to {out} instead", "yellow")
            name = patch.name.split(".")[0]
            sound, picture = out / f"{name}.wav", out / f"{name}.png"
            allow(sound, picture, document, folder, source, mend="name another folder with --out")
            performer = perform(document, session, folder=folder, into=patch.parent, clip=clip)
            _write(performer, patch, seconds or 30.0, sound, 48_000, picture, force=False)


def _writable(sound: Path, picture: Path | None) -> None:
    """Raises DemonError where a sound or a picture cannot be written: before anything is rendered, not after."""
    from demon_patch.picture import check_can_draw
    from demon_patch.runtime.assets.new_file import refuse_odd
    from demon_patch.runtime.assets.recorder import FORMATS

    if sound.suffix.lower() not in FORMATS:
        raise DemonError("cannot be written as sound", file=sound, mend="name a .wav or .flac file")
    with suppress(OSError):  # which `writable` tells
        refuse_odd(sound)
        refuse_odd(picture or sound)
    writable(sound)
    if picture is not None:
        check_can_draw(picture)


def _load(
    path: Path, source: Path | None, seed: int | None, load: Callable[[str], Session], model: str | None
) -> tuple[Patch, Session, Source | None]:
    """Returns a patch, the model that plays it, and the clip in place of its source; prints remarks on the way."""
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
    from demon_patch.runtime.performance.prepare import load_playable

    patch = load_playable(path, seed=seed)
    unknown = unknown_words(patch, CATALOGUE, model or "")
    for remark in [*warnings_of(patch, CATALOGUE, model or "", clip=source is not None), *unknown]:
        tell(remark, "yellow")
    session = load(model or patch.meta.model or DEFAULT_MODEL)
    return patch, session, session.source(source) if source is not None else None


def _prepare(
    path: Path, folder: Path, source: Path | None, seed: int | None, load: Callable[[str], Session], model: str | None
) -> Performer:
    """Returns a performer of a patch whose files lie in `folder`. Prints the remarks and notes that the player should
    know."""
    from demon_patch.offline import notes_of
    from demon_patch.runtime.performance.prepare import perform

    patch, session, clip = _load(path, source, seed, load, model)
    with place(path):
        performer = perform(patch, session, folder=folder, into=path.parent, clip=clip)
    for note in notes_of(performer):
        tell(note)
    return performer


def _write(
    performer: Performer, patch: Path, seconds: float, path: Path, rate: int, picture: Path | None, force: bool
) -> None:
    """Renders to a file with a progress bar, and draws what was rendered."""
    from demon_patch.picture import of_performance
    from demon_patch.runtime.render import write

    with SampleBar(f"rendering {patch.name}", round(seconds * performer.spec.sample_rate)) as step:
        files: list[Path] = []
        sound = write(performer, seconds, path, rate=rate, force=force, progress=step, wrote=files.append)
    for note in performer.recalls.told:
        tell(note, "yellow")
    for file in (path, *files):
        show(f"wrote {file}")
    if picture is not None:
        show(f"wrote {of_performance(performer, sound, picture, title=patch.name)}")


def usage(error: CycloptsError) -> str:
    """Returns a mistake in how a command was called, in one line with where its help is."""
    command = " ".join(["demon-patch", *(error.command_chain or ())])
    what = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name, positional = error.argument.name, error.argument.field_info.is_positional
        wanted = name.lstrip("-").upper() if positional else name
        what = f"{command} needs {wanted}" if error.argument.required else f"{name} needs a value"
    elif isinstance(error, UnusedCliTokensError):
        what = f"{command} does not know what to do with {' '.join(error.unused_tokens or ())}"
    return f"{what} ({command} --help shows how)"


def main(arguments: list[str] | None = None) -> None:
    """Runs the command of the command line; without one, opens the editor. A mistake is printed in one line, and the
    exit status is 1."""
    quiet_threads()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of Python and its libraries, which would stand in the view
    try:
        check_working_folder()
        called = sys.argv[1:] if arguments is None else arguments
        fit_memory_limit(called[0] if called else "edit")
        try:
            app(called, exit_on_error=False, print_error=False) if called else start(app)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # what cannot be written is told here, not as the interpreter ends
    except CycloptsError as error:
        tell(usage(error), "red")
        sys.exit(1)
    except DemonError as error:
        tell(error, "red")
        sys.exit(1)
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        if is_out_of_memory(error):
            tell(f"not enough memory{f': {error}' if str(error) else ''} (close other programs)", "red")
        elif isinstance(error, OSError) and error.filename is not None:
            tell(DemonError(f"cannot be used: {reason(error)}", file=error.filename, mend="name another file"), "red")
        elif isinstance(error, OSError) and error.errno in OUTPUT_LOST:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is still to be written as the interpreter ends
            if error.errno != errno.EPIPE:  # of a pipe, its reader ended: it wants no more
                tell(f"the output cannot be written: {reason(error)} (send it elsewhere)", "red")
        else:
            raise
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
