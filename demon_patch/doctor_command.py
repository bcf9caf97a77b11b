"""The command that looks at this machine and writes a report to attach to an issue."""

from __future__ import annotations

import json
from pathlib import Path

from rich.text import Text

from demon_patch.console import JsonFlag, examples, show, writable
from demon_patch.console import out as terminal

EXAMPLES = examples("demon-patch doctor", "demon-patch doctor --out report.txt")


def doctor(*, out: Path | None = None, as_json: JsonFlag = False) -> None:
    """Looks at sound, MIDI, display, files, versions and speed, and says what does not work and how to mend it.

    It takes some seconds, plays nothing that can be heard, and changes nothing. The report holds no password, no name
    of this machine, and the home folder as ~. Exit status 1 where a fault keeps the program from playing.

    Parameters:
        out: Writes the report with every detail into this file, to attach to an issue.
        as_json: Prints JSON: version, warnings, faults, and checks with their findings.
    """
    from demon_patch.doctor import report
    from demon_patch.doctor.apart import examine
    from demon_patch.doctor.checks import CHECKS
    from demon_patch.runtime.assets.text_pages import check_page, write_page

    if out is not None:
        check_page(out)
        writable(out)
    found: list[report.Found] = []
    for each in examine(CHECKS):
        found.append(each)
        if not as_json:
            for line in [*report.section(each), Text()]:
                terminal.print(line, soft_wrap=True)
    if as_json:
        print(json.dumps(report.as_json(found), indent=2))
    else:
        show(report.summary(found))
    if out is not None:
        write_page(out, report.page(found))
        if not as_json:
            show(f"wrote {out}; attach it to an issue")
    if report.counts(found)[1]:
        raise SystemExit(1)
