"""The command `demon-patch host`: plays a patch and serves it to other programs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.console import Switch, Threads, examples, show, tell
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.engine.model_folder import session_loader
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from demon_patch.patch.model.document import Patch
    from demon_patch.runtime.live.host import Host
    from demon_patch.runtime.remote.access import Address
    from demon_patch.terminal.ending import Ending
    from demon_patch.terminal.plain import Teller

EXAMPLES = examples(
    "demon-patch host first.dpatch.json",
    "demon-patch host first.dpatch.json --listen 0.0.0.0:8765 --token-file token",
)
LOOK_SECONDS = 0.2


def host(
    patch: Path | None = None,
    *,
    listen: str = "127.0.0.1:8765",
    token_file: Path | None = None,
    device: str | None = None,
    outputs: str | None = None,
    buffer: int = 0,
    model: str | None = None,
    model_dir: Path | None = None,
    weights: Path | None = None,
    seed: int | None = None,
    discard: Switch = False,
    safe: Switch = False,
    executor: str = "torch",
    vram_limit: float | None = None,
    threads: Threads = None,
) -> None:
    """Plays a patch without a view and serves it to other programs until Ctrl+C; prints the address that it listens on.

    Only programs of this machine reach it. Other machines do where --listen names such an address and a token is given:
    in a file that only its owner can read, or in the environment variable DEMON_PATCH_TOKEN.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch); a copy of first-light by default.
        listen: The address to listen on, HOST:PORT; port 0 for any that is free.
        token_file: A file with the token that clients must show.
        device: Part of the sound device's name; none for a clock without a sound card.
        outputs: The device's outputs to play on, as in 3,4; the first ones by default.
        buffer: Frames of the device's buffer, 8 to 16384; the shortest safe one by default.
        model: The model that plays, in place of the patch's own; demon-patch model list shows all.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        weights: A folder that demon-patch lora bake wrote, in place of the model's own weights.
        seed: Takes the place of the Scheduler's seed.
        discard: Plays the file as it is: edits that were not saved when an earlier host ended stay a kept version.
        safe: Starts in safe mode: muted, without live values, and without MIDI and OSC, until a client ends it.
        executor: What runs the model: torch; onnx, tensorrt (after `demon-patch build`); or auto, which says why.
        vram_limit: The most gigabytes of a GPU's memory that are taken.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.runtime.audio.device_choice import DeviceChoice, outputs_of
    from demon_patch.runtime.remote.access import Address, check_free, check_listen, token_from

    address, token = Address.parsed(listen), token_from(token_file)
    check_listen(address, token)
    check_free(address)
    choice = DeviceChoice(device, outputs_of(outputs) if outputs else (), buffer)
    tell(f"loading {'first-light' if patch is None else patch.name}")
    from demon_patch.terminal.ending import Ending

    with Ending(last=True) as ending:
        from demon_patch.runtime.assets.assets import files_of

        file = _template() if patch is None else patch
        with files_of(file) as folder:
            document = _load(file, seed, model)
            files, into = (Path.cwd(), Path.cwd()) if patch is None else (folder, patch.parent)

            load = session_loader(model_dir, executor, threads, tell, True, weights, vram_limit)
            loaded = [load(model or document.meta.model or DEFAULT_MODEL)]

            def make() -> Host:
                from demon_patch.runtime.audio.sound_format import COMMON
                from demon_patch.runtime.live.host import Host

                session = loaded.pop()  # only the host holds the model, which goes when another one takes over
                return Host(
                    document, session, folder=files, into=into, device=choice, load=load, model=model,
                    sound_format=COMMON,
                )  # fmt: skip

            _serve(make, patch, address, token, discard, safe, ending)


def _template() -> Path:
    from demon_patch import shipped

    return shipped.template(shipped.FIRST)


def _load(path: Path, seed: int | None, model: str | None) -> Patch:
    """Returns a patch; prints remarks on the way."""
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
    from demon_patch.runtime.performance.prepare import load_playable

    document = load_playable(path, seed=seed)
    for remark in [*warnings_of(document, CATALOGUE, model or ""), *unknown_words(document, CATALOGUE, model or "")]:
        tell(remark, "yellow")
    return document


def _serve(
    make: Callable[[], Host],
    file: Path | None,
    address: Address,
    token: str | None,
    discard: bool,
    safe: bool,
    ending: Ending,
) -> None:
    """Plays and serves until a signal comes. However it ends, the sound and the server end with it."""
    from demon_patch.patch.model.json_values import place
    from demon_patch.terminal.plain import Teller

    with contextlib.ExitStack() as parts:
        ending.check()
        with place(file):
            playing = make()
        parts.callback(playing.close)
        teller = Teller(playing, tell)
        parts.callback(teller.tell)
        with ending.held():
            if safe:
                playing.safe_mode(True)
                playing.add_message("safe mode: the sound is muted and no device is heard, until a client ends it")
            playing.start(ending.check)
        look = _listen(playing, file, address, token, discard, parts)
        with contextlib.suppress(KeyboardInterrupt):
            _wait(teller, look, ending)
        ending.closing = True
        tell("closing…")


def _listen(
    playing: Host, file: Path | None, address: Address, token: str | None, discard: bool, parts: contextlib.ExitStack
) -> Callable[[], object]:
    """Starts the server, brings unsaved edits back, and prints the address. Returns what keeps the
    host's note up to date, to be called now and then."""
    from demon_patch.runtime.remote import running_hosts
    from demon_patch.runtime.remote.saving import BACK
    from demon_patch.runtime.remote.server import Server

    server = Server(playing, address, file=file, token=token)
    parts.callback(server.close)
    listened = server.start()
    note = running_hosts.HostNote(listened, file, server.served.root)
    parts.callback(note.remove)
    try:
        if not discard and server.served.saved.restore_unsaved():
            playing.add_message(BACK, stage="file")
    except DemonError as error:
        playing.add_message(f"edits that were not saved cannot be brought back: {error}", error, "file")
    show(f"listening on {listened.url}")
    return lambda: note.renew(server.served.saved.file)


def _wait(teller: Teller, look: Callable[[], object], ending: Ending) -> None:
    ever = threading.Event()  # never set: waiting for it is how time passes, and Ctrl+C ends it
    while True:
        ending.check()
        teller.tell()
        look()
        ever.wait(LOOK_SECONDS)
