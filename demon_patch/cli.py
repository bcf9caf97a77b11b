"""The command line: its commands, and how it ends."""

from __future__ import annotations

import errno
import os
import sys
import warnings

from cyclopts import App, CycloptsError, MissingArgumentError, UnusedCliTokensError

from demon_patch import __version__
from demon_patch.bench.commands import bench
from demon_patch.commands import (
    build,
    check,
    clip,
    control,
    devices,
    doctor,
    editor_bench,
    host,
    lora,
    model,
    nodes,
    open_song,
    play,
    render,
    share,
    steer,
    upgrade,
)
from demon_patch.commands.edits import edits
from demon_patch.commands.files import files
from demon_patch.console import check_working_folder, tell
from demon_patch.editor import command as editor
from demon_patch.editor.start_command import start
from demon_patch.errors import DemonError
from demon_patch.explain import command as explain
from demon_patch.gallery import commands as gallery
from demon_patch.memory_limit import fit_memory_limit
from demon_patch.patch.files.atomic_file import reason
from demon_patch.scarce import is_out_of_memory
from demon_patch.threads import quiet_threads

OUTPUT_LOST = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO)
"""Errors of standard output: files that a command writes are named in theirs."""

app = App(
    name="demon-patch",
    version=__version__,
    help_format="plaintext",
    help="A modular synthesizer whose oscillator is a diffusion model.",
)
for group in (model.model, lora.lora, steer.steer, bench):
    app.command(group)
for several in (files, edits):
    app.command(several, name="*")
for module, command in (
    (build, build.build),
    (check, check.check),
    (clip, clip.clip),
    (devices, devices.devices),
    (doctor, doctor.doctor),
    (editor, editor.edit),
    (explain, explain.explain),
    (gallery, gallery.gallery),
    (host, host.host),
    (nodes, nodes.nodes),
    (play, play.play),
    (render, render.render),
    (share, share.share),
    (upgrade, upgrade.upgrade),
):
    app.command(command, help_epilogue=module.EXAMPLES)
app.command(open_song.open_song, name="open", help_epilogue=open_song.EXAMPLES)
bench.command(control.control, help_epilogue=control.EXAMPLES)
bench.command(editor_bench.editor)
bench.command(lora.cost, name="lora")


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
