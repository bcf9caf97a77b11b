"""`demon-patch play`."""

from __future__ import annotations

import sys
from pathlib import Path

from demon_patch.commands.render import check_writable, load_with_clip, write_render
from demon_patch.console import Names, Seconds, Switch, Threads, examples, tell
from demon_patch.engine.executors import DEFAULT
from demon_patch.engine.model_folder import session_loader
from demon_patch.errors import DemonError, DeviceError
from demon_patch.patch.model.json_values import place

EXAMPLES = examples(
    "demon-patch play first.dpatch.json --watch", "demon-patch play first.dpatch.json --record take.flac"
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
        check_writable(out / "x.wav", out / "x.png")
    if record is not None:
        check_writable(record, None)
    choice = DeviceChoice(device, outputs_of(outputs) if outputs else (), buffer, required=out is not None)
    with Ending(last=True) as ending:
        from demon_patch.offline import notes_of
        from demon_patch.runtime.assets.assets import files_of, is_pack
        from demon_patch.runtime.assets.overwrite import allow
        from demon_patch.runtime.audio.sound_format import COMMON
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
            loaded = [load_with_clip(patch, source, seed, load, model)]

            def make() -> Host:
                # without --out only the host holds the model, which goes when another one takes over
                document, session, clip = loaded.pop() if out is None else loaded[0]
                with place(patch):
                    host = Host(
                        document, session, folder=folder, into=patch.parent, clip=clip, device=choice, load=load,
                        model=model, sound_format=COMMON,
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
            document, session, clip = loaded[0]
            name = patch.name.split(".")[0]
            sound, picture = out / f"{name}.wav", out / f"{name}.png"
            allow(sound, picture, document, folder, source, mend="name another folder with --out")
            performer = perform(document, session, folder=folder, into=patch.parent, clip=clip)
            write_render(performer, patch, seconds or 30.0, sound, 48_000, picture, force=False)
