"""A performance played from a terminal until the player has enough, whatever signals come meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.watch import Watch
from demon_patch.terminal.ending import Ending
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
    """Makes and starts a host, shows it and obeys the keys; `plain`: says a line a second instead. The end comes by
    key, Ctrl+C, SIGTERM or SIGHUP, or after `seconds` played seconds.

    path: the patch file; `watch`: what is saved there is heard, `prepare`d as the patch of the host was. record: a file
    to record into from the start.

    Whatever ends it, at any moment, the host is closed, nothing of it is left running and no recording is lost. Raises
    DeviceError without a device, and KeyboardInterrupt where a signal ends it before it plays.
    """
    host: Host | None = None
    teller: Teller | None = None
    try:
        ending.check()  # libraries that load can swallow what a signal raises
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
    """Plays until the end, for which a signal is as good as a key."""

    def checked(text: str) -> None:
        ending.check()  # a second later at the most, where what the signal raised was swallowed
        say(text)

    with contextlib.suppress(KeyboardInterrupt):
        if record is not None:
            with ending.held():
                host.record(record)
        with Watch(host, path, prepare) if watch else contextlib.nullcontext():
            if plain:
                report(host, checked, seconds, teller)
            else:
                from demon_patch.terminal.view import View  # once the sound is on its way

                view = View(host, path, seconds=seconds)
                with ending.instead(view.leave):
                    view.run()
                teller.pass_over()  # what the view has shown is not said again


def _close(host: Host, say: Callable[[str], object], teller: Teller) -> None:
    """Ends the sound, and says what that brought to light. The terminal may be gone."""
    with contextlib.suppress(OSError, ValueError):
        say("closing…")
    host.close()
    with contextlib.suppress(OSError, ValueError):
        teller.tell()
