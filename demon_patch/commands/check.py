"""The command that looks at patch files and says what is wrong with them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from demon_patch.console import JsonFlag, examples, show
from demon_patch.errors import DemonError

EXAMPLES = examples("demon-patch check first.dpatch.json second.dpatch", "demon-patch check first.dpatch.json --json")
_COLOURS = {"mistake": "red", "remark": "yellow"}


def check(*patches: Path, as_json: JsonFlag = False) -> None:
    """Says what is wrong with patch files and packs, and with the files that they name; exit status 1 if anything is.

    One line a mistake, in red, with its node, its port and the mend. Remarks, in yellow, on controls that have no
    effect or move faster than they can follow, or a ring deeper than its steps, are no mistakes.

    Parameters:
        patches: Patch files (*.dpatch.json) or packs (*.dpatch).
        as_json: Prints JSON: a list of objects with file, node, port, what, mend and severity (mistake or remark).
    """
    from demon_patch.runtime.checking import MISTAKE, findings

    if not patches:
        raise DemonError("no patch is named", mend="name one or more *.dpatch.json files")
    found = {path: findings(path, measure=True) for path in patches}
    if as_json:
        print(json.dumps([asdict(finding) for each in found.values() for finding in each], indent=2))
    for path, each in found.items() if not as_json else ():
        for finding in each:
            show(finding, _COLOURS[finding.severity])
        if all(finding.severity != MISTAKE for finding in each):
            show(f"{path}: good")
    if any(finding.severity == MISTAKE for each in found.values() for finding in each):
        raise SystemExit(1)
