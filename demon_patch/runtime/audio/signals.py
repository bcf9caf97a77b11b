"""The signals that ask a process to end, and how none of them is lost while a program starts or is replaced."""

from __future__ import annotations

import signal
import sys

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # Ctrl+C, the system, a terminal that closes; Windows' own
ENDING_SIGNALS: tuple[signal.Signals, ...] = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


def hold_signals(held: bool) -> None:
    """On the main thread. Lets signals that ask to end wait, also while this program is replaced by another (`execv`),
    or lets those that waited be handled. On Windows, where signals cannot wait, they are ignored instead until handlers
    are set."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK if held else signal.SIG_UNBLOCK, ENDING_SIGNALS)
    elif held:
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
