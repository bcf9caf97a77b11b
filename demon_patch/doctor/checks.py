"""The table of all checks, in the order in which they run and are shown.

The module of a check is loaded when the check runs, so that a library that is missing or broken fails only the checks
that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module

from demon_patch.doctor.findings import Check, Finding


def _of(module: str, function: str) -> Callable[[], Iterable[Finding]]:
    """Returns a function that loads a module of this package and calls a function of it."""

    def look() -> Iterable[Finding]:
        return getattr(import_module(f"{__package__}.{module}"), function)()

    return look


CHECKS = (
    Check("program", _of("program", "program")),
    Check("libraries", _of("program", "libraries"), vital=True, seconds=180.0),
    Check("machine", _of("program", "machine")),
    Check("sound", _of("sound", "sound"), vital=True),
    Check("MIDI", _of("midi", "midi")),
    Check("display", _of("display", "display")),
    Check("OpenGL", _of("display", "opengl")),
    Check("files", _of("places", "files")),
    Check("shared memory", _of("places", "shared_memory"), vital=True),
    Check("model", _of("model", "models"), vital=True, seconds=180.0),
    Check("speed", _of("speed", "speed"), vital=True, seconds=240.0),
)
