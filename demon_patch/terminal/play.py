"""Plays a performance from a terminal until the player or a signal ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.watch import Watch
from demon_patch.terminal.ending import Ending
from demon_patch.terminal.lasting_output import lasting_output
from demon_patch.terminal.plain import Teller, report


def perform(
    make: Callable[[], Host],
    path: Path,
    ending: Ending,
    *,
    plain: bool = False,
    seconds: float | None = None,
    record: Path | None = None,
    watch: bool = False,
    prepare: Callable[[Patch], Patch] = lambda patch: patch,
    say: Callable[[str], object] = print,
) -> None:
    """Creates and starts a host, shows it in the view, and obeys the keys. A key, Ctrl+C, SIGTERM, SIGHUP or the end of
    `seconds` played seconds ends it.

    make: creates the host.
    path: the patch file.
    plain: prints one line a second instead of the view.
    record: a file to record into from the start.
    watch: plays what is saved to the patch file.
    prepare: applied to each saved patch, as it was to the host's patch.
    say: prints a line.

    However and whenever it ends, the host is closed, nothing of it is left running and no recording is lost. Raises
    DeviceError without a device, and KeyboardInterrupt where a signal ends it before it plays.
    """
    host: Host | None = None
    teller: Teller | None = None
    try:
        ending.check()  # libraries can swallow a KeyboardInterrupt while they load
        host = make()
        teller = Teller(host, say)
        with ending.held():
            host.start(ending.check)
        _play(host, path, ending, plain, seconds, record, watch, prepare, say, teller)
    finally:
        ending.closing = True  # first of all, and not by a call: between two calls no signal is heard
        if host is not None:
            _close(host, say, teller or Teller(host, say))


def _play(
    host: Host,
    path: Path,
    ending: Ending,
    plain: bool,
    seconds: float | None,
    record: Path | None,
    watch: bool,
    prepare: Callable[[Patch], Patch],
    say: Callable[[str], object],
    teller: Teller,
) -> None:
    """Plays until a key or a signal ends it, or `seconds` seconds were played."""

    def say_or_end(text: str) -> None:
        ending.check()  # at most a second late, where the KeyboardInterrupt was swallowed
        say(text)

    with contextlib.suppress(KeyboardInterrupt):
        if record is not None:
            with ending.held():
                host.record(record)
        with Watch(host, path, prepare) if watch else contextlib.nullcontext():
            if plain:
                report(host, say_or_end, seconds, teller)
            else:
                from demon_patch.terminal.view import View  # once the sound is on its way

                view = View(host, path, seconds=seconds)
                with ending.instead(view.leave), lasting_output():
                    view.run()
                teller.pass_over()  # what the view has shown is not said again


def _close(host: Host, say: Callable[[str], object], teller: Teller) -> None:
    """Closes the host and prints the messages that closing made. The terminal may be gone."""
    with contextlib.suppress(OSError, ValueError):
        say("closing…")
    host.close()
    with contextlib.suppress(OSError, ValueError):
        teller.tell()
