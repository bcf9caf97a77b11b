"""What a check finds, and how a check runs: it always ends with findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from demon_patch.errors import DemonError

FINE, WARNING, FAULT = "fine", "warning", "fault"
LEVELS = (FINE, WARNING, FAULT)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    level: `fine`; `warning`, where something does not work, or not well; `fault`, where that keeps the program from
        playing.
    what: one sentence without a full stop.
    mend: what the user can do about it.
    details: further lines, which only the written report and the JSON show.
    """

    level: str
    what: str
    mend: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    name: what it looks at; the heading of its findings.
    look: returns or yields what it finds.
    vital: the program cannot play where this check cannot be made, because it raises, crashes or does not end.
    seconds: how long it may take, also on a busy machine.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    vital: bool = False
    seconds: float = 60.0

    def run(self) -> list[Finding]:
        """Returns what the check finds, at least one finding. An error of the check is the last of its findings."""
        found: list[Finding] = []
        try:
            found.extend(self.look())
        except DemonError as error:
            where = f"{error.file}: " if error.file is not None else ""
            found.append(Finding(self.level, where + error.what, error.mend))
        except (Exception, SystemExit) as error:
            found.append(self.failed(f"{type(error).__name__}: {error}"))
        return found or [self.failed("it found nothing")]

    @property
    def level(self) -> str:
        """The level of an error of this check."""
        return FAULT if self.vital else WARNING

    def failed(self, why: str, details: Iterable[str] = ()) -> Finding:
        """Returns the finding that this check could not be made."""
        return Finding(self.level, f"the check failed: {' '.join(why.split())}", details=tuple(details))
