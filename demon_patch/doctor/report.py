"""Turns findings into text of at most 80 columns, and into JSON. The home folder is shown as `~`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from demon_patch import __version__
from demon_patch.doctor.findings import FAULT, LEVELS, WARNING, Check, Finding
from demon_patch.errors import visible
from demon_patch.runtime.assets.text_pages import MADE

WIDTH = 80
INDENT = 11  # columns before a finding's sentence, where its level stands
COLOURS: dict[str, str] = dict(zip(LEVELS, ("green", "yellow", "red"), strict=True))
_PLAIN = Console(width=WIDTH, color_system=None)

Found = tuple[Check, Sequence[Finding]]


def private(text: str) -> str:
    """Returns a text of one line, with the home folder as `~` and hidden characters written out."""
    text = visible(" ".join(text.split()))
    for home in _homes():
        end = r"(?![\w.-])"
        text = re.sub(re.escape(home) + end, "~", text, flags=re.IGNORECASE if os.name == "nt" else 0)
    return text


def _homes() -> list[str]:
    """Returns the spellings of the home folder, the longest first."""
    named = {os.environ.get("HOME", ""), os.environ.get("USERPROFILE", "")}
    with suppress(OSError, RuntimeError):
        named |= {str(Path.home()), str(Path.home().resolve())}
    full = {home.rstrip("/\\") for home in named if Path(home).is_absolute()}
    spelled = {spelling for home in full for spelling in (home, home.replace("\\", "/"), home.replace("\\", "\\\\"))}
    return sorted((home for home in spelled if home and len(Path(home).parts) > 1), key=len, reverse=True)


def told(finding: Finding) -> Finding:
    """Returns a finding with all its texts as they may be shown (`private`)."""
    details = tuple(private(line) for line in finding.details)
    return replace(finding, what=private(finding.what), mend=private(finding.mend), details=details)


def section(found: Found, *, details: bool = False) -> list[Text]:
    """Returns the lines about one check: its name, and its findings with level, sentence and mend.

    details: with the further lines of each finding.
    """
    check, findings = found
    lines = [Text(check.name[0].upper() + check.name[1:])]
    for finding in map(told, findings):
        sentence = finding.what + (f" ({finding.mend})" if finding.mend else "")
        for number, line in enumerate(_wrapped(sentence, WIDTH - INDENT)):
            level = f"  {'' if number else finding.level:<{INDENT - 2}}"
            lines.append(Text(level, style=COLOURS[finding.level]) + Text(line))
        for detail in finding.details if details else ():
            for number, line in enumerate(_wrapped(detail, WIDTH - INDENT - 2)):
                lines.append(Text(" " * INDENT + ("  " if number else "- ") + line))
    return lines


def summary(found: Iterable[Found]) -> str:
    """Returns one sentence: how many faults and warnings there are, and whether the program can play."""
    warnings, faults = counts(found)
    end = "something keeps the program from playing" if faults else "the program can play"
    return f"{_number(faults, FAULT)}, {_number(warnings, WARNING)}: {end}."


def counts(found: Iterable[Found]) -> tuple[int, int]:
    """Returns the number of warnings and the number of faults."""
    levels = [finding.level for _, findings in found for finding in findings]
    return levels.count(WARNING), levels.count(FAULT)


def page(found: Sequence[Found], when: datetime | None = None) -> str:
    """Returns the report: what the terminal shows, with every detail."""
    now = (when or datetime.now(UTC)).astimezone(UTC)
    lines = [f"{MADE}doctor`, demon_patch {__version__}, {now:%Y-%m-%d %H:%M} UTC."]
    for each in found:
        lines += ["", *(line.plain.rstrip() for line in section(each, details=True))]
    return "\n".join([*lines, "", summary(found)]) + "\n"


def as_json(found: Sequence[Found]) -> dict[str, Any]:
    """Returns the report as a JSON object: version, warnings, faults, and checks with their findings."""
    warnings, faults = counts(found)
    checks = [{"name": check.name, "findings": [asdict(told(each)) for each in each_of]} for check, each_of in found]
    return {"version": __version__, "warnings": warnings, "faults": faults, "checks": checks}


def _wrapped(text: str, width: int) -> list[str]:
    """Returns a text as lines of at most `width` columns; words that are longer are broken."""
    return [line.plain.rstrip() for line in Text(text).wrap(_PLAIN, width, overflow="fold")] or [""]


def _number(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
