"""Checks of the program, its libraries, and the machine."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path

from demon_patch import __version__
from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding
from demon_patch.doctor.requirements import Requirement, parsed, satisfied
from demon_patch.threads import may_hurry

DISTRIBUTION = "demon-patch"
INSTALL = "install the program again: pip install --force-reinstall demon-patch"
PARTS = {
    "dearpygui": "the editor",
    "mido": "MIDI",
    "python-rtmidi": "MIDI",
    "python-osc": "OSC",
    "websockets": "control over the network",
}
"""Libraries without which the program plays, and what each of them is for."""
LOOKED_AT_ELSEWHERE = {"sounddevice", "mido", "python-rtmidi"}  # by the checks of sound and MIDI
MEGABYTE = 1e6
LITTLE_MEMORY = 1000.0  # MB; the program holds about 600 while it plays


def program() -> Iterator[Finding]:
    """Looks at the program and at Python."""
    yield Finding(FINE, f"demon_patch {__version__}", details=(f"lies in {Path(__file__).resolve().parents[1]}",))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    wanted = _metadata_value("Requires-Python")
    where = (f"lies in {sys.prefix}",)
    if satisfied(platform.python_version(), wanted):
        yield Finding(FINE, python + (f" (wanted: {wanted})" if wanted else ""), details=where)
    else:
        yield Finding(FAULT, f"{python} is not among the versions {wanted}", f"use Python {wanted}", where)


def libraries() -> Iterator[Finding]:
    """Looks at the version of each library that the program asks for, and whether it can be loaded."""
    try:
        entries = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        what = "the program is not installed, so that the versions of its libraries cannot be looked at"
        yield Finding(WARNING, what, "install it: pip install -e .")
        return
    modules: dict[str, list[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(_canonical(owner), []).append(module)
    good: list[str] = []
    for each in sorted(set(parsed(entries))):
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            if not each.extra:
                yield _lacking(each, f"the library {each.name} is missing")
            continue
        line = f"{each.name} {version}" + (f" (wanted: {each.wanted})" if each.wanted else "")
        if not satisfied(version, each.wanted):
            yield _lacking(each, f"the library {each.name} has version {version}, wanted {each.wanted}")
        elif not each.extra and (why := _loading_fault(each.name, modules.get(_canonical(each.name), []))):
            yield _lacking(each, f"the library {each.name} {version} cannot be loaded: {why}")
        else:
            good.append(line + (f" for [{each.extra}]" if each.extra else ""))
    yield Finding(FINE, f"{len(good)} libraries are as the program wants them", details=tuple(good))


def machine() -> Iterator[Finding]:
    """Looks at system, processor and memory."""
    from demon_patch.bench.machine import processor

    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield Finding(FINE, system, details=tuple(filter(None, (_distribution(), platform.version()))))
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else cores
    yield Finding(FINE, f"{processor()}, {cores} cores" + (f", {usable} of them for us" if usable < cores else ""))
    if sys.platform == "linux" and usable > 1 and not may_hurry():
        what = "threads that answer and that feed the sound card wait for the turns of those that compute"
        yield Finding(FINE, what, "allow your user real-time scheduling, as sound servers ask for it")
    if sys.platform != "win32" and (load := os.getloadavg()[0]) > 1.5 * usable:
        what = f"other programs keep the processor busy: {load:.1f} of them wait for {usable} cores"
        yield Finding(WARNING, what, "close them while you play")
    total, free = memory()
    if total is None:
        yield Finding(FINE, "the memory cannot be looked at on this system")
    elif free is not None and free < LITTLE_MEMORY:
        yield Finding(
            WARNING, f"memory: {free:.0f} of {total:.0f} MB are free, which is little", "close other programs"
        )
    else:
        yield Finding(FINE, f"memory: {total:.0f} MB" + (f", {free:.0f} of them free" if free is not None else ""))


def memory() -> tuple[float | None, float | None]:
    """Returns the memory of the machine and how much of it is free, in MB; None for what the system does not tell."""
    facts = Path("/proc/meminfo")
    if facts.exists():
        lines = dict(line.split(":", 1) for line in facts.read_text(encoding="ascii").splitlines() if ":" in line)
        sizes = [lines.get(name, "").split() for name in ("MemTotal", "MemAvailable")]
        total, free = (int(size[0]) * 1024 / MEGABYTE if size else None for size in sizes)
        return total, free
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, None
    except (AttributeError, ValueError, OSError):
        return None, None


def _windows_memory() -> tuple[float | None, float | None]:
    if sys.platform != "win32":
        return None, None
    import ctypes

    numbers = (ctypes.c_uint64 * 8)()  # MEMORYSTATUSEX: length and load share the first
    ctypes.cast(numbers, ctypes.POINTER(ctypes.c_uint32))[0] = ctypes.sizeof(numbers)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(numbers)):
        return None, None
    return numbers[1] / MEGABYTE, numbers[2] / MEGABYTE


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except (AttributeError, OSError):
        return ""


def _metadata_value(name: str) -> str:
    try:
        return str(metadata.metadata(DISTRIBUTION)[name] or "")
    except (metadata.PackageNotFoundError, KeyError):
        return ""


def _loading_fault(name: str, modules: list[str]) -> str:
    """Returns why a library cannot be loaded; empty where it can, and where another check looks at it."""
    public = [module for module in modules if not module.startswith("_") and module.isidentifier()]
    if _canonical(name) in LOOKED_AT_ELSEWHERE or not public:
        return ""
    try:
        import_module(min(public, key=lambda module: (_canonical(module) != _canonical(name), len(module), module)))
    except (Exception, SystemExit) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _lacking(each: Requirement, what: str) -> Finding:
    if each.extra:
        wanted = f'pip install "{DISTRIBUTION}[{each.extra}]"'
        return Finding(WARNING, f"{what} by the extra {each.extra}", f"if you use it: {wanted}")
    part = PARTS.get(_canonical(each.name))
    if part is not None:
        return Finding(WARNING, f"{what}; {part} does not work", INSTALL)
    return Finding(FAULT, what, INSTALL)


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
