"""A started host, played from a terminal until the player has enough."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from demon_patch.patch.document import Patch
from demon_patch.runtime.host import Host
from demon_patch.runtime.watch import Watch
from demon_patch.terminal.plain import Teller, report


def play(
    host: Host,
    path: Path,
    *,
    plain: bool = False,
    seconds: float | None = None,
    record: Path | None = None,
    watch: bool = False,
    prepare: Callable[[Patch], Patch] = lambda patch: patch,
    say: Callable[[str], object] = print,
) -> None:
    """Shows a started host and obeys the keys; `plain`: says a line a second instead. Closes the host at the end,
    which comes by key, Ctrl+C or SIGTERM, or after so many played seconds.

    path: the patch file; `watch`: what is saved there is heard, `prepare`d as the patch of the host was. record: a file
    to record into from the start.
    """
    with ExitStack() as stack:
        teller = Teller(host, say)
        stack.callback(_close, host, teller, plain)
        stack.enter_context(_ends())
        if record is not None:
            host.record(record)
        if watch:
            stack.enter_context(Watch(host, path, prepare))
        if plain:
            report(host, say, seconds, teller)
        else:
            from demon_patch.terminal.view import View  # once the sound is on its way

            View(host, path, seconds=seconds).run()


def _close(host: Host, teller: Teller, plain: bool) -> None:
    """Ends the sound, and says what that brought to light; what the view has shown is not said again."""
    if not plain:
        teller.pass_over()
    host.close()
    teller.tell()


@contextmanager
def _ends() -> Iterator[None]:
    """Lets Ctrl+C, and a terminal or system that ends us, end what is inside in order."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, ValueError):
            before[name] = signal.signal(getattr(signal, name), interrupt)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
